//! A repository on a registry.

use super::error::{Error, Kind, Result};
use super::kind::kind_of;
use super::refusal::Wanted;
use super::{Hints, Lane, Referrers, Store};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, Reference, Repository, RepositoryName, Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::registry::{self, Client, Opened, Placed, Precondition, Put, Source};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use std::ops::Range;
use std::sync::Arc;

/// A repository on a registry.
pub(super) struct Remote {
    client: Arc<Client>,
    repository: Repository,
    location: Location,
    /// What the user calls it, where that is something else.
    typed: Option<Location>,
}

impl Remote {
    pub(super) fn new(client: Arc<Client>, repository: Repository) -> Self {
        Self {
            client,
            location: Location::Remote(repository.clone()),
            repository,
            typed: None,
        }
    }

    /// The same, which the user calls `typed`.
    pub(super) fn typed(mut self, typed: &Location) -> Self {
        self.typed = Some(typed.clone()).filter(|typed| *typed != self.location);
        self
    }

    /// What the user calls it, to be said after its name.
    fn instead(&self) -> String {
        let typed = self.typed.as_ref();
        typed.map_or_else(String::new, |typed| format!(" (in place of {typed})"))
    }

    fn named(&self, target: &Target) -> Reference {
        self.location.reference(target)
    }

    /// Says what was being done, and to what.
    fn failed(&self, doing: &str, target: &Target, error: registry::Error) -> Error {
        let what = format!("cannot {doing} {}{}", self.named(target), self.instead());
        self.caused(doing, what, error)
    }

    fn blob_failed(&self, doing: &str, digest: &Digest, error: registry::Error) -> Error {
        let what = format!(
            "cannot {doing} {} {digest}{}",
            self.repository,
            self.instead()
        );
        self.caused(doing, what, error)
    }

    fn caused(&self, doing: &str, what: String, error: registry::Error) -> Error {
        let wanted = match doing {
            "write" | "write to" | "attach to" => Wanted::Write,
            "remove" => Wanted::Remove,
            _ => Wanted::Read,
        };
        Error::caused(kind_of(&error), what, error)
            .at(&self.location)
            .asked(self.client.known_kind(), wanted)
    }
}

#[async_trait]
impl Store for Remote {
    fn location(&self) -> &Location {
        &self.location
    }

    fn warm(&self, lane: Lane, count: usize) {
        self.client.warm(lane, count);
    }

    async fn usual_target(&self) -> Result<Target> {
        Ok(Tag::latest().into())
    }

    async fn resolve(&self, target: &Target) -> Result<Descriptor> {
        let asked = self
            .client
            .head_manifest(&self.repository.name, target)
            .await;
        match asked.map_err(|error| self.failed("read", target, error))? {
            Some(descriptor) => Ok(descriptor),
            // A HEAD has no body to say why, and some registries refuse it with a 404.
            None => self
                .manifest(target)
                .await
                .map(|manifest| manifest.descriptor().clone()),
        }
    }

    async fn find(&self, target: &Target) -> Result<Option<Descriptor>> {
        let asked = self
            .client
            .head_manifest_to_write(&self.repository.name, target)
            .await;
        asked.map_err(|error| self.failed("look at", target, error))
    }

    async fn look(&self, target: &Target) -> Result<Option<Descriptor>> {
        let asked = self
            .client
            .head_manifest(&self.repository.name, target)
            .await;
        asked.map_err(|error| self.failed("look at", target, error))
    }

    async fn manifest(&self, target: &Target) -> Result<Manifest> {
        let read = self
            .client
            .get_manifest(&self.repository.name, target)
            .await;
        read.map_err(|error| self.failed("read", target, error))
    }

    async fn manifest_to_write(&self, target: &Target) -> Result<Manifest> {
        let read = self
            .client
            .get_manifest_to_write(&self.repository.name, target)
            .await;
        read.map_err(|error| self.failed("read", target, error))
    }

    async fn put_manifest(
        &self,
        target: &Target,
        manifest: &Manifest,
        precondition: &Precondition,
    ) -> Result<Put> {
        let name = &self.repository.name;
        let put = self
            .client
            .put_manifest(name, target, manifest, precondition)
            .await;
        put.map_err(|error| self.failed("write", target, error))
    }

    async fn list_untagged(&self, _manifest: &Descriptor) -> Result<()> {
        Ok(())
    }

    async fn blob(&self, blob: &Descriptor, range: Range<u64>) -> Result<Opened> {
        let opened = self
            .client
            .get_blob(&self.repository.name, blob, range)
            .await;
        opened.map_err(|error| self.blob_failed("read from", blob.digest(), error))
    }

    async fn has_blob(&self, blob: &Descriptor) -> Result<bool> {
        let asked = self.client.has_blob(&self.repository.name, blob).await;
        asked.map_err(|error| self.blob_failed("look in", blob.digest(), error))
    }

    async fn ensure_blob(
        &self,
        blob: &Descriptor,
        source: &dyn Source,
        hints: Hints<'_>,
    ) -> Result<Placed> {
        let name = &self.repository.name;
        let Hints {
            mount_from,
            likely_absent,
            verify: _,
        } = hints;
        let placed = self
            .client
            .ensure_blob(name, blob, source, mount_from, likely_absent)
            .await;
        placed.map_err(|error| self.blob_failed("write to", blob.digest(), error))
    }

    async fn mountable(&self, other: &Location) -> Option<RepositoryName> {
        let other = other.repository()?;
        let same = other.host == self.repository.host
            && self
                .client
                .shares_credential(&self.repository.name, &other.name)
                .await;
        same.then(|| other.name.clone())
    }

    async fn referrers(&self, subject: &Digest) -> Result<Referrers> {
        let target = Target::Digest(subject.clone());
        let listed = self.client.referrers(&self.repository.name, subject).await;
        listed.map_err(|error| self.failed("list what is attached to", &target, error))
    }

    async fn attach(&self, subject: &Digest, referrers: &[Descriptor]) -> Result<()> {
        let target = Target::Digest(subject.clone());
        let attached = self
            .client
            .attach(&self.repository.name, subject, referrers)
            .await;
        attached.map_err(|error| self.failed("attach to", &target, error))
    }

    fn tags(&self) -> BoxStream<'static, Result<Tag>> {
        let (repository, client) = (self.location.clone(), Arc::clone(&self.client));
        let what = format!("cannot list {repository}{}", self.instead());
        let failed = move |error: registry::Error| {
            Error::caused(kind_of(&error), what.clone(), error)
                .at(&repository)
                .asked(client.known_kind(), Wanted::List)
        };
        self.client
            .tags(&self.repository.name)
            .map_err(failed)
            .boxed()
    }

    fn counts_reading(&self) -> bool {
        self.repository.host.is_docker_hub()
    }

    async fn delete(&self, target: &Target) -> Result<()> {
        let deleted = self
            .client
            .delete_manifest(&self.repository.name, target)
            .await;
        deleted.map_err(|error| {
            // distribution 2.x knows no delete by tag and says so in these words.
            let by_tag = target.tag().is_some() && error.has("DIGEST_INVALID");
            let mut failed = self.failed("remove", target, error);
            if by_tag {
                failed = failed.as_kind(Kind::Unsupported);
            }
            failed
        })
    }
}
