//! Names: hosts, repositories, tags, and the references that people type.
//!
//! The grammar is that of the distribution spec ("Pulling manifests") and of docker's
//! `reference` package: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`.

use oci_spec::image::Digest;
use std::str::FromStr;

/// A registry's host and, where it is not the default, its port: `registry.example:5000`.
///
/// Always in lower case; `index.docker.io` and `registry-1.docker.io` are `docker.io`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

/// A repository's path on its host: `team/app`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(String);

impl Host {
    /// The host as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RepositoryName {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag: up to 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

impl FromStr for Host {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl FromStr for RepositoryName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

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

/// What a user typed to mean an image, or a repository where neither tag nor digest was given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Where it is.
    pub repository: Repository,
    /// The tag, if one was typed; `latest` is never filled in here.
    pub tag: Option<Tag>,
    /// The digest, if one was typed. It decides over the tag.
    pub digest: Option<Digest>,
}
