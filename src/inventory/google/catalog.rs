//! The repositories below a path: Google's `tags/list` names what is below each.

use super::super::open::Site;
use super::super::{Catalog, Created, Creation};
use super::listing::{self, FIRST};
use super::rest::{Rest, is_project, within};
use crate::auth::scope::Action;
use crate::oci::reference::RepositoryName;
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use http::StatusCode;
use std::collections::HashSet;

/// Paths looked at at once.
const LOOKING: usize = 16;
/// Paths are nested no deeper below the one that is listed.
const DEEPEST: usize = 8;
/// Nor are there more.
const MOST: usize = 100_000;

/// Google's projects.
pub(in crate::inventory) struct Projects {
    site: Site,
}

/// What is below one path.
struct Below {
    name: RepositoryName,
    /// It is a repository of images itself.
    has_images: bool,
    children: Vec<RepositoryName>,
}

/// A walk, level by level.
struct Walk {
    site: Site,
    level: Vec<RepositoryName>,
    seen: HashSet<RepositoryName>,
    depth: usize,
}

impl Projects {
    pub(in crate::inventory) fn new(site: Site) -> Self {
        Self { site }
    }
}

async fn below(site: Site, name: RepositoryName) -> Result<Below> {
    let (mut has_images, mut children) = (false, Vec::new());
    let mut next = Some(FIRST.to_owned());
    let mut asked = HashSet::new();
    while let Some(query) = next.take() {
        let page = listing::page(&site, &name, &query).await;
        let (page, following) = page.map_err(|error| {
            let what = format!("cannot list what is below {}/{name}", site.host);
            site.failed(what, Wanted::List, error)
        })?;
        let is_any = page.manifest.is_some_and(|manifests| !manifests.is_empty());
        has_images |= is_any || page.tags.is_some_and(|tags| !tags.is_empty());
        let named = page.child.unwrap_or_default().into_iter();
        children.extend(named.filter_map(|child| format!("{name}/{child}").parse().ok()));
        asked.insert(query);
        next = following.filter(|next| !asked.contains(next) && asked.len() < MOST);
    }
    Ok(Below {
        name,
        has_images,
        children,
    })
}

impl Walk {
    /// The walk to begin with: a project's repositories are listed by the other API, for those who
    /// may ask that.
    async fn below(site: Site, base: RepositoryName) -> Result<Self> {
        let mut level = vec![base.clone()];
        if is_project(&site.host, &base) {
            let listed = async {
                match Rest::of(&site, &within(&base), Action::Pull).await? {
                    Some(rest) => rest.repositories().await.map(Some),
                    None => Ok(None),
                }
            };
            let listed = listed.await.map_err(|error| {
                let what = format!("cannot list the repositories of {}/{base}", site.host);
                site.failed(what, Wanted::List, error)
            })?;
            if let Some(names) = listed {
                let names = names.iter().map(|name| format!("{base}/{name}").parse());
                level = names.filter_map(Result::ok).collect();
            }
        }
        Ok(Self {
            site,
            seen: level.iter().cloned().collect(),
            level,
            depth: 0,
        })
    }

    /// The repositories of the next level; `None` after the last.
    async fn next(mut self) -> Result<Option<(Vec<RepositoryName>, Self)>> {
        if self.level.is_empty() {
            return Ok(None);
        }
        if self.depth > DEEPEST || self.seen.len() > MOST {
            let what = format!("{} has too many repositories to be listed", self.site.host);
            return Err(Error::new(Kind::Corrupt, what));
        }
        let level = std::mem::take(&mut self.level);
        let looking = level.into_iter().map(|name| below(self.site.clone(), name));
        let read: Vec<Below> = stream::iter(looking)
            .buffered(LOOKING)
            .try_collect()
            .await?;
        let mut names = Vec::new();
        for below in read {
            for child in below.children {
                if self.seen.insert(child.clone()) {
                    self.level.push(child);
                }
            }
            if below.has_images {
                names.push(below.name);
            }
        }
        self.depth += 1;
        Ok(Some((names, self)))
    }
}

#[async_trait]
impl Catalog for Projects {
    /// Takes a request for each of them.
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let base = prefix.trim_end_matches('/');
        let Ok(base) = base.parse::<RepositoryName>() else {
            let what = format!(
                "the repositories of {} are listed by project",
                self.site.host
            );
            let error = Error::new(Kind::Unsupported, what);
            return stream::once(std::future::ready(Err(error))).boxed();
        };
        let walk = Walk::below(self.site.clone(), base);
        stream::once(walk)
            .map_ok(|walk| {
                stream::try_unfold(walk, Walk::next)
                    .map_ok(|names| stream::iter(names).map(Ok))
                    .try_flatten()
            })
            .try_flatten()
            .boxed()
    }

    /// What is made is the repository that images of any name are pushed to.
    async fn create(&self, name: &RepositoryName, creation: &Creation) -> Result<Created> {
        let made = async {
            match Rest::of(&self.site, name, Action::Push).await? {
                Some(rest) => rest.create(creation.immutable).await.map(Some),
                None => Ok(None),
            }
        };
        let what = || format!("cannot make {name} at {}", self.site.host);
        match made.await {
            Ok(Some(())) => Ok(Created::New),
            Ok(None) => {
                let why = "it takes an access token of Google's, and there is none";
                Err(Error::caused(Kind::Unsupported, what(), why))
            }
            Err(error) if is_there(&error) => Ok(Created::Existed),
            Err(error) => Err(self.site.failed(what(), Wanted::Write, error)),
        }
    }
}

fn is_there(error: &ApiError) -> bool {
    error.status() == Some(StatusCode::CONFLICT)
}
