//! What is attached to an image: listed by the registry itself or under a tag, added to by many,
//! and gathered from everywhere.

mod attaching;
mod gathering;
mod listing;

use crate::lab::{Image, Lab};
use bytes::Bytes;
use crossdock::auth::chain::Chain;
use crossdock::auth::identity::Nobody;
use crossdock::oci::manifest::Manifest;
use crossdock::oci::reference::{Location, Tag};
use crossdock::oci::referrers::{descriptor_of, fallback_tag};
use crossdock::oci::{Descriptor, Digest};
use crossdock::server::Options;
use crossdock::store::Store;
use crossdock::store::open::{Reach, Stores};
use crossdock::transport::Transport;
use crossdock::transport::client::Settings;
use std::sync::Arc;

const NOTE: &str = "application/x-note";

/// A repository as somebody sees it who has talked to no registry yet: each call is another
/// client.
pub(crate) fn store(repository: &str) -> Arc<dyn Store> {
    let transport = Arc::new(Transport::new(Settings::default(), Arc::new(())));
    let credentials = Arc::new(Chain::new(Vec::new()));
    let stores = Stores::new(transport, credentials, Arc::new(Nobody), Reach::default());
    stores.open(&Location::Remote(repository.parse().unwrap()))
}

/// `src.lab/team/app` with `image` under `v1`, and its store.
fn with(options: Options, image: &Image) -> (Lab, Arc<dyn Store>) {
    let lab = Lab::empty().registry("src", |_| options);
    lab.push("src.lab/team/app:v1", image);
    let store = store(&lab.addressed("src.lab/team/app"));
    (lab, store)
}

/// A registry without the list of referrers, and one that does not look at conditions either.
fn without_list() -> Options {
    Options {
        referrers: false,
        ..Options::default()
    }
}

fn heedless() -> Options {
    Options {
        preconditions: false,
        ..without_list()
    }
}

fn manifest(image: &Image) -> Manifest {
    Manifest::parse(Bytes::from(image.root().bytes.clone()), None).unwrap()
}

fn digest(image: &Image) -> Digest {
    image.digest().parse().unwrap()
}

fn descriptor(image: &Image) -> Descriptor {
    descriptor_of(&manifest(image))
}

fn tag_of(image: &Image) -> Tag {
    fallback_tag(&digest(image))
}

/// So many notes on an image.
fn notes(count: u64, subject: &Image) -> Vec<Image> {
    let seeds = 500..500 + count;
    seeds
        .map(|seed| Image::referrer(seed, NOTE, subject))
        .collect()
}

fn push_all(lab: &Lab, images: &[Image]) {
    for image in images {
        lab.push("src.lab/team/app", image);
    }
}

/// The list under the fallback tag of `subject`, past log and faults.
fn tagged(lab: &Lab, subject: &Image) -> serde_json::Value {
    let path = format!("/v2/team/app/manifests/{}", tag_of(subject));
    let reply = lab.node("src").call("GET", &path, "", b"");
    assert_eq!(reply.status, 200);
    serde_json::from_slice(&reply.body).unwrap()
}

/// The digests in an index.
fn digests(index: &serde_json::Value) -> Vec<String> {
    let entries = index["manifests"].as_array().unwrap().iter();
    let mut all: Vec<String> = entries
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect();
    all.sort_unstable();
    all
}

fn sorted<'a>(images: impl IntoIterator<Item = &'a Image>) -> Vec<String> {
    let images = images.into_iter();
    let mut all: Vec<String> = images.map(|image| image.digest().to_owned()).collect();
    all.sort_unstable();
    all
}
