//! What a registry holds: blobs once, and per repository what is linked there.

use crate::oci::Digest;
use crate::server::content::Content;
use crate::server::references::References;
use crate::server::route::Target;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A manifest as it was pushed.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    pub(super) bytes: Bytes,
    pub(super) media_type: String,
    pub(super) references: References,
}

/// One repository.
#[derive(Debug, Default)]
pub(super) struct Repository {
    pub(super) blobs: HashSet<Digest>,
    pub(super) manifests: HashMap<Digest, Manifest>,
    pub(super) tags: BTreeMap<String, Digest>,
}

impl Repository {
    /// What `target` is now.
    pub(super) fn resolve(&self, target: &Target) -> Option<Digest> {
        let digest = match target {
            Target::Tag(tag) => self.tags.get(tag)?,
            Target::Digest(digest) => digest,
        };
        self.manifests.contains_key(digest).then(|| digest.clone())
    }

    /// The first of a manifest's references that is not here.
    pub(super) fn missing<'a>(&self, references: &'a References) -> Option<&'a Digest> {
        let blobs = references
            .blobs
            .iter()
            .filter(|blob| !self.blobs.contains(*blob));
        let manifests = references.manifests.iter();
        let manifests = manifests.filter(|child| !self.manifests.contains_key(*child));
        blobs.chain(manifests).next()
    }
}

/// Everything that was pushed and not deleted.
#[derive(Debug, Default)]
pub(super) struct Storage {
    pub(super) repositories: BTreeMap<String, Repository>,
    blobs: HashMap<Digest, Content>,
}

impl Storage {
    /// A blob, if it is linked in the repository: what others hold is not for everybody to read.
    pub(super) fn blob(&self, repository: &str, digest: &Digest) -> Option<&Content> {
        let linked = self.repositories.get(repository)?.blobs.contains(digest);
        self.blobs.get(digest).filter(|_| linked)
    }

    pub(super) fn put_blob(&mut self, repository: &str, digest: &Digest, content: Content) {
        self.blobs.entry(digest.clone()).or_insert(content);
        self.link(repository, digest);
    }

    /// Links a blob that `from` has. Whether it did.
    pub(super) fn mount(&mut self, repository: &str, digest: &Digest, from: &str) -> bool {
        let there = self.blob(from, digest).is_some();
        if there {
            self.link(repository, digest);
        }
        there
    }

    fn link(&mut self, repository: &str, digest: &Digest) {
        let repository = self.repositories.entry(repository.to_owned()).or_default();
        repository.blobs.insert(digest.clone());
    }

    /// Takes a blob out of a repository, and its bytes away once no repository has it. Whether it
    /// was there.
    pub(super) fn delete_blob(&mut self, repository: &str, digest: &Digest) -> bool {
        let repository = self.repositories.get_mut(repository);
        let removed = repository.is_some_and(|repository| repository.blobs.remove(digest));
        let mut others = self.repositories.values();
        if removed && !others.any(|repository| repository.blobs.contains(digest)) {
            self.blobs.remove(digest);
        }
        removed
    }

    pub(super) fn blob_count(&self) -> usize {
        self.blobs.len()
    }

    pub(super) fn blob_bytes(&self) -> u64 {
        self.blobs.values().map(Content::size).sum()
    }
}
