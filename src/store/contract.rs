//! What every store promises, asked of each of them: a registry, and a folder.

#![allow(clippy::unwrap_used)]

use super::open::{Reach, Stores};
use super::{Error, Hints, Kind, Placed, Precondition, Result, Source, Store};
use crate::auth::chain::Fixed;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, Tag, Target};
use crate::oci::{Descriptor, MediaType, digest};
use crate::server::{Options, Registry, serve};
use crate::transport::{BoxError, ByteStream, Transport, client};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{join_all, pending};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const HINTS: Hints = Hints {
    mount_from: &[],
    likely_absent: true,
};

/// A store of each kind, all of them empty.
struct Bench {
    stores: Vec<Arc<dyn Store>>,
    _folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap();
        let registry = Registry::new(Options::default());
        let handler = move |request| {
            let registry = registry.clone();
            async move { Ok(registry.handle(request).await) }
        };
        tokio::spawn(serve(listener, handler, pending()));
        let folder = TempDir::with_prefix("crossdock-store-").unwrap();
        let transport = Transport::new(client::Settings::default(), Arc::new(()));
        let (transport, nobody) = (Arc::new(transport), Arc::new(Fixed::new("nobody")));
        let opener = Stores::new(transport, nobody, Reach::default());
        let places = [
            Location::Remote(format!("{host}/team/app").parse().unwrap()),
            Location::Layout(folder.path().join("new/layout")),
        ];
        Self {
            stores: places.iter().map(|place| opener.open(place)).collect(),
            _folder: folder,
        }
    }
}

/// Asks the same of every store.
macro_rules! each {
    ($name:ident, |$store:ident| $body:block) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let bench = Bench::new().await;
            for $store in &bench.stores $body
        }
    };
}

/// Hands over these bytes, and then an end or a failure.
struct Given {
    bytes: Bytes,
    fails: bool,
}

/// Cannot be opened.
struct Closed;

fn denied() -> BoxError {
    Box::new(Error::new(Kind::Denied, "may not be read").at(&elsewhere()))
}

#[async_trait]
impl Source for Closed {
    async fn prepare(&self) {}

    async fn open(&self, _offset: u64) -> Result<ByteStream, BoxError> {
        Err(denied())
    }
}

fn elsewhere() -> Location {
    Location::Remote("elsewhere.example/app".parse().unwrap())
}

#[async_trait]
impl Source for Given {
    async fn prepare(&self) {}

    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError> {
        let rest = self.bytes.slice(usize::try_from(offset).unwrap()..);
        let mut chunks: Vec<Result<Bytes, BoxError>> = Vec::new();
        for chunk in rest.chunks(7000) {
            chunks.push(Ok(Bytes::copy_from_slice(chunk)));
        }
        if self.fails {
            chunks.push(Err(denied()));
        }
        Ok(stream::iter(chunks).boxed())
    }
}

fn bytes(seed: u64, size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes.into()
}

fn named(bytes: &Bytes) -> Descriptor {
    let digest = digest::sha256(bytes);
    Descriptor::new(MediaType::ImageLayer, bytes.len() as u64, digest)
}

async fn put_blob(store: &dyn Store, bytes: &Bytes) -> Descriptor {
    let blob = named(bytes);
    let (bytes, fails) = (bytes.clone(), false);
    let placed = store
        .ensure_blob(&blob, &Given { bytes, fails }, HINTS)
        .await;
    placed.unwrap();
    blob
}

async fn read(store: &dyn Store, blob: &Descriptor, from: u64, to: u64) -> Vec<u8> {
    let opened = store.blob(blob, from..to).await.unwrap();
    assert_eq!(opened.offset, from);
    let chunks: Vec<Bytes> = opened.stream.try_collect().await.unwrap();
    chunks.concat()
}

/// A manifest whose blobs are there, in a form that nobody would write.
async fn manifest(store: &dyn Store, seed: u64) -> Manifest {
    let config = put_blob(store, &Bytes::from("{}")).await;
    let document = json!({
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config.digest(), "size": 2},
        "layers": [], "mediaType": MANIFEST, "schemaVersion": 2, "annotations": {"seed": seed.to_string()},
    });
    Manifest::parse(Bytes::from(format!(" {document:#}\n")), None).unwrap()
}

async fn put(store: &dyn Store, target: &Target, manifest: &Manifest) {
    let put = store
        .put_manifest(target, manifest, &Precondition::Anything)
        .await;
    assert_eq!(put.unwrap().digest, *manifest.digest());
}

fn tag(text: &str) -> Target {
    Target::Tag(text.parse().unwrap())
}

fn pinned(manifest: &Manifest) -> Target {
    Target::Digest(manifest.digest().clone())
}

async fn tags(store: &dyn Store) -> Vec<String> {
    let tags: Vec<Tag> = store.tags().try_collect().await.unwrap();
    let mut tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
    tags.sort();
    tags
}

#[track_caller]
fn kind<T>(result: Result<T>) -> Kind {
    match result {
        Ok(_) => panic!("it was expected to fail"),
        Err(error) => error.kind(),
    }
}

each!(what_is_not_there, |store| {
    let blob = named(&bytes(1, 10));
    let digest = Target::Digest(blob.digest().clone());
    for round in 0..2 {
        for target in [&tag("v1"), &digest] {
            assert_eq!(kind(store.resolve(target).await), Kind::NotFound, "{round}");
            assert_eq!(kind(store.manifest(target).await), Kind::NotFound);
            assert_eq!(store.find(target).await.unwrap(), None);
            assert_eq!(kind(store.delete(target).await), Kind::NotFound);
        }
        assert!(!store.has_blob(&blob).await.unwrap());
        assert_eq!(kind(store.blob(&blob, 0..10).await), Kind::NotFound);
        // The same holds beside something else.
        put_blob(&**store, &bytes(2, 10)).await;
    }
});

each!(a_blob_is_sent_once_and_read_in_parts, |store| {
    let bytes = bytes(3, 700_000);
    let blob = named(&bytes);
    let given = Given {
        bytes: bytes.clone(),
        fails: false,
    };
    let sent = store.ensure_blob(&blob, &given, HINTS).await.unwrap();
    assert_eq!(sent, Placed::Sent);
    let hints = Hints {
        likely_absent: false,
        ..HINTS
    };
    let again = store.ensure_blob(&blob, &given, hints).await.unwrap();
    assert_eq!(again, Placed::Present);
    assert!(store.has_blob(&blob).await.unwrap());
    for (from, to) in [(0, 700_000), (1, 2), (262_143, 262_145), (699_999, 700_000)] {
        let part = usize::try_from(from).unwrap()..usize::try_from(to).unwrap();
        assert!(
            read(&**store, &blob, from, to).await == bytes[part],
            "{from}..{to}"
        );
    }
});

each!(a_blob_without_bytes_is_a_blob, |store| {
    let blob = put_blob(&**store, &Bytes::new()).await;
    assert!(store.has_blob(&blob).await.unwrap());
});

each!(a_blob_whose_source_fails_is_not_there, |store| {
    let bytes = bytes(4, 300_000);
    let blob = named(&bytes);
    let (cut, fails) = (bytes.slice(..290_000), true);
    let given = Given { bytes: cut, fails };
    let error = store.ensure_blob(&blob, &given, HINTS).await.unwrap_err();
    // A registry only sees a request that breaks off.
    if store.location().folder().is_some() {
        assert_eq!(error.kind(), Kind::Denied);
        assert_eq!(error.location(), Some(&elsewhere()));
    }
    assert!(!store.has_blob(&blob).await.unwrap());
    put_blob(&**store, &bytes).await;
    assert!(read(&**store, &blob, 0, blob.size()).await == bytes);
});

each!(a_source_that_cannot_be_opened_is_what_failed, |store| {
    let blob = named(&bytes(6, 10));
    let failed = store.ensure_blob(&blob, &Closed, HINTS).await;
    let error = failed.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert_eq!(error.location(), Some(&elsewhere()));
    assert!(!store.has_blob(&blob).await.unwrap());
});

each!(a_blob_of_another_size_is_not_taken, |store| {
    for (length, tells) in [(100, 101), (100, 99), (0, 1)] {
        let bytes = bytes(7, length);
        let blob = Descriptor::new(MediaType::ImageLayer, tells, named(&bytes).digest().clone());
        let given = Given {
            bytes,
            fails: false,
        };
        let placed = store.ensure_blob(&blob, &given, HINTS).await;
        assert!(placed.is_err(), "{length} for {tells}");
        assert!(!store.has_blob(&blob).await.unwrap());
    }
});

each!(a_manifest_is_the_same_bytes_by_tag_and_by_digest, |store| {
    let manifest = manifest(&**store, 1).await;
    put(&**store, &tag("v1"), &manifest).await;
    for target in [tag("v1"), pinned(&manifest)] {
        let read = store.manifest(&target).await.unwrap();
        assert_eq!(read.bytes(), manifest.bytes());
        assert_eq!(read.descriptor(), manifest.descriptor());
        assert_eq!(
            &store.resolve(&target).await.unwrap(),
            manifest.descriptor()
        );
        assert_eq!(
            store.find(&target).await.unwrap().as_ref(),
            Some(manifest.descriptor())
        );
    }
});

each!(a_manifest_by_digest_has_no_tag, |store| {
    let manifest = manifest(&**store, 2).await;
    put(&**store, &tag("other"), &self::manifest(&**store, 3).await).await;
    put(&**store, &pinned(&manifest), &manifest).await;
    store.list_untagged(manifest.descriptor()).await.unwrap();
    assert_eq!(
        store.manifest(&pinned(&manifest)).await.unwrap().bytes(),
        manifest.bytes()
    );
    assert_eq!(tags(&**store).await, ["other"]);
});

each!(a_manifest_is_not_put_under_the_digest_of_another, |store| {
    let (one, other) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    let put = store
        .put_manifest(&pinned(&other), &one, &Precondition::Anything)
        .await;
    assert!(put.is_err());
    assert_eq!(store.find(&pinned(&other)).await.unwrap(), None);
});

each!(a_tag_moves_and_what_it_named_stays, |store| {
    let (old, new) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    put(&**store, &tag("v1"), &old).await;
    put(&**store, &tag("v2"), &old).await;
    put(&**store, &tag("v1"), &new).await;
    assert_eq!(
        store.resolve(&tag("v1")).await.unwrap().digest(),
        new.digest()
    );
    assert_eq!(
        store.resolve(&tag("v2")).await.unwrap().digest(),
        old.digest()
    );
    assert!(store.find(&pinned(&old)).await.unwrap().is_some());
    assert_eq!(tags(&**store).await, ["v1", "v2"]);
});

each!(a_precondition_that_does_not_hold_refuses, |store| {
    let (one, other) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    let v1 = tag("v1");
    let is = |manifest: &Manifest| Precondition::Is(manifest.digest().clone());
    assert_eq!(
        kind(store.put_manifest(&v1, &one, &is(&one)).await),
        Kind::Refused
    );
    assert_eq!(store.find(&v1).await.unwrap(), None);
    store
        .put_manifest(&v1, &one, &Precondition::Absent)
        .await
        .unwrap();
    for refused in [Precondition::Absent, is(&other)] {
        assert_eq!(
            kind(store.put_manifest(&v1, &other, &refused).await),
            Kind::Refused
        );
    }
    assert_eq!(store.resolve(&v1).await.unwrap().digest(), one.digest());
    store.put_manifest(&v1, &other, &is(&one)).await.unwrap();
    assert_eq!(store.resolve(&v1).await.unwrap().digest(), other.digest());
});

each!(of_many_who_want_an_absent_tag_one_gets_it, |store| {
    let all = join_all((0..8).map(|seed| manifest(&**store, seed))).await;
    let v1 = tag("v1");
    let puts = all
        .iter()
        .map(|one| store.put_manifest(&v1, one, &Precondition::Absent));
    let won = join_all(puts)
        .await
        .into_iter()
        .filter(Result::is_ok)
        .count();
    assert_eq!(won, 1);
});

each!(tags_written_side_by_side_are_all_there, |store| {
    let manifest = manifest(&**store, 1).await;
    let names: Vec<Target> = (10..34).map(|number| tag(&format!("v{number}"))).collect();
    join_all(names.iter().map(|name| put(&**store, name, &manifest))).await;
    let expected: Vec<String> = (10..34).map(|number| format!("v{number}")).collect();
    assert_eq!(tags(&**store).await, expected);
});

each!(a_tag_is_removed_alone, |store| {
    let manifest = manifest(&**store, 1).await;
    put(&**store, &tag("v1"), &manifest).await;
    put(&**store, &tag("v2"), &manifest).await;
    store.delete(&tag("v1")).await.unwrap();
    assert_eq!(tags(&**store).await, ["v2"]);
    assert!(store.manifest(&pinned(&manifest)).await.is_ok());
    assert_eq!(kind(store.delete(&tag("v1")).await), Kind::NotFound);
});

each!(a_manifest_is_removed_with_its_tags, |store| {
    let (one, other) = (manifest(&**store, 1).await, manifest(&**store, 2).await);
    put(&**store, &tag("v1"), &one).await;
    put(&**store, &tag("v2"), &other).await;
    put(&**store, &tag("v3"), &one).await;
    store.delete(&pinned(&one)).await.unwrap();
    assert_eq!(tags(&**store).await, ["v2"]);
    assert_eq!(store.find(&pinned(&one)).await.unwrap(), None);
    assert_eq!(kind(store.manifest(&pinned(&one)).await), Kind::NotFound);
});

each!(a_layer_is_no_manifest, |store| {
    let layer = put_blob(&**store, &bytes(5, 100)).await;
    let target = Target::Digest(layer.digest().clone());
    assert_eq!(kind(store.manifest(&target).await), Kind::NotFound);
    assert_eq!(kind(store.delete(&target).await), Kind::NotFound);
    assert!(store.has_blob(&layer).await.unwrap());
});
