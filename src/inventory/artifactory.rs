//! Artifactory's own API: the files that images are there.
//!
//! Source: docs.jfrog.com, "Artifactory Query Language" and "Delete Item". A tag is a folder with a
//! copy of the manifest and of every layer. What was pushed by digest, parts of indexes too, is in
//! a folder that is called by it.

mod folders;
mod place;
mod query;

use super::api::{Answer, Api, Call, Pass, is_gone, part};
use super::by_digest::untagged_last;
use super::open::Site;
use super::pages::{Page, walk};
use super::{Abilities, Clock, Detail, Image, Inventory, Tagged, Untagging};
use crate::auth::scope::Action;
use crate::oci::Digest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Wanted};
use crate::transport::Attempts;
use async_trait::async_trait;
use folders::{Folder, images};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use place::{Place, base_and_key, key_of_realm};
use query::{Item, PAGE, Results, TOGETHER};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// Removals under way at once.
const AT_ONCE: usize = 8;

/// An image path in one of Artifactory's repositories.
#[derive(Clone)]
pub(super) struct Artifactory {
    site: Site,
    name: RepositoryName,
    place: Arc<OnceCell<Arc<Place>>>,
}

impl Artifactory {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self {
            site,
            name,
            place: Arc::default(),
        }
    }

    fn called(&self) -> String {
        format!("{}/{}", self.site.host, self.name)
    }

    async fn api(&self, actions: &[Action]) -> Result<(Api, Pass), ApiError> {
        let base = if let Some(api) = &self.site.api {
            base_and_key(api).0
        } else {
            let (home, _) = self.site.client.home().await?;
            home.join("artifactory/").map_err(|_| ApiError::Protocol {
                host: self.site.host.to_string(),
                what: "its address cannot be extended".to_owned(),
            })?
        };
        let found = self.site.client.credential(Some(&self.name), actions);
        let found = found.await?;
        let pass = Pass::of(found.as_ref().map(|found| &found.credential));
        Ok((Api::new(self.site.transport.clone(), base), pass))
    }

    async fn ask(&self, call: Call, actions: &[Action]) -> Result<Answer, ApiError> {
        let (api, pass) = self.api(actions).await?;
        api.call(call, &pass).await
    }

    async fn items(&self, call: Call) -> Result<Vec<Item>> {
        let asked = async { self.ask(call, &[Action::Pull]).await?.json::<Results>() };
        let results = asked.await.map_err(|error| {
            let what = format!("cannot list the images of {}", self.called());
            self.site.failed(what, Wanted::List, error)
        })?;
        Ok(results.results)
    }

    /// Where the image is, found out once.
    async fn place(&self) -> Result<Arc<Place>> {
        let place = self.place.get_or_try_init(|| self.locate()).await?;
        Ok(Arc::clone(place))
    }

    async fn locate(&self) -> Result<Arc<Place>> {
        let api = self.site.api.as_ref().and_then(|api| base_and_key(api).1);
        let realm = if api.is_some() {
            None
        } else {
            let greeting = self.site.client.greet(Attempts::Policy).await;
            let greeting = greeting.map_err(|error| {
                let what = format!("cannot ask {} what it is", self.site.host);
                self.site.failed(what, Wanted::List, error)
            })?;
            let realm = greeting.offer().and_then(|offer| offer.realm);
            realm.and_then(|realm| key_of_realm(&realm))
        };
        let name = self.name.as_str();
        let place = Place::of(&self.site.host, name, api, realm);
        let place = place.ok_or_else(|| self.unplaced("which of its repositories it serves"))?;
        if place.is_guessed {
            let whole = Place {
                image: name.to_owned(),
                ..place.clone()
            };
            let elsewhere = self.items(query::anywhere(name)).await?;
            let mut elsewhere = elsewhere.iter();
            if elsewhere.any(|item| whole.name_of(&item.path).is_some()) {
                return Err(self.unplaced("whether its repository is the first part of the name"));
            }
        }
        Ok(Arc::new(place))
    }

    fn unplaced(&self, what: &str) -> Error {
        let said = format!("cannot tell where {} is in Artifactory", self.called());
        let why = format!(
            "{} does not say {what}: `api: https://HOST/artifactory/REPOSITORYKEY` in the settings would",
            self.site.host
        );
        Error::caused(Kind::Unsupported, said, why)
    }

    async fn page(self, detail: Detail, offset: usize) -> Result<Page<Item, usize>> {
        let place = self.place().await?;
        let call = query::of_image(&place, detail == Detail::Listed, offset);
        let items = self.items(call).await?;
        let next = (items.len() == PAGE).then_some(offset + PAGE);
        Ok(Page { items, next })
    }

    /// What is in these folders, by their names.
    async fn folders(&self, place: &Place, names: &[String]) -> Result<HashMap<String, Folder>> {
        let mut folders: HashMap<String, Folder> = HashMap::new();
        for names in names.chunks(TOGETHER) {
            let paths: Vec<String> = names.iter().map(|name| place.folder(name)).collect();
            for item in self.items(query::of_folders(place, &paths)).await? {
                if let Some(name) = place.name_of(&item.path) {
                    folders.entry(name.to_owned()).or_default().add(item);
                }
            }
        }
        Ok(folders)
    }

    /// The names of the folders that hold one of these images.
    async fn holding(&self, place: &Place, images: &[Digest]) -> Result<Vec<(Digest, String)>> {
        let mut holding = Vec::new();
        for images in images.chunks(TOGETHER) {
            let items = self.items(query::of_digests(place, images)).await?;
            if items.len() >= PAGE {
                let what = format!("cannot list the tags of {}", self.called());
                let why = format!("there are more than {PAGE} of them");
                return Err(Error::caused(Kind::Unsupported, what, why));
            }
            let items = items.iter().filter(|item| item.is_manifest());
            holding.extend(items.filter_map(|item| {
                let name = place.name_of(&item.path)?.to_owned();
                Some((item.digest()?, name))
            }));
        }
        Ok(holding)
    }

    /// What the distribution API says is at `target`: the same files, seen from the other side. A
    /// place that somebody named wrongly shows here.
    async fn confirm(&self, target: &Target) -> Result<Option<Digest>> {
        let asked = self.site.client.head_manifest(&self.name, target).await;
        let there = asked.map_err(|error| {
            let what = format!("cannot look at {}", self.called());
            self.site.failed(what, Wanted::Read, error)
        })?;
        Ok(there.map(|descriptor| descriptor.digest().clone()))
    }

    async fn remove(&self, place: &Place, folder: &str) -> Result<()> {
        let parts = place.image.split('/').chain([folder]).map(part);
        let path: Vec<String> = std::iter::once(part(&place.key)).chain(parts).collect();
        let removed = self.ask(Call::delete(path.join("/")), &[Action::Delete]);
        match removed.await {
            Err(error) if !is_gone(&error) => {
                let what = format!("cannot remove {}:{folder}", self.called());
                Err(self.site.failed(what, Wanted::Remove, error))
            }
            _ => Ok(()),
        }
    }

    fn differs(&self, target: &Target) -> Error {
        let reference = match target {
            Target::Tag(tag) => format!("{}:{tag}", self.called()),
            Target::Digest(digest) => format!("{}@{digest}", self.called()),
        };
        let what = format!(
            "{reference} is something else by Artifactory's API than by the registry, and is left alone"
        );
        Error::new(Kind::Refused, what)
    }

    async fn untag_one(&self, place: &Place, tag: &Tag, folder: Option<&Folder>) -> Result<()> {
        let target = Target::Tag(tag.clone());
        let Some(folder) = folder else {
            let what = format!("{}:{tag} is not there", self.called());
            return Err(Error::new(Kind::NotFound, what));
        };
        match self.confirm(&target).await? {
            Some(digest) if folder.holds(&digest) => self.remove(place, tag.as_str()).await,
            _ => Err(self.differs(&target)),
        }
    }

    async fn delete_one(&self, place: &Place, digest: &Digest, names: Vec<String>) -> Result<()> {
        let target = Target::Digest(digest.clone());
        if names.is_empty() {
            let what = format!("{}@{digest} is not there", self.called());
            return Err(Error::new(Kind::NotFound, what));
        }
        if self.confirm(&target).await?.is_none() {
            return Err(self.differs(&target));
        }
        let removals = names
            .into_iter()
            .map(|name| async move { self.remove(place, &name).await });
        let removed: Vec<Result<()>> = stream::iter(removals).buffered(AT_ONCE).collect().await;
        removed.into_iter().collect()
    }

    /// The folders of each image to be removed, which hold nothing else.
    async fn doomed(&self, images: &[Digest]) -> Result<(Arc<Place>, Vec<(Digest, String)>)> {
        let place = self.place().await?;
        let holding = self.holding(&place, images).await?;
        let names: Vec<String> = holding.iter().map(|(_, name)| name.clone()).collect();
        let folders = self.folders(&place, &names).await?;
        for (digest, name) in &holding {
            let is_alone = |folder: &Folder| folder.manifests() == 1 && folder.holds(digest);
            if !folders.get(name).is_some_and(is_alone) {
                return Err(self.differs(&Target::Digest(digest.clone())));
            }
        }
        Ok((place, holding))
    }
}

#[async_trait]
impl Inventory for Artifactory {
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

    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let (this, times) = (self.clone(), self.site.times);
        let what = format!("cannot list {}", self.called());
        let listed = async move {
            let place = this.place().await?;
            let (pages, said) = (this.clone(), what.clone());
            let items = walk(said, 0, move |offset| pages.clone().page(detail, offset));
            let Place { key, image, .. } = &*place;
            // Not there, or in another repository than was thought.
            let why = format!("there is no image {image} in Artifactory's repository {key}");
            let nothing = Error::caused(Kind::NotFound, what, why);
            let images = images(items, Arc::clone(&place), times, detail);
            Ok::<_, Error>(untagged_last(images, nothing))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let place = self.place().await?;
        let mut image: Option<Image> = None;
        for (_, name) in self.holding(&place, std::slice::from_ref(digest)).await? {
            let image = image.get_or_insert_with(|| Image::new(digest.clone()));
            image.tags.extend(folders::tag(&name).map(Tagged::new));
        }
        Ok(image)
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let looked = async {
            let place = self.place().await?;
            let names: Vec<String> = tags.iter().map(Tag::to_string).collect();
            let folders = self.folders(&place, &names).await?;
            Ok((place, folders))
        };
        let (place, folders) = match looked.await {
            Ok(looked) => looked,
            Err(error) => return all(&error, tags.len()),
        };
        let (place, folders) = (&place, &folders);
        let removal = |tag: &Tag| {
            let tag = tag.clone();
            async move {
                let folder = folders.get(tag.as_str());
                self.untag_one(place, &tag, folder).await
            }
        };
        stream::iter(tags.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let (place, holding) = match self.doomed(images).await {
            Ok(doomed) => doomed,
            Err(error) => return all(&error, images.len()),
        };
        let (place, holding) = (&place, &holding);
        let removal = |image: &Digest| {
            let image = image.clone();
            async move {
                let own = holding.iter().filter(|(digest, _)| *digest == image);
                let names: Vec<String> = own.map(|(_, name)| name.clone()).collect();
                self.delete_one(place, &image, names).await
            }
        };
        stream::iter(images.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}

/// The same failure for each.
fn all(error: &Error, count: usize) -> Vec<Result<()>> {
    (0..count).map(|_| Err(error.again())).collect()
}
