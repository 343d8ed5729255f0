//! Docker Hub's repositories: those of one namespace, and those that a search finds.

use super::PAGE;
use super::access::Visitor;
use super::documents::{Hit, Listed, ListedRepository};
use crate::inventory::api::{Call, part};
use crate::inventory::open::Site;
use crate::inventory::pages::{Page, walk};
use crate::inventory::{Catalog, Found};
use crate::oci::reference::RepositoryName;
use crate::store::{Error, Kind, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::BoxStream;

/// Docker Hub's repositories.
pub(in crate::inventory) struct Namespaces {
    site: Site,
    visitor: Visitor,
}

impl Namespaces {
    pub(in crate::inventory) fn new(site: Site) -> Self {
        Self {
            visitor: Visitor::new(site.clone()),
            site,
        }
    }
}

/// The namespace that a list is of: the one that is named, else that of whoever asks.
async fn namespace(site: &Site, visitor: &Visitor, prefix: &str) -> Result<String> {
    if let Some((namespace, _)) = prefix.split_once('/') {
        return Ok(namespace.to_owned());
    }
    let username = visitor.username(None).await.map_err(|error| {
        let what = format!("cannot list the repositories of {}", site.host);
        site.failed(what, Wanted::List, error)
    })?;
    username.ok_or_else(|| {
        let host = &site.host;
        let what = format!("{host} lists the repositories of one namespace: {host}/NAMESPACE/");
        Error::new(Kind::Unsupported, what)
    })
}

async fn repositories(
    site: Site,
    visitor: Visitor,
    prefix: String,
    number: usize,
) -> Result<Page<RepositoryName, usize>> {
    let namespace = namespace(&site, &visitor, &prefix).await?;
    let listed = async {
        let path = format!(
            "v2/namespaces/{}/repositories?page={number}&page_size={PAGE}",
            part(&namespace)
        );
        // To nobody, it lists what is public and no more.
        visitor.act(None, Call::get(path)).await?.json()
    };
    let listed: Listed<ListedRepository> = listed.await.map_err(|error| {
        let what = format!("cannot list the repositories of {}/{namespace}", site.host);
        site.failed(what, Wanted::List, error)
    })?;
    let next = listed.next.filter(|next| !next.is_empty());
    let named = |listed: ListedRepository| {
        let namespace = listed.namespace.as_deref().unwrap_or(&namespace);
        format!("{namespace}/{}", listed.name).parse().ok()
    };
    Ok(Page {
        items: listed.results.into_iter().filter_map(named).collect(),
        next: next.map(|_| number + 1),
    })
}

async fn hits(
    site: Site,
    visitor: Visitor,
    term: String,
    number: usize,
) -> Result<Page<Found, usize>> {
    let path = format!("v2/search/repositories/?query={term}&page={number}&page_size={PAGE}");
    let listed = async { visitor.read(None, path).await?.json::<Listed<Hit>>() };
    let listed = listed.await.map_err(|error| {
        site.failed(format!("cannot search {}", site.host), Wanted::List, error)
    })?;
    let next = listed.next.filter(|next| !next.is_empty());
    let found = |hit: Hit| {
        let name = if hit.repo_name.contains('/') {
            hit.repo_name
        } else {
            format!("library/{}", hit.repo_name)
        };
        Some(Found {
            name: name.parse().ok()?,
            description: hit.short_description.filter(|text| !text.is_empty()),
            stars: hit.star_count,
            is_official: hit.is_official,
        })
    };
    Ok(Page {
        items: listed.results.into_iter().filter_map(found).collect(),
        next: next.map(|_| number + 1),
    })
}

/// Repositories are made by the first push, as visible as the account makes new ones.
#[async_trait]
impl Catalog for Namespaces {
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let (site, visitor, prefix) = (self.site.clone(), self.visitor.clone(), prefix.to_owned());
        let what = format!("cannot list the repositories of {}", site.host);
        walk(what, 1, move |number| {
            repositories(site.clone(), visitor.clone(), prefix.clone(), number)
        })
    }

    fn search(&self, term: &str) -> Option<BoxStream<'static, Result<Found>>> {
        let (site, visitor) = (self.site.clone(), self.visitor.clone());
        let term: String = url::form_urlencoded::byte_serialize(term.as_bytes()).collect();
        let what = format!("cannot search {}", site.host);
        Some(walk(what, 1, move |number| {
            hits(site.clone(), visitor.clone(), term.clone(), number)
        }))
    }
}
