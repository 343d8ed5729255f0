//! ECR's own API, and ECR Public's: which registry they are asked about, and what their errors
//! mean.
//!
//! Source: botocore's models `ecr/2015-09-21` and `ecr-public/2020-10-30`.

use super::documents::Registries;
use crate::auth;
use crate::auth::identity::Effort;
use crate::inventory::open::Site;
use crate::oci::reference::RepositoryName;
use crate::provider::aws::api::{EcrAnswer, EcrError, EcrQuestion};
use crate::registry::Error as ApiError;
use crate::registry::problem::{Detail, Problem};
use crate::store::{Error, Kind, Result, Wanted};
use crate::vendor;
use crate::vendor::ecr::EcrHost;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A page has no more items.
pub(super) const PAGE: usize = 1000;

/// The API of one registry.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) site: Site,
    /// The account that the aliases asked for are of.
    owner: Arc<OnceCell<String>>,
}

/// What is being done, for errors, and with how much effort somebody is looked for who may.
#[derive(Clone)]
pub(super) struct Task {
    pub(super) what: String,
    pub(super) wanted: Wanted,
    pub(super) effort: Effort,
    /// The permission that it takes, without the service before it.
    pub(super) takes: &'static str,
}

/// A document, and how often it was asked for.
pub(super) struct Read<T> {
    pub(super) document: T,
    pub(super) attempts: u32,
}

impl Task {
    /// One of looking. Whoever only looks is not worth a question to a cloud's metadata service
    /// where everybody may look.
    pub(super) fn list(what: String, takes: &'static str) -> Self {
        Self {
            what,
            wanted: Wanted::List,
            effort: Effort::Evident,
            takes,
        }
    }

    /// One that nobody else may do.
    pub(super) fn thorough(what: String, wanted: Wanted, takes: &'static str) -> Self {
        Self {
            what,
            wanted,
            effort: Effort::Thorough,
            takes,
        }
    }
}

impl Api {
    pub(super) fn new(site: Site) -> Self {
        Self {
            site,
            owner: Arc::default(),
        }
    }

    pub(super) fn is_public(&self) -> bool {
        self.site.kind == Some(vendor::Kind::EcrPublic)
    }

    /// What says which registry is meant, and which repository of it. Nothing is asked of another
    /// registry than the one that the name is of, even where that of the identity has one of the
    /// same name.
    pub(super) async fn repository(
        &self,
        name: &RepositoryName,
        task: &Task,
    ) -> Result<Map<String, Value>> {
        if !self.is_public() {
            let mut parameters = self.registry();
            parameters.insert("repositoryName".to_owned(), json!(name.as_str()));
            return Ok(parameters);
        }
        let (alias, rest) = name.as_str().split_once('/').unwrap_or((name.as_str(), ""));
        let mut parameters = Map::new();
        let account = self.owner_of(alias, task).await?;
        parameters.insert("registryId".to_owned(), json!(account));
        parameters.insert("repositoryName".to_owned(), json!(rest));
        Ok(parameters)
    }

    /// What says which private registry is meant, where the host's name does.
    pub(super) fn registry(&self) -> Map<String, Value> {
        let host = EcrHost::of(&self.site.host);
        let account = host.map(|host| ("registryId".to_owned(), json!(host.account)));
        account.into_iter().collect()
    }

    /// The account whose public registry has this alias: that of whoever asks, or none.
    pub(super) async fn owner_of(&self, alias: &str, task: &Task) -> Result<String> {
        let ask = || async {
            let task = Task {
                takes: "DescribeRegistries",
                ..task.clone()
            };
            let parameters = json!({"maxResults": PAGE});
            let read = self.ask::<Registries>("DescribeRegistries", &parameters, &task);
            read.await?.document.owner_of(alias).ok_or_else(|| {
                let why = format!("`{alias}` is not an alias of this AWS identity's registry");
                Error::caused(Kind::Denied, task.what, why)
            })
        };
        self.owner.get_or_try_init(ask).await.cloned()
    }

    /// Asks, and reads the answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        parameters: &Value,
        task: &Task,
    ) -> Result<Read<T>> {
        let asked = self.try_to_ask(operation, parameters, task.effort).await;
        let answer = asked.map_err(|error| self.failed(task, error))?;
        Ok(Read {
            attempts: answer.attempts,
            document: self.read(answer, task)?,
        })
    }

    /// Reads an answer.
    pub(super) fn read<T: DeserializeOwned>(&self, answer: EcrAnswer, task: &Task) -> Result<T> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            let wrong = ApiError::Protocol {
                host: answer.host,
                what: format!("its answer is not the document that it is described as: {error}"),
            };
            self.site.failed(task.what.clone(), task.wanted, wrong)
        })
    }

    /// Asks.
    pub(super) async fn try_to_ask(
        &self,
        operation: &'static str,
        parameters: &Value,
        effort: Effort,
    ) -> Result<EcrAnswer, EcrError> {
        let question = EcrQuestion {
            operation,
            body: parameters.to_string().into(),
            effort,
        };
        self.site.machine.ask_ecr(&self.site.host, &question).await
    }

    /// What an error of the API is to whoever does this.
    pub(super) fn failed(&self, task: &Task, error: EcrError) -> Error {
        let what = task.what.clone();
        let error = match error {
            EcrError::Nobody => {
                let service = if self.is_public() {
                    "ecr-public"
                } else {
                    "ecr"
                };
                let why = format!(
                    "this takes an AWS identity that may `{service}:{}`, by ECR's own API, and this machine has none",
                    task.takes
                );
                return Error::caused(Kind::Unauthenticated, what, why);
            }
            EcrError::Identity(error) => ApiError::Auth(Arc::new(auth::Error::Credential(error))),
            EcrError::Unanswered(error) => ApiError::Transport(error),
            EcrError::Refused {
                status,
                code,
                message,
                attempts,
            } => {
                let kind = kind_of(&code);
                let detail = Detail {
                    code,
                    message,
                    ..Detail::default()
                };
                let problem = Problem {
                    details: vec![detail],
                    attempts,
                    ..Problem::of(status, b"")
                };
                let failed = self
                    .site
                    .failed(what, task.wanted, ApiError::Refused(problem));
                return match kind {
                    Some(kind) => failed.as_kind(kind),
                    None => failed,
                };
            }
        };
        self.site.failed(what, task.wanted, error)
    }
}

/// What an error's name means: nearly all of them are a 400.
fn kind_of(code: &str) -> Option<Kind> {
    const NAMES: [(&str, Kind); 14] = [
        ("AccessDenied", Kind::Denied),
        ("NotAuthorized", Kind::Denied),
        ("ExpiredToken", Kind::Unauthenticated),
        ("UnrecognizedClient", Kind::Unauthenticated),
        ("InvalidClientTokenId", Kind::Unauthenticated),
        ("InvalidSignature", Kind::Unauthenticated),
        ("IncompleteSignature", Kind::Unauthenticated),
        ("SignatureDoesNotMatch", Kind::Unauthenticated),
        ("RequestExpired", Kind::Unauthenticated),
        ("RepositoryNotFound", Kind::NotFound),
        ("ImageNotFound", Kind::NotFound),
        ("UnsupportedCommand", Kind::Unsupported),
        ("UnknownOperation", Kind::Unsupported),
        ("Throttling", Kind::Unavailable),
    ];
    let found = NAMES.iter().find(|(name, _)| code.starts_with(name));
    found.map(|(_, kind)| *kind)
}
