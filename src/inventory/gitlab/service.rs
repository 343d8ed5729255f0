//! Where GitLab's API is, and whoever asks it.
//!
//! Source: GitLab, `doc/api/rest/authentication.md`, `doc/administration/packages/container_registry.md`.

use crate::auth::credential::Credential;
use crate::auth::scope::Action;
use crate::inventory::api::{Answer, Api, Call, Pass};
use crate::inventory::graphql::{self, Unanswered};
use crate::inventory::open::Site;
use crate::oci::reference::RepositoryName;
use crate::registry::Error as ApiError;
use crate::store::{Error, Kind, Result, Wanted};
use crate::transport::Attempts;
use crate::transport::carry::{Road, may_carry};
use http::{HeaderName, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

/// The user that a job's token goes with.
const JOB_USER: &str = "gitlab-ci-token";
/// Where everybody's is.
const USUAL: (&str, &str) = ("registry.gitlab.com", "https://gitlab.com/");
/// Where its token service is, below the root.
const TOKENS: &str = "jwt/auth";

/// GitLab's API, and whoever asks it.
#[derive(Clone)]
pub(super) struct Service {
    api: Api,
    pass: Pass,
    /// A job's token is not let in by GraphQL.
    pub(super) speaks_graphql: bool,
}

impl Service {
    /// The API that belongs to a registry, for whoever does `actions` there.
    pub(super) async fn of(
        site: &Site,
        name: Option<&RepositoryName>,
        actions: &[Action],
    ) -> Result<Self> {
        let failed = |error| {
            let what = format!("cannot ask GitLab's API about {}", site.host);
            site.failed(what, Wanted::List, error)
        };
        let base = match root(site).await?.join("api/") {
            Ok(base) => base,
            Err(error) => return Err(unknown(site, &error.to_string())),
        };
        let found = site.client.credential(name, actions).await;
        let found = found.map_err(failed)?;
        let credential = found.as_ref().map(|found| &found.credential);
        Ok(Self {
            api: Api::new(site.transport.clone(), base),
            pass: pass(credential),
            speaks_graphql: !is_of_a_job(credential),
        })
    }

    /// Asks for what is at `path` below `/api/v4/`.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, ApiError> {
        let call = Call::get(format!("v4/{path}"));
        self.api.call(call, &self.pass).await
    }

    /// Removes what is at `path` below `/api/v4/`.
    pub(super) async fn delete(&self, path: &str) -> Result<Answer, ApiError> {
        let call = Call::delete(format!("v4/{path}"));
        self.api.call(call, &self.pass).await
    }

    /// Asks a question in GraphQL.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        query: &str,
        variables: &Value,
    ) -> Result<Result<T, Unanswered>, ApiError> {
        let question = graphql::question(query, variables);
        let call = Call::new(Method::POST, "graphql").json(&question);
        let answer = self.api.call(call, &self.pass).await?;
        Ok(graphql::answer(&answer.body))
    }
}

/// Where GitLab is: where the user says; at `gitlab.com`; or where the registry's token service
/// is, which is GitLab itself, if a secret of the registry's may go there.
async fn root(site: &Site) -> Result<Url> {
    if let Some(api) = &site.api {
        return Ok(above(api, "api/v4"));
    }
    if site.host.without_default_port().to_string() == USUAL.0 {
        return USUAL.1.parse().map_err(|_| unknown(site, USUAL.1));
    }
    let failed = |error| {
        let what = format!("cannot find out where the GitLab of {} is", site.host);
        site.failed(what, Wanted::List, error)
    };
    let greeting = site.client.greet(Attempts::Policy).await.map_err(failed)?;
    let (_, home) = site.client.home().await.map_err(failed)?;
    let realm = greeting.offer().and_then(|offer| offer.realm);
    let realm = realm.and_then(|realm| realm.parse::<Url>().ok());
    let realm = realm.filter(|realm| realm.path().ends_with(&format!("/{TOKENS}")));
    let realm = realm.ok_or_else(|| unknown(site, "its token service is not GitLab's"))?;
    if !may_carry(&home, &realm, Road::TokenService) {
        let what = format!("cannot ask GitLab's API about {}", site.host);
        let place = realm.host_str().unwrap_or_default();
        let why = format!("{place} may not be told its secrets: `api` or `token_realm` names it");
        return Err(Error::caused(Kind::Withheld, what, why));
    }
    Ok(above(&realm, TOKENS))
}

/// The address that `url` is, without `below` at its end.
fn above(url: &Url, below: &str) -> Url {
    let mut root = url.clone();
    root.set_query(None);
    root.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix(below).unwrap_or(path);
    let path = format!("{}/", path.trim_end_matches('/'));
    root.set_path(&path);
    root
}

fn unknown(site: &Site, why: &str) -> Error {
    let what = format!("cannot find out where the GitLab of {} is", site.host);
    Error::caused(Kind::Unsupported, what, why.to_owned())
}

fn is_of_a_job(credential: Option<&Credential>) -> bool {
    matches!(credential, Some(Credential::Password { username, .. }) if username == JOB_USER)
}

/// A job's token has a header of its own; every other one takes the place of a password.
fn pass(credential: Option<&Credential>) -> Pass {
    match credential {
        Some(Credential::Password { username, password }) => {
            let name = if username == JOB_USER {
                HeaderName::from_static("job-token")
            } else {
                HeaderName::from_static("private-token")
            };
            Pass::header(name, password.expose())
        }
        other => Pass::of(other),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn gitlab_is_above_its_token_service_and_its_api() {
        for (url, below, root) in [
            ("https://g.example/jwt/auth", TOKENS, "https://g.example/"),
            (
                "https://g.example/git/jwt/auth?x=1",
                TOKENS,
                "https://g.example/git/",
            ),
            ("https://g.example/api/v4/", "api/v4", "https://g.example/"),
            (
                "https://g.example/git/api/v4",
                "api/v4",
                "https://g.example/git/",
            ),
            ("https://g.example/git", "api/v4", "https://g.example/git/"),
            ("https://g.example", "api/v4", "https://g.example/"),
        ] {
            assert_eq!(above(&url.parse().unwrap(), below).as_str(), root, "{url}");
        }
    }
}
