//! Where images are: a repository on a registry, or a folder.

use super::error::Problem;
use super::{Reference, Repository, Tag, Target};
use crate::oci::digest;
use oci_spec::image::Digest;
use serde::{Serialize, Serializer};
use std::fmt;
use std::path::{Path, PathBuf};

/// How a folder is written; both are common.
const PREFIXES: [&str; 3] = ["ocidir://", "ocidir:", "oci:"];

/// A place that holds images.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Location {
    /// A repository on a registry.
    Remote(Repository),
    /// A folder in the form of the image-spec's "OCI Image Layout".
    Layout(PathBuf),
}

impl Location {
    /// The repository, if it is one.
    pub fn repository(&self) -> Option<&Repository> {
        match self {
            Self::Remote(repository) => Some(repository),
            Self::Layout(_) => None,
        }
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Remote(_) => None,
            Self::Layout(folder) => Some(folder),
        }
    }

    /// The reference to what `target` names here.
    pub fn reference(&self, target: &Target) -> Reference {
        Reference {
            location: self.clone(),
            tag: target.tag().cloned(),
            digest: target.digest().cloned(),
        }
    }
}

/// What follows the prefix of a folder, where `typed` has one. `oci://` is none: it is also how
/// some write registries.
pub(super) fn folder_text(typed: &str) -> Option<&str> {
    if typed.starts_with("oci://") {
        return None;
    }
    PREFIXES
        .iter()
        .find_map(|prefix| typed.strip_prefix(prefix))
}

/// Reads `DIR[:TAG][@DIGEST]`. A folder with a colon is plainly a path, or misread.
pub(super) fn read_folder(text: &str) -> Result<Reference, Problem> {
    let (rest, digest) = match text.rsplit_once('@') {
        Some((rest, digest)) if digest.contains(':') && !digest.contains('/') => {
            (rest, Some(read_digest(digest)?))
        }
        _ => (text, None),
    };
    let (folder, tag) = match rest.rsplit_once(':') {
        Some((folder, tag)) if !tag.contains(['/', '\\']) => (folder, Some(Tag::read(tag)?)),
        _ => (rest, None),
    };
    if folder.is_empty() {
        return Err(Problem::EmptyFolder);
    }
    // `USER:PASSWORD@HOST/…` with a user named `oci`, unless it is plainly a path.
    if folder.contains('@') && !folder.starts_with(['/', '.']) {
        return Err(Problem::UserInfo);
    }
    if folder.contains('\0') {
        return Err(Problem::NulInFolder);
    }
    // `oci:DIR:library/app:1.2`, of which nobody means the folder `DIR:library/app`.
    if has_colon(folder) && !folder.starts_with(['/', '.']) {
        let folder = folder.to_owned();
        return Err(Problem::ColonInFolder { folder });
    }
    Ok(Reference {
        location: Location::Layout(folder.into()),
        tag,
        digest,
    })
}

/// Whether there is a colon other than that of a Windows drive.
fn has_colon(folder: &str) -> bool {
    let is_drive = |drive: &str| drive.len() == 1 && drive.starts_with(|c: char| c.is_alphabetic());
    match folder.split_once(':') {
        Some((drive, rest)) if is_drive(drive) && rest.starts_with(['/', '\\']) => {
            rest.contains(':')
        }
        first => first.is_some(),
    }
}

fn read_digest(text: &str) -> Result<Digest, Problem> {
    digest::parse(text).map_err(Problem::Digest)
}

impl From<Repository> for Location {
    fn from(repository: Repository) -> Self {
        Self::Remote(repository)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(repository) => repository.fmt(f),
            // `oci://` would be read as a registry's.
            Self::Layout(folder) if folder.as_os_str().as_encoded_bytes().starts_with(b"//") => {
                write!(f, "ocidir://{}", folder.display())
            }
            Self::Layout(folder) => write!(f, "oci:{}", folder.display()),
        }
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
