//! Azure Container Registry's own API, `/acr/v1/`, at the registry's host and with its tokens.
//!
//! Source: Azure's client library for Python (`azure-containerregistry`, its generated operations),
//! `acr-cli`. Parts of indexes and attachments are listed among the images there.

use super::api::is_gone;
use super::open::Site;
use super::pages::{Page, walk};
use super::{Abilities, Clock, Detail, Image, Inventory, Lock, Tagged, Untagging};
use crate::auth::scope::Action;
use crate::oci::config::is_config_type;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::oci::{Digest, MediaType, Platform};
use crate::registry::{Beside, Document, Error as ApiError};
use crate::store::{Error, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::Method;
use jiff::Timestamp;
use oci_spec::image::{Arch, Os, PlatformBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

/// The query of a first page: the registry puts no more on one.
const PAGE: &str = "n=1000";
/// Removals under way at once. Azure's own tool goes up to 32.
const AT_ONCE: usize = 16;

/// One of Azure's repositories.
#[derive(Clone)]
pub(super) struct Acr {
    site: Site,
    name: RepositoryName,
}

#[derive(Deserialize)]
struct Manifests {
    manifests: Option<Vec<Listed>>,
}

#[derive(Deserialize)]
struct One {
    manifest: Listed,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    digest: Digest,
    image_size: Option<u64>,
    created_time: Option<String>,
    last_update_time: Option<String>,
    architecture: Option<String>,
    os: Option<String>,
    media_type: Option<String>,
    config_media_type: Option<String>,
    tags: Option<Vec<String>>,
    references: Option<Vec<Reference>>,
    changeable_attributes: Option<Attributes>,
}

#[derive(Deserialize)]
struct Reference {
    digest: Digest,
    architecture: Option<String>,
    os: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    delete_enabled: Option<bool>,
    write_enabled: Option<bool>,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<Named>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    name: String,
    last_update_time: Option<String>,
    changeable_attributes: Option<Attributes>,
}

/// What only the list of tags says of each: when it was put where it is, and what locks it. Tags
/// and manifests are locked apart.
type Known = HashMap<String, (Option<Timestamp>, Option<Lock>)>;

impl Attributes {
    /// What may not be written may not be removed either.
    fn lock(&self) -> Option<Lock> {
        let is_locked = [self.delete_enabled, self.write_enabled].contains(&Some(false));
        is_locked.then_some(Lock::Locked)
    }
}

impl Acr {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self { site, name }
    }

    /// Asks for what is at `path` below the repository.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        actions: &[Action],
    ) -> Result<Document, ApiError> {
        let asked = Beside {
            method,
            path: format!("/acr/v1/{}/{path}", self.name),
            body: None,
            name: Some(&self.name),
            actions,
        };
        self.site.client.ask_beside(asked).await
    }

    /// A page of one of its lists, and the query of the next one.
    async fn page<T: DeserializeOwned>(
        &self,
        list: &str,
        query: &str,
    ) -> Result<(T, Option<String>)> {
        let path = format!("{list}?{query}");
        let listed = async {
            let document = self.ask(Method::GET, &path, &[Action::MetadataRead]);
            let document = document.await?;
            let next = document.next_query();
            Ok((self.read(&document)?, next))
        };
        listed.await.map_err(|error| {
            let what = format!("cannot list the images of {}/{}", self.site.host, self.name);
            self.site.failed(what, Wanted::List, error)
        })
    }

    fn read<T: DeserializeOwned>(&self, document: &Document) -> Result<T, ApiError> {
        serde_json::from_slice(&document.body).map_err(|error| ApiError::Protocol {
            host: self.site.host.to_string(),
            what: format!("its answer is not the document that it is described as: {error}"),
        })
    }

    async fn known(&self) -> Result<Known> {
        let (acr, what) = (self.clone(), self.listing());
        let tags = walk(what, PAGE.to_owned(), move |query| {
            let acr = acr.clone();
            async move {
                let (page, next) = acr.page::<Tags>("_tags", &query).await?;
                let items = page.tags.unwrap_or_default();
                Ok(Page { items, next })
            }
        });
        let times = self.site.times;
        let known = tags.map_ok(|named| {
            let time = times.read(named.last_update_time.as_deref());
            let attributes = named.changeable_attributes;
            let lock = attributes.and_then(|attributes| attributes.lock());
            (named.name, (time, lock))
        });
        known.try_collect().await
    }

    fn manifests(self, known: Known) -> BoxStream<'static, Result<Image>> {
        let (what, known) = (self.listing(), Arc::new(known));
        walk(what, PAGE.to_owned(), move |query| {
            let (acr, known) = (self.clone(), Arc::clone(&known));
            async move {
                let (page, next) = acr.page::<Manifests>("_manifests", &query).await?;
                let listed = page.manifests.unwrap_or_default().into_iter();
                let items = listed.map(|listed| acr.image(listed, &known)).collect();
                Ok(Page { items, next })
            }
        })
    }

    fn listing(&self) -> String {
        format!("cannot list {}/{}", self.site.host, self.name)
    }

    fn image(&self, listed: Listed, known: &Known) -> Image {
        let times = &self.site.times;
        let tags = listed.tags.unwrap_or_default().into_iter();
        let tags = tags.filter_map(|name| {
            let (pushed, lock) = known.get(&name).copied().unwrap_or_default();
            let tag = Tagged::new(name.parse().ok()?);
            Some(Tagged {
                pushed,
                lock,
                ..tag
            })
        });
        let references = listed.references.unwrap_or_default();
        let own = platform(listed.os.as_deref(), listed.architecture.as_deref());
        let parts = references.iter();
        let parts =
            parts.filter_map(|part| platform(part.os.as_deref(), part.architecture.as_deref()));
        let attributes = listed.changeable_attributes;
        let is_known = |kind: &String| kind.is_empty() || is_config_type(kind);
        Image {
            tags: tags.collect(),
            media_type: listed.media_type.as_deref().map(MediaType::from),
            artifact_type: listed.config_media_type.filter(|kind| !is_known(kind)),
            size: listed.image_size.filter(|size| *size > 0),
            platforms: parts.chain(own).collect(),
            pushed: times.read(listed.created_time.as_deref()),
            updated: times.read(listed.last_update_time.as_deref()),
            lock: attributes.and_then(|attributes| attributes.lock()),
            parts: references.into_iter().map(|part| part.digest).collect(),
            ..Image::new(listed.digest)
        }
    }

    /// Waits for a removal of what is called `what`.
    async fn removed(
        &self,
        what: String,
        removal: impl Future<Output = Result<(), ApiError>>,
    ) -> Result<()> {
        removal.await.map_err(|error| {
            let what = format!("cannot remove {}/{}{what}", self.site.host, self.name);
            self.site.failed(what, Wanted::Remove, error)
        })
    }
}

/// What something runs on, where that is said; attestations are listed for nothing that there is.
fn platform(os: Option<&str>, architecture: Option<&str>) -> Option<Platform> {
    let said = |text: Option<&str>| !matches!(text, None | Some("" | "unknown"));
    if !said(os) && !said(architecture) {
        return None;
    }
    PlatformBuilder::default()
        .os(Os::from(os.unwrap_or_default()))
        .architecture(Arch::from(architecture.unwrap_or_default()))
        .build()
        .ok()
}

#[async_trait]
impl Inventory for Acr {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: true,
            clock: Some(Clock::Pushed),
            pulled: false,
            untagging: Untagging::Keeps,
            guards_parts: false,
            batch: 1,
        }
    }

    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let acr = self.clone();
        let listed = async move {
            let known = match detail {
                Detail::Listed => Known::default(),
                Detail::Full => acr.known().await?,
            };
            Ok::<_, Error>(acr.manifests(known))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let asked = async {
            let path = format!("_manifests/{digest}");
            let document = self.ask(Method::GET, &path, &[Action::MetadataRead]);
            self.read::<One>(&document.await?)
        };
        match asked.await {
            Ok(one) => Ok(Some(self.image(one.manifest, &Known::default()))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => {
                let what = format!("cannot look at {}/{}@{digest}", self.site.host, self.name);
                Err(self.site.failed(what, Wanted::Read, error))
            }
        }
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let removal = |tag: &Tag| {
            let tag = tag.to_string();
            async move {
                let path = format!("_tags/{tag}");
                let asked = self.ask(Method::DELETE, &path, &[Action::Delete]);
                let removal = async {
                    match asked.await {
                        Err(error) if !is_gone(&error) => Err(error),
                        _ => Ok(()),
                    }
                };
                self.removed(format!(":{tag}"), removal).await
            }
        };
        stream::iter(tags.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    /// The registry removes what is attached to an image with it.
    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let removal = |digest: &Digest| {
            let (target, what) = (Target::Digest(digest.clone()), format!("@{digest}"));
            async move {
                let removal = self.site.client.delete_manifest(&self.name, &target);
                self.removed(what, removal).await
            }
        };
        stream::iter(images.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}
