//! A store in memory, for tests: strict like a registry, and it counts.

#![allow(clippy::unwrap_used)]

use super::event::{Event, Progress};
use crate::oci::digest::{compute, sha256};
use crate::oci::manifest::{Child, Manifest};
use crate::oci::reference::{Location, RepositoryName, Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::{
    Error, Hints, Kind, Lane, Opened, Placed, Precondition, Put, Referrers, ReferrersOrigin,
    Result, Source, Store,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex};

/// Bytes that are handed over at once.
pub(super) const CHUNK: usize = 1000;

/// A store in memory.
pub(super) struct Shelf {
    location: Location,
    held: Mutex<Held>,
}

/// What is there, and what was asked for.
#[derive(Default)]
pub(super) struct Held {
    pub(super) blobs: HashMap<Digest, Bytes>,
    pub(super) manifests: HashMap<Digest, Manifest>,
    pub(super) tags: BTreeMap<Tag, Digest>,
    /// The offsets at which blobs were read.
    pub(super) reads: Vec<u64>,
    /// Chunks that were handed over.
    pub(super) chunks: usize,
    /// Blobs whose bytes came.
    pub(super) received: usize,
    /// Manifests that were put.
    pub(super) written: usize,
    /// Whether it never answers to what it is asked for.
    pub(super) is_silent: Option<fn(&Target) -> bool>,
    /// How many connections were wanted ahead, each time.
    pub(super) warm: Vec<usize>,
    /// Reads break off before this offset.
    pub(super) breaks_at: Option<u64>,
    /// The byte at this offset is another one.
    pub(super) wrong_at: Option<usize>,
    /// What becomes of the next reads of blobs, the next one first. Those after them go well.
    pub(super) cuts: VecDeque<Cut>,
}

/// How a read of a blob goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    /// So many bytes come, from where the read began.
    pub(super) after: usize,
    /// They are followed by an end like any other, instead of an error.
    pub(super) is_quiet: bool,
    /// It begins at the blob's beginning, whatever was asked for.
    pub(super) is_whole: bool,
    /// The first of the bytes is another one.
    pub(super) is_wrong: bool,
}

impl Shelf {
    pub(super) fn new(name: &str) -> Arc<Self> {
        let repository = format!("shelf.example.com/{name}").parse().unwrap();
        Arc::new(Self {
            location: Location::Remote(repository),
            held: Mutex::default(),
        })
    }

    pub(super) fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap()
    }

    /// Puts a blob there.
    pub(super) fn keep(&self, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = sha256(&bytes);
        self.held().blobs.insert(digest.clone(), bytes);
        digest
    }

    fn missing(&self, what: &impl std::fmt::Display) -> Error {
        Error::new(Kind::NotFound, format!("{what} is not there")).at(&self.location)
    }
}

impl Held {
    fn digest_of(&self, target: &Target) -> Option<Digest> {
        match target {
            Target::Tag(tag) => self.tags.get(tag).cloned(),
            Target::Digest(digest) => Some(digest.clone()),
        }
    }

    fn manifest(&self, target: &Target) -> Option<Manifest> {
        self.manifests.get(&self.digest_of(target)?).cloned()
    }

    /// The next chunk from `offset` on, of a read that began at `from`.
    fn chunk(
        &mut self,
        blob: &Digest,
        offset: usize,
        from: usize,
        cut: Option<Cut>,
    ) -> Option<Result<Bytes, &'static str>> {
        let bytes = self.blobs.get(blob)?;
        let limit = cut.map_or(usize::MAX, |cut| from + cut.after);
        let end = bytes.len().min(offset + CHUNK).min(limit);
        if offset >= end {
            let is_cut = offset < bytes.len() && cut.is_some_and(|cut| !cut.is_quiet);
            return is_cut.then_some(Err("it was cut"));
        }
        if self.breaks_at.is_some_and(|at| end as u64 > at) {
            return Some(Err("it broke off"));
        }
        let mut chunk = bytes[offset..end].to_vec();
        if let Some(at) = self.wrong_at.filter(|at| (offset..end).contains(at)) {
            chunk[at - offset] ^= 1;
        }
        if offset == from && cut.is_some_and(|cut| cut.is_wrong) {
            chunk[0] ^= 1;
        }
        self.chunks += 1;
        Some(Ok(chunk.into()))
    }
}

#[async_trait]
impl Store for Arc<Shelf> {
    fn location(&self) -> &Location {
        &self.location
    }

    fn warm(&self, _: Lane, count: usize) {
        self.held().warm.push(count);
    }

    async fn usual_target(&self) -> Result<Target> {
        Err(self.missing(&"latest"))
    }

    async fn resolve(&self, target: &Target) -> Result<Descriptor> {
        let there = self.held().manifest(target);
        let there = there.ok_or_else(|| self.missing(target))?;
        Ok(there.descriptor().clone())
    }

    async fn find(&self, target: &Target) -> Result<Option<Descriptor>> {
        let is_silent = self.held().is_silent;
        if is_silent.is_some_and(|is_silent| is_silent(target)) {
            return std::future::pending().await;
        }
        let there = self.held().manifest(target);
        Ok(there.map(|manifest| manifest.descriptor().clone()))
    }

    async fn manifest(&self, target: &Target) -> Result<Manifest> {
        let there = self.held().manifest(target);
        there.ok_or_else(|| self.missing(target))
    }

    async fn put_manifest(&self, to: &Target, new: &Manifest, _: &Precondition) -> Result<Put> {
        let mut held = self.held();
        for child in new.children() {
            let is_there = match child {
                Child::Blob(blob) => held.blobs.contains_key(blob.digest()),
                Child::Manifest(child) => held.manifests.contains_key(child.digest()),
            };
            if !is_there {
                return Err(Error::new(Kind::Other, "a part is missing").at(&self.location));
            }
        }
        held.written += 1;
        held.manifests.insert(new.digest().clone(), new.clone());
        if let Target::Tag(tag) = to {
            held.tags.insert(tag.clone(), new.digest().clone());
        }
        Ok(Put {
            digest: new.digest().clone(),
            subject_accepted: true,
        })
    }

    async fn list_untagged(&self, _: &Descriptor) -> Result<()> {
        Ok(())
    }

    async fn blob(&self, blob: &Descriptor, range: Range<u64>) -> Result<Opened> {
        let mut held = self.held();
        if !held.blobs.contains_key(blob.digest()) {
            return Err(self.missing(blob.digest()));
        }
        held.reads.push(range.start);
        let (shelf, digest) = (Arc::clone(self), blob.digest().clone());
        let cut = held.cuts.pop_front();
        let is_whole = cut.is_some_and(|cut| cut.is_whole);
        let offset = if is_whole { 0 } else { range.start };
        let from = usize::try_from(offset).unwrap();
        let stream = stream::unfold(from, move |at| {
            let chunk = shelf.held().chunk(&digest, at, from, cut);
            std::future::ready(chunk.map(|chunk| {
                let next = at + chunk.as_ref().map_or(0, Bytes::len);
                (chunk.map_err(Into::into), next)
            }))
        });
        Ok(Opened {
            stream: stream.boxed(),
            offset,
        })
    }

    async fn has_blob(&self, blob: &Descriptor) -> Result<bool> {
        Ok(self.held().blobs.contains_key(blob.digest()))
    }

    async fn ensure_blob(
        &self,
        blob: &Descriptor,
        source: &dyn Source,
        _: Hints<'_>,
    ) -> Result<Placed> {
        if self.has_blob(blob).await? {
            return Ok(Placed::Present);
        }
        let failed = |error| Error::caused(Kind::Other, "cannot be sent", error).at(&self.location);
        let stream = source.open(0).await.map_err(failed)?;
        let chunks: Vec<Bytes> = stream.try_collect().await.map_err(failed)?;
        let bytes = Bytes::from(chunks.concat());
        assert_eq!(&compute(&bytes, blob.digest()).unwrap(), blob.digest());
        let mut held = self.held();
        held.received += 1;
        held.blobs.insert(blob.digest().clone(), bytes);
        Ok(Placed::Sent)
    }

    async fn mountable(&self, _: &Location) -> Option<RepositoryName> {
        None
    }

    async fn referrers(&self, _: &Digest) -> Result<Referrers> {
        Ok(Referrers {
            items: Vec::new(),
            origin: ReferrersOrigin::Api,
        })
    }

    async fn attach(&self, _: &Digest, _: &[Descriptor]) -> Result<()> {
        Ok(())
    }

    fn tags(&self) -> BoxStream<'static, Result<Tag>> {
        let tags: Vec<_> = self.held().tags.keys().cloned().map(Ok).collect();
        stream::iter(tags).boxed()
    }

    fn counts_reading(&self) -> bool {
        false
    }

    async fn delete(&self, target: &Target) -> Result<()> {
        Err(self.missing(target))
    }
}

/// What was told, but for how bytes move.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Vec<String>>);

impl Told {
    pub(super) fn again(&self) -> usize {
        let told = self.0.lock().unwrap();
        told.iter()
            .filter(|event| event.starts_with("ReadAgain"))
            .count()
    }
}

impl Progress for Told {
    fn report(&self, event: Event<'_>) {
        if !matches!(event, Event::Moved(..)) {
            self.0.lock().unwrap().push(format!("{event:?}"));
        }
    }
}
