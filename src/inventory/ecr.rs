//! Amazon ECR's and ECR Public's own APIs: what is in their repositories.
//!
//! Only images that can be pulled are listed: what was moved to the archive is not. Immutable tags
//! do not move there; removed they can be.

mod api;
mod documents;

use super::open::Site;
use super::pages::{Page, walk};
use super::rounds::{self, Outcome};
use super::{Abilities, Catalog, Clock, Created, Creation, Detail, Image, Inventory, Untagging};
use crate::inventory::distribution::Distribution;
use crate::oci::Digest;
use crate::oci::reference::{RepositoryName, Tag};
use crate::provider::aws::api::EcrError;
use crate::store::{Error, Kind, Result, Wanted};
use api::{Api, PAGE, Task};
use async_trait::async_trait;
use documents::{Failure, Images, Mutability, Name, Removed, Repositories};
use futures_util::future::join;
use futures_util::stream::{self, BoxStream, StreamExt};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// So many removals go into one request.
const BATCH: usize = 100;
/// Removals under way at once.
const AT_ONCE: usize = 4;

/// One of ECR's repositories.
#[derive(Clone)]
pub(super) struct Ecr {
    api: Api,
    name: RepositoryName,
    /// Which of its tags may move, where that is to be known.
    mutability: Arc<OnceCell<Option<Mutability>>>,
}

/// ECR's repositories.
pub(super) struct EcrCatalog {
    site: Site,
}

impl Ecr {
    pub(super) fn new(site: Site, name: RepositoryName) -> Self {
        Self {
            api: Api::new(site),
            name,
            mutability: Arc::default(),
        }
    }

    async fn page(self, token: String, detail: Detail) -> Result<Page<Image, String>> {
        let what = format!("cannot list the images of {self}");
        let task = Task::list(what, "DescribeImages");
        let mut parameters = self.api.repository(&self.name, &task).await?;
        parameters.insert("maxResults".to_owned(), json!(PAGE));
        if !token.is_empty() {
            parameters.insert("nextToken".to_owned(), json!(token));
        }
        let parameters = Value::Object(parameters);
        let listing = self.api.ask::<Images>("DescribeImages", &parameters, &task);
        let (listed, mutability) = join(listing, self.mutability(detail)).await;
        let listed = listed?.document;
        let times = &self.api.site.times;
        let images = listed.image_details.into_iter();
        let items = images.filter_map(|image| image.image(times, mutability));
        Ok(Page {
            items: items.collect(),
            next: next(listed.next_token),
        })
    }

    /// Which tags may move. Who may not know that lists without it.
    async fn mutability(&self, detail: Detail) -> Option<&Mutability> {
        if detail == Detail::Listed || self.api.is_public() {
            return None;
        }
        let look = || async {
            let mut parameters = self.api.registry();
            parameters.insert("repositoryNames".to_owned(), json!([self.name.as_str()]));
            let task = Task::list(String::new(), "DescribeRepositories");
            let parameters = Value::Object(parameters);
            let asked = self.api.ask("DescribeRepositories", &parameters, &task);
            let read: Repositories = asked.await.ok()?.document;
            let mut all = read.repositories.into_iter();
            let own = all.find(|one| one.name == self.name.as_str());
            own.map(|one| one.mutability)
        };
        self.mutability.get_or_init(look).await.as_ref()
    }

    /// Removes what is called by `names`, a batch at most; one outcome for each.
    async fn remove(&self, names: &[Name]) -> Vec<Outcome> {
        let what = match names {
            [name] => format!("cannot remove {}", self.called(name)),
            names => format!("cannot remove {} images of {self}", names.len()),
        };
        let task = Task::thorough(what, Wanted::Remove, "BatchDeleteImage");
        let asked = async {
            let mut parameters = self.api.repository(&self.name, &task).await?;
            parameters.insert("imageIds".to_owned(), json!(names));
            let parameters = Value::Object(parameters);
            let read = self
                .api
                .ask::<Removed>("BatchDeleteImage", &parameters, &task);
            read.await
        };
        let read = match asked.await {
            Ok(read) => read,
            Err(error) => {
                let failed = names.iter().map(|_| Outcome::Over(Err(error.again())));
                return failed.collect();
            }
        };
        let outcome = |name: &Name| match read.document.failure(name, names) {
            None => Outcome::Over(Ok(())),
            // Gone with an earlier attempt, whose answer was lost.
            Some(failure) if failure.is("ImageNotFound") && read.attempts > 1 => {
                Outcome::Over(Ok(()))
            }
            Some(failure) => self.kept(name, failure),
        };
        names.iter().map(outcome).collect()
    }

    /// What a failure is to whoever removes what is called by `name`.
    fn kept(&self, name: &Name, failure: &Failure) -> Outcome {
        const CODES: [(&str, Kind); 7] = [
            ("ImageNotFound", Kind::NotFound),
            ("ImageReferencedByManifestList", Kind::Refused),
            ("ImageTagDoesNotMatchDigest", Kind::Refused),
            ("UpstreamAccessDenied", Kind::Denied),
            ("UpstreamTooManyRequests", Kind::Unavailable),
            ("UpstreamUnavailable", Kind::Unavailable),
            ("KmsError", Kind::Unavailable),
        ];
        let kind = CODES.iter().find(|(code, _)| failure.is(code));
        let kind = kind.map_or(Kind::Other, |(_, kind)| *kind);
        let what = format!("cannot remove {}", self.called(name));
        let error = Error::caused(kind, what, failure.words());
        let error = error.asked(self.api.site.kind, Wanted::Remove);
        if failure.is("ImageReferencedByManifestList") {
            Outcome::Needed(error)
        } else {
            Outcome::Over(Err(error))
        }
    }

    fn called(&self, name: &Name) -> String {
        match (&name.image_tag, &name.image_digest) {
            (Some(tag), _) => format!("{self}:{tag}"),
            (None, digest) => format!("{self}@{}", digest.as_deref().unwrap_or_default()),
        }
    }
}

impl std::fmt::Display for Ecr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.api.site.host, self.name)
    }
}

/// Where the next page is.
fn next(token: Option<String>) -> Option<String> {
    token.filter(|token| !token.is_empty())
}

#[async_trait]
impl Inventory for Ecr {
    fn abilities(&self) -> Abilities {
        Abilities {
            untagged: true,
            clock: Some(Clock::Pushed),
            pulled: !self.api.is_public(),
            untagging: Untagging::RemovesWithTheLast,
            guards_parts: true,
            batch: BATCH,
        }
    }

    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let ecr = self.clone();
        let what = format!("cannot list {self}");
        walk(what, String::new(), move |token| {
            ecr.clone().page(token, detail)
        })
    }

    /// Whether its tags may move is not looked for.
    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let what = format!("cannot look at {self}@{digest}");
        let task = Task::thorough(what, Wanted::Read, "DescribeImages");
        let mut parameters = self.api.repository(&self.name, &task).await?;
        let names = json!([Name::digest(digest)]);
        parameters.insert("imageIds".to_owned(), names);
        let parameters = Value::Object(parameters);
        let asked = self
            .api
            .try_to_ask("DescribeImages", &parameters, task.effort);
        let listed: Images = match asked.await {
            Ok(answer) => self.api.read(answer, &task)?,
            Err(EcrError::Refused { code, .. }) if code.starts_with("ImageNotFound") => {
                return Ok(None);
            }
            Err(error) => return Err(self.api.failed(&task, error)),
        };
        let mut all = listed.image_details.into_iter();
        let Some(image) = all.find(|image| image.is(digest)) else {
            return Ok(None);
        };
        // Whoever asks wants to know all that goes with it.
        if let Some(tag) = image.unwritable() {
            let why = format!("it has a tag that is not one of the specification's: `{tag}`");
            return Err(Error::caused(Kind::Refused, task.what, why));
        }
        Ok(image.image(&self.api.site.times, None))
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let names: Vec<Name> = tags.iter().map(Name::tag).collect();
        let over = |outcome| match outcome {
            Outcome::Over(result) => result,
            Outcome::Needed(error) => Err(error),
        };
        self.remove_all(names).await.into_iter().map(over).collect()
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        rounds::remove(images, |left| async move {
            let names = left.iter().map(Name::digest).collect();
            self.remove_all(names).await
        })
        .await
    }
}

impl Ecr {
    /// Removes in batches.
    async fn remove_all(&self, names: Vec<Name>) -> Vec<Outcome> {
        let batches: Vec<Vec<Name>> = names.chunks(BATCH).map(<[Name]>::to_vec).collect();
        let removals = stream::iter(batches)
            .map(|batch| async move { self.remove(&batch).await })
            .buffered(AT_ONCE);
        let outcomes: Vec<Vec<Outcome>> = removals.collect().await;
        outcomes.into_iter().flatten().collect()
    }
}

impl EcrCatalog {
    pub(super) fn new(site: Site) -> Self {
        Self { site }
    }
}

/// A page of the repositories that begin with `alias`, in the public registry.
async fn page(
    api: Api,
    alias: Option<String>,
    token: String,
) -> Result<Page<RepositoryName, String>> {
    let what = format!("cannot list the repositories of {}", api.site.host);
    let task = Task::list(what, "DescribeRepositories");
    let mut parameters = api.registry();
    if let Some(alias) = &alias {
        let account = api.owner_of(alias, &task).await?;
        parameters.insert("registryId".to_owned(), json!(account));
    }
    parameters.insert("maxResults".to_owned(), json!(PAGE));
    if !token.is_empty() {
        parameters.insert("nextToken".to_owned(), json!(token));
    }
    let parameters = Value::Object(parameters);
    let read = api.ask::<Repositories>("DescribeRepositories", &parameters, &task);
    let listed = read.await?.document;
    let name = |one: documents::Repository| match (&alias, one.uri) {
        (Some(alias), _) => format!("{alias}/{}", one.name).parse().ok(),
        // Its own name says the alias too.
        (None, Some(uri)) if api.is_public() => uri.split_once('/')?.1.parse().ok(),
        _ => one.name.parse().ok(),
    };
    Ok(Page {
        items: listed.repositories.into_iter().filter_map(name).collect(),
        next: next(listed.next_token),
    })
}

#[async_trait]
impl Catalog for EcrCatalog {
    /// By the API, and where that lets nobody in, as every registry does.
    fn repositories(&self, prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let api = Api::new(self.site.clone());
        let is_public = api.is_public();
        let alias = prefix.split_once('/').map(|(alias, _)| alias.to_owned());
        let alias = alias.filter(|_| is_public);
        let what = format!("cannot list the repositories of {}", self.site.host);
        let mut listed = walk(what, String::new(), move |token| {
            page(api.clone(), alias.clone(), token)
        });
        if is_public {
            return listed;
        }
        let generic = Distribution::new(self.site.clone()).repositories(prefix);
        let begin = async move {
            match listed.next().await {
                Some(Err(error)) if error.is_no_to_the_asker() => generic,
                first => stream::iter(first).chain(listed).boxed(),
            }
        };
        stream::once(begin).flatten().boxed()
    }

    async fn create(&self, name: &RepositoryName, creation: &Creation) -> Result<Created> {
        let api = Api::new(self.site.clone());
        let what = format!("cannot make {}/{name}", self.site.host);
        let task = Task::thorough(what, Wanted::Write, "CreateRepository");
        let mut parameters = api.repository(name, &task).await?;
        if api.is_public() {
            // It is made in the registry of whoever asks, which is the right one.
            parameters.remove("registryId");
        } else {
            settle(&mut parameters, *creation);
        }
        let parameters = Value::Object(parameters);
        let asked = api.try_to_ask("CreateRepository", &parameters, task.effort);
        match asked.await {
            Ok(_) => Ok(Created::New),
            Err(EcrError::Refused { code, .. }) if code.starts_with("RepositoryAlreadyExists") => {
                Ok(Created::Existed)
            }
            Err(error) => Err(api.failed(&task, error)),
        }
    }
}

/// How a private repository is to be.
fn settle(parameters: &mut Map<String, Value>, creation: Creation) {
    if creation.immutable {
        parameters.insert("imageTagMutability".to_owned(), json!("IMMUTABLE"));
    }
    if creation.scan_on_push {
        let scanning = json!({"scanOnPush": true});
        parameters.insert("imageScanningConfiguration".to_owned(), scanning);
    }
}
