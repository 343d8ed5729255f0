//! A folder in the form of the image-spec's "OCI Image Layout".

use super::error::{Error, Kind, Result};
use super::{Hints, Lane, Opened, Placed, Precondition, Put, Referrers, Source, Store};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, RepositoryName, Tag, Target};
use crate::oci::{Descriptor, Digest};
use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt};
use std::ops::Range;
use std::path::PathBuf;

/// An image layout.
pub(super) struct Layout {
    location: Location,
}

impl Layout {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            location: Location::Layout(folder),
        }
    }

    fn not_yet(&self) -> Error {
        Error::new(Kind::Unsupported, "no layouts yet").at(&self.location)
    }
}

#[async_trait]
impl Store for Layout {
    fn location(&self) -> &Location {
        &self.location
    }

    fn warm(&self, _: Lane, _: usize) {}

    async fn usual_target(&self) -> Result<Target> {
        Err(self.not_yet())
    }

    async fn resolve(&self, _: &Target) -> Result<Descriptor> {
        Err(self.not_yet())
    }

    async fn find(&self, _: &Target) -> Result<Option<Descriptor>> {
        Err(self.not_yet())
    }

    async fn manifest(&self, _: &Target) -> Result<Manifest> {
        Err(self.not_yet())
    }

    async fn put_manifest(&self, _: &Target, _: &Manifest, _: &Precondition) -> Result<Put> {
        Err(self.not_yet())
    }

    async fn blob(&self, _: &Descriptor, _: Range<u64>) -> Result<Opened> {
        Err(self.not_yet())
    }

    async fn has_blob(&self, _: &Descriptor) -> Result<bool> {
        Err(self.not_yet())
    }

    async fn ensure_blob(&self, _: &Descriptor, _: &dyn Source, _: Hints<'_>) -> Result<Placed> {
        Err(self.not_yet())
    }

    async fn mountable(&self, _: &Location) -> Option<RepositoryName> {
        None
    }

    async fn referrers(&self, _: &Digest) -> Result<Referrers> {
        Err(self.not_yet())
    }

    async fn attach(&self, _: &Digest, _: &[Descriptor]) -> Result<()> {
        Err(self.not_yet())
    }

    fn tags(&self) -> BoxStream<'static, Result<Tag>> {
        let error = self.not_yet();
        futures_util::stream::once(async { Err(error) }).boxed()
    }

    fn counts_reading(&self) -> bool {
        false
    }

    async fn delete(&self, _: &Target) -> Result<()> {
        Err(self.not_yet())
    }
}
