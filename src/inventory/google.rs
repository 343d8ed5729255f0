//! What Google's registries list beside names, at `tags/list`: every manifest with its tags, its
//! size and its times, those without a tag too.
//!
//! Source: go-containerregistry, `pkg/v1/google/list.go`; gcr-cleaner for what a removal takes.
//! Parts of indexes and attachments are listed among the images there.

mod catalog;
mod listing;
mod rest;

pub(super) use catalog::Projects;

use super::open::Site;
use super::pages::{Page, walk};
use super::rounds::{self, Outcome};
use super::{Abilities, Clock, Detail, Image, Inventory, Lock, Tagged, Untagging};
use crate::auth::scope::Action;
use crate::oci::manifest::is_index_type;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::oci::{Digest, MediaType};
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use listing::{FIRST, Listed, Listing};
use rest::Rest;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Removals under way at once.
const AT_ONCE: usize = 16;
/// What a list can do without is waited for no longer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Why a manifest is not removed: something that may be about to go needs it, or went just now.
const NEEDED: [&str; 3] = [
    "GOOGLE_MANIFEST_DANGLING_TAG",
    "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE",
    "GOOGLE_MANIFEST_REFERRING_MANIFEST",
];

/// One of Google's repositories of images.
#[derive(Clone)]
pub(super) struct Google {
    site: Site,
    name: RepositoryName,
}

impl Google {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self { site, name }
    }

    async fn page(
        self,
        query: String,
        lock: &OnceCell<Option<Lock>>,
    ) -> Result<Page<Image, String>> {
        let asked = listing::page(&self.site, &self.name, &query).await;
        let (listing, next) = asked.map_err(|error| {
            let what = format!("cannot list the images of {}/{}", self.site.host, self.name);
            self.site.failed(what, Wanted::List, error)
        })?;
        let Listing { tags, manifest, .. } = listing;
        // Whoever lists names alone is no registry of Google's, or its mirror of Docker Hub.
        if manifest.is_none() && tags.is_some_and(|tags| !tags.is_empty()) {
            let what = format!("{} lists names and nothing else", self.site.host);
            return Err(Error::new(Kind::Unsupported, what));
        }
        // Once the registry has said whom it serves: those it serves anyway look no further.
        let lock = *lock.get_or_init(|| self.lock()).await;
        let listed = manifest.unwrap_or_default().into_iter();
        let items = listed.filter_map(|(digest, listed)| self.image(&digest, listed, lock));
        Ok(Page {
            items: items.collect(),
            next,
        })
    }

    fn image(&self, digest: &str, listed: Listed, lock: Option<Lock>) -> Option<Image> {
        let times = &self.site.times;
        let tags = listed.tag.unwrap_or_default().into_iter();
        let tags = tags.filter_map(|name| {
            let tag = Tagged::new(name.parse().ok()?);
            Some(Tagged { lock, ..tag })
        });
        let kind = listed.media_type.filter(|kind| !kind.is_empty());
        let size = listed.image_size_bytes.and_then(|size| size.value());
        let created = listed.time_created_ms.and_then(|time| time.value());
        let uploaded = listed.time_uploaded_ms.and_then(|time| time.value());
        Some(Image {
            tags: tags.collect(),
            media_type: kind.as_deref().map(MediaType::from),
            size: size
                .and_then(|size| size.try_into().ok())
                .filter(|size| *size > 0),
            created: times.milliseconds(created),
            pushed: times.milliseconds(uploaded),
            ..Image::new(digest.parse().ok()?)
        })
    }

    /// Whether tags are immutable, where whoever asks may know. A network may lead to the registry
    /// alone: a list does without it.
    async fn lock(&self) -> Option<Lock> {
        let rest = Rest::of(&self.site, &self.name, Action::Pull)
            .await
            .ok()??;
        let asked = tokio::time::timeout(PATIENCE, rest.has_immutable_tags()).await;
        let is_immutable = asked.is_ok_and(|told| told.unwrap_or(false));
        is_immutable.then_some(Lock::Immutable)
    }

    /// Removes one manifest or tag.
    async fn remove(&self, target: &Target) -> Result<(), ApiError> {
        self.site.client.delete_manifest(&self.name, target).await
    }

    fn failed(&self, target: &Target, besides: &str, error: ApiError) -> Error {
        let joint = if target.tag().is_some() { ':' } else { '@' };
        let (host, name) = (&self.site.host, &self.name);
        let what = format!("cannot remove {host}/{name}{joint}{target}{besides}");
        self.site.failed(what, Wanted::Remove, error)
    }

    /// What is listed of `images`.
    async fn listed(&self, images: &[Digest]) -> Result<HashMap<Digest, Image>> {
        let wanted: HashSet<&Digest> = images.iter().collect();
        let mut found: HashMap<Digest, Image> = HashMap::new();
        let mut all = self.images(Detail::Listed);
        while let Some(image) = all.try_next().await? {
            if !wanted.contains(&image.digest) {
                continue;
            }
            if let Some(known) = found.get_mut(&image.digest) {
                known.tags.extend(image.tags);
            } else {
                found.insert(image.digest.clone(), image);
            }
        }
        Ok(found)
    }

    /// Removes the tags of `images`; those of which one stayed, with the reason. A tag that is gone
    /// by now is none that stayed.
    async fn untag_all(&self, images: &HashMap<Digest, Image>) -> HashMap<Digest, Error> {
        let tags = images.values().flat_map(|image| {
            let tags = image.tags.iter();
            tags.map(|tagged| (image.digest.clone(), Target::Tag(tagged.tag.clone())))
        });
        let removal = |(digest, target): (Digest, Target)| async move {
            match self.remove(&target).await {
                Err(error) if !error.is_not_found() => {
                    Some((digest, self.failed(&target, "", error)))
                }
                _ => None,
            }
        };
        let stayed = stream::iter(tags.collect::<Vec<_>>())
            .map(removal)
            .buffered(AT_ONCE);
        stayed
            .filter_map(std::future::ready)
            .collect::<HashMap<_, _>>()
            .await
    }

    /// Tries to remove each of `images`, whose tags are gone.
    async fn round(&self, images: Vec<Digest>, untagged: &HashMap<Digest, Image>) -> Vec<Outcome> {
        let removal = |digest: Digest| async move {
            let had_tags = untagged
                .get(&digest)
                .is_some_and(|image| !image.tags.is_empty());
            let besides = if had_tags {
                ", whose tags are gone"
            } else {
                ""
            };
            let target = Target::Digest(digest);
            match self.remove(&target).await {
                Ok(()) => Outcome::Over(Ok(())),
                Err(error) => {
                    let is_needed = NEEDED.iter().any(|code| error.has(code));
                    let failed = self.failed(&target, besides, error);
                    if is_needed {
                        Outcome::Needed(failed)
                    } else {
                        Outcome::Over(Err(failed))
                    }
                }
            }
        };
        stream::iter(images)
            .map(removal)
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

#[async_trait]
impl Inventory for Google {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: true,
            clock: Some(Clock::Pushed),
            pulled: false,
            untagging: Untagging::Keeps,
            guards_parts: true,
            batch: 1,
        }
    }

    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let google = self.clone();
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        let lock = match detail {
            Detail::Listed => OnceCell::new_with(Some(None)),
            Detail::Full => OnceCell::new(),
        };
        let lock = Arc::new(lock);
        walk(what, FIRST.to_owned(), move |query| {
            let (google, lock) = (google.clone(), Arc::clone(&lock));
            async move { google.page(query, &lock).await }
        })
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let found = self.listed(std::slice::from_ref(digest)).await?;
        Ok(found.into_values().next())
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let removal = |tag: &Tag| {
            let target = Target::Tag(tag.clone());
            async move {
                let removed = self.remove(&target).await;
                removed.map_err(|error| self.failed(&target, "", error))
            }
        };
        stream::iter(tags.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// A manifest with a tag, or with an index that needs it, is refused: the tags go first, then
    /// the manifests, indexes before others, and again what was held up by one that went.
    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let listed = match self.listed(images).await {
            Ok(listed) => listed,
            Err(error) => return images.iter().map(|_| Err(error.again())).collect(),
        };
        let stayed = self.untag_all(&listed).await;
        let is_index = |digest: &Digest| {
            let kind = listed
                .get(digest)
                .and_then(|image| image.media_type.as_ref());
            kind.is_some_and(|kind| is_index_type(kind.as_ref()))
        };
        let free = images.iter().filter(|digest| !stayed.contains_key(*digest));
        let (mut order, others): (Vec<_>, Vec<_>) = free.cloned().partition(is_index);
        order.extend(others);
        let has_begun = listed.values().any(|image| !image.tags.is_empty());
        let round = |left| self.round(left, &listed);
        let results = rounds::remove_after(has_begun, &order, round).await;
        let results: HashMap<&Digest, Result<()>> = order.iter().zip(results).collect();
        let result = |digest: &Digest| match (stayed.get(digest), results.get(digest)) {
            (Some(error), _) | (None, Some(Err(error))) => Err(error.again()),
            _ => Ok(()),
        };
        images.iter().map(result).collect()
    }
}
