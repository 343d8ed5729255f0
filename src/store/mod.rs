//! One repository, wherever it lives.

pub mod error;
mod kind;
pub mod open;
mod remote;

pub use crate::registry::{Opened, Placed, Precondition, Put, Source, Welcome};
pub use error::{Error, Kind, Result};

use crate::oci::Descriptor;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Repository, RepositoryName, Tag, Target};
use async_trait::async_trait;
use futures_util::stream::BoxStream;

/// What is known of a blob's way to a store before anything is asked.
#[derive(Debug, Clone, Copy)]
pub struct Hints<'a> {
    /// Repositories of the same registry that hold it and may be read with the same credential.
    pub mount_from: &'a [RepositoryName],
    /// Nothing suggests that it is there already.
    pub likely_absent: bool,
}

/// One repository. No method takes a reference: a store is scoped to what it stores.
#[async_trait]
pub trait Store: Send + Sync {
    /// Which one.
    fn repository(&self) -> &Repository;
    /// What `target` is. [`Kind::NotFound`] where it is not there.
    async fn resolve(&self, target: &Target) -> Result<Descriptor>;
    /// What is there before something is written; `None`: nothing.
    async fn find(&self, target: &Target) -> Result<Option<Descriptor>>;
    /// A manifest, read and checked.
    async fn manifest(&self, target: &Target) -> Result<Manifest>;
    /// Puts a manifest under a tag, or under its own digest.
    async fn put_manifest(
        &self,
        target: &Target,
        manifest: &Manifest,
        precondition: &Precondition,
    ) -> Result<Put>;
    /// A blob's bytes, unverified, from `offset` on or from the beginning.
    async fn blob(&self, blob: &Descriptor, offset: u64) -> Result<Opened>;
    /// Sees to it that a blob is there, with as few bytes as possible.
    async fn ensure_blob(
        &self,
        blob: &Descriptor,
        source: &dyn Source,
        hints: Hints<'_>,
    ) -> Result<Placed>;
    /// The name to mount blobs of `other` from, where that can work: it is on the same registry,
    /// and the same credential reads it.
    async fn mountable(&self, other: &Repository) -> Option<RepositoryName>;
    /// The tags, as they come.
    fn tags(&self) -> BoxStream<'static, Result<Tag>>;
    /// Whether reading a manifest counts as a pull there, of which there are only so many: nothing
    /// is read then only to list, plan or compare.
    fn counts_reading(&self) -> bool;
    /// Deletes: by tag the tag alone, [`Kind::Unsupported`] where the registry cannot do that; by
    /// digest the manifest with every tag on it.
    async fn delete(&self, target: &Target) -> Result<()>;
}
