//! What every store promises, asked of each of them: a registry, and a folder.

#![allow(clippy::unwrap_used)]

use super::open::{Reach, Stores};
use super::{Error, Hints, Kind, Placed, Precondition, Result, Source, Store};
use crate::auth::chain::Fixed;
use crate::auth::identity::Nobody;
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
    verify: false,
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
        let mut settings = client::Settings::default();
        settings.retry.attempts = 1;
        let transport = Transport::new(settings, Arc::new(()));
        let (transport, nobody) = (Arc::new(transport), Arc::new(Fixed::new("nobody")));
        let opener = Stores::new(transport, nobody, Arc::new(Nobody), Reach::default());
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

mod blobs;
mod manifests;
mod referrers;

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
