//! Tags and repositories, as streams.

use super::Client;
use super::error::Error;
use super::page::Pages;
use crate::auth::scope::Action;
use crate::oci::reference::{RepositoryName, Tag};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use serde::Deserialize;
use std::str::FromStr;
use std::sync::Arc;

#[derive(Deserialize)]
struct TagPage {
    /// `null` for a repository without tags on some registries, and with a null inside on others.
    tags: Option<Vec<Option<String>>>,
}

#[derive(Deserialize)]
struct CatalogPage {
    repositories: Option<Vec<Option<String>>>,
}

impl Client {
    /// The tags of a repository, in the registry's order, a page at a time.
    pub fn tags(self: &Arc<Self>, name: &RepositoryName) -> BoxStream<'static, Result<Tag, Error>> {
        let (client, name) = (Arc::clone(self), name.clone());
        let pages = async move {
            let access = client.access(&name, &[Action::Pull]).await?;
            let pages = Pages::new(Arc::clone(&client), format!("{name}/tags/list"), access);
            Ok::<_, Error>(walk(client, pages, |page: TagPage| page.tags))
        };
        stream::once(pages).try_flatten().boxed()
    }

    /// The repositories of the registry, where it lists them.
    pub fn catalog(self: &Arc<Self>) -> BoxStream<'static, Result<RepositoryName, Error>> {
        let client = Arc::clone(self);
        let pages = async move {
            let access = client.access_to_all(client.listing()).await?;
            let pages = Pages::new(Arc::clone(&client), "_catalog".to_owned(), access);
            Ok::<_, Error>(walk(client, pages, |page: CatalogPage| page.repositories))
        };
        stream::once(pages).try_flatten().boxed()
    }
}

/// The names of all pages. One that cannot be a name is told and left out: it is never used in a
/// request.
fn walk<N, P>(
    client: Arc<Client>,
    pages: Pages,
    names: fn(P) -> Option<Vec<Option<String>>>,
) -> impl futures_util::Stream<Item = Result<N, Error>>
where
    N: FromStr + Send + 'static,
    P: serde::de::DeserializeOwned + 'static,
{
    let reader = Arc::clone(&client);
    stream::try_unfold(pages, move |mut pages| {
        let reader = Arc::clone(&reader);
        async move {
            let Some(body) = pages.next().await? else {
                return Ok::<_, Error>(None);
            };
            let page: P = serde_json::from_slice(&body).map_err(|_| {
                Error::protocol(reader.host(), "its list is not the specified JSON")
            })?;
            let page = names(page).unwrap_or_default().into_iter();
            let page: Vec<String> = page.flatten().collect();
            pages.brought_names(&page)?;
            Ok(Some((stream::iter(page.into_iter().map(Ok)), pages)))
        }
    })
    .try_flatten()
    .try_filter_map(move |name| {
        let parsed = name.parse().ok();
        if parsed.is_none() {
            client.warn(&format!("it lists a name that cannot be one: {name}"));
        }
        std::future::ready(Ok(parsed))
    })
}
