//! Names: hosts, repositories, tags, folders, and the references that people type.
//!
//! The grammar is that of the distribution spec ("Pulling manifests") and of docker's
//! `reference` package: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`; or `oci:DIR[:TAG][@DIGEST]` for a
//! folder.

mod elsewhere;
mod error;
mod host;
mod location;
mod name;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod properties;

pub use error::ReferenceError;
pub use host::Host;
pub use location::Location;
pub use name::{RepositoryName, Tag};

use crate::oci::digest;
use error::{Expected, Problem};
use oci_spec::image::Digest;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// One repository on one registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repository {
    /// The registry.
    pub host: Host,
    /// The path on it.
    pub name: RepositoryName,
}

/// What a manifest is asked for by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// By a name that may move.
    Tag(Tag),
    /// By its content.
    Digest(Digest),
}

/// What a user typed to mean an image, or a place where neither tag nor digest was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Where it is.
    pub location: Location,
    /// The tag, if one was typed; `latest` is never filled in here.
    pub tag: Option<Tag>,
    /// The digest, if one was typed. It decides over the tag.
    pub digest: Option<Digest>,
}

impl Repository {
    /// Names of one part on Docker Hub are in `library/`.
    fn read(path: &str) -> Result<Self, Problem> {
        let (host, name) = match path.split_once('/') {
            Some(("", _)) => return Err(Problem::EmptyHost),
            Some((first, rest)) if host::is_host(first) => (Host::read(first)?, rest),
            _ => (Host::docker_hub(), path),
        };
        let mut name = RepositoryName::read(name)?;
        if host.is_docker_hub() && !name.as_str().contains('/') {
            name = RepositoryName::read(&format!("library/{name}"))?;
        }
        Ok(Self { host, name })
    }
}

impl Target {
    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) => None,
        }
    }

    /// The digest, if it is one.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Tag(_) => None,
            Self::Digest(digest) => Some(digest),
        }
    }
}

impl Reference {
    /// What to ask the registry for: the digest where there is one, else the tag.
    pub fn target(&self) -> Option<Target> {
        let tag = || self.tag.clone().map(Target::Tag);
        self.digest.clone().map(Target::Digest).or_else(tag)
    }

    /// The repository, where it is on a registry.
    pub fn repository(&self) -> Option<&Repository> {
        self.location.repository()
    }

    fn read(typed: &str) -> Result<Self, Problem> {
        if let Some(text) = location::folder_text(typed) {
            return location::read_folder(text);
        }
        let text = image_text(typed)?;
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
            _ => (rest, None),
        };
        Ok(Self {
            location: Location::Remote(Repository::read(path)?),
            tag: tag.map(Tag::read).transpose()?,
            digest: digest
                .map(digest::parse)
                .transpose()
                .map_err(Problem::Digest)?,
        })
    }
}

/// The text that the grammar is for: what is in a registry, and no URL.
fn image_text(typed: &str) -> Result<&str, Problem> {
    let text = match typed.strip_prefix("docker://") {
        Some(text) => text,
        None => elsewhere::refuse(typed).map(|()| typed)?,
    };
    if text.is_empty() {
        return Err(Problem::Empty);
    }
    host::refuse_url(text)?;
    if is_image_id(text) {
        return Err(Problem::ImageId);
    }
    Ok(text)
}

fn is_image_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(typed: &str) -> Result<Self, ReferenceError> {
        elsewhere::refuse(typed)
            .and_then(|()| Reference::read(typed))
            .and_then(|reference| match (reference.target(), reference.location) {
                (None, Location::Remote(repository)) => Ok(repository),
                _ => Err(Problem::Target),
            })
            .map_err(|problem| ReferenceError::new(typed, Expected::Repository, problem))
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(typed: &str) -> Result<Self, ReferenceError> {
        Self::read(typed).map_err(|problem| ReferenceError::new(typed, Expected::Image, problem))
    }
}

impl From<Tag> for Target {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for Target {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.location)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
