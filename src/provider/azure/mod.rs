//! Identities of Microsoft Azure, and what they come to: ACR's refresh tokens.
//!
//! A machine is somebody at Entra, which gives it a token; the registry trades that for one of its
//! own. Sources are tried in the order of Azure's own libraries, but for one: whoever logged in by
//! hand comes before the machine, so that a read and a write are by the same.

mod ask;
mod certificate;
mod cli;
mod clouds;
mod error;
mod exchange;
mod managed;
mod principal;

use super::{Minted, Place, Provider, Silence, Surroundings};
use crate::auth::credential::Credential;
use crate::auth::identity::Effort;
use crate::auth::token::lifetime_of;
use crate::oci::reference::Host;
use crate::transport::BoxError;
use crate::transport::secret::Secret;
use async_trait::async_trait;
use cli::Cli;
use error::Error;
use exchange::exchange;
use managed::Managed;
use principal::Principal;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

/// What this machine is at Microsoft Azure.
pub(super) struct Azure {
    surroundings: Surroundings,
    silence: Silence,
}

/// Where a token of Entra's may come from.
enum Source {
    Principal(Principal),
    Managed(Managed),
    Cli(Cli),
}

impl Azure {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            silence: Silence::default(),
        }
    }

    /// The sources that are worth asking, the first that knows somebody being right. Where a
    /// variable speaks of an identity, that is the one, unless it is only an offer.
    fn sources(&self, effort: Effort) -> Result<Vec<Source>, Error> {
        let Some(principal) = Principal::of(&self.surroundings)? else {
            return self.others(effort);
        };
        // What is wrong with the others is nothing to who does not need them.
        let others = if principal.is_offered() {
            self.others(effort).unwrap_or_default()
        } else {
            Vec::new()
        };
        let principal = Source::Principal(principal);
        Ok([principal].into_iter().chain(others).collect())
    }

    /// The sources besides a service principal.
    fn others(&self, effort: Effort) -> Result<Vec<Source>, Error> {
        let from = &self.surroundings;
        if let Some(managed) = Managed::of_application(from)? {
            return Ok(vec![Source::Managed(managed)]);
        }
        let mut sources: Vec<Source> = Cli::of(from).map(Source::Cli).into_iter().collect();
        if effort >= Effort::Thorough {
            sources.push(Source::Managed(Managed::of_machine(from)?));
        }
        Ok(sources)
    }

    /// The token of Entra's that `source` has for the registry at `host`.
    async fn token(&self, source: &Source, host: &Host) -> Result<Option<Secret>, Error> {
        let mut refused = None;
        for audience in clouds::audiences(host) {
            match self.token_for(source, host, audience).await {
                Err(error) if error.is_of_audience() => {
                    refused.get_or_insert(error);
                }
                answered => return answered,
            }
        }
        refused.map_or(Ok(None), Err)
    }

    async fn token_for(
        &self,
        source: &Source,
        host: &Host,
        audience: &str,
    ) -> Result<Option<Secret>, Error> {
        let transport = &self.surroundings.transport;
        match source {
            Source::Principal(principal) => {
                let authority = clouds::authority(&self.surroundings, host)?;
                let token = principal.token(transport, &authority, audience).await;
                token.map(Some)
            }
            Source::Managed(managed) => managed.token(transport, audience).await,
            Source::Cli(cli) => cli.token(&self.surroundings, audience).await,
        }
    }
}

#[async_trait]
impl Provider for Azure {
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        let mut unknown = None;
        self.silence.note(false);
        for source in self.sources(effort)? {
            let token = match self.token(&source, &place.host).await {
                Ok(Some(token)) => token,
                Ok(None) => continue,
                Err(Error::Absent) => {
                    self.silence.note(true);
                    continue;
                }
                Err(error) if source.is_offered() && error.is_of_stranger() => {
                    unknown = Some(error);
                    continue;
                }
                // What was asked first is what was meant.
                Err(error) => return Err(unknown.unwrap_or(error).into()),
            };
            let who = source.who();
            let transport = &self.surroundings.transport;
            let token = exchange(transport, &who, &place.host, source.tenant(), &token).await?;
            return Ok(Some(Minted {
                lifetime: lifetime_of(&token),
                credential: Credential::identity(token)?,
                origin: who,
            }));
        }
        unknown.map_or(Ok(None), |error| Err(error.into()))
    }

    async fn evident(&self, _: &Place, _: Effort) -> Option<String> {
        let sources = self.sources(Effort::Evident).ok()?;
        sources.first().map(Source::who)
    }

    fn met_silence(&self) -> bool {
        self.silence.is_noted()
    }
}

impl Source {
    fn who(&self) -> String {
        match self {
            Self::Principal(principal) => principal.who(),
            Self::Managed(managed) => managed.who(),
            Self::Cli(_) => Cli::who(),
        }
    }

    fn is_offered(&self) -> bool {
        matches!(self, Self::Principal(principal) if principal.is_offered())
    }

    fn tenant(&self) -> Option<&str> {
        match self {
            Self::Principal(principal) => Some(&principal.tenant),
            Self::Managed(_) | Self::Cli(_) => None,
        }
    }
}

/// A variable's value. One that is empty is not there.
fn variable<'a>(surroundings: &'a Surroundings, name: &str) -> Option<&'a str> {
    let value = surroundings.variables.get(name);
    value
        .map(String::as_str)
        .filter(|value| !value.trim().is_empty())
}

/// The content of a file that `variable` names.
fn read(variable: &'static str, path: &Path, limit: u64) -> Result<Secret, Error> {
    let unreadable = |source| Error::Unreadable {
        variable,
        path: path.to_owned(),
        source,
    };
    let mut content = Zeroizing::new(Vec::new());
    let file = File::open(path).map_err(unreadable)?;
    let mut file = file.take(limit + 1);
    file.read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > limit {
        return Err(Error::File {
            variable,
            path: path.to_owned(),
            reason: "is too large",
        });
    }
    Ok(Secret::new(content.as_slice()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::transport::Transport;
    use crate::transport::client::Settings;
    use std::sync::Arc;

    /// Surroundings with these variables and nothing else.
    pub(super) fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        let variables = variables.iter();
        Surroundings {
            variables: variables
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            home: None,
            search_path: Vec::new(),
            transport: Arc::new(Transport::new(Settings::default(), Arc::new(()))),
        }
    }

    fn found(variables: &[(&str, &str)], effort: Effort) -> Result<Vec<String>, String> {
        let azure = Azure::new(surroundings(variables));
        let sources = azure.sources(effort).map_err(|error| error.to_string())?;
        Ok(sources.iter().map(Source::who).collect())
    }

    #[test]
    fn the_first_source_that_variables_speak_of_is_the_one() {
        const GITHUB: [(&str, &str); 2] = [
            (
                "ACTIONS_ID_TOKEN_REQUEST_URL",
                "https://token.example.com/?a=1",
            ),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "g"),
        ];
        const APPLICATION: [(&str, &str); 2] = [
            ("IDENTITY_ENDPOINT", "http://localhost:42356/msi/token"),
            ("IDENTITY_HEADER", "h"),
        ];
        let id = [("AZURE_CLIENT_ID", "app"), ("AZURE_TENANT_ID", "tenant")];
        let mut variables = [&id[..], &APPLICATION].concat();
        let managed = "the managed identity app (IDENTITY_ENDPOINT)";
        for (more, who) in [
            (&[][..], managed),
            (
                &GITHUB,
                "the Azure application app (the workflow's token of GitHub)",
            ),
            (
                &[("AZURE_FEDERATED_TOKEN_FILE", "/t")],
                "the Azure application app (AZURE_FEDERATED_TOKEN_FILE)",
            ),
            (
                &[("AZURE_CLIENT_CERTIFICATE_PATH", "/c")],
                "the Azure application app (AZURE_CLIENT_CERTIFICATE_PATH)",
            ),
            (
                &[("AZURE_CLIENT_SECRET", "s")],
                "the Azure application app (AZURE_CLIENT_SECRET)",
            ),
        ] {
            variables.extend_from_slice(more);
            for effort in [Effort::Evident, Effort::Thorough] {
                let found = found(&variables, effort).unwrap();
                assert_eq!(found[0], who);
                // GitHub's token is but an offer.
                let others = if more == GITHUB { &[managed][..] } else { &[] };
                assert_eq!(found[1..], *others);
            }
        }
        let nobody = found(&GITHUB, Effort::Evident);
        assert_eq!(nobody, Ok(vec![]), "a workflow that is nobody at Azure");
    }

    #[test]
    fn the_metadata_service_is_asked_with_much_effort_alone() {
        assert_eq!(found(&[], Effort::Evident), Ok(vec![]));
        let machine = "the managed identity of this machine (the metadata service)";
        assert_eq!(found(&[], Effort::Thorough), Ok(vec![machine.to_owned()]));
    }

    #[test]
    fn half_an_identity_is_an_error() {
        for (variables, error) in [
            (
                &[("AZURE_CLIENT_SECRET", "s"), ("AZURE_CLIENT_ID", "app")][..],
                "the variable AZURE_CLIENT_SECRET is set, and AZURE_TENANT_ID is not",
            ),
            (
                &[
                    ("AZURE_FEDERATED_TOKEN_FILE", "/t"),
                    ("AZURE_CLIENT_ID", ""),
                ],
                "the variable AZURE_FEDERATED_TOKEN_FILE is set, and AZURE_CLIENT_ID is not",
            ),
            (
                &[
                    ("AZURE_CLIENT_SECRET", "s"),
                    ("AZURE_CLIENT_ID", "app"),
                    ("AZURE_TENANT_ID", "a/../b"),
                ],
                "the variable AZURE_TENANT_ID is no tenant: neither an identifier nor a domain",
            ),
            (
                &[
                    ("IDENTITY_ENDPOINT", "http://example.com/token"),
                    ("IDENTITY_HEADER", "h"),
                ],
                "the variable IDENTITY_ENDPOINT is reached without TLS, and not on this machine",
            ),
        ] {
            let found = found(variables, Effort::Evident);
            assert_eq!(found, Err(error.to_owned()));
        }
    }
}
