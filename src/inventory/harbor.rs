//! Harbor's own API: what is in its projects.
//!
//! Source: Harbor, `api/v2.0/swagger.yaml`. Parts of indexes and attachments are not listed by
//! themselves there.

use super::api::{Api, Call, Pass, is_gone, part};
use super::open::Site;
use super::pages::{Page, walk};
use super::{
    Abilities, Catalog, Clock, Created, Creation, Detail, Found, Image, Inventory, Lock, Tagged,
    Untagging,
};
use crate::auth::scope::Action;
use crate::oci::reference::{RepositoryName, Tag};
use crate::oci::{Digest, MediaType, Platform};
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

/// A page has no more items.
const PAGE: usize = 100;
/// Removals under way at once.
const AT_ONCE: usize = 8;

/// One of Harbor's repositories.
#[derive(Clone)]
pub(super) struct Harbor {
    site: Site,
    name: RepositoryName,
}

/// Harbor's repositories.
pub(super) struct Projects {
    site: Site,
}

#[derive(Deserialize)]
struct Artifact {
    digest: Digest,
    size: Option<u64>,
    manifest_media_type: Option<String>,
    artifact_type: Option<String>,
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

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Hits {
    repository: Option<Vec<Hit>>,
}

#[derive(Deserialize)]
struct Hit {
    repository_name: String,
}

/// The API, and whoever asks it.
async fn api(
    site: &Site,
    name: Option<&RepositoryName>,
    actions: &[Action],
) -> Result<(Api, Pass), ApiError> {
    let (home, _) = site.client.home().await?;
    let base = site.api.clone().unwrap_or(home);
    let base = base.join("api/v2.0/").map_err(|_| ApiError::Protocol {
        host: site.host.to_string(),
        what: "its address cannot be extended".to_owned(),
    })?;
    let found = site.client.credential(name, actions).await?;
    let pass = Pass::of(found.as_ref().map(|found| &found.credential));
    Ok((Api::new(site.transport.clone(), base), pass))
}

impl Harbor {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self { site, name }
    }

    /// Where its artifacts are: the rest of the name is escaped twice, as Harbor wants it.
    fn artifacts(&self) -> String {
        let name = self.name.as_str();
        let (project, rest) = name.split_once('/').unwrap_or(("library", name));
        let rest = part(&part(rest));
        format!("projects/{}/repositories/{rest}/artifacts", part(project))
    }

    async fn page(self, number: usize) -> Result<Page<Image, usize>> {
        let listed = async {
            let (api, pass) = api(&self.site, Some(&self.name), &[Action::Pull]).await?;
            let path = format!(
                "{}?page={number}&page_size={PAGE}&with_tag=true&with_immutable_status=true",
                self.artifacts()
            );
            api.call(Call::get(path), &pass)
                .await?
                .json::<Vec<Artifact>>()
        };
        let listed = listed.await.map_err(|error| {
            let what = format!("cannot list the images of {}/{}", self.site.host, self.name);
            self.site.failed(what, Wanted::List, error)
        })?;
        let next = (listed.len() == PAGE).then_some(number + 1);
        let items = listed.into_iter().map(|artifact| self.image(artifact));
        Ok(Page {
            items: items.collect(),
            next,
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
        let created = artifact.extra_attrs.and_then(|extra| extra.created);
        Image {
            tags: tags.collect(),
            media_type: artifact.manifest_media_type.as_deref().map(MediaType::from),
            artifact_type: artifact.artifact_type.filter(|kind| !is_image(kind)),
            size: artifact.size.filter(|size| *size > 0),
            platforms: references
                .iter()
                .filter_map(|part| part.platform.clone())
                .collect(),
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

    /// Removes what is at `path` below the artifacts, which is called `what`.
    async fn remove(&self, path: String, what: String) -> Result<()> {
        let removed = async {
            let (api, pass) = api(&self.site, Some(&self.name), &[Action::Delete]).await?;
            let path = format!("{}/{path}", self.artifacts());
            api.call(Call::delete(path), &pass).await
        };
        match removed.await {
            Err(error) if !is_gone(&error) => {
                let what = format!("cannot remove {}/{}{what}", self.site.host, self.name);
                let is_rule = error.status() == Some(StatusCode::PRECONDITION_FAILED);
                let failed = self.site.failed(what, Wanted::Remove, error);
                Err(if is_rule {
                    failed.as_kind(Kind::Refused)
                } else {
                    failed
                })
            }
            _ => Ok(()),
        }
    }
}

/// Whether this is the media type of an image's config, and so says nothing.
fn is_image(kind: &str) -> bool {
    crate::oci::config::is_config_type(kind)
}

#[async_trait]
impl Inventory for Harbor {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: true,
            clock: Some(Clock::Pushed),
            pulled: true,
            untagging: Untagging::Keeps,
            guards_parts: false,
            batch: 1,
        }
    }

    fn images(&self, _detail: Detail) -> BoxStream<'static, Result<Image>> {
        let harbor = self.clone();
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        walk(what, 1, move |number| harbor.clone().page(number))
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let asked = async {
            let (api, pass) = api(&self.site, Some(&self.name), &[Action::Pull]).await?;
            let path = format!(
                "{}/{digest}?with_tag=true&with_immutable_status=true",
                self.artifacts()
            );
            api.call(Call::get(path), &pass).await?.json::<Artifact>()
        };
        match asked.await {
            Ok(artifact) => Ok(Some(self.image(artifact))),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(None),
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
                self.remove(format!("{tag}/tags/{tag}"), format!(":{tag}"))
                    .await
            }
        };
        stream::iter(tags.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let removal = |digest: &Digest| {
            let digest = digest.to_string();
            async move { self.remove(digest.clone(), format!("@{digest}")).await }
        };
        stream::iter(images.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

impl Projects {
    pub(super) fn new(site: Site) -> Self {
        Self { site }
    }
}

#[async_trait]
impl Catalog for Projects {
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let path = match prefix.split_once('/') {
            Some((project, _)) => format!("projects/{}/repositories", part(project)),
            None => "repositories".to_owned(),
        };
        let site = self.site.clone();
        let what = format!("cannot list the repositories of {}", site.host);
        let said = what.clone();
        walk(what, 1, move |number: usize| {
            let (site, path, said) = (site.clone(), path.clone(), said.clone());
            async move {
                let listed = async {
                    let (api, pass) = api(&site, None, &[]).await?;
                    let path = format!("{path}?page={number}&page_size={PAGE}");
                    api.call(Call::get(path), &pass).await?.json::<Vec<Named>>()
                };
                let listed = listed
                    .await
                    .map_err(|error| site.failed(said, Wanted::List, error))?;
                let next = (listed.len() == PAGE).then_some(number + 1);
                let items = listed
                    .into_iter()
                    .filter_map(|named| named.name.parse().ok());
                let items = items.collect();
                Ok(Page { items, next })
            }
        })
    }

    fn search(&self, term: &str) -> Option<BoxStream<'static, Result<Found>>> {
        let site = self.site.clone();
        let term: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
        let what = format!("cannot search {}", site.host);
        Some(walk(what.clone(), (), move |()| {
            let (site, path, what) = (site.clone(), format!("search?q={term}"), what.clone());
            async move {
                let hits = async {
                    let (api, pass) = api(&site, None, &[]).await?;
                    api.call(Call::get(path), &pass).await?.json::<Hits>()
                };
                let hits = hits
                    .await
                    .map_err(|error| site.failed(what, Wanted::List, error))?;
                let hits = hits.repository.unwrap_or_default().into_iter();
                let found = |hit: Hit| {
                    Some(Found {
                        name: hit.repository_name.parse().ok()?,
                        description: None,
                        stars: None,
                        is_official: false,
                    })
                };
                Ok(Page {
                    items: hits.filter_map(found).collect(),
                    next: None,
                })
            }
        }))
    }

    /// Harbor makes repositories by itself, and their projects when asked.
    async fn create(&self, name: &RepositoryName, creation: &Creation) -> Result<Created> {
        let project = name.as_str().split('/').next().unwrap_or_default();
        let made = async {
            let (api, pass) = api(&self.site, None, &[]).await?;
            let public = if creation.public { "true" } else { "false" };
            let project = json!({"project_name": project, "metadata": {"public": public}});
            let call = Call::new(Method::POST, "projects").json(&project);
            api.call(call, &pass).await
        };
        match made.await {
            Ok(_) => Ok(Created::New),
            Err(error) if error.status() == Some(StatusCode::CONFLICT) => Ok(Created::Existed),
            Err(error) => {
                let what = format!("cannot make the project {project} at {}", self.site.host);
                Err::<_, Error>(self.site.failed(what, Wanted::Write, error))
            }
        }
    }
}
