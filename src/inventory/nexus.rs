//! Nexus' own API: the components of its docker repositories.
//!
//! Source: help.sonatype.com, "Search API" and "Components API"; nexus-public. Every tag is a
//! component with a copy of the manifest, and so may be every digest.

mod components;

use super::api::{Answer, Api, Call, Pass, is_gone, part};
use super::by_digest::untagged_last;
use super::open::Site;
use super::pages::{Page, walk};
use super::{Abilities, Clock, Detail, Image, Inventory, Untagging};
use crate::auth::scope::Action;
use crate::oci::Digest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Wanted};
use async_trait::async_trait;
use components::{Component, Found, base_and_repository};
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Removals under way at once.
const AT_ONCE: usize = 8;

/// An image name in one of Nexus' repositories.
#[derive(Clone)]
pub(super) struct Nexus {
    site: Site,
    name: RepositoryName,
    place: Arc<OnceCell<Place>>,
}

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    repository: String,
    image: String,
}

impl Nexus {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self {
            site,
            name,
            place: Arc::default(),
        }
    }

    fn called(&self, target: Option<&Target>) -> String {
        let (host, name) = (&self.site.host, &self.name);
        match target {
            None => format!("{host}/{name}"),
            Some(Target::Tag(tag)) => format!("{host}/{name}:{tag}"),
            Some(Target::Digest(digest)) => format!("{host}/{name}@{digest}"),
        }
    }

    async fn ask(&self, call: Call, actions: &[Action]) -> Result<Answer, ApiError> {
        let base = match &self.site.api {
            Some(api) => api.clone(),
            None => self.site.client.home().await?.0,
        };
        let base = base_and_repository(&base).0;
        let found = self.site.client.credential(Some(&self.name), actions);
        let found = found.await?;
        let pass = Pass::of(found.as_ref().map(|found| &found.credential));
        let api = Api::new(self.site.transport.clone(), base);
        api.call(call, &pass).await
    }

    /// One page of the components that `query` finds.
    async fn found(&self, query: &str, token: Option<&str>) -> Result<Found> {
        let mut path = format!("search?format=docker&{query}");
        if let Some(token) = token {
            path = format!("{path}&continuationToken={}", part(token));
        }
        let asked = async {
            let answer = self.ask(Call::get(path), &[Action::Pull]).await?;
            answer.json::<Found>()
        };
        asked.await.map_err(|error| {
            let what = format!("cannot list the images of {}", self.called(None));
            self.site.failed(what, Wanted::List, error)
        })
    }

    /// All components of the image that `query` finds. A search may find more than was meant.
    async fn components(&self, place: &Place, query: &str) -> Result<Vec<Component>> {
        let query = format!("{}{query}", place.query());
        let (mut all, mut token): (Vec<Component>, Option<String>) = (Vec::new(), None);
        loop {
            let page = self.found(&query, token.as_deref()).await?;
            let own = page.items.into_iter();
            all.extend(own.filter(|component| place.has(component)));
            let next = page.continuation_token;
            if next.is_none() || next == token {
                return Ok(all);
            }
            token = next;
        }
    }

    /// Where the image is, found out once: with path-based routing its name begins with the
    /// repository's, and behind a connector the name is all that is known.
    async fn place(&self) -> Result<&Place> {
        self.place.get_or_try_init(|| self.locate()).await
    }

    async fn locate(&self) -> Result<Place> {
        let name = self.name.as_str();
        let place = |repository: &str, image: &str| Place {
            repository: repository.to_owned(),
            image: image.to_owned(),
        };
        let api = self
            .site
            .api
            .as_ref()
            .and_then(|api| base_and_repository(api).1);
        if let Some(repository) = api {
            return Ok(place(&repository, name));
        }
        let whole = self.found(&format!("name={}", part(name)), None).await?;
        let whole = whole
            .items
            .iter()
            .filter(|component| component.name == name);
        let mut places: Vec<Place> = Vec::new();
        for component in whole {
            let found = place(&component.repository, name);
            if !places.contains(&found) {
                places.push(found);
            }
        }
        if let Some((repository, image)) = name.split_once('/') {
            let by_path = place(repository, image);
            let found = self.found(&by_path.query(), None).await?;
            if found.items.iter().any(|component| by_path.has(component)) {
                places.push(by_path);
            }
        }
        match &places[..] {
            [only] => Ok(only.clone()),
            [] => {
                let what = format!("cannot list {}", self.called(None));
                let why = "no docker repository of Nexus that may be searched has such an image";
                Err(Error::caused(Kind::NotFound, what, why))
            }
            several => Err(self.undecided(several)),
        }
    }

    fn undecided(&self, places: &[Place]) -> Error {
        let what = format!("cannot tell where {} is in Nexus", self.called(None));
        let places: Vec<String> = places
            .iter()
            .map(|place| format!("{} in {}", place.image, place.repository))
            .collect();
        let why = format!(
            "it can be {}: `api: https://HOST/repository/NAME` in the settings says which",
            places.join(", or ")
        );
        Error::caused(Kind::Unsupported, what, why)
    }

    async fn page(self, token: Option<String>) -> Result<Page<Image, Option<String>>> {
        let place = self.place().await?;
        let found = self.found(&place.query(), token.as_deref()).await?;
        let own = found.items.iter().filter(|component| place.has(component));
        Ok(Page {
            items: own
                .filter_map(|component| component.image(self.site.times))
                .collect(),
            next: found.continuation_token.map(Some),
        })
    }

    /// The components that are this image: its tags, and perhaps its digest. What the index of
    /// digests does not find is looked for among all tags.
    async fn components_of(&self, digest: &Digest) -> Result<Vec<Component>> {
        let place = self.place().await?;
        for query in [
            format!("&docker.contentDigest={}", part(digest.as_ref())),
            String::new(),
        ] {
            let mut found = self.components(place, &query).await?;
            found.retain(|component| component.digest().as_ref() == Some(digest));
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn remove(&self, component: &Component, target: &Target) -> Result<()> {
        let path = format!("components/{}", part(&component.id));
        match self.ask(Call::delete(path), &[Action::Delete]).await {
            Err(error) if !is_gone(&error) => {
                let what = format!("cannot remove {}", self.called(Some(target)));
                Err(self.site.failed(what, Wanted::Remove, error))
            }
            _ => Ok(()),
        }
    }

    fn absent(&self, target: &Target) -> Error {
        let what = format!("{} is not in Nexus' search", self.called(Some(target)));
        Error::new(Kind::NotFound, what)
    }

    /// A component's id changes with what is put there, and so is looked up right before; what it
    /// holds has to be what the registry says, as the search may lag.
    async fn untag_one(&self, tag: &Tag) -> Result<()> {
        let target = Target::Tag(tag.clone());
        let place = self.place().await?;
        let query = format!("&version={}", part(tag.as_str()));
        let mut found = self.components(place, &query).await?;
        found.retain(|component| component.version.as_deref() == Some(tag.as_str()));
        let [component] = &found[..] else {
            return Err(self.absent(&target));
        };
        let there = self.site.client.head_manifest(&self.name, &target).await;
        let there = there.map_err(|error| {
            let what = format!("cannot look at {}", self.called(Some(&target)));
            self.site.failed(what, Wanted::Read, error)
        })?;
        let there = there.map(|descriptor| descriptor.digest().clone());
        if there.is_none() || there != component.digest() {
            let what = format!(
                "{} is something else in Nexus' search than at the registry, and is left alone",
                self.called(Some(&target))
            );
            return Err(Error::new(Kind::Refused, what));
        }
        self.remove(component, &target).await
    }

    /// Its components, and then what is left of it over the distribution API.
    async fn delete_one(&self, digest: &Digest) -> Result<()> {
        let target = Target::Digest(digest.clone());
        let components = self.components_of(digest).await?;
        for component in &components {
            self.remove(component, &target).await?;
        }
        let left = self.site.client.delete_manifest(&self.name, &target).await;
        match left {
            Err(error) if error.is_not_found() && !components.is_empty() => Ok(()),
            Err(error) => {
                let what = format!("cannot remove {}", self.called(Some(&target)));
                Err(self.site.failed(what, Wanted::Remove, error))
            }
            Ok(()) => Ok(()),
        }
    }
}

impl Place {
    fn query(&self) -> String {
        format!(
            "repository={}&name={}",
            part(&self.repository),
            part(&self.image)
        )
    }

    fn has(&self, component: &Component) -> bool {
        component.repository == self.repository && component.name == self.image
    }
}

#[async_trait]
impl Inventory for Nexus {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: true,
            clock: Some(Clock::Pushed),
            pulled: true,
            untagging: Untagging::RemovesWithTheLast,
            guards_parts: false,
            batch: 1,
        }
    }

    fn images(&self, _detail: Detail) -> BoxStream<'static, Result<Image>> {
        let nexus = self.clone();
        let what = format!("cannot list {}", self.called(None));
        let why = "Nexus' search finds no such image";
        let nothing = Error::caused(Kind::NotFound, what.clone(), why);
        let images = walk(what, None, move |token| nexus.clone().page(token));
        untagged_last(images, nothing)
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let found = self.components_of(digest).await?;
        let images = found
            .iter()
            .filter_map(|component| component.image(self.site.times));
        Ok(images.reduce(|mut image, other| {
            image.tags.extend(other.tags);
            image
        }))
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let removal = |tag: &Tag| {
            let tag = tag.clone();
            async move { self.untag_one(&tag).await }
        };
        stream::iter(tags.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let removal = |image: &Digest| {
            let image = image.clone();
            async move { self.delete_one(&image).await }
        };
        stream::iter(images.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}
