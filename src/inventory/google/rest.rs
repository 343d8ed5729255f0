//! Artifact Registry's own API, for whoever has an access token of Google's: what repositories are
//! like, and new ones.
//!
//! Source: Google's discovery document `artifactregistry.v1.json`.

use super::super::api::{Api, Call, Pass, part};
use super::super::open::Site;
use crate::auth::credential::Credential;
use crate::auth::scope::Action;
use crate::oci::reference::{Host, RepositoryName};
use crate::registry::Error;
use crate::transport::secret::Secret;
use crate::vendor::google::GoogleHost;
use http::Method;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use url::Url;

/// Where it is, for everybody.
const BASE: &str = "https://artifactregistry.googleapis.com/";
/// User names that go with an access token: Google's own, and go-containerregistry's.
const USERNAMES: [&str; 2] = ["oauth2accesstoken", "_token"];
/// A project has no more pages of repositories, a thousand on each.
const MOST_PAGES: usize = 100;
/// A new repository is asked for so often, a second apart.
const ATTEMPTS: usize = 120;

/// One repository of Artifact Registry, which holds images of many names.
pub(super) struct Rest {
    api: Api,
    pass: Pass,
    place: Place,
    host: Host,
}

/// Where a repository is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    project: String,
    location: String,
    repository: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repositories {
    repositories: Option<Vec<Repository>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    #[serde(default)]
    name: String,
    #[serde(default)]
    format: String,
    docker_config: Option<DockerConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig {
    #[serde(default)]
    immutable_tags: bool,
}

#[derive(Deserialize)]
struct Operation {
    name: String,
    #[serde(default)]
    done: bool,
    error: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    message: String,
}

impl Place {
    fn of(host: &Host, name: &RepositoryName) -> Option<Self> {
        let mut parts = name.as_str().split('/');
        let first = parts.next()?;
        // A project of a domain is written with a `:` anywhere but in an image's name.
        let project = if first.contains('.') {
            format!("{first}:{}", parts.next()?)
        } else {
            first.to_owned()
        };
        let (location, repository) = match GoogleHost::of(host)? {
            GoogleHost::Location(location) => (location, parts.next()?.to_owned()),
            GoogleHost::ContainerRegistry => {
                let location = match host.name() {
                    "gcr.io" | "us.gcr.io" => "us",
                    "eu.gcr.io" => "europe",
                    "asia.gcr.io" => "asia",
                    _ => return None,
                };
                (location.to_owned(), host.name().to_owned())
            }
            GoogleHost::Mirror => return None,
        };
        Some(Self {
            project,
            location,
            repository,
        })
    }

    fn repositories(&self) -> String {
        let (project, location) = (part(&self.project), part(&self.location));
        format!("v1/projects/{project}/locations/{location}/repositories")
    }
}

impl Rest {
    /// The API as whoever may do `action` at the registry. `None`: that is nobody with an access
    /// token, or it is not known what to ask.
    pub(super) async fn of(
        site: &Site,
        name: &RepositoryName,
        action: Action,
    ) -> Result<Option<Self>, Error> {
        let Some(place) = Place::of(&site.host, name) else {
            return Ok(None);
        };
        let found = site.client.credential(Some(name), &[action]).await?;
        let token = found.and_then(|found| access_token(found.credential));
        let base = site.api.clone().or_else(|| Url::parse(BASE).ok());
        let (Some(token), Some(base)) = (token, base) else {
            return Ok(None);
        };
        Ok(Some(Self {
            api: Api::new(site.transport.clone(), base),
            pass: Pass::bearer(&token),
            place,
            host: site.host.clone(),
        }))
    }

    /// The names of all repositories of the same project at the same location that hold images.
    pub(super) async fn repositories(&self) -> Result<Vec<String>, Error> {
        let (mut names, mut token) = (Vec::new(), String::new());
        for _ in 0..MOST_PAGES {
            let path = format!(
                "{}?pageSize=1000&pageToken={}",
                self.place.repositories(),
                part(&token)
            );
            let answer = self.api.call(Call::get(path), &self.pass).await?;
            let page: Repositories = answer.json()?;
            let listed = page.repositories.unwrap_or_default().into_iter();
            let docker = listed.filter(|repository| repository.format == "DOCKER");
            names.extend(docker.filter_map(|repository| {
                let (_, name) = repository.name.rsplit_once('/')?;
                Some(name.to_owned())
            }));
            match page.next_page_token.filter(|next| !next.is_empty()) {
                Some(next) => token = next,
                None => return Ok(names),
            }
        }
        Err(self.wrong("its list of repositories does not end".to_owned()))
    }

    /// Whether the repository's tags never move.
    pub(super) async fn has_immutable_tags(&self) -> Result<bool, Error> {
        let path = format!(
            "{}/{}",
            self.place.repositories(),
            part(&self.place.repository)
        );
        let answer = self.api.call(Call::get(path), &self.pass).await?;
        let repository: Repository = answer.json()?;
        let docker = repository.docker_config;
        Ok(docker.is_some_and(|docker| docker.immutable_tags))
    }

    /// Makes the repository, and waits until it is there.
    pub(super) async fn create(&self, immutable: bool) -> Result<(), Error> {
        let mut wanted = json!({"format": "DOCKER"});
        if immutable {
            wanted["dockerConfig"] = json!({"immutableTags": true});
        }
        let path = format!(
            "{}?repositoryId={}",
            self.place.repositories(),
            part(&self.place.repository)
        );
        let call = Call::new(Method::POST, path).json(&wanted);
        let mut operation: Operation = self.api.call(call, &self.pass).await?.json()?;
        for _ in 0..ATTEMPTS {
            if let Some(Status { message }) = operation.error {
                return Err(self.wrong(format!("it made no repository: {message}")));
            }
            if operation.done {
                return Ok(());
            }
            if !operation.name.starts_with("projects/") || operation.name.contains("..") {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            let path = format!("v1/{}", operation.name);
            operation = self.api.call(Call::get(path), &self.pass).await?.json()?;
        }
        Err(self.wrong("it does not say that the repository is made".to_owned()))
    }

    fn wrong(&self, what: String) -> Error {
        Error::Protocol {
            host: self.host.to_string(),
            what,
        }
    }
}

/// Whether `name` is a project, and no repository in one.
pub(super) fn is_project(host: &Host, name: &RepositoryName) -> bool {
    Place::of(host, name).is_none() && Place::of(host, &within(name)).is_some()
}

/// The name of some repository of a project.
pub(super) fn within(project: &RepositoryName) -> RepositoryName {
    let name = format!("{project}/any").parse();
    name.unwrap_or_else(|_| project.clone())
}

/// The access token in a password for Google's registries, where it is one.
fn access_token(credential: Credential) -> Option<Secret> {
    match credential {
        Credential::Password { username, password } if USERNAMES.contains(&username.as_str()) => {
            Some(password)
        }
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_its_repository_is() {
        for (host, name, place) in [
            (
                "europe-west1-docker.pkg.dev",
                "p/r/team/app",
                Some(("p", "europe-west1", "r")),
            ),
            (
                "us-docker.pkg.dev",
                "example.com/p/r/app",
                Some(("example.com:p", "us", "r")),
            ),
            ("gcr.io", "p/app", Some(("p", "us", "gcr.io"))),
            ("eu.gcr.io", "p/a/b", Some(("p", "europe", "eu.gcr.io"))),
            ("us-docker.pkg.dev", "p", None),
            ("mirror.gcr.io", "library/alpine", None),
            ("marketplace.gcr.io", "google/app", None),
            ("registry.example.com", "p/r/app", None),
        ] {
            let read = Place::of(&host.parse().unwrap(), &name.parse().unwrap());
            let place = place.map(|(project, location, repository)| Place {
                project: project.to_owned(),
                location: location.to_owned(),
                repository: repository.to_owned(),
            });
            assert_eq!(read, place, "{host}/{name}");
        }
    }
}
