//! A repository that is read at its mirrors first, and at its own place where they cannot help.
//!
//! What is read by digest may come from anywhere; a tag that was resolved at one place is only
//! ever read there, or else by the digest that it had there. Nothing is written to a mirror, and
//! none is asked before something is written.

mod asking;
mod memory;
mod mirror;

pub(super) use mirror::Reached;
pub use mirror::{Mirror, Remarks};

use super::error::{Error, Kind, Result};
use super::remote::Remote;
use super::{Hints, Lane, Opened, Referrers, Store};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, RepositoryName, Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::registry::{Placed, Precondition, Put, Source};
use asking::{Asked, Asking, Questions};
use async_trait::async_trait;
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt};
use memory::Place;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A repository with mirrors.
pub(super) struct Mirrored {
    asking: Arc<Asking>,
}

impl Mirrored {
    /// `origin` is the repository itself.
    pub(super) fn new(origin: Remote, mirrors: Vec<Reached>, remarks: Remarks) -> Self {
        let asking = Asking::new(origin, mirrors, remarks);
        Self {
            asking: Arc::new(asking),
        }
    }

    fn origin(&self) -> &Remote {
        self.asking.origin()
    }
}

/// A HEAD alone: what is not there is looked for at the next place.
fn glance<'a>(remote: &'a Remote, target: &'a Target) -> BoxFuture<'a, Result<Descriptor>> {
    Box::pin(async move { remote.look(target).await?.ok_or_else(|| absent(target)) })
}

fn peek<'a>(remote: &'a Remote, target: &'a Target) -> BoxFuture<'a, Result<Option<Descriptor>>> {
    Box::pin(async move { glance(remote, target).await.map(Some) })
}

fn absent(what: impl std::fmt::Display) -> Error {
    Error::new(Kind::NotFound, format!("{what} is not there"))
}

#[async_trait]
impl Store for Mirrored {
    fn location(&self) -> &Location {
        self.origin().location()
    }

    fn warm(&self, lane: Lane, count: usize) {
        self.asking.likely().warm(lane, count);
    }

    async fn usual_target(&self) -> Result<Target> {
        self.origin().usual_target().await
    }

    async fn resolve(&self, target: &Target) -> Result<Descriptor> {
        let questions = Questions {
            mirror: glance,
            origin: |origin, target| origin.resolve(target),
        };
        let (found, place) = self.asking.about(target, questions).await?;
        self.asking.resolved(target, found.digest(), place);
        Ok(found)
    }

    async fn find(&self, target: &Target) -> Result<Option<Descriptor>> {
        self.origin().find(target).await
    }

    async fn look(&self, target: &Target) -> Result<Option<Descriptor>> {
        let questions = Questions {
            mirror: peek,
            origin: |origin, target| origin.look(target),
        };
        let (found, place) = self.asking.about(target, questions).await?;
        if let Some(found) = &found {
            self.asking.resolved(target, found.digest(), place);
        }
        Ok(found)
    }

    async fn manifest(&self, target: &Target) -> Result<Manifest> {
        let questions = Questions {
            mirror: |mirror, target| mirror.manifest(target),
            origin: |origin, target| origin.manifest(target),
        };
        let (manifest, place) = self.asking.about(target, questions).await?;
        self.asking.read(target, &manifest, place);
        Ok(manifest)
    }

    async fn put_manifest(
        &self,
        target: &Target,
        manifest: &Manifest,
        precondition: &Precondition,
    ) -> Result<Put> {
        let origin = self.origin();
        origin.put_manifest(target, manifest, precondition).await
    }

    async fn list_untagged(&self, manifest: &Descriptor) -> Result<()> {
        self.origin().list_untagged(manifest).await
    }

    async fn blob(&self, blob: &Descriptor, range: Range<u64>) -> Result<Opened> {
        let digest = blob.digest();
        let open = |remote| Remote::blob(remote, blob, range.clone());
        let (opened, place) = self.asking.ask(Asked::Blob(digest), open, open).await?;
        let Place::Mirror(mirror) = place else {
            return Ok(opened);
        };
        self.asking.lent(digest, mirror);
        let (asking, digest) = (Arc::clone(&self.asking), digest.clone());
        let broke = move |error: &crate::transport::BoxError| {
            asking.broke(mirror, &digest, error);
        };
        Ok(Opened {
            stream: opened.stream.inspect_err(broke).boxed(),
            offset: opened.offset,
        })
    }

    async fn has_blob(&self, blob: &Descriptor) -> Result<bool> {
        let digest = blob.digest();
        let at_mirror = |remote| -> BoxFuture<'_, Result<bool>> {
            Box::pin(async move {
                let there = Remote::has_blob(remote, blob).await?;
                there.then_some(true).ok_or_else(|| absent(digest))
            })
        };
        let at_origin = |remote| Remote::has_blob(remote, blob);
        let asked = Asked::Blob(digest);
        let (there, _) = self.asking.ask(asked, at_mirror, at_origin).await?;
        Ok(there)
    }

    fn doubt(&self, blob: &Descriptor) -> bool {
        self.asking.doubt(blob.digest())
    }

    async fn ensure_blob(
        &self,
        blob: &Descriptor,
        source: &dyn Source,
        hints: Hints<'_>,
    ) -> Result<Placed> {
        self.origin().ensure_blob(blob, source, hints).await
    }

    async fn mountable(&self, other: &Location) -> Option<RepositoryName> {
        self.origin().mountable(other).await
    }

    /// Many mirrors keep no such list: one that is empty counts only where the repository itself
    /// cannot be reached.
    async fn referrers(&self, subject: &Digest) -> Result<Referrers> {
        let empty = Mutex::new(None);
        let empty = &empty;
        let at_mirror = move |remote| -> BoxFuture<'_, Result<Referrers>> {
            Box::pin(async move {
                let listed = Remote::referrers(remote, subject).await?;
                if listed.items.is_empty() {
                    *empty.lock().unwrap_or_else(PoisonError::into_inner) = Some(listed);
                    return Err(absent(subject));
                }
                Ok(listed)
            })
        };
        let at_origin = |remote| Remote::referrers(remote, subject);
        let asked = Asked::Referrers(subject);
        let listed = match self.asking.ask(asked, at_mirror, at_origin).await {
            Ok((listed, _)) => listed,
            Err(error) => {
                let empty = empty.lock().unwrap_or_else(PoisonError::into_inner).take();
                let listed = empty.filter(|_| error.transport().is_some());
                return listed.ok_or(error);
            }
        };
        self.asking.listed(subject, &listed.items);
        Ok(listed)
    }

    async fn attach(&self, subject: &Digest, referrers: &[Descriptor]) -> Result<()> {
        self.origin().attach(subject, referrers).await
    }

    /// A mirror has those that somebody asked it for: its list is another one.
    fn tags(&self) -> BoxStream<'static, Result<Tag>> {
        self.origin().tags()
    }

    fn counts_reading(&self) -> bool {
        self.origin().counts_reading()
    }

    fn mirror_of(&self, digest: &Digest) -> Option<Location> {
        self.asking.mirror_of(digest)
    }

    async fn delete(&self, target: &Target) -> Result<()> {
        self.origin().delete(target).await
    }
}
