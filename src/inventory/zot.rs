//! zot's own API: its search extension. It lists tags, and no images without one.
//!
//! Source: zot, `pkg/extensions/search/schema.graphql`, `pagination/`, `pkg/api/routes.go`.

use super::generic::remove;
use super::graphql::{self, Unanswered, is_too_new};
use super::open::Site;
use super::pages::{Page, walk};
use super::rounds::{self, Outcome};
use super::{Abilities, Catalog, Clock, Detail, Found, Image, Inventory, Tagged, Untagging};
use crate::auth::scope::Action;
use crate::inventory::by_digest::gathered;
use crate::oci::config::is_config_type;
use crate::oci::manifest::is_index_type;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::oci::{Digest, MediaType, Platform};
use crate::registry::Beside;
use crate::store::{Error, Kind, Result, Store, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many images, or repositories, are asked for at once. zot itself knows no limit.
const PAGE: usize = 500;
/// Where questions are asked.
const SEARCH: &str = "/v2/_zot/ext/search";

/// What is asked of each image, of what knows it all first.
const FIELDS: [&str; 3] = [
    "Tag Digest MediaType Size LastUpdated PushTimestamp TaggedTimestamp LastPullTimestamp ArtifactType Manifests{Digest Platform{Os Arch}}",
    "Tag Digest MediaType Size LastUpdated PushTimestamp LastPullTimestamp Manifests{Digest Platform{Os Arch}}",
    "Tag Digest MediaType Size LastUpdated Manifests{Digest Platform{Os Arch}}",
];

/// One of zot's repositories.
#[derive(Clone)]
pub(super) struct Zot {
    site: Site,
    name: RepositoryName,
    store: Arc<dyn Store>,
    generic: Arc<dyn Inventory>,
}

/// zot's repositories.
pub(super) struct Repositories {
    site: Site,
    whole: Arc<dyn Catalog>,
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct At {
    fields: usize,
    offset: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImageList {
    image_list: Images,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Images {
    page: Option<Count>,
    results: Vec<Summary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Count {
    total_count: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    tag: String,
    digest: Digest,
    media_type: Option<String>,
    artifact_type: Option<String>,
    /// Digits in a string.
    size: Option<String>,
    last_updated: Option<String>,
    push_timestamp: Option<String>,
    tagged_timestamp: Option<String>,
    last_pull_timestamp: Option<String>,
    manifests: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Part {
    digest: Digest,
    platform: Option<RunsOn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunsOn {
    os: Option<String>,
    arch: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GlobalSearch {
    global_search: Hits,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hits {
    page: Option<Count>,
    repos: Option<Vec<Hit>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hit {
    name: String,
    star_count: Option<u64>,
    newest_image: Option<Described>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    description: Option<String>,
}

fn list(fields: usize) -> String {
    let fields = FIELDS.get(fields).copied().unwrap_or_default();
    format!(
        "query($repo:String!,$offset:Int){{ImageList(repo:$repo,requestedPage:{{limit:{PAGE},offset:$offset,sortBy:ALPHABETIC_ASC}}){{Page{{TotalCount}}Results{{{fields}}}}}}}"
    )
}

fn search() -> String {
    format!(
        "query($term:String!,$offset:Int){{GlobalSearch(query:$term,requestedPage:{{limit:{PAGE},offset:$offset,sortBy:RELEVANCE}}){{Page{{TotalCount}}Repos{{Name StarCount NewestImage{{Description}}}}}}}}"
    )
}

/// Asks a question, where `what` is being done.
async fn ask<T: DeserializeOwned>(
    site: &Site,
    name: Option<&RepositoryName>,
    (query, variables): (&str, Value),
    what: &str,
) -> Result<T> {
    let question = graphql::question(query, &variables).to_string();
    let asked = Beside {
        method: Method::POST,
        path: SEARCH.to_owned(),
        body: Some(("application/json", question.into())),
        name,
        actions: &[Action::Pull],
    };
    let answer = site.client.ask_beside(asked).await;
    let answer = answer.map_err(|error| site.failed(what.to_owned(), Wanted::List, error))?;
    graphql::answer(&answer.body).map_err(|error| {
        let kind = match error {
            Unanswered::Refused(_) => Kind::Unsupported,
            Unanswered::Malformed(_) => Kind::Corrupt,
        };
        Error::caused(kind, what, error)
    })
}

/// Where the next page begins, if there is one.
fn next(offset: usize, shown: usize, page: Option<&Count>) -> Option<usize> {
    let after = offset + shown;
    let total = page.map_or(0, |page| page.total_count);
    (shown > 0 && after < total).then_some(after)
}

impl Zot {
    /// `generic` lists a repository that the search does not know.
    pub(super) fn new(
        site: Site,
        name: RepositoryName,
        store: Arc<dyn Store>,
        generic: Arc<dyn Inventory>,
    ) -> Self {
        Self {
            site,
            name,
            store,
            generic,
        }
    }

    async fn page(self, at: At) -> Result<Page<Image, At>> {
        let At { mut fields, offset } = at;
        let what = format!("cannot list the images of {}/{}", self.site.host, self.name);
        let list = loop {
            let query = list(fields);
            let variables = json!({"repo": self.name.as_str(), "offset": offset});
            let asked = ask(&self.site, Some(&self.name), (&query, variables), &what);
            let asked: Result<ImageList> = asked.await;
            match asked {
                Err(error) if fields + 1 < FIELDS.len() && is_too_new(&error.causes_text()) => {
                    fields += 1;
                }
                asked => break asked?.image_list,
            }
        };
        let next = next(offset, list.results.len(), list.page.as_ref());
        let items = list.results.into_iter();
        Ok(Page {
            items: items.filter_map(|summary| self.image(summary)).collect(),
            next: next.map(|offset| At { fields, offset }),
        })
    }

    /// `None`: its name is no tag.
    fn image(&self, summary: Summary) -> Option<Image> {
        let times = &self.site.times;
        let pushed = times.read(summary.push_timestamp.as_deref());
        let tagged = times.read(summary.tagged_timestamp.as_deref());
        let tag = Tagged {
            pushed: tagged.or(pushed),
            ..Tagged::new(summary.tag.parse().ok()?)
        };
        let named = |text: Option<String>| text.filter(|text| !text.is_empty());
        let media_type = named(summary.media_type);
        let is_index = media_type.as_deref().is_some_and(is_index_type);
        let manifests = summary.manifests.unwrap_or_default();
        let platforms = manifests
            .iter()
            .filter_map(|part| platform(part.platform.as_ref()?));
        let size = summary.size.and_then(|size| size.parse().ok());
        Some(Image {
            tags: vec![tag],
            artifact_type: named(summary.artifact_type).filter(|kind| !is_config_type(kind)),
            size: size.filter(|size| *size > 0),
            platforms: platforms.collect(),
            created: times.read(summary.last_updated.as_deref()),
            pushed,
            pulled: times.read(summary.last_pull_timestamp.as_deref()),
            parts: manifests
                .into_iter()
                .filter(|_| is_index)
                .map(|part| part.digest)
                .collect(),
            media_type: media_type.as_deref().map(MediaType::from),
            ..Image::new(summary.digest)
        })
    }
}

/// What runs nowhere has empty names there.
fn platform(runs_on: &RunsOn) -> Option<Platform> {
    let (os, architecture) = (runs_on.os.as_deref()?, runs_on.arch.as_deref()?);
    let is_known = !matches!(os, "" | "unknown") && !architecture.is_empty();
    let platform = json!({"os": os, "architecture": architecture});
    serde_json::from_value(platform).ok().filter(|_| is_known)
}

/// What an index refers to stays: 405, with a code that is elsewhere about rights.
fn is_needed(error: &Error) -> bool {
    let refusal = error.refusal();
    refusal.is_some_and(|refusal| refusal.status == 405 && refusal.has("DENIED"))
}

#[async_trait]
impl Inventory for Zot {
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

    /// A repository that the search does not know may not be there, or have no tags.
    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let (zot, generic) = (self.clone(), Arc::clone(&self.generic));
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        let begin = At {
            fields: 0,
            offset: 0,
        };
        let mut known = walk(what, begin, move |at| zot.clone().page(at));
        let listed = async move {
            match known.next().await {
                None => generic.images(detail),
                first => stream::iter(first).chain(known).boxed(),
            }
        };
        stream::once(listed).flatten().boxed()
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
        let targets = tags.iter().cloned().map(Target::Tag);
        remove(&*self.store, targets.collect()).await
    }

    /// An index takes what only it refers to along.
    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let is_again = AtomicBool::new(false);
        rounds::remove(images, |left| async {
            let again = is_again.swap(true, Ordering::Relaxed);
            let targets = left.into_iter().map(Target::Digest);
            let removed = remove(&*self.store, targets.collect()).await;
            let removed = removed.into_iter();
            let outcome = |result| match result {
                Err(error) if is_needed(&error) => Outcome::Needed(error.as_kind(Kind::Refused)),
                Err(error) if again && error.kind() == Kind::NotFound => Outcome::Over(Ok(())),
                result => Outcome::Over(result),
            };
            removed.map(outcome).collect()
        })
        .await
    }
}

impl Repositories {
    /// `whole` lists them; zot shows everybody those that he may read.
    pub(super) fn new(site: Site, whole: Arc<dyn Catalog>) -> Self {
        Self { site, whole }
    }
}

#[async_trait]
impl Catalog for Repositories {
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        self.whole.repositories(prefix)
    }

    fn search(&self, term: &str) -> Option<BoxStream<'static, Result<Found>>> {
        let (site, term) = (self.site.clone(), term.to_owned());
        let what = format!("cannot search {}", site.host);
        Some(walk(what.clone(), 0, move |offset: usize| {
            let (site, what) = (site.clone(), what.clone());
            let variables = json!({"term": term, "offset": offset});
            async move {
                let query = search();
                let asked: GlobalSearch = ask(&site, None, (&query, variables), &what).await?;
                let hits = asked.global_search;
                let repositories = hits.repos.unwrap_or_default();
                let next = next(offset, repositories.len(), hits.page.as_ref());
                let items = repositories.into_iter().filter_map(found).collect();
                Ok(Page { items, next })
            }
        }))
    }
}

fn found(hit: Hit) -> Option<Found> {
    let description = hit.newest_image.and_then(|newest| newest.description);
    Some(Found {
        name: hit.name.parse().ok()?,
        description: description.filter(|text| !text.is_empty()),
        stars: hit.star_count,
        is_official: false,
    })
}
