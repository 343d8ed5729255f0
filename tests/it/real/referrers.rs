//! Attachments on a registry that keeps no list of them and looks at no conditions: the list is
//! under a tag, and whoever writes it last wins.

use super::distribution::Distribution;
use super::layout::{INDEX, MANIFEST};
use super::wire::{self, Request};
use super::{images, skopeo};
use crate::lab::{Image, wait_for};
use crate::referrers::store;
use crossdock::oci::manifest::Manifest;
use crossdock::oci::referrers::{descriptor_of, fallback_tag};
use crossdock::oci::{Descriptor, Digest};
use crossdock::store::ReferrersOrigin;
use std::process::{Child, Command, Stdio};

const NOTE: &str = "application/x-note";
/// What a writer is told: the repository, the subject's digest, and the seed of its note.
const TOLD: &str = "CROSSDOCK_TEST_WRITER";
const WRITER: &str = "real::referrers::writer";

fn push(registry: &Distribution, image: &Image, target: &str) {
    for blob in &image.blobs {
        wire::put_blob(registry.host(), "team/app", &blob.digest, &blob.bytes);
    }
    let root = image.root();
    wire::put_manifest(registry.host(), "team/app", target, MANIFEST, &root.bytes);
}

fn descriptor(image: &Image) -> Descriptor {
    descriptor_of(&Manifest::parse(image.root().bytes.clone().into(), None).unwrap())
}

fn note(seed: u64) -> Image {
    Image::referrer(seed, NOTE, &Image::small(1))
}

/// The digests that the registry lists under the fallback tag.
fn listed(registry: &Distribution, subject: &Digest) -> Vec<String> {
    let path = format!("/v2/team/app/manifests/{}", fallback_tag(subject));
    let answer = wire::send(registry.host(), &Request::new("GET", &path).accept(INDEX)).expect(200);
    let index: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    let mut digests: Vec<String> = entries
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect();
    digests.sort_unstable();
    digests
}

/// A process that attaches one note, when it is told to; else nothing.
#[test]
#[ignore = "part of `twenty_processes_at_once_all_survive`"]
fn writer() {
    let Ok(told) = std::env::var(TOLD) else {
        return;
    };
    let [repository, subject, seed] = told.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let note = descriptor(&note(seed.parse().unwrap()));
    let subject: Digest = subject.parse().unwrap();
    wait_for(store(repository).attach(&subject, &[note])).unwrap();
}

fn start_writer(repository: &str, subject: &Digest, seed: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", WRITER])
        .env(TOLD, format!("{repository} {subject} {seed}"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn twenty_processes_at_once_all_survive() {
    let registry = Distribution::open();
    let image = Image::small(1);
    push(&registry, &image, "v1");
    let notes: Vec<Image> = (100..120).map(note).collect();
    for note in &notes {
        push(&registry, note, note.digest());
    }
    let subject: Digest = image.digest().parse().unwrap();
    let repository = registry.image("team/app");
    let writers: Vec<Child> = (100..120)
        .map(|seed| start_writer(&repository, &subject, seed))
        .collect();
    for mut writer in writers {
        assert!(writer.wait().unwrap().success());
    }
    let mut expected: Vec<&str> = notes.iter().map(Image::digest).collect();
    expected.sort_unstable();
    assert_eq!(listed(&registry, &subject), expected);
}

#[test]
fn what_is_attached_is_listed_by_the_tag() {
    let registry = Distribution::open();
    let image = images::small("one");
    skopeo::push(&image, &registry, "team/app:v1");
    let subject: Digest = image.digest().parse().unwrap();
    let store = store(&registry.image("team/app"));
    let none = wait_for(store.referrers(&subject)).unwrap();
    assert_eq!(
        (none.items.len(), none.origin),
        (0, ReferrersOrigin::FallbackTag)
    );
    let notes = [note(1), note(2)];
    for note in &notes {
        push(&registry, note, note.digest());
        wait_for(store.attach(&subject, &[descriptor(note)])).unwrap();
    }
    let found = wait_for(store.referrers(&subject)).unwrap();
    assert_eq!(found.items, notes.each_ref().map(descriptor));
    let asked = registry.requests();
    let referrers = asked
        .tally()
        .into_iter()
        .filter(|(kind, _)| kind.contains("404"));
    assert!(referrers.count() > 0, "{asked}");
}
