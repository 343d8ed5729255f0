//! The way in: what `/v2/` answers to nobody, whom it lets in, and what a token service grants him.

use super::Client;
use super::answer::Answer;
use super::call::Asked;
use super::error::Error;
use crate::auth::Access;
use crate::auth::credential::Subject;
use crate::auth::scope::{Action, Scopes};
use crate::oci::reference::{Repository, RepositoryName};
use crate::transport::origin::Origin;
use crate::transport::{Attempts, Request};
use http::{Method, StatusCode};
use std::collections::BTreeSet;
use tokio::time::Instant;

/// Who somebody is to a registry that has let him in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Whether it wanted to know.
    pub was_asked: bool,
    /// The user's name, where the credential has one.
    pub user: Option<String>,
    /// Where the credential came from. `None`: there is none, and nobody was let in.
    pub origin: Option<String>,
    /// Why there is none although there should be one.
    pub failed: Option<String>,
}

/// What is known of somebody's rights on a repository before they are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// Nobody has asked for a login yet.
    Unasked,
    /// There is no credential for a registry that wants one with each request.
    Nobody,
    /// A password goes along with each request: what it is good for is seen then.
    Password,
    /// The token service gave a token that says it is good for these actions.
    Actions(BTreeSet<String>),
    /// The token service gave a token that does not say.
    Granted,
    /// The token service gives no such token, and this is why.
    Refused(String),
}

impl Client {
    /// Asks `/v2/` as nobody. `attempts`: how often.
    pub async fn greet(&self, attempts: Attempts) -> Result<Answer, Error> {
        let request = Request::new(Method::GET, self.url("").await?).attempts(attempts);
        let begun = Instant::now();
        let response = self.send(request).await?;
        self.note_greeting(response.status());
        Ok(Answer::read(response, begun).await)
    }

    /// Logs in as `greeting` wants it, with what there is for `name`, or for the registry.
    pub async fn enter(
        &self,
        greeting: &Answer,
        name: Option<&RepositoryName>,
    ) -> Result<Entry, Error> {
        let access = self.access_as(name).await?;
        // No secret is for a place that the registry redirected to.
        let is_own = Origin::of(&greeting.url).as_ref() == Some(access.home.origin());
        if greeting.status != StatusCode::UNAUTHORIZED || !is_own {
            return match greeting.status {
                status if status.is_success() => Ok(Entry::default()),
                _ => Err(Error::Refused(greeting.problem())),
            };
        }
        let looked = self.auth.look_thoroughly(&access).await;
        let asked = Asked::again(greeting.url.clone(), greeting.headers.clone());
        let (response, granted) = self.ask_as_wanted(&access, &asked).await?;
        let is_somebody = granted.origin.is_some();
        match response.status() {
            status if status.is_success() => self.refuse_markup(&response)?,
            // Not every registry answers at the root of its API.
            StatusCode::NOT_FOUND if is_somebody => {}
            _ => return Err(Error::refused(response).await),
        }
        response.beginning(1).await;
        let failed = granted.failed.as_ref().map(|failed| words(&**failed));
        Ok(Entry {
            was_asked: true,
            user: granted.user().map(str::to_owned),
            origin: granted.origin.clone(),
            failed: failed.or(looked.err().map(|failed| words(&*failed))),
        })
    }

    /// What is known of the right to do `actions` on a repository, without doing any of it.
    pub async fn rights(&self, name: &RepositoryName, actions: &[Action]) -> Result<Rights, Error> {
        let access = self.access(name, actions).await?;
        let granted = match self.auth.prepare(&access).await {
            Ok(granted) => granted,
            Err(error) if error.is_refusal() => return Ok(Rights::Refused(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        Ok(match granted {
            None if self.auth.is_challenged(&access) => Rights::Nobody,
            None => Rights::Unasked,
            Some(granted) if !granted.is_token() => Rights::Password,
            Some(granted) => granted
                .actions(name)
                .map_or(Rights::Granted, Rights::Actions),
        })
    }

    async fn access_as(&self, name: Option<&RepositoryName>) -> Result<Access, Error> {
        let mut access = self.access_to_all(Scopes::none()).await?;
        if let Some(name) = name {
            access.subject = Subject::Repository(Repository {
                host: self.host().clone(),
                name: name.clone(),
            });
        }
        Ok(access)
    }
}

/// An error and its causes, on one line.
fn words(error: &dyn std::error::Error) -> String {
    let links = std::iter::successors(Some(error), |link| link.source());
    let links: Vec<String> = links.map(ToString::to_string).collect();
    links.join(": ")
}
