//! Quay's repositories.

use super::{api, parts};
use crate::inventory::api::{Call, part};
use crate::inventory::distribution::Distribution;
use crate::inventory::open::Site;
use crate::inventory::pages::{Page, walk};
use crate::inventory::{Catalog, Created, Creation, Found};
use crate::oci::reference::RepositoryName;
use crate::registry;
use crate::store::{Error, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::collections::HashSet;

/// A search has no more pages: what comes after is the last one again.
const PAGES: usize = 10;

/// Quay's repositories.
#[derive(Clone)]
pub(in crate::inventory) struct Namespaces {
    site: Site,
}

#[derive(Deserialize)]
struct Repositories {
    repositories: Vec<Named>,
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    namespace: String,
    name: String,
}

#[derive(Deserialize)]
struct Hits {
    results: Vec<Hit>,
    #[serde(default)]
    has_additional: bool,
    page: Option<usize>,
}

#[derive(Deserialize)]
struct Hit {
    /// `repository`, or something that is none.
    kind: String,
    namespace: Owner,
    name: String,
    description: Option<String>,
    stars: Option<u64>,
}

#[derive(Deserialize)]
struct Owner {
    name: String,
}

impl Namespaces {
    pub(in crate::inventory) fn new(site: Site) -> Self {
        Self { site }
    }

    /// Those of a namespace that the API shows, the public ones of others among them.
    fn of(&self, namespace: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let path = format!("repository?namespace={}&public=true", part(namespace));
        let what = format!("cannot list the repositories of {}", self.site.host);
        let namespaces = self.clone();
        walk(what, None, move |token: Option<String>| {
            let next = token.map(|token| format!("&next_page={}", part(&token)));
            let path = format!("{path}{}", next.unwrap_or_default());
            namespaces.clone().page(path)
        })
    }

    async fn page(self, path: String) -> Result<Page<RepositoryName, Option<String>>> {
        let listed = async {
            let (api, pass) = api(&self.site, None, &[]).await?;
            let answer = api.call(Call::get(path), &pass.unwrap_or_default()).await?;
            answer.json::<Repositories>()
        };
        let listed = listed.await.map_err(|error| self.unlisted(error))?;
        let names = listed.repositories.into_iter();
        let names = names.filter_map(|one| format!("{}/{}", one.namespace, one.name).parse().ok());
        Ok(Page {
            items: names.collect(),
            next: listed.next_page.map(Some),
        })
    }

    fn unlisted(&self, error: registry::Error) -> Error {
        let what = format!("cannot list the repositories of {}", self.site.host);
        self.site.failed(what, Wanted::List, error)
    }

    /// Those that the distribution API lists: what whoever asks may read.
    fn catalog(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        Distribution::new(self.site.clone()).repositories(prefix)
    }

    /// Those whose names begin with `prefix`. What a robot may read is not known to the API, and
    /// what everybody may is not known to the distribution API.
    async fn named(self, prefix: String) -> Result<BoxStream<'static, Result<RepositoryName>>> {
        let Some((namespace, _)) = prefix.split_once('/') else {
            return Ok(self.catalog(&prefix));
        };
        let of = self.of(namespace);
        let (_, pass) = api(&self.site, None, &[])
            .await
            .map_err(|error| self.unlisted(error))?;
        let found = self.site.client.credential(None, &[]).await;
        let found = found.map_err(|error| self.unlisted(error))?;
        if pass.is_some() || found.is_none() {
            return Ok(of);
        }
        let own = self.catalog(&prefix);
        let own = own.try_filter(move |name| {
            let is_own = name.as_str().starts_with(&prefix);
            std::future::ready(is_own)
        });
        let mut seen = HashSet::new();
        let new = of.chain(own).try_filter(move |name| {
            let is_new = seen.insert(name.clone());
            std::future::ready(is_new)
        });
        Ok(new.boxed())
    }

    async fn hits(self, term: String, number: usize) -> Result<Page<Found, usize>> {
        let hits = async {
            let (api, pass) = api(&self.site, None, &[]).await?;
            let path = format!("find/repositories?query={term}&page={number}");
            let answer = api.call(Call::get(path), &pass.unwrap_or_default()).await?;
            answer.json::<Hits>()
        };
        let hits = hits.await.map_err(|error| {
            let what = format!("cannot search {}", self.site.host);
            self.site.failed(what, Wanted::List, error)
        })?;
        let is_last = !hits.has_additional || hits.page != Some(number) || number >= PAGES;
        let hits = hits.results.into_iter();
        Ok(Page {
            items: hits.filter_map(Hit::found).collect(),
            next: (!is_last).then_some(number + 1),
        })
    }
}

impl Hit {
    fn found(self) -> Option<Found> {
        let name = format!("{}/{}", self.namespace.name, self.name);
        (self.kind == "repository").then_some(())?;
        Some(Found {
            name: name.parse().ok()?,
            description: self.description.filter(|text| !text.is_empty()),
            stars: self.stars,
            is_official: false,
        })
    }
}

#[async_trait]
impl Catalog for Namespaces {
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let named = self.clone().named(prefix.to_owned());
        stream::once(named).try_flatten().boxed()
    }

    fn search(&self, term: &str) -> Option<BoxStream<'static, Result<Found>>> {
        let (namespaces, term) = (self.clone(), part(term));
        let what = format!("cannot search {}", self.site.host);
        Some(walk(what, 1, move |number| {
            namespaces.clone().hits(term.clone(), number)
        }))
    }

    /// Whoever has no OAuth token makes a repository by pushing to it.
    async fn create(&self, name: &RepositoryName, creation: &Creation) -> Result<Created> {
        let (namespace, rest) = parts(name);
        let made = async {
            let (api, pass) = api(&self.site, None, &[]).await?;
            let Some(pass) = pass else {
                return Ok(Created::ByPush);
            };
            let visibility = if creation.public { "public" } else { "private" };
            let call = Call::new(Method::POST, "repository").json(&json!({
                "namespace": namespace,
                "repository": rest,
                "visibility": visibility,
                "description": "",
                "repo_kind": "image",
            }));
            api.call(call, &pass).await.map(|_| Created::New)
        };
        match made.await {
            Err(error) if is_there(&error) => Ok(Created::Existed),
            made => made.map_err(|error| {
                let what = format!("cannot make {}/{name}", self.site.host);
                self.site.failed_at(name, what, Wanted::Write, error)
            }),
        }
    }
}

/// Quay says so in words alone.
fn is_there(error: &registry::Error) -> bool {
    let registry::Error::Refused(problem) = error else {
        return false;
    };
    let mut said = problem.details.iter().map(|detail| &detail.message);
    problem.status == StatusCode::BAD_REQUEST
        && said.any(|said| said.to_ascii_lowercase().contains("already exists"))
}
