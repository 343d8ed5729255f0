//! Docker Hub's own API: what its tags point to, and how they are removed.
//!
//! Source: docker/docs, `content/reference/api/hub/latest.yaml` and `content/reference/api/registry`;
//! of removing a tag, docker/hub-tool.

mod access;
mod catalog;
mod documents;

use super::api::{Call, is_gone, part};
use super::open::Site;
use super::pages::{Page, walk};
use super::{Abilities, Clock, Detail, Image, Inventory, Untagging, rounds};
use crate::inventory::by_digest::gathered;
use crate::oci::Digest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Wanted};
use access::Visitor;
pub(super) use access::home;
use async_trait::async_trait;
pub(super) use catalog::Namespaces;
use documents::{Listed, ListedTag, Rules};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::StatusCode;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// A page has no more items.
const PAGE: usize = 100;
/// Tags looked at, or removed, at once. The API counts requests a minute.
const AT_ONCE: usize = 8;
/// So often an image is said to be in use after its tags are gone, before that is believed.
const LATE: u32 = 3;
/// The first wait for that.
const WAIT: Duration = Duration::from_millis(500);

/// One of Docker Hub's repositories.
#[derive(Clone)]
pub(super) struct Hub {
    site: Site,
    name: RepositoryName,
    visitor: Visitor,
    rules: Arc<OnceCell<Arc<Rules>>>,
}

impl Hub {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self {
            visitor: Visitor::new(site.clone()),
            site,
            name,
            rules: Arc::default(),
        }
    }

    /// The namespace and the rest of the name, for a path.
    fn parts(&self) -> (String, String) {
        let name = self.name.as_str();
        let (namespace, rest) = name.split_once('/').unwrap_or(("library", name));
        (part(namespace), part(rest))
    }

    fn failed(&self, doing: &str, which: &str, wanted: Wanted, error: ApiError) -> Error {
        let what = format!("cannot {doing} {}/{}{which}", self.site.host, self.name);
        self.site.failed(what, wanted, error)
    }

    /// Which tags are immutable. Whoever may not know is told by a refusal.
    async fn rules(&self) -> Arc<Rules> {
        let read = self.rules.get_or_init(|| async {
            let (namespace, name) = self.parts();
            let path = format!("v2/namespaces/{namespace}/repositories/{name}");
            let described = self.visitor.read(Some(&self.name), path).await;
            let described = described.and_then(|answer| answer.json());
            Arc::new(described.map(Rules::of).unwrap_or_default())
        });
        Arc::clone(read.await)
    }

    async fn page(self, number: usize, detail: Detail) -> Result<Page<Image, usize>> {
        let (namespace, name) = self.parts();
        let path = format!(
            "v2/namespaces/{namespace}/repositories/{name}/tags?page={number}&page_size={PAGE}"
        );
        let listed = async {
            let answer = self.visitor.read(Some(&self.name), path).await?;
            answer.json::<Listed<ListedTag>>()
        };
        let listed = listed
            .await
            .map_err(|error| self.failed("list the images of", "", Wanted::List, error))?;
        let rules = match detail {
            Detail::Full => self.rules().await,
            Detail::Listed => Arc::default(),
        };
        let next = listed.next.filter(|next| !next.is_empty());
        let images = stream::iter(listed.results)
            .map(|tag| self.image(tag, &rules))
            .buffered(AT_ONCE)
            .try_filter_map(|image| std::future::ready(Ok(image)));
        Ok(Page {
            items: images.try_collect().await?,
            next: next.map(|_| number + 1),
        })
    }

    /// What a tag points to. Where the list does not say that, the registry does, to a question
    /// that counts as no pull. `None`: it was removed since it was listed.
    async fn image(&self, listed: ListedTag, rules: &Rules) -> Result<Option<Image>> {
        let Ok(tag) = listed.name.parse::<Tag>() else {
            return Ok(None);
        };
        let digest = match listed.digest() {
            Some(digest) => digest,
            None => match self.look(&tag.clone().into()).await? {
                Some(digest) => digest,
                None => return Ok(None),
            },
        };
        Ok(Some(listed.image(tag, digest, &self.site.times, rules)))
    }

    async fn look(&self, target: &Target) -> Result<Option<Digest>> {
        let there = self.site.client.head_manifest(&self.name, target).await;
        let there = there.map_err(|error| {
            let which = match target {
                Target::Tag(tag) => format!(":{tag}"),
                Target::Digest(digest) => format!("@{digest}"),
            };
            self.failed("look at", &which, Wanted::Read, error)
        })?;
        Ok(there.map(|descriptor| descriptor.digest().clone()))
    }

    async fn remove_tag(&self, tag: &Tag) -> Result<()> {
        let (namespace, name) = self.parts();
        let path = format!("v2/repositories/{namespace}/{name}/tags/{tag}/");
        let removed = self.visitor.act(Some(&self.name), Call::delete(path)).await;
        match removed {
            Ok(_) => Ok(()),
            Err(error) if is_gone(&error) => Ok(()),
            Err(error) => {
                let is_no = error.status() == Some(StatusCode::FORBIDDEN);
                let failed = self.failed("remove", &format!(":{tag}"), Wanted::Remove, error);
                // It does not say which of its reasons it has.
                let is_rule = is_no && self.rules().await.lock(tag.as_str()).is_some();
                Err(if is_rule {
                    failed.as_kind(Kind::Refused)
                } else {
                    failed
                })
            }
        }
    }

    /// The tags of each of these images, those that look immutable first.
    async fn tags_of(&self, images: &[Digest]) -> Result<HashMap<Digest, Vec<Tag>>> {
        let mut found: HashMap<Digest, Vec<(bool, Tag)>> = HashMap::new();
        let mut listed = self.images(Detail::Full);
        while let Some(image) = listed.try_next().await? {
            if images.contains(&image.digest) {
                let tags = image.tags.into_iter();
                let tags = tags.map(|tagged| (tagged.lock.is_none(), tagged.tag));
                found.entry(image.digest).or_default().extend(tags);
            }
        }
        let sorted = found.into_iter().map(|(digest, mut tags)| {
            tags.sort_unstable();
            (digest, tags.into_iter().map(|(_, tag)| tag).collect())
        });
        Ok(sorted.collect())
    }

    /// Removes the tags of an image one by one, and stops at the first that stays: what is
    /// immutable is asked for first.
    async fn remove_tags(&self, tags: &[Tag]) -> Result<()> {
        for tag in tags {
            match self.remove_tag(tag).await {
                Err(error) if error.kind() != Kind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes an image that had tags, or had none, as the registry knows it.
    async fn remove_image(&self, digest: &Digest, had_tags: bool) -> rounds::Outcome {
        let target = Target::Digest(digest.clone());
        let mut attempt = 0;
        loop {
            let removed = self.site.client.delete_manifest(&self.name, &target).await;
            let error = match removed {
                Ok(()) => return rounds::Outcome::Over(Ok(())),
                // It went with its last tag.
                Err(error) if had_tags && error.is_not_found() => {
                    return rounds::Outcome::Over(Ok(()));
                }
                Err(error) => error,
            };
            let is_needed = error.status() == Some(StatusCode::FORBIDDEN);
            attempt += 1;
            if is_needed && had_tags && attempt < LATE {
                tokio::time::sleep(WAIT * 2_u32.pow(attempt - 1)).await;
                continue;
            }
            let after = if had_tags {
                ", whose tags are gone,"
            } else {
                ""
            };
            let which = format!("@{digest}{after}");
            let failed = self.failed("remove", &which, Wanted::Remove, error);
            return if is_needed {
                rounds::Outcome::Needed(failed.as_kind(Kind::Refused))
            } else {
                rounds::Outcome::Over(Err(failed))
            };
        }
    }
}

#[async_trait]
impl Inventory for Hub {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: false,
            clock: Some(Clock::Pushed),
            pulled: true,
            untagging: Untagging::Keeps,
            guards_parts: true,
            batch: 1,
        }
    }

    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let hub = self.clone();
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        walk(what, 1, move |number| hub.clone().page(number, detail))
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let found = gathered(self.images(Detail::Full), digest).await?;
        if found.is_some() {
            return Ok(found);
        }
        let there = self.look(&Target::Digest(digest.clone())).await?;
        Ok(there.map(|_| Image::new(digest.clone())))
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let removal = |tag: &Tag| {
            let tag = tag.clone();
            async move { self.remove_tag(&tag).await }
        };
        stream::iter(tags.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// The registry removes only what no tag points to.
    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let tags = match self.tags_of(images).await {
            Ok(tags) => tags,
            Err(error) => return images.iter().map(|_| Err(error.again())).collect(),
        };
        let mut kept: HashMap<Digest, Error> = HashMap::new();
        for (digest, tags) in &tags {
            if let Err(error) = self.remove_tags(tags).await {
                kept.insert(digest.clone(), error);
            }
        }
        let (tags, kept) = (&tags, &kept);
        rounds::remove(images, |left| {
            let removal = move |digest: Digest| async move {
                match kept.get(&digest) {
                    Some(error) => rounds::Outcome::Over(Err(error.again())),
                    None => self.remove_image(&digest, tags.contains_key(&digest)).await,
                }
            };
            stream::iter(left.into_iter().map(removal))
                .buffered(AT_ONCE)
                .collect()
        })
        .await
    }
}
