//! Identities of Google Cloud, and what they come to: passwords of Artifact Registry.
//!
//! In Google's order: the file that `GOOGLE_APPLICATION_CREDENTIALS` names, the one that gcloud
//! leaves, the machine's metadata service.

mod account;
mod aws;
mod error;
mod exchange;
mod executable;
mod federation;
mod file;
mod impersonation;
mod metadata;

use super::{Minted, Place, Provider, Silence, Surroundings};
use crate::auth::credential::Credential;
use crate::auth::identity::Effort;
use crate::auth::locations::shown;
use crate::transport::BoxError;
use crate::vendor::google::GoogleHost;
use async_trait::async_trait;
use error::Error;
use exchange::Token;
use file::Credentials;
use impersonation::Account;
use std::path::Path;

/// The user name that goes with an access token.
const USERNAME: &str = "oauth2accesstoken";
/// Who the machine's own service account is, for people to read.
const METADATA: &str = "the metadata service (service account default)";

/// What this machine is at Google Cloud.
pub(super) struct Google {
    surroundings: Surroundings,
    silence: Silence,
}

impl Google {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            silence: Silence::default(),
        }
    }

    async fn of_file(&self) -> Result<Option<(Token, String)>, Error> {
        let Some((path, credentials)) = file::find(&self.surroundings)? else {
            return Ok(None);
        };
        let whose = self.whose(&path, &credentials);
        // Boxed: one that acts for another holds that.
        let token = Box::pin(credentials.token(&self.surroundings)).await;
        let token = token.map_err(|error| error.of(&whose))?;
        Ok(Some((token, whose)))
    }

    /// Whose credentials a file holds, for people to read.
    fn whose(&self, path: &Path, credentials: &Credentials) -> String {
        let path = shown(path, self.surroundings.home.as_deref());
        format!("{} ({path})", credentials.whose())
    }

    async fn of_metadata(&self, effort: Effort) -> Result<Option<(Token, String)>, Error> {
        if effort < Effort::Thorough && !metadata::is_named(&self.surroundings) {
            return Ok(None);
        }
        let token = metadata::token(&self.surroundings, &self.silence).await;
        let token = token.map_err(|error| error.of(METADATA))?;
        Ok(token.map(|token| (token, METADATA.to_owned())))
    }
}

#[async_trait]
impl Provider for Google {
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        if GoogleHost::of(&place.host) == Some(GoogleHost::Mirror) {
            return Ok(None);
        }
        let found = match self.of_file().await? {
            None => self.of_metadata(effort).await?,
            found => found,
        };
        let Some((token, origin)) = found else {
            return Ok(None);
        };
        Ok(Some(Minted {
            credential: Credential::password(USERNAME, token.value)?,
            origin,
            lifetime: Some(token.lifetime),
        }))
    }

    async fn evident(&self, place: &Place, _: Effort) -> Option<String> {
        if GoogleHost::of(&place.host) == Some(GoogleHost::Mirror) {
            return None;
        }
        if let Some((path, credentials)) = file::find(&self.surroundings).ok()? {
            return Some(self.whose(&path, &credentials));
        }
        metadata::is_named(&self.surroundings).then(|| METADATA.to_owned())
    }

    fn met_silence(&self) -> bool {
        self.silence.is_noted()
    }
}

impl Credentials {
    /// Whose they are, for people to read.
    fn whose(&self) -> String {
        match self {
            Self::ServiceAccount(account) => of_account(Some(&account.client_email)),
            Self::User(user) => match user.account.as_deref() {
                Some(account) if !account.is_empty() => format!("the user {account}"),
                _ => "the user who logged in with gcloud".to_owned(),
            },
            Self::FederatedUser(_) => "the user of a workforce pool".to_owned(),
            Self::Federation(federation) => match federation.email() {
                None => "workload identity federation".to_owned(),
                email => format!("{} by workload identity federation", of_account(email)),
            },
            Self::Impersonation(acting) => {
                let account = of_account(impersonation::email(&acting.url));
                format!("{account} by {}", acting.source.whose())
            }
        }
    }

    async fn token(&self, surroundings: &Surroundings) -> Result<Token, Error> {
        let transport = &surroundings.transport;
        match self {
            Self::ServiceAccount(account) => account.token(transport).await,
            Self::User(user) => user.token(transport).await,
            Self::FederatedUser(user) => user.token(transport).await,
            Self::Federation(federation) => federation.token(surroundings).await,
            Self::Impersonation(acting) => {
                let account = Account {
                    url: &acting.url,
                    delegates: &acting.delegates,
                    lifetime: None,
                };
                // Looked at first: nobody is asked where the way would end.
                account.endpoint()?;
                let source = Box::pin(acting.source.token(surroundings)).await?;
                account.token(transport, &source.value).await
            }
        }
    }
}

fn of_account(email: Option<&str>) -> String {
    let email = email.unwrap_or("of another name");
    format!("the service account {email}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::transport::Transport;
    use crate::transport::client::Settings;
    use crate::transport::script::Script;
    use crate::vendor::Kind;
    use bytes::Bytes;
    use http::Response;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    const TOKEN: &str =
        "http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token";

    /// What a machine without variables and files is at `host`, and whom it asked. What answers
    /// says that it is of this flavor.
    async fn minted(
        host: &str,
        effort: Effort,
        flavor: &'static str,
    ) -> (Option<Minted>, Vec<String>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let asking = Arc::clone(&asked);
        let script = Script::new(move |sent| {
            assert_eq!(sent.headers["metadata-flavor"], "Google");
            asking.lock().unwrap().push(sent.url.to_string());
            let answer = Response::builder().header("metadata-flavor", flavor);
            let body = r#"{"access_token": "t", "expires_in": 3000, "token_type": "Bearer"}"#;
            answer.body(Bytes::from_static(body.as_bytes())).unwrap()
        });
        let settings = Settings {
            script: Some(script),
            ..Settings::default()
        };
        let google = Google::new(Surroundings {
            variables: std::collections::BTreeMap::new(),
            home: None,
            search_path: Vec::new(),
            transport: Arc::new(Transport::new(settings, Arc::new(()))),
        });
        let place = Place {
            host: host.parse().unwrap(),
            kind: Kind::Google,
            aws_profile: None,
        };
        let minted = google.mint(&place, effort).await.unwrap();
        let asked = asked.lock().unwrap().clone();
        (minted, asked)
    }

    #[tokio::test]
    async fn nobody_is_asked_whether_this_is_a_machine_of_google_s_but_for_who_must_know() {
        let (found, asked) = minted("gcr.io", Effort::Evident, "Google").await;
        assert!(found.is_none() && asked.is_empty(), "{asked:?}");
        let (found, asked) = minted("gcr.io", Effort::Thorough, "Google").await;
        assert_eq!(asked, ["http://169.254.169.254/", TOKEN]);
        let found = found.unwrap();
        assert_eq!(found.lifetime, Some(Duration::from_mins(50)));
        assert_eq!(
            found.origin,
            "the metadata service (service account default)"
        );
    }

    #[tokio::test]
    async fn a_machine_of_another_cloud_is_asked_for_no_token() {
        let (found, asked) = minted("gcr.io", Effort::Thorough, "Azure").await;
        assert!(found.is_none());
        assert_eq!(asked, ["http://169.254.169.254/"]);
    }

    #[tokio::test]
    async fn the_mirror_of_docker_hub_takes_no_identity() {
        let (found, asked) = minted("mirror.gcr.io", Effort::Thorough, "Google").await;
        assert!(found.is_none() && asked.is_empty(), "{asked:?}");
    }
}
