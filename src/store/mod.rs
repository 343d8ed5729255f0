//! One repository, wherever it lives.

pub mod content;
#[cfg(test)]
mod contract;
pub mod error;
mod kind;
mod layout;
pub mod mirrored;
pub mod open;
mod refusal;
pub mod registry;
mod remote;

pub use crate::registry::{
    Opened, Placed, Precondition, Put, Referrers, ReferrersOrigin, Source, Welcome,
};
pub use crate::transport::Lane;
pub use error::{Error, Kind, Result};
pub use refusal::{Refusal, Wanted};

use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, RepositoryName, Tag, Target};
use crate::oci::{Descriptor, Digest};
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use std::ops::Range;

/// What is known of a blob's way to a store before anything is asked.
#[derive(Debug, Clone, Copy)]
pub struct Hints<'a> {
    /// Repositories of the same registry that hold it and may be read with the same credential.
    pub mount_from: &'a [RepositoryName],
    /// Nothing suggests that it is there already.
    pub likely_absent: bool,
    /// One that is there may be wrong: a store that can read it for nothing does, and replaces it
    /// where it is.
    pub verify: bool,
}

/// What a store lists of its own accord.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// How it is called there: a tag, some other name, or nothing.
    pub name: Option<String>,
    /// What it is, as it is listed: nothing was read.
    pub descriptor: Descriptor,
}

/// One repository. No method takes a reference: a store is scoped to what it stores.
#[async_trait]
pub trait Store: Send + Sync {
    /// Which one.
    fn location(&self) -> &Location;
    /// Takes note that requests of this kind are about to be made, so many at once: connections
    /// for them may be opened ahead. Returns at once.
    fn warm(&self, lane: Lane, count: usize);
    /// What is meant where neither tag nor digest is given: `latest` on a registry, the only
    /// image of a folder that holds one.
    async fn usual_target(&self) -> Result<Target>;
    /// What `target` is. [`Kind::NotFound`] where it is not there.
    async fn resolve(&self, target: &Target) -> Result<Descriptor>;
    /// What is there before something is written; `None`: nothing.
    async fn find(&self, target: &Target) -> Result<Option<Descriptor>>;
    /// What is there, where only reading is meant; `None`: nothing.
    async fn look(&self, target: &Target) -> Result<Option<Descriptor>> {
        match self.resolve(target).await {
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            resolved => resolved.map(Some),
        }
    }
    /// A manifest, read and checked.
    async fn manifest(&self, target: &Target) -> Result<Manifest>;
    /// The same of what is about to be written there once more.
    async fn manifest_to_write(&self, target: &Target) -> Result<Manifest> {
        self.manifest(target).await
    }
    /// Puts a manifest under a tag, or under its own digest.
    async fn put_manifest(
        &self,
        target: &Target,
        manifest: &Manifest,
        precondition: &Precondition,
    ) -> Result<Put>;
    /// Sees to it that a manifest without a tag, which is no part of another, is kept as an image
    /// of its own. A registry does that anyway.
    async fn list_untagged(&self, manifest: &Descriptor) -> Result<()>;
    /// A blob's bytes, unverified: those of `range`, or from the beginning on where the store
    /// knows no ranges. [`Opened::offset`] says which.
    async fn blob(&self, blob: &Descriptor, range: Range<u64>) -> Result<Opened>;
    /// Whether a blob is there. One that is there in another size, where that can be known, is
    /// [`Kind::Corrupt`] with its [`Error::length`].
    async fn has_blob(&self, blob: &Descriptor) -> Result<bool>;
    /// Takes note that what came of a blob was not its bytes. Returns whether it will be read from
    /// somewhere else now.
    fn doubt(&self, _blob: &Descriptor) -> bool {
        false
    }
    /// Sees to it that a blob is there, with as few bytes as possible.
    async fn ensure_blob(
        &self,
        blob: &Descriptor,
        source: &dyn Source,
        hints: Hints<'_>,
    ) -> Result<Placed>;
    /// The name to mount blobs of `other` from, where that can work: it is on the same registry,
    /// and the same credential reads it.
    async fn mountable(&self, other: &Location) -> Option<RepositoryName>;
    /// What is attached to `subject`: signatures, attestations, bills of materials.
    async fn referrers(&self, subject: &Digest) -> Result<Referrers>;
    /// Lists `referrers` among what is attached to `subject`, and keeps whatever else is listed.
    /// Only to be called for manifests of that subject that the store did not list by itself
    /// ([`Put::subject_accepted`]).
    async fn attach(&self, subject: &Digest, referrers: &[Descriptor]) -> Result<()>;
    /// The tags, as they come.
    fn tags(&self) -> BoxStream<'static, Result<Tag>>;
    /// Everything that is listed, where that is more than tags: a folder also has entries without
    /// a name, or with one that is no tag. `None`: the tags are all.
    async fn roots(&self) -> Result<Option<Vec<Root>>> {
        Ok(None)
    }
    /// The mirror that a manifest was found at, where it was one.
    fn mirror_of(&self, _digest: &Digest) -> Option<Location> {
        None
    }
    /// Whether reading a manifest counts as a pull there, of which there are only so many: nothing
    /// is read then only to list, plan or compare.
    fn counts_reading(&self) -> bool;
    /// Deletes: by tag the tag alone, [`Kind::Unsupported`] where the registry cannot do that; by
    /// digest the manifest with every tag on it.
    async fn delete(&self, target: &Target) -> Result<()>;
}
