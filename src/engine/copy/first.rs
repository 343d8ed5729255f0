//! What is known of the source's image before it is compared with anything.

use crate::oci::manifest::Manifest;
use crate::oci::reference::Target;
use crate::oci::{Descriptor, Digest};
use crate::store::{Kind, Result, Store};
use std::sync::Arc;

/// What is known of the source's image.
pub(super) enum First {
    Told(Box<Descriptor>),
    Read(Box<Chosen>),
}

/// The manifest that is copied, and the digest of what it was chosen from.
pub(super) struct Chosen {
    pub(super) root: Manifest,
    pub(super) from: Option<Digest>,
    pub(super) left_out: usize,
}

impl Chosen {
    /// The image as it is.
    pub(super) fn whole(root: Manifest) -> Self {
        Self {
            root,
            from: None,
            left_out: 0,
        }
    }
}

impl First {
    pub(super) fn digest(&self) -> &Digest {
        match self {
            Self::Told(source) => source.digest(),
            Self::Read(chosen) => chosen.root.digest(),
        }
    }

    /// The image's digest, and that of what it was chosen from.
    pub(super) fn into_digests(self) -> (Digest, Option<Digest>) {
        match self {
            Self::Told(source) => (source.digest().clone(), None),
            Self::Read(chosen) => (chosen.root.digest().clone(), chosen.from),
        }
    }
}

/// Reads what a tag was found to point to. Where that is not there, the tag is read: its HEAD may
/// have told a wrong digest. Bytes that are not what their digest says are never taken for others.
pub(super) async fn read_root(
    from: &Arc<dyn Store>,
    target: &Target,
    digest: &Digest,
) -> Result<Manifest> {
    match from.manifest(&Target::Digest(digest.clone())).await {
        Err(error) if target.tag().is_some() && error.kind() == Kind::NotFound => {
            from.manifest(target).await
        }
        read => read,
    }
}
