//! Whatever images are made of, and whatever of them is there already.

#![allow(clippy::unwrap_used)]

use super::shelf::{Shelf, Told};
use super::{Applied, Name, Options, Patience, Run, Summary};
use crate::engine::guard::Guard;
use crate::oci::Digest;
use crate::oci::digest::sha256;
use crate::oci::manifest::{Child, Manifest};
use crate::oci::reference::Target;
use crate::store::{Result, Store};
use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Indexes may list those before them, so that they are nested this deep at most.
const INDEXES: usize = 6;
/// So often is done what may go wrong by chance.
const ROUNDS: usize = 20;
/// Different layers.
const LAYERS: usize = 6;

/// Manifests that list each other, and share layers.
#[derive(Debug, Clone)]
struct Graph {
    /// For each image its layers.
    images: Vec<Vec<Index>>,
    /// For each index what it lists of the manifests before it.
    indexes: Vec<Vec<Index>>,
    /// What has a tag.
    tagged: Vec<Index>,
}

fn graphs() -> impl Strategy<Value = Graph> {
    let some = |most: usize| prop::collection::vec(any::<Index>(), 0..most);
    let images = prop::collection::vec(some(4), 1..5);
    let indexes = prop::collection::vec(some(5), 0..INDEXES);
    let tagged = prop::collection::vec(any::<Index>(), 1..5);
    (images, indexes, tagged).prop_map(|(images, indexes, tagged)| Graph {
        images,
        indexes,
        tagged,
    })
}

impl Graph {
    /// Puts everything there, and says what the tags are.
    fn build(&self, shelf: &Shelf) -> Vec<Manifest> {
        let mut all: Vec<Manifest> = Vec::new();
        for (number, layers) in self.images.iter().enumerate() {
            let layers = layers.iter().map(|layer| {
                let number = layer.index(LAYERS);
                blob(shelf, &format!("layer {number} ").repeat(number * 150))
            });
            let document = json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": blob(shelf, &format!("{{\"author\": \"{number}\"}}")),
                "layers": layers.collect::<Vec<_>>(),
            });
            all.push(kept(shelf, &document));
        }
        for (number, listed) in self.indexes.iter().enumerate() {
            let listed: Vec<Value> = listed.iter().map(|at| entry(at.get(&all))).collect();
            let document = json!({
                "schemaVersion": 2,
                "mediaType": INDEX,
                "manifests": listed,
                "annotations": {"number": number.to_string()},
            });
            all.push(kept(shelf, &document));
        }
        let tagged = self.tagged.iter().map(|at| at.get(&all).clone());
        let tagged: Vec<Manifest> = tagged.collect();
        for (number, manifest) in tagged.iter().enumerate() {
            let tag = format!("v{number}").parse().unwrap();
            shelf.held().tags.insert(tag, manifest.digest().clone());
        }
        tagged
    }
}

fn blob(shelf: &Shelf, text: &str) -> Value {
    let digest = shelf.keep(text.to_owned());
    json!({"mediaType": "text/plain", "digest": digest.as_ref(), "size": text.len()})
}

fn entry(manifest: &Manifest) -> Value {
    json!({
        "mediaType": manifest.media_type().as_ref(),
        "digest": manifest.digest().as_ref(),
        "size": manifest.bytes().len(),
    })
}

/// With spaces that no serializer would write.
fn kept(shelf: &Shelf, document: &Value) -> Manifest {
    let manifest = Manifest::parse(format!("{document:#} ").into(), None).unwrap();
    let digest = manifest.digest().clone();
    shelf.held().manifests.insert(digest, manifest.clone());
    manifest
}

/// Everything below these: manifests, and blobs.
fn below(shelf: &Shelf, roots: &[Manifest]) -> (HashSet<Digest>, HashSet<Digest>) {
    let (mut manifests, mut blobs) = (HashSet::new(), HashSet::new());
    let mut open = roots.to_vec();
    while let Some(manifest) = open.pop() {
        if !manifests.insert(manifest.digest().clone()) {
            continue;
        }
        for child in manifest.children() {
            match child {
                Child::Blob(blob) => drop(blobs.insert(blob.digest().clone())),
                Child::Manifest(child) => {
                    open.push(shelf.held().manifests[child.digest()].clone());
                }
            }
        }
    }
    (manifests, blobs)
}

/// Copies these tags to all destinations, all of them at once.
async fn copied(from: &Arc<Shelf>, to: &[Arc<Shelf>], tags: usize, deep: bool) -> Vec<Summary> {
    let store = |shelf: &Arc<Shelf>| -> Arc<dyn Store> { Arc::new(Arc::clone(shelf)) };
    let options = Options {
        deep,
        ..Options::default()
    };
    let progress = Arc::new(Told::default());
    let run = Run::new(
        store(from),
        to.iter().map(store).collect(),
        options,
        Box::new(|_, _| Guard::Free),
        progress,
    );
    let copies = (0..tags).map(async |number| {
        let target = Target::Tag(format!("v{number}").parse().unwrap());
        let name = Name {
            target: target.clone(),
            guard: Guard::Free,
            is_sources: true,
        };
        let names = vec![vec![name]; to.len()];
        let plan = run.plan(&target, &names, Patience::Short).await.unwrap();
        let mut summaries = Vec::new();
        let mut told = |_, applied: Result<Applied>| summaries.push(applied.unwrap().summary);
        run.apply(plan, &mut told).await;
        summaries
    });
    join_all(copies).await.concat()
}

/// Holds a destination everything below these tags, byte for byte, and nothing else?
fn assert_same(from: &Shelf, to: &Shelf, roots: &[Manifest], only: bool) {
    let (manifests, blobs) = below(from, roots);
    let (source, there) = (from.held(), to.held());
    for digest in &manifests {
        assert_eq!(
            there.manifests[digest].bytes(),
            source.manifests[digest].bytes()
        );
    }
    for digest in &blobs {
        assert_eq!(there.blobs[digest], source.blobs[digest]);
        assert_eq!(&sha256(&there.blobs[digest]), digest);
    }
    for (number, root) in roots.iter().enumerate() {
        let tag = format!("v{number}").parse().unwrap();
        assert_eq!(&there.tags[&tag], root.digest());
    }
    if only {
        assert_eq!(there.manifests.len(), manifests.len());
        assert_eq!(there.blobs.len(), blobs.len());
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

/// Each of the two is a little larger than one without blanks.
#[test]
fn connections_for_the_blobs_of_an_index_are_wanted_before_its_images_are_read() {
    let (from, to) = (Shelf::new("from"), Shelf::new("to"));
    let layers: Vec<Value> = (0..20)
        .map(|n| blob(&from, &format!("layer {n}")))
        .collect();
    let images = layers.chunks(10).map(|layers| {
        let document = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob(&from, "{}"),
            "layers": layers,
        });
        entry(&kept(&from, &document))
    });
    let manifests: Vec<Value> = images.collect();
    let document = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    let index = kept(&from, &document);
    let tag = "v0".parse().unwrap();
    from.held().tags.insert(tag, index.digest().clone());
    block_on(copied(&from, std::slice::from_ref(&to), 1, false));
    let warm = to.held().warm.clone();
    assert_eq!(warm.len(), 2, "{warm:?}");
    assert!((2..5).contains(&warm[0]), "{warm:?}");
    assert!((20..30).contains(&warm[1]), "{warm:?}");
}

/// As the command runs them: by whoever waits for all of them on a thread of his own, and is woken
/// from others. A wake-up that gets lost is lost for good, and the copy has no end.
#[test]
fn many_images_at_once_come_to_an_end() {
    const IMAGES: usize = 64;
    let from = Shelf::new("from");
    for image in 0..IMAGES {
        let layers: Vec<Value> = (0..8)
            .map(|layer| blob(&from, &format!("layer {layer} of {image}")))
            .collect();
        let document = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob(&from, "{}"),
            "layers": layers,
        });
        let image = format!("v{image}").parse().unwrap();
        let digest = kept(&from, &document).digest().clone();
        from.held().tags.insert(image, digest);
    }
    let (over, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(4)
            .enable_time()
            .build()
            .unwrap();
        for round in 0..ROUNDS {
            let to = [Shelf::new("to")];
            let copied = runtime.block_on(copied(&from, &to, IMAGES, false));
            over.send((round, copied.len())).unwrap();
        }
    });
    for round in 0..ROUNDS {
        let copied = ended.recv_timeout(Duration::from_mins(1));
        assert_eq!(copied, Ok((round, IMAGES)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Everything arrives as it was, is read once and sent once; and once more is nothing.
    #[test]
    fn a_copy_is_the_same_and_another_is_nothing(graph in graphs(), first in any::<Index>()) {
        let from = Shelf::new("from");
        let roots = graph.build(&from);
        let to = [Shelf::new("one"), Shelf::new("other")];
        // The first tags are at the first destination already.
        let before = first.index(roots.len());
        block_on(copied(&from, &to[..1], before, false));
        from.held().reads.clear();
        block_on(copied(&from, &to, roots.len(), false));
        for to in &to {
            assert_same(&from, to, &roots, true);
        }
        let (manifests, blobs) = below(&from, &roots);
        let is_read = |blob: &&Digest| !from.held().blobs[*blob].is_empty();
        let read = blobs.iter().filter(is_read).count();
        prop_assert_eq!(from.held().reads.len(), read, "each blob is read once");
        for to in &to {
            prop_assert_eq!(to.held().received, blobs.len(), "each blob is sent once");
        }
        // Those with several tags are written once for each; what has a tag may have gone up
        // before, as a part of another.
        let most = manifests.len() + roots.len();
        prop_assert!(to[1].held().written <= most);
        let written: Vec<usize> = to.iter().map(|to| to.held().written).collect();
        from.held().reads.clear();
        let summaries = block_on(copied(&from, &to, roots.len(), false));
        prop_assert!(summaries.iter().all(|summary| *summary == Summary::default()));
        prop_assert!(from.held().reads.is_empty());
        for (to, written) in to.iter().zip(written) {
            prop_assert_eq!(to.held().written, written);
            prop_assert_eq!(to.held().received, blobs.len());
        }
    }

    /// Whatever is lost under tags that are there is put back, and nothing but that is sent.
    #[test]
    fn a_deep_copy_puts_back_what_is_lost(
        graph in graphs(),
        lost in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let (from, to) = (Shelf::new("from"), Shelf::new("to"));
        let roots = graph.build(&from);
        block_on(copied(&from, std::slice::from_ref(&to), roots.len(), false));
        let (manifests, blobs) = below(&from, &roots);
        let has_tag = |digest: &Digest| roots.iter().any(|root| root.digest() == digest);
        let parts = manifests.iter().filter(|digest| !has_tag(digest)).chain(&blobs);
        let mut parts: Vec<&Digest> = parts.collect();
        parts.sort_unstable_by_key(std::string::ToString::to_string);
        let lost: HashSet<&Digest> = lost
            .iter()
            .filter(|_| !parts.is_empty())
            .map(|at| *at.get(&parts))
            .collect();
        let (received, written) = {
            let mut held = to.held();
            for part in &lost {
                held.manifests.remove(*part);
                held.blobs.remove(*part);
            }
            (held.received, held.written)
        };
        block_on(copied(&from, std::slice::from_ref(&to), roots.len(), true));
        assert_same(&from, &to, &roots, true);
        let lost_blobs = lost.iter().filter(|part| blobs.contains(**part)).count();
        prop_assert_eq!(to.held().received - received, lost_blobs);
        prop_assert_eq!(to.held().written - written, lost.len() - lost_blobs);
    }
}
