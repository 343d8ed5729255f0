//! The images of one of Harbor's repositories.
//!
//! Parts of indexes and what is attached to an image (accessories) are not listed by themselves:
//! Harbor keeps them as long as what they belong to, and removes them along with it.

use super::{PAGE, ask, total};
use crate::auth::scope::Action;
use crate::inventory::api::{Call, is_gone, part};
use crate::inventory::open::Site;
use crate::inventory::pages::{Numbered, numbered};
use crate::inventory::rounds::{self, Outcome};
use crate::inventory::{Abilities, Clock, Detail, Image, Inventory, Lock, Tagged, Untagging};
use crate::oci::reference::{RepositoryName, Tag};
use crate::oci::{Digest, MediaType, Platform};
use crate::registry;
use crate::store::{Kind, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::StatusCode;
use serde::Deserialize;

/// Removals under way at once.
const AT_ONCE: usize = 8;
/// What is to be told of an artifact.
const FIELDS: &str = "with_tag=true&with_immutable_status=true";

/// One of Harbor's repositories.
#[derive(Clone)]
pub(in crate::inventory) struct Artifacts {
    site: Site,
    name: RepositoryName,
}

#[derive(Deserialize)]
struct Artifact {
    digest: Digest,
    size: Option<u64>,
    manifest_media_type: Option<String>,
    #[serde(rename = "artifact_type")]
    sort: Option<String>,
    push_time: Option<String>,
    pull_time: Option<String>,
    tags: Option<Vec<NamedTag>>,
    references: Option<Vec<Reference>>,
    extra_attrs: Option<Extra>,
}

#[derive(Deserialize)]
struct NamedTag {
    name: String,
    push_time: Option<String>,
    pull_time: Option<String>,
    #[serde(default)]
    immutable: bool,
}

#[derive(Deserialize)]
struct Reference {
    child_digest: Digest,
    platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Extra {
    created: Option<String>,
}

impl Artifacts {
    pub(in crate::inventory) fn new(site: Site, name: RepositoryName) -> Self {
        Self { site, name }
    }

    /// Where its artifacts are: the rest of the name is escaped twice, as Harbor wants it.
    fn path(&self) -> String {
        let name = self.name.as_str();
        let (project, rest) = name.split_once('/').unwrap_or(("library", name));
        let rest = part(&part(rest));
        format!("projects/{}/repositories/{rest}/artifacts", part(project))
    }

    async fn page(self, number: usize) -> Result<Numbered<Image>> {
        let listed = async {
            let path = format!("{}?page={number}&page_size={PAGE}&{FIELDS}", self.path());
            let actions = &[Action::Pull];
            let answer = ask(&self.site, Some(&self.name), actions, Call::get(path)).await?;
            let artifacts: Option<Vec<Artifact>> = answer.json()?;
            Ok((artifacts.unwrap_or_default(), total(&answer)))
        };
        let (artifacts, total) = listed.await.map_err(|error| {
            let what = format!("cannot list the images of {}/{}", self.site.host, self.name);
            self.site.failed_at(&self.name, what, Wanted::List, error)
        })?;
        Ok(Numbered {
            listed: artifacts.len(),
            items: artifacts.into_iter().map(|one| self.image(one)).collect(),
            total,
        })
    }

    fn image(&self, artifact: Artifact) -> Image {
        let times = &self.site.times;
        let tags = artifact.tags.unwrap_or_default().into_iter();
        let tags = tags.filter_map(|named| {
            Some(Tagged {
                tag: named.name.parse().ok()?,
                pushed: times.read(named.push_time.as_deref()),
                pulled: times.read(named.pull_time.as_deref()),
                lock: named.immutable.then_some(Lock::Immutable),
            })
        });
        let references = artifact.references.unwrap_or_default();
        let platforms = references.iter().filter_map(|part| part.platform.clone());
        let created = artifact.extra_attrs.and_then(|extra| extra.created);
        Image {
            tags: tags.collect(),
            media_type: artifact.manifest_media_type.as_deref().map(MediaType::from),
            artifact_type: artifact.sort.filter(|kind| !is_image(kind)),
            size: artifact.size.filter(|size| *size > 0),
            platforms: platforms.collect(),
            created: times.read(created.as_deref()),
            pushed: times.read(artifact.push_time.as_deref()),
            pulled: times.read(artifact.pull_time.as_deref()),
            parts: references
                .into_iter()
                .map(|part| part.child_digest)
                .collect(),
            ..Image::new(artifact.digest)
        }
    }

    /// Removes what is at `path` below the artifacts.
    async fn remove(&self, path: &str) -> Result<(), registry::Error> {
        let call = Call::delete(format!("{}/{path}", self.path()));
        match ask(&self.site, Some(&self.name), &[Action::Delete], call).await {
            Err(error) if !is_gone(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Why something that is called `what` could not be removed.
    fn kept(&self, what: &str, error: registry::Error) -> crate::store::Error {
        let what = format!("cannot remove {}/{}{what}", self.site.host, self.name);
        self.site.failed_at(&self.name, what, Wanted::Remove, error)
    }

    async fn untag_one(&self, tag: &Tag) -> Result<()> {
        let removed = self.remove(&format!("{tag}/tags/{tag}")).await;
        removed.map_err(|error| self.kept(&format!(":{tag}"), error))
    }

    /// Removes one of `among` images.
    async fn delete_one(&self, image: &Digest, among: usize) -> Outcome {
        let Err(error) = self.remove(image.as_ref()).await else {
            return Outcome::Over(Ok(()));
        };
        let is_part = error.has("VIOLATE_FOREIGN_KEY_CONSTRAINT");
        let error = self.kept(&format!("@{image}"), error);
        match error.kind() {
            _ if is_part => Outcome::Needed(error),
            // An index takes its parts with it, and an image what is attached to it.
            Kind::NotFound if among > 1 => Outcome::Over(Ok(())),
            _ => Outcome::Over(Err(error)),
        }
    }
}

/// Whether this is the media type of an image's config, and so says nothing.
fn is_image(kind: &str) -> bool {
    crate::oci::config::is_config_type(kind)
}

#[async_trait]
impl Inventory for Artifacts {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: true,
            clock: Some(Clock::Pushed),
            pulled: true,
            untagging: Untagging::Keeps,
            guards_parts: true,
            batch: 1,
        }
    }

    fn images(&self, _detail: Detail) -> BoxStream<'static, Result<Image>> {
        let artifacts = self.clone();
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        numbered(what, PAGE, move |number| artifacts.clone().page(number))
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let asked = async {
            let call = Call::get(format!("{}/{digest}?{FIELDS}", self.path()));
            let answer = ask(&self.site, Some(&self.name), &[Action::Pull], call).await?;
            answer.json::<Artifact>()
        };
        match asked.await {
            Ok(artifact) => Ok(Some(self.image(artifact))),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => {
                let what = format!("cannot look at {}/{}@{digest}", self.site.host, self.name);
                Err(self.site.failed_at(&self.name, what, Wanted::Read, error))
            }
        }
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let removals = tags.iter().map(|tag| self.untag_one(tag));
        let removals: Vec<_> = removals.collect();
        stream::iter(removals).buffered(AT_ONCE).collect().await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        rounds::remove(images, |left| async move {
            let removals = left.iter().map(|one| self.delete_one(one, images.len()));
            let removals: Vec<_> = removals.collect();
            stream::iter(removals).buffered(AT_ONCE).collect().await
        })
        .await
    }
}
