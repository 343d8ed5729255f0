//! GitLab's own API: the container repositories of its projects. It lists tags, and no images
//! without one.
//!
//! GraphQL tells twenty tags at once with all that is known of them. Where it is shut, as it is
//! for the jobs of pipelines, REST is asked about each tag.

mod catalog;
mod find;
mod service;
mod tags;

pub(super) use catalog::Groups;

use super::api::{is_gone, part};
use super::generic::remove;
use super::graphql::{Unanswered, is_too_new};
use super::open::Site;
use super::pages::{Page, walk};
use super::{Abilities, Clock, Detail, Image, Inventory, Untagging};
use crate::auth::scope::Action;
use crate::inventory::by_digest::gathered;
use crate::oci::Digest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Store, Wanted};
use async_trait::async_trait;
use find::{Numbered, Unasked};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::StatusCode;
use serde_json::json;
use service::Service;
use std::sync::Arc;
use tags::{Detailed, FIELDS, Node};
use tokio::sync::OnceCell;

/// A page of REST has no more items.
const PAGE: usize = 100;
/// Tags asked about at once.
const AT_ONCE: usize = 8;

/// One of GitLab's container repositories.
#[derive(Clone)]
pub(super) struct GitLab {
    site: Site,
    name: RepositoryName,
    store: Arc<dyn Store>,
    place: Arc<OnceCell<Place>>,
}

/// Where a repository is, as the API sees it.
#[derive(Clone)]
struct Place {
    service: Service,
    numbered: Numbered,
    speaks_graphql: bool,
}

/// A page of tags.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    /// In GraphQL, with the fields of this number.
    Graphql {
        fields: usize,
        after: Option<String>,
    },
    /// By REST.
    Rest { query: String },
}

impl At {
    fn rest() -> Self {
        Self::Rest {
            query: format!("per_page={PAGE}"),
        }
    }

    /// How else the same page can be had, where the question was not understood.
    fn instead(&self, words: &str) -> Option<Self> {
        match self {
            Self::Graphql {
                fields,
                after: None,
            } => Some(if is_too_new(words) && fields + 1 < FIELDS.len() {
                Self::Graphql {
                    fields: fields + 1,
                    after: None,
                }
            } else {
                Self::rest()
            }),
            _ => None,
        }
    }
}

impl GitLab {
    pub(super) fn new(site: Site, name: RepositoryName, store: Arc<dyn Store>) -> Self {
        Self {
            site,
            name,
            store,
            place: Arc::default(),
        }
    }

    fn failed(&self, doing: &str, wanted: Wanted, error: ApiError) -> Error {
        let what = format!("cannot {doing} {}/{}", self.site.host, self.name);
        self.site.failed(what, wanted, error)
    }

    fn unanswered(&self, error: Unanswered) -> Error {
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        let kind = match error {
            Unanswered::Refused(_) => Kind::Unsupported,
            Unanswered::Malformed(_) => Kind::Corrupt,
        };
        Error::caused(kind, what, error)
    }

    fn absent(&self) -> Error {
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        let why = "no project that may be seen has this repository";
        Error::caused(Kind::NotFound, what, why)
    }

    /// Where the repository is, found out once.
    async fn place(&self) -> Result<&Place> {
        self.place.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<Place> {
        let (site, path) = (&self.site, self.name.as_str());
        let service = Service::of(site, Some(&self.name), &[Action::Pull]).await?;
        let place = |numbered, speaks_graphql| Place {
            service: service.clone(),
            numbered,
            speaks_graphql,
        };
        if service.speaks_graphql {
            match find::by_graphql(&service, path).await {
                Ok(found) => {
                    let found = found.ok_or_else(|| self.absent())?;
                    return Ok(place(found, true));
                }
                // Not let in: no more so by REST.
                Err(Unasked::Refused(error)) if !is_no_graphql(&error) => {
                    return Err(self.failed("list", Wanted::List, error));
                }
                Err(_) => {}
            }
        }
        let found = find::by_rest(&service, path).await;
        let found = found.map_err(|error| self.failed("list", Wanted::List, error))?;
        Ok(place(found.ok_or_else(|| self.absent())?, false))
    }

    async fn page(self, at: Option<At>) -> Result<Page<Image, Option<At>>> {
        let place = self.place().await?;
        let mut at = at.unwrap_or_else(|| {
            if place.speaks_graphql {
                At::Graphql {
                    fields: 0,
                    after: None,
                }
            } else {
                At::rest()
            }
        });
        loop {
            let read = match &at {
                At::Graphql { fields, after } => {
                    self.by_graphql(place, *fields, after.as_deref()).await
                }
                At::Rest { query } => return self.by_rest(place, query).await,
            };
            let error = match read {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let instead = match error.kind() {
                Kind::Unsupported => at.instead(&error.causes_text()),
                _ => None,
            };
            at = instead.ok_or(error)?;
        }
    }

    async fn by_graphql(
        &self,
        place: &Place,
        fields: usize,
        after: Option<&str>,
    ) -> Result<Page<Image, Option<At>>> {
        let id = format!("gid://gitlab/ContainerRepository/{}", place.numbered.id);
        let variables = json!({"id": id, "after": after});
        let question = tags::question(fields);
        let asked = place.service.ask(&question, &variables).await;
        let answer: tags::Answer = asked
            .map_err(|error| self.failed("list", Wanted::List, error))?
            .map_err(|error| self.unanswered(error))?;
        let tags = answer.repository.and_then(|repository| repository.tags);
        let tags = tags.ok_or_else(|| self.absent())?;
        let next = tags.page_info.next();
        let images = stream::iter(tags.nodes)
            .map(|node| self.of_node(node))
            .buffered(AT_ONCE)
            .try_filter_map(|image| std::future::ready(Ok(image)));
        Ok(Page {
            items: images.try_collect().await?,
            next: next.map(|after| {
                Some(At::Graphql {
                    fields,
                    after: Some(after),
                })
            }),
        })
    }

    async fn of_node(&self, node: Node) -> Result<Option<Image>> {
        let digest = self.digest(&node.name, node.digest.as_deref()).await?;
        Ok(digest.and_then(|digest| node.image(digest, &self.site.times)))
    }

    /// What GitLab says that a tag points to, or its registry where GitLab does not know.
    async fn digest(&self, name: &str, told: Option<&str>) -> Result<Option<Digest>> {
        if let Some(digest) = told.and_then(|told| told.parse().ok()) {
            return Ok(Some(digest));
        }
        let Ok(tag) = name.parse::<Tag>() else {
            return Ok(None);
        };
        let there = self.store.look(&Target::Tag(tag)).await?;
        Ok(there.map(|descriptor| descriptor.digest().clone()))
    }

    async fn by_rest(&self, place: &Place, query: &str) -> Result<Page<Image, Option<At>>> {
        let failed = |error| self.failed("list", Wanted::List, error);
        let path = format!("{}?{query}", tags_of(place));
        let answer = place.service.get(&path).await.map_err(failed)?;
        let listed: Vec<Named> = answer.json().map_err(failed)?;
        let images = stream::iter(listed)
            .map(|named| self.detailed(place, named.name))
            .buffered(AT_ONCE)
            .try_filter_map(|image| std::future::ready(Ok(image)));
        let query = answer.next_query();
        Ok(Page {
            items: images.try_collect().await?,
            next: query.map(|query| Some(At::Rest { query })),
        })
    }

    /// All that REST tells of a tag. `None`: it was removed since it was listed.
    async fn detailed(&self, place: &Place, name: String) -> Result<Option<Image>> {
        let path = format!("{}/{}", tags_of(place), part(&name));
        let told: Detailed = match place.service.get(&path).await {
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => return Ok(None),
            answer => answer
                .and_then(|answer| answer.json())
                .map_err(|error| self.failed("list", Wanted::List, error))?,
        };
        let digest = self.digest(&told.name, told.digest.as_deref()).await?;
        Ok(digest.and_then(|digest| told.image(digest, &self.site.times)))
    }

    /// Removes a tag, and nothing but the tag.
    async fn remove_tag(&self, tag: Tag) -> Result<()> {
        let removed = self.store.delete(&Target::Tag(tag.clone())).await;
        let removed = match removed {
            // Before 16.4 the registry cannot, and GitLab does it by putting something else there.
            Err(error) if error.kind() == Kind::Unsupported => {
                self.remove_by_rest(&tag, error).await
            }
            removed => removed,
        };
        removed.map_err(as_rule)
    }

    /// `error` says why it has to be done so, where that is impossible.
    async fn remove_by_rest(&self, tag: &Tag, error: Error) -> Result<()> {
        let Ok(place) = self.place().await else {
            return Err(error);
        };
        let path = format!("{}/{}", tags_of(place), part(tag.as_str()));
        match place.service.delete(&path).await {
            Err(error) if !is_gone(&error) => {
                let what = format!("cannot remove {}/{}:{tag}", self.site.host, self.name);
                Err(self.site.failed(what, Wanted::Remove, error))
            }
            _ => Ok(()),
        }
    }
}

#[derive(serde::Deserialize)]
struct Named {
    name: String,
}

fn tags_of(place: &Place) -> String {
    let Numbered { project, id } = &place.numbered;
    format!("projects/{}/registry/repositories/{id}/tags", part(project))
}

/// Whether there is no GraphQL, as opposed to one that does not let somebody in.
fn is_no_graphql(error: &ApiError) -> bool {
    let status = error.status().map(|status| status.as_u16());
    matches!(status, Some(400 | 404 | 405 | 422))
}

/// A 403 that speaks of protection is about the tag, and not about who asks.
fn as_rule(error: Error) -> Error {
    let is_rule = error
        .refusal()
        .is_some_and(|refusal| refusal.says("protected") || refusal.says("immutable"));
    if is_rule && error.kind() == Kind::Denied {
        error.as_kind(Kind::Refused)
    } else {
        error
    }
}

#[async_trait]
impl Inventory for GitLab {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: false,
            clock: Some(Clock::Pushed),
            pulled: false,
            untagging: Untagging::Keeps,
            guards_parts: false,
            batch: 1,
        }
    }

    fn images(&self, _detail: Detail) -> BoxStream<'static, Result<Image>> {
        let gitlab = self.clone();
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        walk(what, None, move |at| gitlab.clone().page(at))
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let found = gathered(self.images(Detail::Listed), digest).await?;
        if found.is_some() {
            return Ok(found);
        }
        let there = self.store.look(&Target::Digest(digest.clone())).await?;
        Ok(there.map(|descriptor| Image {
            media_type: Some(descriptor.media_type().clone()),
            ..Image::new(digest.clone())
        }))
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        stream::iter(tags.to_vec())
            .map(|tag| self.remove_tag(tag))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let targets = images.iter().cloned().map(Target::Digest);
        let removed = remove(&*self.store, targets.collect()).await;
        let removed = removed.into_iter();
        removed.map(|result| result.map_err(as_rule)).collect()
    }
}
