//! What only the registry's own API knows of its images: times, sizes, images without tags, locks.
//!
//! A vendor is one file with at most two types: its [`Inventory`], and its [`Catalog`]. What no
//! vendor does differently is beside them: `api` asks, `pages` turns pages into a stream,
//! `rounds` removes what needs several attempts, `generic` does it all over the distribution
//! API, so that there always is an inventory.

mod acr;
mod api;
mod artifactory;
mod by_digest;
mod distribution;
mod ecr;
mod fallback;
mod generic;
mod ghcr;
mod gitlab;
mod google;
mod graphql;
mod harbor;
mod hub;
mod nexus;
pub mod open;
mod pages;
mod quay;
mod rounds;
mod time;
mod zot;

pub use crate::config::creation::Creation;
use crate::oci::Platform;
use crate::oci::manifest::may_be_index_type;

use crate::oci::reference::{RepositoryName, Tag};
use crate::oci::{Digest, MediaType};
use crate::store::Result;
use async_trait::async_trait;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use std::fmt;

/// An image as its registry lists it. What the registry does not say is `None`, or empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// What it is.
    pub digest: Digest,
    /// The tags that point to it.
    pub tags: Vec<Tagged>,
    /// The media type of its manifest.
    pub media_type: Option<MediaType>,
    /// Whether it is an index, where the registry says that without the media type.
    pub is_index: Option<bool>,
    /// What sort of artifact it is, where it is no image to be run: `artifactType`, or the media
    /// type of its config.
    pub artifact_type: Option<String>,
    /// The bytes that it takes up, compressed, as the registry counts them.
    pub size: Option<u64>,
    /// What it runs on.
    pub platforms: Vec<Platform>,
    /// When it was made, as its config says.
    pub created: Option<Timestamp>,
    /// When it was pushed.
    pub pushed: Option<Timestamp>,
    /// When something about it was changed last.
    pub updated: Option<Timestamp>,
    /// When it was pulled last.
    pub pulled: Option<Timestamp>,
    /// What keeps it from being removed.
    pub lock: Option<Lock>,
    /// The manifests that it consists of, where the list says so.
    pub parts: Vec<Digest>,
    /// What it is attached to, where the list says so.
    pub subject: Option<Digest>,
}

impl Image {
    /// One of which only the digest is known.
    pub fn new(digest: Digest) -> Self {
        Self {
            digest,
            tags: Vec::new(),
            media_type: None,
            is_index: None,
            artifact_type: None,
            size: None,
            platforms: Vec::new(),
            created: None,
            pushed: None,
            updated: None,
            pulled: None,
            lock: None,
            parts: Vec::new(),
            subject: None,
        }
    }

    /// Whether it may be an index, as far as the registry says.
    pub fn may_be_index(&self) -> bool {
        let kind = self.media_type.as_ref();
        let by_type = kind.is_none_or(|kind| may_be_index_type(kind.as_ref()));
        self.is_index.unwrap_or(by_type)
    }

    /// The time that it is aged by, and which clock that is: when it was pushed, else changed, else
    /// made.
    pub fn time(&self) -> Option<(Timestamp, Clock)> {
        let pushed = self.pushed.map(|time| (time, Clock::Pushed));
        let updated = self.updated.map(|time| (time, Clock::Updated));
        let created = self.created.map(|time| (time, Clock::Created));
        pushed.or(updated).or(created)
    }
}

/// A tag as its registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tagged {
    /// The tag.
    pub tag: Tag,
    /// When it was put where it is.
    pub pushed: Option<Timestamp>,
    /// When the image was pulled by it last.
    pub pulled: Option<Timestamp>,
    /// What keeps it from being moved or removed.
    pub lock: Option<Lock>,
}

impl Tagged {
    /// One of which nothing else is known.
    pub fn new(tag: Tag) -> Self {
        Self {
            tag,
            pushed: None,
            pulled: None,
            lock: None,
        }
    }
}

/// Which clock a time was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Clock {
    /// When it was pushed, by the registry.
    Pushed,
    /// When it was last changed, by the registry: pushed, moved to, or its properties edited.
    Updated,
    /// When it was made, by whoever made it.
    Created,
}

impl Clock {
    /// What it is called: `pushed`, `updated`, `created`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Updated => "updated",
            Self::Created => "created",
        }
    }
}

/// What keeps a tag or an image from being moved or removed, at the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lock {
    /// A rule of the registry calls it immutable.
    Immutable,
    /// Somebody locked it.
    Locked,
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Immutable => "immutable",
            Self::Locked => "locked",
        })
    }
}

/// How much is to be found out of each image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Detail {
    /// Its digest and tags, and whatever comes with them anyway.
    Listed,
    /// Everything that this registry can tell, also where that takes questions about each one.
    Full,
}

/// What becomes of an image whose last tag is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Untagging {
    /// It stays.
    Keeps,
    /// It goes too.
    RemovesWithTheLast,
    /// The registry may have no way to remove a tag alone: whoever asks has to make sure that
    /// nothing else is lost.
    Unknown,
}

/// What an inventory can tell and do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// Images without tags are listed.
    pub untagged: bool,
    /// The clock of most times; `None`: the registry keeps none.
    pub clock: Option<Clock>,
    /// When an image was pulled is listed.
    pub pulled: bool,
    /// What becomes of an image whose last tag is removed.
    pub untagging: Untagging,
    /// The registry itself refuses to remove what an index needs.
    pub guards_parts: bool,
    /// So many removals go into one request.
    pub batch: usize,
}

/// What a registry knows of one repository.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// What it can tell and do.
    fn abilities(&self) -> Abilities;
    /// The images as they come: those with tags, and those without where they are listed. Where
    /// the registry lists tags rather than images, one image may come several times, each time
    /// with other tags.
    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>>;
    /// What is known of one image, with every tag on it. `None`: it is not there.
    async fn image(&self, digest: &Digest) -> Result<Option<Image>>;
    /// Removes tags, and nothing but tags; one result for each. One that is not there is
    /// [`crate::store::Kind::NotFound`], one that is locked [`crate::store::Kind::Refused`].
    ///
    /// Where [`Abilities::untagging`] says that the image goes with its last tag, whoever asks has
    /// made sure that it is not, or that this is meant.
    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>>;
    /// Removes images with every tag on them, in any order that the registry allows; one result
    /// for each.
    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>>;
}

/// A repository that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: RepositoryName,
    /// What its owner says of it.
    pub description: Option<String>,
    /// How many people starred it.
    pub stars: Option<u64>,
    /// The registry vouches for it.
    pub is_official: bool,
}

/// What a wish for a repository came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Created {
    /// It is there now.
    New,
    /// It was there.
    Existed,
    /// This registry makes repositories when something is pushed.
    ByPush,
}

/// The repositories of a registry.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Those whose names begin with `prefix`, as they come. What else the list holds may come too.
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>>;
    /// Those that `term` finds, best first. `None`: this registry does not search.
    fn search(&self, _term: &str) -> Option<BoxStream<'static, Result<Found>>> {
        None
    }
    /// Makes a repository.
    async fn create(&self, _name: &RepositoryName, _creation: &Creation) -> Result<Created> {
        Ok(Created::ByPush)
    }
}
