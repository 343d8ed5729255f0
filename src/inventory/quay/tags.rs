//! The tags of one of Quay's repositories. Images without a tag are not there for anybody: what
//! loses its last tag waits in the time machine to be restored, or to be forgotten.

use super::{api, parts};
use crate::auth::scope::Action;
use crate::inventory::api::{Call, is_gone, part};
use crate::inventory::by_digest::gathered;
use crate::inventory::open::Site;
use crate::inventory::pages::{Page, walk};
use crate::inventory::{Abilities, Clock, Detail, Image, Inventory, Lock, Tagged, Untagging};
use crate::oci::Digest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::registry;
use crate::store::{Error, Kind, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde::Deserialize;

/// A page has no more items.
const PAGE: usize = 100;
/// Removals under way at once.
const AT_ONCE: usize = 8;

/// One of Quay's repositories.
#[derive(Clone)]
pub(in crate::inventory) struct Tags {
    site: Site,
    name: RepositoryName,
}

#[derive(Deserialize)]
struct Listed {
    tags: Vec<Row>,
    #[serde(default)]
    has_additional: bool,
}

/// A tag, for as long as it pointed to one image.
#[derive(Deserialize)]
struct Row {
    name: String,
    manifest_digest: Digest,
    start_ts: Option<f64>,
    /// Of an index it is not known.
    size: Option<u64>,
    immutable: Option<bool>,
}

impl Tags {
    pub(in crate::inventory) fn new(site: Site, name: RepositoryName) -> Self {
        Self { site, name }
    }

    /// Where its tags are. What a repository is called goes over several parts of the path.
    fn path(&self) -> String {
        let (namespace, rest) = parts(&self.name);
        let rest: Vec<String> = rest.split('/').map(part).collect();
        format!("repository/{}/{}/tag/", part(namespace), rest.join("/"))
    }

    async fn page(self, number: usize) -> Result<Page<Image, usize>> {
        let listed = async {
            let (api, pass) = api(&self.site, Some(&self.name), &[Action::Pull]).await?;
            let path = self.path();
            let path = format!("{path}?page={number}&limit={PAGE}&onlyActiveTags=true");
            let answer = api.call(Call::get(path), &pass.unwrap_or_default()).await?;
            answer.json::<Listed>()
        };
        let listed = listed.await.map_err(|error| {
            let what = format!("cannot list the images of {}/{}", self.site.host, self.name);
            self.site.failed_at(&self.name, what, Wanted::List, error)
        })?;
        let items = listed.tags.into_iter().filter_map(|row| self.image(row));
        Ok(Page {
            items: items.collect(),
            next: listed.has_additional.then_some(number + 1),
        })
    }

    /// When its image was pushed is known of the tag alone.
    fn image(&self, row: Row) -> Option<Image> {
        let tagged = Tagged {
            tag: row.name.parse().ok()?,
            pushed: self.site.times.seconds(row.start_ts),
            pulled: None,
            lock: row.immutable.unwrap_or(false).then_some(Lock::Immutable),
        };
        Some(Image {
            tags: vec![tagged],
            size: row.size.filter(|size| *size > 0),
            ..Image::new(row.manifest_digest)
        })
    }

    /// Removes a tag by the API where that lets us in, and else as the distribution API does it.
    async fn untag_one(&self, tag: &Tag) -> Result<()> {
        let removed = async {
            let (api, pass) = api(&self.site, Some(&self.name), &[Action::Push]).await?;
            let Some(pass) = pass else {
                let target = Target::Tag(tag.clone());
                return self.site.client.delete_manifest(&self.name, &target).await;
            };
            let call = Call::delete(format!("{}{tag}", self.path()));
            match api.call(call, &pass).await {
                Err(error) if !is_gone(&error) => Err(error),
                _ => Ok(()),
            }
        };
        let removed = removed.await;
        removed.map_err(|error| self.kept(&format!(":{tag}"), error))
    }

    /// Removes every tag on an image, which is all that Quay does of this.
    async fn delete_one(&self, image: &Digest) -> Result<()> {
        let client = &self.site.client;
        let target = Target::Digest(image.clone());
        let Err(error) = client.delete_manifest(&self.name, &target).await else {
            return Ok(());
        };
        let error_of = |error| self.kept(&format!("@{image}"), error);
        if !error.has("MANIFEST_UNKNOWN") {
            return Err(error_of(error));
        }
        // No tag points there. It is there nevertheless while an index needs it, or a push goes on.
        let there = client.head_manifest(&self.name, &target).await;
        if there.map_err(error_of)?.is_none() {
            return Ok(());
        }
        let what = format!(
            "no tag points to {}/{}@{image}: Quay removes it once nothing needs it, and not before",
            self.site.host, self.name
        );
        Err(Error::new(Kind::Refused, what))
    }

    /// Why something that is called `what` could not be removed.
    fn kept(&self, what: &str, error: registry::Error) -> Error {
        let what = format!("cannot remove {}/{}{what}", self.site.host, self.name);
        self.site.failed_at(&self.name, what, Wanted::Remove, error)
    }
}

#[async_trait]
impl Inventory for Tags {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: false,
            clock: Some(Clock::Pushed),
            pulled: false,
            untagging: Untagging::Keeps,
            guards_parts: true,
            batch: 1,
        }
    }

    fn images(&self, _detail: Detail) -> BoxStream<'static, Result<Image>> {
        let tags = self.clone();
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        walk(what, 1, move |number| tags.clone().page(number))
    }

    /// Which tags point to an image takes a look at all of them.
    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let found = gathered(self.images(Detail::Listed), digest).await?;
        if found.is_some() {
            return Ok(found);
        }
        let target = Target::Digest(digest.clone());
        let there = self.site.client.head_manifest(&self.name, &target).await;
        let there = there.map_err(|error| {
            let what = format!("cannot look at {}/{}@{digest}", self.site.host, self.name);
            self.site.failed_at(&self.name, what, Wanted::Read, error)
        })?;
        Ok(there.map(|descriptor| Image {
            media_type: Some(descriptor.media_type().clone()),
            ..Image::new(digest.clone())
        }))
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let removals = tags.iter().map(|tag| self.untag_one(tag));
        let removals: Vec<_> = removals.collect();
        stream::iter(removals).buffered(AT_ONCE).collect().await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let removals = images.iter().map(|image| self.delete_one(image));
        let removals: Vec<_> = removals.collect();
        stream::iter(removals).buffered(AT_ONCE).collect().await
    }
}
