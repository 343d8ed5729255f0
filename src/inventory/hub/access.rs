//! The way into Docker Hub's own API: as nobody where that will do, else with a token that the
//! password is traded for.
//!
//! Source: docker/docs, `content/reference/api/hub/latest.yaml`.

use crate::auth::credential::Credential;
use crate::auth::scope::Action;
use crate::inventory::api::{Answer, Api, Call, Pass};
use crate::inventory::open::Site;
use crate::oci::reference::RepositoryName;
use crate::registry::Error;
use crate::transport::secret::Secret;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::Mutex;
use url::Url;

/// Where the API is.
const HOME: &str = "https://hub.docker.com/";

/// Whoever asks the API. Clones have one token.
#[derive(Clone)]
pub(super) struct Visitor {
    site: Site,
    token: Arc<Mutex<Token>>,
}

/// What the password was traded for, and how often that was done.
#[derive(Default)]
struct Token {
    pass: Option<Pass>,
    times: u32,
}

#[derive(Deserialize)]
struct Traded {
    access_token: String,
}

impl Visitor {
    pub(super) fn new(site: Site) -> Self {
        Self {
            site,
            token: Arc::default(),
        }
    }

    /// Asks for what everybody may know, and once more as somebody where it is not for everybody.
    pub(super) async fn read(
        &self,
        name: Option<&RepositoryName>,
        path: String,
    ) -> Result<Answer, Error> {
        if self.token.lock().await.pass.is_some() {
            return self.act(name, Call::get(path)).await;
        }
        let answered = self
            .api()?
            .call(Call::get(path.clone()), &Pass::nobody())
            .await;
        match answered {
            Err(error) if is_closed(&error) && self.is_somebody(name).await? => {
                self.act(name, Call::get(path)).await
            }
            answered => answered,
        }
    }

    /// Asks as whoever has a credential; as nobody without one.
    pub(super) async fn act(
        &self,
        name: Option<&RepositoryName>,
        call: Call,
    ) -> Result<Answer, Error> {
        let api = self.api()?;
        let (pass, times) = self.pass(name, 0).await?;
        match api.call(call.clone(), &pass).await {
            // It lives ten minutes.
            Err(error) if error.status() == Some(StatusCode::UNAUTHORIZED) && times > 0 => {
                let (pass, _) = self.pass(name, times).await?;
                api.call(call, &pass).await
            }
            answered => answered,
        }
    }

    /// Whether there is a password for it.
    pub(super) async fn is_somebody(&self, name: Option<&RepositoryName>) -> Result<bool, Error> {
        Ok(self.username(name).await?.is_some())
    }

    /// Whose password it is.
    pub(super) async fn username(
        &self,
        name: Option<&RepositoryName>,
    ) -> Result<Option<String>, Error> {
        let password = self.password(name).await?;
        Ok(password.map(|(username, _)| username))
    }

    async fn password(
        &self,
        name: Option<&RepositoryName>,
    ) -> Result<Option<(String, Secret)>, Error> {
        let found = self.site.client.credential(name, &[Action::Pull]).await?;
        Ok(match found.map(|found| found.credential) {
            Some(Credential::Password { username, password }) => Some((username, password)),
            // Tokens of the registry's are not for its API.
            _ => None,
        })
    }

    /// A pass that was traded for more often than `times`, and how often it was.
    async fn pass(&self, name: Option<&RepositoryName>, times: u32) -> Result<(Pass, u32), Error> {
        let mut token = self.token.lock().await;
        if let Some(pass) = token.pass.as_ref().filter(|_| token.times > times) {
            return Ok((pass.clone(), token.times));
        }
        let Some((username, password)) = self.password(name).await? else {
            return Ok((Pass::nobody(), 0));
        };
        let secret = password.expose_str().ok_or_else(|| Error::Protocol {
            host: self.site.host.to_string(),
            what: "its API takes no password that is not text".to_owned(),
        })?;
        let wanted = json!({"identifier": username, "secret": secret});
        let call = Call::new(Method::POST, "v2/auth/token").json(&wanted);
        let traded: Traded = self.api()?.call(call, &Pass::nobody()).await?.json()?;
        let pass = Pass::bearer(&Secret::new(traded.access_token));
        token.pass = Some(pass.clone());
        token.times += 1;
        Ok((pass, token.times))
    }

    fn api(&self) -> Result<Api, Error> {
        let home = home(&self.site).ok_or_else(|| Error::Protocol {
            host: self.site.host.to_string(),
            what: "it is not said where its API is".to_owned(),
        })?;
        Ok(Api::new(Arc::clone(&self.site.transport), home))
    }
}

/// Where the API for a registry is. `None`: nobody said so, and Docker's is not for another host's
/// password.
pub(in crate::inventory) fn home(site: &Site) -> Option<Url> {
    let own = site.api.clone();
    let is_docker_hub = site.host.is_docker_hub();
    own.or_else(|| HOME.parse().ok().filter(|_| is_docker_hub))
}

/// Whether nobody is told that something is there, or not let in.
fn is_closed(error: &Error) -> bool {
    matches!(
        error.status().map(|status| status.as_u16()),
        Some(401 | 403 | 404)
    )
}
