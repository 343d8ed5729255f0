//! From the files of an image to what is known of it, folder by folder.

use super::place::Place;
use super::query::Item;
use crate::inventory::time::Times;
use crate::inventory::{Detail, Image, Tagged};
use crate::oci::Digest;
use crate::oci::reference::Tag;
use crate::store::Result;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::sync::Arc;

/// The files of one folder.
#[derive(Debug, Default)]
pub(super) struct Folder(Vec<Item>);

/// The tag that a folder is. `None`: it is called by a digest, `sha256__HEX` or `sha256:HEX`, or
/// is none.
pub(super) fn tag(name: &str) -> Option<Tag> {
    (!is_digest(name)).then(|| name.parse().ok())?
}

fn is_digest(name: &str) -> bool {
    ["sha256__", "sha256:"].iter().any(|algorithm| {
        let hex = name.strip_prefix(algorithm).unwrap_or_default();
        hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

impl Folder {
    pub(super) fn add(&mut self, item: Item) {
        self.0.push(item);
    }

    /// How many manifests are in it.
    pub(super) fn manifests(&self) -> usize {
        self.0.iter().filter(|item| item.is_manifest()).count()
    }

    /// Whether this is the digest of one of its manifests.
    pub(super) fn holds(&self, digest: &Digest) -> bool {
        let mut manifests = self.0.iter().filter(|item| item.is_manifest());
        manifests.any(|item| item.digest().as_ref() == Some(digest))
    }

    /// The image that it holds. A tag that became an index, or stopped being one, may have both
    /// manifests: the newer one counts.
    fn image(&self, name: &str, times: Times, detail: Detail) -> Option<Image> {
        let manifests = self.0.iter().filter(|item| item.is_manifest());
        let item = manifests.max_by_key(|item| times.read(item.modified.as_deref()))?;
        // When it was put there, and when that was last overwritten.
        let made = times.read(item.created.as_deref());
        let pushed = made.max(times.read(item.modified.as_deref()));
        let pulled = times.read(item.downloaded());
        let tagged = tag(name).map(|tag| Tagged {
            pushed,
            pulled,
            ..Tagged::new(tag)
        });
        if tagged.is_none() && !is_digest(name) {
            return None;
        }
        let is_index = item.is_index();
        Some(Image {
            tags: tagged.into_iter().collect(),
            is_index: Some(is_index),
            size: (detail == Detail::Full && !is_index)
                .then(|| self.size())
                .flatten(),
            pushed,
            updated: times.read(item.updated.as_deref()),
            pulled,
            ..Image::new(item.digest()?)
        })
    }

    /// The bytes of the config and the layers. `None`: some of them are still elsewhere, as in the
    /// cache of a remote repository.
    fn size(&self) -> Option<u64> {
        let mut size = 0_u64;
        for item in self.0.iter().filter(|item| !item.is_manifest()) {
            if item.name.ends_with(".marker") {
                return None;
            }
            size = size.checked_add(item.size?)?;
        }
        Some(size).filter(|size| *size > 0)
    }
}

/// What a walk through the folders holds.
struct Walk {
    items: BoxStream<'static, Result<Item>>,
    /// The first file of the next folder.
    next: Option<Item>,
    place: Arc<Place>,
}

impl Walk {
    /// The next folder of the image, with its name.
    async fn folder(&mut self) -> Result<Option<(String, Folder)>> {
        loop {
            let first = match self.next.take() {
                Some(item) => Some(item),
                None => self.items.try_next().await?,
            };
            let Some(first) = first else { return Ok(None) };
            let path = first.path.clone();
            let mut folder = Folder(vec![first]);
            while let Some(item) = self.items.try_next().await? {
                if item.path != path {
                    self.next = Some(item);
                    break;
                }
                folder.add(item);
            }
            if let Some(name) = self.place.name_of(&path) {
                return Ok(Some((name.to_owned(), folder)));
            }
        }
    }

    async fn image(&mut self, times: Times, detail: Detail) -> Result<Option<Image>> {
        while let Some((name, folder)) = self.folder().await? {
            if let Some(image) = folder.image(&name, times, detail) {
                return Ok(Some(image));
            }
        }
        Ok(None)
    }
}

/// The images that these files are, which come in the order of their folders.
pub(super) fn images(
    items: BoxStream<'static, Result<Item>>,
    place: Arc<Place>,
    times: Times,
    detail: Detail,
) -> BoxStream<'static, Result<Image>> {
    let walk = Walk {
        items,
        next: None,
        place,
    };
    stream::try_unfold(walk, move |mut walk| async move {
        let image = walk.image(times, detail).await?;
        Ok(image.map(|image| (image, walk)))
    })
    .boxed()
}
