//! What an index lists: images for platforms, and what is said about them.

use crate::oci::attestation;
use crate::oci::manifest::{Manifest, is_index_type, is_manifest_type};
use crate::oci::{Descriptor, Digest, Platform};
use crate::store::content;
use crate::store::{Error, Kind, Result, Store};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;

/// Manifests read at once.
const READING: usize = 24;
/// An index with more entries is listed, and not read.
pub(super) const MOST: usize = 2_000;

/// An entry of an index.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What names it, with its platform.
    pub descriptor: Descriptor,
    /// What it is.
    pub sort: Sort,
    /// The size of what it consists of.
    pub content: Content,
}

/// What an entry of an index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// An image.
    Image,
    /// Another index.
    Index,
    /// What a build says about the image with this digest, as it is written there.
    Attestation {
        /// The image, where it is named.
        of: Option<String>,
    },
    /// No manifest at all.
    Other,
}

/// The size of a config and its layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// So many bytes.
    Bytes(u64),
    /// Its manifest was not read.
    Unread,
    /// Its manifest is not there.
    Missing,
}

/// What `index` lists, in its order. Where reading counts as a pull, sizes are left open.
pub async fn entries(store: &dyn Store, index: &Manifest) -> Result<Vec<Entry>> {
    let listed = index.manifests();
    let read = if store.counts_reading() || listed.len() > MOST {
        HashMap::new()
    } else {
        contents(store, listed).await?
    };
    let entry = |descriptor: &Descriptor| Entry {
        descriptor: descriptor.clone(),
        sort: sort(descriptor),
        content: read
            .get(descriptor.digest())
            .copied()
            .unwrap_or(Content::Unread),
    };
    Ok(listed.iter().map(entry).collect())
}

/// Whether `entry` is what a build says about an image.
pub fn sort(entry: &Descriptor) -> Sort {
    let marked = attestation::is_attestation(entry);
    let media_type = entry.media_type().as_ref();
    if !is_manifest_type(media_type) {
        Sort::Other
    } else if marked || entry.platform().as_ref().is_some_and(is_unknown) {
        Sort::Attestation {
            of: attestation::about(entry).map(str::to_owned),
        }
    } else if is_index_type(media_type) {
        Sort::Index
    } else {
        Sort::Image
    }
}

/// Whether it names neither system nor processor, as the attestations of an index do.
fn is_unknown(platform: &Platform) -> bool {
    platform.os().to_string() == "unknown" && platform.architecture().to_string() == "unknown"
}

/// The sizes of those that are images or attestations, each read once.
async fn contents(store: &dyn Store, listed: &[Descriptor]) -> Result<HashMap<Digest, Content>> {
    let images = listed
        .iter()
        .filter(|entry| !matches!(sort(entry), Sort::Index | Sort::Other));
    let images: HashMap<Digest, Descriptor> = images
        .map(|entry| (entry.digest().clone(), entry.clone()))
        .collect();
    stream::iter(images)
        .map(|(digest, entry)| async move {
            let manifest = read_listed(store, &entry).await?;
            let content = manifest.map(|manifest| Content::Bytes(size(&manifest)));
            Ok((digest, content.unwrap_or(Content::Missing)))
        })
        .buffer_unordered(READING)
        .try_collect()
        .await
}

/// The size of a manifest's config and layers.
pub fn size(manifest: &Manifest) -> u64 {
    let blobs = manifest.config().into_iter().chain(manifest.layers());
    blobs.fold(0, |sum, blob| sum.saturating_add(blob.size()))
}

/// Reads an entry, which must be there: an index without it is broken.
pub async fn child(store: &dyn Store, entry: &Descriptor) -> Result<Manifest> {
    let read = read_listed(store, entry).await?;
    read.ok_or_else(|| {
        let what = format!("{} is listed, and is not there", entry.digest());
        Error::new(Kind::Corrupt, what).at(store.location())
    })
}

/// Reads an entry where it is there. It must be what its index says it is.
pub(super) async fn read_listed(store: &dyn Store, entry: &Descriptor) -> Result<Option<Manifest>> {
    match content::listed(store, entry).await {
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        read => read.map(Some),
    }
}
