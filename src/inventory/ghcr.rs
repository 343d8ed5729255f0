//! GitHub's container registry by its REST API: what it calls versions of packages are manifests,
//! with tags or without.
//!
//! Parts of indexes and attachments look as if nothing needed them: whoever removes has to read the
//! indexes. Source: GitHub's API description, `@octokit/openapi`.

mod access;
mod catalog;
mod documents;
mod placeholder;

use super::api::{Call, is_gone, part};
use super::open::Site;
use super::pages::{Page, walk};
use super::{Abilities, Clock, Detail, Image, Inventory, Tagged, Untagging};
use crate::auth::scope::Action;
use crate::oci::Digest;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{RepositoryName, Tag, Target};
use crate::registry::{Error as ApiError, Precondition};
use crate::store::{Error, Kind, Result, Wanted};
use access::Visitor;
pub(super) use access::home;
use async_trait::async_trait;
pub(super) use catalog::Packages;
use documents::Version;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use placeholder::Placeholder;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The first page of a list, as many items on it as there can be.
const FIRST: &str = "per_page=100&page=1";
/// Requests under way at once: GitHub counts what is changed in a minute.
const AT_ONCE: usize = 4;
/// So often a version that was just made is looked for.
const LATE: u32 = 5;
/// The first wait for it.
const WAIT: Duration = Duration::from_millis(500);

/// One of GitHub's container packages.
#[derive(Clone)]
pub(super) struct Ghcr {
    site: Site,
    name: RepositoryName,
    visitor: Visitor,
    /// The numbers of versions that somebody asked for by digest.
    numbers: Arc<Mutex<HashMap<Digest, u64>>>,
}

impl Ghcr {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self {
            visitor: Visitor::new(site.clone()),
            site,
            name,
            numbers: Arc::default(),
        }
    }

    fn failed(&self, doing: &str, which: &str, wanted: Wanted, error: ApiError) -> Error {
        let what = format!("cannot {doing} {}/{}{which}", self.site.host, self.name);
        let is_rule = matches!(&error, ApiError::Refused(problem) if is_rule(&problem.to_string()));
        let failed = self.site.failed(what, wanted, error);
        if is_rule {
            failed.as_kind(Kind::Refused)
        } else {
            failed
        }
    }

    /// Where its versions are.
    async fn versions(&self) -> Result<String, ApiError> {
        let name = self.name.as_str();
        let (owner, rest) = name.split_once('/').unwrap_or((name, ""));
        let packages = self.visitor.packages(Some(&self.name), owner).await?;
        Ok(format!("{packages}/container/{}/versions", part(rest)))
    }

    async fn page(self, query: String) -> Result<Page<Version, String>> {
        let listed = async {
            let call = Call::get(format!("{}?{query}", self.versions().await?));
            let actions = &[Action::Pull];
            let answer = self.visitor.ask(Some(&self.name), actions, call).await?;
            Ok((answer.json()?, answer.next_query()))
        };
        let (items, next) = listed
            .await
            .map_err(|error| self.failed("list the images of", "", Wanted::List, error))?;
        Ok(Page { items, next })
    }

    fn walk(&self) -> BoxStream<'static, Result<Version>> {
        let ghcr = self.clone();
        let what = format!("cannot list {}/{}", self.site.host, self.name);
        walk(what, FIRST.to_owned(), move |query| {
            ghcr.clone().page(query)
        })
    }

    /// The version of a manifest. `None`: there is none.
    async fn version(&self, digest: &Digest) -> Result<Option<Version>> {
        let mut listed = self.walk();
        while let Some(version) = listed.try_next().await? {
            if version.name == digest.as_ref() {
                self.numbers().insert(digest.clone(), version.id);
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    fn numbers(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, u64>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn image(&self, version: &Version) -> Option<Image> {
        let tags = version.tags().iter().filter_map(|tag| tag.parse().ok());
        Some(Image {
            tags: tags.map(Tagged::new).collect(),
            pushed: self.site.times.read(version.created_at.as_deref()),
            updated: self.site.times.read(version.updated_at.as_deref()),
            // Packages of other sorts have names that are none.
            ..Image::new(version.name.parse().ok()?)
        })
    }

    async fn remove(&self, number: u64, which: &str) -> Result<()> {
        let removed = async {
            let call = Call::delete(format!("{}/{number}", self.versions().await?));
            let actions = &[Action::Delete];
            self.visitor.ask(Some(&self.name), actions, call).await
        };
        match removed.await {
            Err(error) if !is_gone(&error) => {
                Err(self.failed("remove", which, Wanted::Remove, error))
            }
            _ => Ok(()),
        }
    }

    /// The numbers of those of these manifests that there are, from one walk through the list
    /// where they are not known.
    async fn number(&self, images: &[Digest]) -> Result<HashMap<Digest, u64>> {
        let known = self.numbers().clone();
        let mut open: HashSet<&Digest> = images.iter().collect();
        let mut found = HashMap::new();
        for digest in images {
            if let Some(number) = known.get(digest) {
                open.remove(digest);
                found.insert(digest.clone(), *number);
            }
        }
        let mut listed = self.walk();
        while !open.is_empty() {
            let Some(version) = listed.try_next().await? else {
                break;
            };
            if let Ok(digest) = version.name.parse::<Digest>()
                && open.remove(&digest)
            {
                found.insert(digest, version.id);
            }
        }
        Ok(found)
    }

    /// Puts `placeholder` under a tag.
    async fn displace(&self, tag: &Tag, placeholder: &Placeholder) -> Result<Manifest> {
        let target = Target::Tag(tag.clone());
        let original = self.site.client.get_manifest(&self.name, &target).await;
        let original =
            original.map_err(|e| self.failed("read", &format!(":{tag}"), Wanted::Read, e))?;
        match self.put(tag, &placeholder.manifest).await {
            Ok(()) => Ok(original),
            // It may have got there, and only its answer was lost.
            Err(error) => Err(self.put_back(tag, &original, placeholder, error).await),
        }
    }

    async fn put(&self, tag: &Tag, manifest: &Manifest) -> Result<()> {
        let (client, target) = (&self.site.client, Target::Tag(tag.clone()));
        let put = client.put_manifest(&self.name, &target, manifest, &Precondition::Anything);
        let put = put.await;
        put.map(|_| ())
            .map_err(|e| self.failed("write", &format!(":{tag}"), Wanted::Write, e))
    }

    /// Puts back what was under a tag, unless somebody else wrote it meanwhile, and says why the
    /// tag was not removed.
    async fn put_back(
        &self,
        tag: &Tag,
        original: &Manifest,
        placeholder: &Placeholder,
        why: Error,
    ) -> Error {
        let (client, target) = (&self.site.client, Target::Tag(tag.clone()));
        let there = client.head_manifest(&self.name, &target).await;
        let is_placed = there.is_ok_and(|there| {
            there.is_some_and(|there| there.digest() == placeholder.manifest.digest())
        });
        if !is_placed || self.put(tag, original).await.is_ok() {
            return why;
        }
        let (host, name, digest) = (&self.site.host, &self.name, original.digest());
        let what = format!(
            "cannot remove {host}/{name}:{tag}, which stands for nothing now: it was {digest}"
        );
        Error::caused(why.kind(), what, why)
    }

    /// Removes the version that `placeholder` became, once it is seen to have these tags and no
    /// others.
    async fn remove_placeholder(&self, placeholder: &Placeholder, tags: &[&Tag]) -> Result<()> {
        let wanted: HashSet<&str> = tags.iter().map(|tag| tag.as_str()).collect();
        let digest = placeholder.manifest.digest();
        let which: Vec<String> = tags.iter().map(|tag| format!(":{tag}")).collect();
        let which = which.join(", ");
        for attempt in 0..LATE {
            if attempt > 0 {
                tokio::time::sleep(WAIT * 2_u32.pow(attempt - 1)).await;
            }
            let Some(version) = self.version(digest).await? else {
                continue;
            };
            let held: HashSet<&str> = version.tags().iter().map(String::as_str).collect();
            if held == wanted {
                return self.remove(version.id, &which).await;
            }
        }
        let what = format!(
            "cannot remove {}/{}{which}: GitHub does not list what was just put there",
            self.site.host, self.name
        );
        Err(Error::new(Kind::Unavailable, what))
    }
}

/// Whether GitHub says that it keeps what many use, or the last that has a tag.
fn is_rule(words: &str) -> bool {
    let rules = ["downloads", "last tagged version"];
    rules.iter().any(|rule| words.contains(rule))
}

#[async_trait]
impl Inventory for Ghcr {
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

    fn images(&self, _detail: Detail) -> BoxStream<'static, Result<Image>> {
        let ghcr = self.clone();
        let images = move |version| std::future::ready(Ok(ghcr.image(&version)));
        self.walk().try_filter_map(images).boxed()
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let version = self.version(digest).await?;
        Ok(version.and_then(|version| self.image(&version)))
    }

    /// GitHub removes no tag alone: each is put on an image that goes with them.
    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let prepared = async {
            // Whoever may not use the API must not have written anything.
            self.clone().page(FIRST.to_owned()).await?;
            let failed = |e| self.failed("write to", "", Wanted::Write, e);
            let placeholder = Placeholder::new().map_err(failed)?;
            let (client, config) = (&self.site.client, &placeholder.config);
            let placed = client.ensure_blob(&self.name, config, &placeholder, &[], true);
            placed.await.map_err(failed)?;
            Ok::<_, Error>(placeholder)
        };
        let placeholder = match prepared.await {
            Ok(placeholder) => placeholder,
            Err(error) => return tags.iter().map(|_| Err(error.again())).collect(),
        };
        let placeholder = &placeholder;
        let displacement = |tag: &Tag| {
            let tag = tag.clone();
            async move { self.displace(&tag, placeholder).await }
        };
        let displaced: Vec<Result<Manifest>> = stream::iter(tags.iter().map(displacement))
            .buffered(AT_ONCE)
            .collect()
            .await;
        let pairs = tags.iter().zip(&displaced);
        let moved: Vec<&Tag> = pairs
            .filter(|(_, it)| it.is_ok())
            .map(|(tag, _)| tag)
            .collect();
        let removed = match &moved[..] {
            [] => Ok(()),
            moved => self.remove_placeholder(placeholder, moved).await,
        };
        let mut results = Vec::new();
        for (tag, original) in tags.iter().zip(displaced) {
            results.push(match (original, &removed) {
                (Err(error), _) => Err(error),
                (Ok(_), Ok(())) => Ok(()),
                (Ok(original), Err(why)) => Err(self
                    .put_back(tag, &original, placeholder, why.again())
                    .await),
            });
        }
        results
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let numbers = match self.number(images).await {
            Ok(numbers) => numbers,
            Err(error) => return images.iter().map(|_| Err(error.again())).collect(),
        };
        let numbers = &numbers;
        let removal = |digest: &Digest| {
            let digest = digest.clone();
            async move {
                let which = format!("@{digest}");
                if let Some(number) = numbers.get(&digest) {
                    return self.remove(*number, &which).await;
                }
                let (host, name) = (&self.site.host, &self.name);
                let what = format!("{host}/{name}{which} is no version of the package");
                Err(Error::new(Kind::NotFound, what))
            }
        };
        stream::iter(images.iter().map(removal))
            .buffered(AT_ONCE)
            .collect()
            .await
    }
}
