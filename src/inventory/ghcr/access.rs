//! The way into GitHub's REST API, which has an organisation's packages at one place and a user's
//! at another.
//!
//! Source: GitHub's API description, `@octokit/openapi`; "Rate limits for the REST API".

use crate::auth::credential::Credential;
use crate::auth::scope::Action;
use crate::inventory::api::{Answer, Api, Call, Pass, part};
use crate::inventory::open::Site;
use crate::oci::reference::RepositoryName;
use crate::registry::Error;
use crate::transport::response;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;

/// Whoever asks the API. Clones remember together.
#[derive(Clone)]
pub(super) struct Visitor {
    site: Site,
    owner: Arc<OnceCell<String>>,
}

#[derive(Deserialize)]
struct Owner {
    #[serde(rename = "type")]
    kind: String,
}

/// Where the API for a registry is. `None`: nobody said so.
pub(in crate::inventory) fn home(site: &Site) -> Option<Url> {
    if let Some(own) = &site.api {
        return Some(own.clone());
    }
    let host = site.host.without_default_port();
    if host.port().is_some() {
        return None;
    }
    if host.name() == "ghcr.io" {
        return "https://api.github.com/".parse().ok();
    }
    // With data residency.
    let label = host.name().strip_prefix("containers.")?;
    let is_one = label.strip_suffix(".ghe.com")?.split('.').count() == 1;
    let home = is_one.then(|| format!("https://api.{label}/"))?;
    home.parse().ok()
}

/// Too much is no 429 there, but a 403 that says when there is something left again.
fn patience(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    (status == StatusCode::FORBIDDEN)
        .then(|| response::asked(headers))
        .flatten()
}

impl Visitor {
    pub(super) fn new(site: Site) -> Self {
        Self {
            site,
            owner: Arc::default(),
        }
    }

    pub(super) async fn ask(
        &self,
        name: Option<&RepositoryName>,
        actions: &[Action],
        call: Call,
    ) -> Result<Answer, Error> {
        let home = home(&self.site).ok_or_else(|| Error::Protocol {
            host: self.site.host.to_string(),
            what: "it is not said where its API is".to_owned(),
        })?;
        let api = Api::new(Arc::clone(&self.site.transport), home).patient(patience);
        let found = self.site.client.credential(name, actions).await?;
        let pass = match found.as_ref().map(|found| &found.credential) {
            Some(Credential::Password { password, .. }) => Pass::bearer(password),
            // Tokens of the registry's are not for its API.
            _ => Pass::nobody(),
        };
        let version = HeaderName::from_static("x-github-api-version");
        let call = call
            .header(ACCEPT, "application/vnd.github+json")
            .header(version, "2022-11-28");
        api.call(call, &pass).await
    }

    /// Where the packages of an owner are: of the first that is asked for.
    pub(super) async fn packages(
        &self,
        name: Option<&RepositoryName>,
        owner: &str,
    ) -> Result<String, Error> {
        let path = self.owner.get_or_try_init(|| async {
            let owner = part(owner);
            let call = Call::get(format!("users/{owner}"));
            let found: Owner = self.ask(name, &[Action::Pull], call).await?.json()?;
            let is_organisation = found.kind == "Organization";
            let kind = if is_organisation { "orgs" } else { "users" };
            Ok::<_, Error>(format!("{kind}/{owner}/packages"))
        });
        path.await.cloned()
    }
}
