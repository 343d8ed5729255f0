//! What is read of an index, and what is better left unread.

#![allow(clippy::unwrap_used)]

use super::{Content, Sort, entries, select, subjects};
use crate::engine::diff::{Side, diff, same_unread};
use crate::oci::manifest::{ACCEPT, Manifest};
use crate::oci::reference::{Location, RepositoryName, Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::{
    Error, Hints, Kind, Lane, Opened, Placed, Precondition, Put, Referrers, Result, Source, Store,
};
use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

/// A store of manifests that notes what is read.
struct Shelf {
    location: Location,
    manifests: HashMap<Digest, Manifest>,
    counts: bool,
    read: Mutex<Vec<Digest>>,
}

impl Shelf {
    fn new(manifests: &[&Manifest], counts: bool) -> Self {
        let manifests = manifests.iter().map(|m| (m.digest().clone(), (*m).clone()));
        Self {
            location: Location::Remote("reg.example/app".parse().unwrap()),
            manifests: manifests.collect(),
            counts,
            read: Mutex::default(),
        }
    }

    fn reads(&self) -> usize {
        self.read.lock().unwrap().len()
    }

    fn nothing<T>(&self) -> Result<T> {
        Err(Error::new(Kind::NotFound, "not on the shelf").at(&self.location))
    }
}

#[async_trait]
impl Store for Shelf {
    fn location(&self) -> &Location {
        &self.location
    }

    fn warm(&self, _: Lane, _: usize) {}

    async fn usual_target(&self) -> Result<Target> {
        self.nothing()
    }

    async fn resolve(&self, target: &Target) -> Result<Descriptor> {
        let there = target
            .digest()
            .and_then(|digest| self.manifests.get(digest));
        there.map_or_else(|| self.nothing(), |there| Ok(there.descriptor().clone()))
    }

    async fn find(&self, _: &Target) -> Result<Option<Descriptor>> {
        self.nothing()
    }

    async fn manifest(&self, target: &Target) -> Result<Manifest> {
        let digest = target.digest().unwrap();
        self.read.lock().unwrap().push(digest.clone());
        let there = self.manifests.get(digest);
        there.map_or_else(|| self.nothing(), |there| Ok(there.clone()))
    }

    async fn put_manifest(&self, _: &Target, _: &Manifest, _: &Precondition) -> Result<Put> {
        self.nothing()
    }

    async fn blob(&self, _: &Descriptor, _: Range<u64>) -> Result<Opened> {
        self.nothing()
    }

    async fn has_blob(&self, _: &Descriptor) -> Result<bool> {
        self.nothing()
    }

    async fn ensure_blob(&self, _: &Descriptor, _: &dyn Source, _: Hints<'_>) -> Result<Placed> {
        self.nothing()
    }

    async fn mountable(&self, _: &Location) -> Option<RepositoryName> {
        None
    }

    async fn referrers(&self, _: &Digest) -> Result<Referrers> {
        self.nothing()
    }

    async fn attach(&self, _: &Digest, _: &[Descriptor]) -> Result<()> {
        self.nothing()
    }

    fn tags(&self) -> BoxStream<'static, Result<Tag>> {
        futures_util::stream::empty().boxed()
    }

    async fn list_untagged(&self, _: &Descriptor) -> Result<()> {
        self.nothing()
    }

    fn counts_reading(&self) -> bool {
        self.counts
    }

    async fn delete(&self, _: &Target) -> Result<()> {
        self.nothing()
    }
}

fn described(manifest: &Manifest, platform: &str) -> Value {
    let descriptor = manifest.descriptor();
    let (os, architecture) = platform.split_once('/').unwrap();
    json!({
        "mediaType": descriptor.media_type().to_string(), "digest": descriptor.digest(),
        "size": descriptor.size(), "platform": {"os": os, "architecture": architecture},
    })
}

fn index(listed: &[Value]) -> Manifest {
    let body = json!({"schemaVersion": 2, "mediaType": ACCEPT[0], "manifests": listed});
    Manifest::parse(body.to_string().into(), None).unwrap()
}

/// An image of one layer with so many bytes. Neither its config nor its layer can be read.
fn image(bytes: u64) -> Manifest {
    annotated(bytes, "")
}

fn annotated(bytes: u64, text: &str) -> Manifest {
    let blob = |size: u64, media_type: &str| {
        let digest = crate::oci::digest::sha256(&size.to_le_bytes());
        json!({"mediaType": media_type, "digest": digest, "size": size})
    };
    let config = blob(10, "application/vnd.oci.image.config.v1+json");
    let layer = blob(bytes, "application/vnd.oci.image.layer.v1.tar");
    let body = json!({
        "schemaVersion": 2, "mediaType": ACCEPT[1], "config": config, "layers": [layer],
        "annotations": {"text": text},
    });
    Manifest::parse(body.to_string().into(), None).unwrap()
}

#[tokio::test]
async fn an_image_that_is_listed_twice_is_read_once() {
    let (one, other) = (image(100), image(200));
    let names = ["linux/a", "linux/b", "unknown/unknown"];
    let listed = [&one, &one, &other];
    let listed: Vec<Value> = listed
        .iter()
        .zip(names)
        .map(|(m, p)| described(m, p))
        .collect();
    let index = index(&listed);
    let shelf = Shelf::new(&[&one, &other], false);
    let entries = entries(&shelf, &index).await.unwrap();
    let contents: Vec<Content> = entries.iter().map(|entry| entry.content).collect();
    assert_eq!(contents, [110, 110, 210].map(Content::Bytes));
    assert_eq!(entries[2].sort, Sort::Attestation { of: None });
    assert_eq!(shelf.reads(), 2);
}

#[tokio::test]
async fn where_reading_counts_and_where_there_is_too_much_of_it_sizes_are_left_open() {
    let one = image(100);
    let short = index(&[described(&one, "linux/a")]);
    let long = index(&vec![described(&one, "linux/a"); super::index::MOST + 1]);
    for (index, counts) in [(&short, true), (&long, false)] {
        let shelf = Shelf::new(&[&one], counts);
        let entries = entries(&shelf, index).await.unwrap();
        assert!(entries.iter().all(|entry| entry.content == Content::Unread));
        assert_eq!(shelf.reads(), 0);
    }
}

/// As `copy` takes it.
#[tokio::test]
async fn an_entry_that_is_an_index_is_taken_as_it_is() {
    let inner = index(&[described(&image(100), "linux/a")]);
    let outer = index(&[described(&inner, "linux/a")]);
    let shelf = Shelf::new(&[&inner], false);
    let wanted = "linux/a".parse().unwrap();
    let selected = select(&shelf, &outer, &wanted).await.unwrap();
    assert_eq!(selected.digest(), inner.digest());
    assert_eq!(shelf.reads(), 1);
}

#[tokio::test]
async fn what_is_listed_and_not_there_is_a_broken_index() {
    let lost = index(&[described(&image(100), "linux/a")]);
    let outer = index(&[described(&lost, "linux/a"), described(&image(1), "linux/b")]);
    let shelf = Shelf::new(&[], false);
    for wanted in ["linux/a", "linux/b"] {
        let wanted = wanted.parse().unwrap();
        let error = select(&shelf, &outer, &wanted).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt);
    }
    let entries = entries(&shelf, &outer).await.unwrap();
    assert_eq!(entries[1].content, Content::Missing);
    let found = subjects(&shelf, &outer).await.unwrap();
    assert_eq!(found.missing, [lost.digest().clone()]);
    assert_eq!(found.manifests.len(), 2);
}

#[tokio::test]
async fn attestations_and_too_many_images_are_not_asked_about() {
    let images: Vec<Manifest> = (0..=super::MOST_ASKED as u64).map(image).collect();
    let entries: Vec<Value> = images.iter().map(|m| described(m, "linux/a")).collect();
    let attestation = described(&image(9999), "unknown/unknown");
    for (number, is_cut) in [(super::MOST_ASKED, false), (super::MOST_ASKED + 1, true)] {
        let mut listed = entries[..number].to_vec();
        listed.push(attestation.clone());
        let found = subjects(&Shelf::new(&[], false), &index(&listed))
            .await
            .unwrap();
        assert_eq!(found.is_cut, is_cut, "{number}");
        let asked = if is_cut { 1 } else { 1 + number };
        assert_eq!(found.manifests.len(), asked);
    }
}

#[tokio::test]
async fn indexes_in_indexes_have_an_end() {
    let mut all = vec![image(100)];
    for _ in 0..10 {
        let inner = all.last().unwrap();
        all.push(index(&[described(inner, "linux/a")]));
    }
    let shelf = Shelf::new(&all.iter().collect::<Vec<_>>(), false);
    let error = subjects(&shelf, all.last().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Corrupt);
}

#[tokio::test]
async fn nothing_is_pulled_to_say_that_it_is_the_same() {
    let (one, other) = (image(100), image(200));
    let target = |manifest: &Manifest| Target::Digest(manifest.digest().clone());
    for (counts, to, same) in [
        (true, &one, true),
        (true, &other, false),
        (false, &one, false),
    ] {
        let (from, there) = (Shelf::new(&[&one], counts), Shelf::new(&[to], false));
        let known = same_unread((&from, &target(&one)), (&there, &target(to))).await;
        assert_eq!(known.as_ref(), same.then(|| one.digest()));
        assert_eq!((from.reads(), there.reads()), (0, 0));
    }
}

/// What two indexes share is not read on either side, and of several alike each has its own.
#[tokio::test]
async fn images_of_one_name_are_compared_one_by_one() {
    let [a, b, c, d] = [1, 2, 3, 4].map(image);
    let old = index(&[
        described(&a, "linux/x"),
        described(&b, "linux/x"),
        described(&c, "linux/x"),
    ]);
    let new = index(&[described(&a, "linux/x"), described(&d, "linux/x")]);
    let shelf = Shelf::new(&[&a, &b, &c, &d], false);
    let side = |manifest| Side {
        store: &shelf,
        manifest,
    };
    let difference = diff(side(&old), side(&new)).await.unwrap();
    let pairs: Vec<_> = difference
        .images
        .iter()
        .map(|p| (p.from.as_ref(), p.to.as_ref()))
        .collect();
    let digest = Manifest::digest;
    assert_eq!(
        pairs,
        [
            (Some(digest(&a)), Some(digest(&a))),
            (Some(digest(&b)), Some(digest(&d))),
            (Some(digest(&c)), None),
        ]
    );
    assert_eq!(shelf.reads(), 2);
}

/// Whoever fills indexes with long manifests does not fill the memory with them.
#[tokio::test]
async fn what_is_compared_has_an_end() {
    let long = "x".repeat(7 << 20);
    let listed = |first: u64| {
        let images: Vec<Manifest> = (first..first + 5).map(|n| annotated(n, &long)).collect();
        let entries = images.iter().zip('a'..);
        let entries = entries.map(|(image, name)| described(image, &format!("linux/{name}")));
        (index(&entries.collect::<Vec<_>>()), images)
    };
    let ((old, from), (new, to)) = (listed(1), listed(11));
    let shelf = Shelf::new(&from.iter().chain(&to).collect::<Vec<_>>(), false);
    let side = |manifest| Side {
        store: &shelf,
        manifest,
    };
    let refused = diff(side(&old), side(&new)).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Corrupt);
}
