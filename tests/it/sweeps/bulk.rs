//! Repositories whose blobs are made anew each time they are read, so that they may hold any
//! amount: the source of what is moved in bulk.

use super::dock::{answer, digest_of, status};
use crate::lab::image::{CONFIG, LAYER, MANIFEST, noise};
use bytes::Bytes;
use crossdock::transport::ByteStream;
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

const BLOCK: u64 = 64 * 1024;

/// Bytes that follow from a seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content {
    seed: u64,
    pub(super) size: u64,
}

impl Content {
    fn block(self, number: u64) -> Bytes {
        let length = BLOCK.min(self.size - number * BLOCK);
        let seed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ number;
        noise(seed, usize::try_from(length).unwrap()).into()
    }

    fn digest(self) -> String {
        let mut hash = Sha256::new();
        for number in 0..self.size.div_ceil(BLOCK) {
            hash.update(self.block(number));
        }
        digest_of(hash)
    }

    fn read(self, range: Range<u64>) -> ByteStream {
        let blocks = range.start / BLOCK..range.end.div_ceil(BLOCK);
        let cut = move |number| {
            let (block, begin) = (self.block(number), number * BLOCK);
            let first = range.start.saturating_sub(begin);
            let last = (range.end - begin).min(block.len() as u64);
            Ok(block.slice(usize::try_from(first).unwrap()..usize::try_from(last).unwrap()))
        };
        stream::iter(blocks.map(cut)).boxed()
    }
}

/// One repository: its tags, and what they refer to.
#[derive(Debug, Default)]
pub(super) struct Bulk {
    pub(super) tags: BTreeMap<String, (String, Bytes)>,
    pub(super) blobs: HashMap<String, Content>,
}

/// Eight layers to an image, from small ones to some of 16 MiB.
const LAYERS: usize = 8;
const SIZES: Range<f64> = 14.0..24.0;

impl Bulk {
    /// About so many bytes.
    pub(super) fn of(bytes: u64, random: &mut fastrand::Rng) -> Self {
        let mut images: Vec<Vec<Content>> = Vec::new();
        let mut left = bytes;
        while left > 0 {
            let mut sized = || {
                let size = SIZES.start + random.f64() * (SIZES.end - SIZES.start);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let size = size.exp2() as u64;
                let size = size.min(left);
                left -= size;
                Content {
                    seed: random.u64(..),
                    size,
                }
            };
            let image: Vec<_> = (0..LAYERS).map(|_| sized()).collect();
            images.push(image.into_iter().filter(|layer| layer.size > 0).collect());
        }
        let half = images.len().div_ceil(2);
        let digested = std::thread::scope(|scope| {
            let halves = images
                .chunks(half)
                .map(|half| scope.spawn(|| digested(half)));
            let halves: Vec<_> = halves.collect();
            halves
                .into_iter()
                .flat_map(|half| half.join().unwrap())
                .collect::<Vec<_>>()
        });
        let mut bulk = Self::default();
        for (layers, number) in digested.into_iter().zip(0..) {
            bulk.add(number, layers, random.u64(..));
        }
        bulk
    }

    fn add(&mut self, number: usize, layers: Vec<(String, Content)>, seed: u64) {
        let config = Content { seed, size: 600 };
        let described = |kind: &str, digest: &str, size: u64| json!({"mediaType": kind, "digest": digest, "size": size});
        let digest = config.digest();
        let listed = layers
            .iter()
            .map(|(digest, content)| described(LAYER, digest, content.size));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described(CONFIG, &digest, config.size),
            "layers": listed.collect::<Vec<_>>(),
        });
        let manifest = Bytes::from(manifest.to_string());
        let named = (digest_of(Sha256::new_with_prefix(&manifest)), manifest);
        self.tags.insert(format!("v{number}"), named);
        self.blobs.extend(layers);
        self.blobs.insert(digest, config);
    }

    /// The bytes of all blobs.
    pub(super) fn bytes(&self) -> u64 {
        self.blobs.values().map(|content| content.size).sum()
    }

    /// Answers a question about a path below the repository's name.
    pub(super) fn answer(&self, head: &Parts, path: &str) -> Response<ByteStream> {
        if path == "tags/list" {
            let tags: Vec<_> = self.tags.keys().collect();
            let list = json!({"name": "soak", "tags": tags}).to_string();
            return answer(
                StatusCode::OK,
                &[("content-type", "application/json")],
                list.into(),
            );
        }
        if let Some(wanted) = path.strip_prefix("manifests/") {
            let mut all = self.tags.iter();
            let found = all.find(|(tag, (digest, _))| *tag == wanted || digest == wanted);
            return found.map_or_else(
                || status(StatusCode::NOT_FOUND),
                |(_, (digest, bytes))| manifest(head, digest, bytes),
            );
        }
        let digest = path.strip_prefix("blobs/").unwrap_or_default();
        match self.blobs.get(digest) {
            Some(content) => blob(head, *content),
            None => status(StatusCode::NOT_FOUND),
        }
    }
}

fn digested(images: &[Vec<Content>]) -> Vec<Vec<(String, Content)>> {
    let one = |layers: &Vec<Content>| {
        layers
            .iter()
            .map(|layer| (layer.digest(), *layer))
            .collect()
    };
    images.iter().map(one).collect()
}

/// A manifest, or with HEAD what there is to know about it.
pub(super) fn manifest(head: &Parts, digest: &str, bytes: &Bytes) -> Response<ByteStream> {
    let headers = [
        ("content-type", MANIFEST),
        ("docker-content-digest", digest),
    ];
    let mut response = answer(StatusCode::OK, &headers, bytes.clone());
    if head.method == Method::HEAD {
        *response.body_mut() = stream::empty().boxed();
    }
    response
}

fn blob(head: &Parts, content: Content) -> Response<ByteStream> {
    let range = head
        .headers
        .get("range")
        .and_then(|range| part(range, content.size));
    let asked = range.clone().unwrap_or(0..content.size);
    let mut response = status(StatusCode::OK);
    response
        .headers_mut()
        .insert("content-length", (asked.end - asked.start).into());
    if range.is_some() {
        let told = format!("bytes {}-{}/{}", asked.start, asked.end - 1, content.size);
        response
            .headers_mut()
            .insert("content-range", told.parse().unwrap());
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if head.method == Method::GET {
        *response.body_mut() = content.read(asked);
    }
    response
}

/// `bytes=FIRST-LAST`
fn part(range: &HeaderValue, size: u64) -> Option<Range<u64>> {
    let (first, last) = range
        .to_str()
        .ok()?
        .strip_prefix("bytes=")?
        .split_once('-')?;
    let end = last.parse::<u64>().map_or(size, |last| size.min(last + 1));
    let first = first.parse().ok()?;
    (first < end).then_some(first..end)
}
