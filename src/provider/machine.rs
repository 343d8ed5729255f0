//! The machine: which provider is asked for a host, and what it looks for.

use super::answers::Answers;
use super::aws::Aws;
use super::aws::api::{EcrAnswer, EcrError, EcrQuestion};
use super::azure::Azure;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::google::Google;
use super::{Place, Provider, Surroundings};
use crate::auth::credential::{Credential, CredentialError, Found};
use crate::auth::identity::{Effort, Identities};
use crate::config::Settings;
use crate::oci::reference::Host;
use crate::vendor::Kind;
use async_trait::async_trait;
use std::sync::Arc;

/// All identities of this machine.
pub struct Machine {
    settings: Arc<Settings>,
    aws: Aws,
    azure: Azure,
    github: GitHub,
    gitlab: GitLab,
    google: Google,
    answers: Answers,
}

impl Machine {
    /// A machine with these surroundings. Nothing is read or asked yet.
    pub fn new(surroundings: &Surroundings, settings: Arc<Settings>) -> Self {
        Self {
            settings,
            aws: Aws::new(surroundings.clone()),
            azure: Azure::new(surroundings.clone()),
            github: GitHub::new(surroundings.clone()),
            gitlab: GitLab::new(surroundings.clone()),
            google: Google::new(surroundings.clone()),
            answers: Answers::default(),
        }
    }

    /// Where a registry takes an identity of the machine's: what it is, as people call it, and what
    /// is looked for.
    pub fn sought(&self, host: &Host) -> Option<(&'static str, &'static str)> {
        let (place, _) = self.place(host)?;
        // What nothing is known of may be anything.
        let kind = self.kind(host)?;
        Some((place.kind.title(), sought(kind)?))
    }

    /// Whether the machine is nobody at `host` because a metadata service, which may be there, gave
    /// no answer in time.
    pub fn met_silence(&self, host: &Host) -> bool {
        let place = self.place(host);
        place.is_some_and(|(_, provider)| provider.met_silence())
    }

    /// Asks the API of Amazon ECR, or ECR Public, about the registry at `host`, as whoever the
    /// machine is there. Where the settings name an API, that one is asked.
    pub async fn ask_ecr(
        &self,
        host: &Host,
        question: &EcrQuestion,
    ) -> Result<EcrAnswer, EcrError> {
        let place = self.place(host).map(|(place, _)| place);
        let is_ecr = |place: &Place| matches!(place.kind, Kind::Ecr | Kind::EcrPublic);
        let place = place.filter(is_ecr).ok_or(EcrError::Nobody)?;
        let own = self.settings.registry(host);
        let api = own.and_then(|own| own.api.as_ref());
        self.aws.ask(&place, api, question).await
    }

    /// What is known of a host whose registry may take an identity.
    fn place(&self, host: &Host) -> Option<(Place, &dyn Provider)> {
        let own = self.settings.registry(host);
        if own.is_some_and(|own| !own.identity) {
            return None;
        }
        let kind = self.kind(host);
        let provider: &dyn Provider = match kind {
            Some(Kind::Ecr | Kind::EcrPublic) => &self.aws,
            Some(Kind::Acr) => &self.azure,
            Some(Kind::Google) => &self.google,
            Some(Kind::Ghcr) => &self.github,
            // A registry of GitLab's own may be anywhere: the pipeline's variables name it.
            Some(Kind::GitLab) | None => &self.gitlab,
            Some(_) => return None,
        };
        let place = Place {
            host: host.without_default_port(),
            kind: kind.unwrap_or(Kind::GitLab),
            aws_profile: own.and_then(|own| own.aws_profile.clone()),
        };
        Some((place, provider))
    }

    fn kind(&self, host: &Host) -> Option<Kind> {
        let own = self.settings.registry(host).and_then(|own| own.kind);
        own.or_else(|| Kind::of(host))
    }
}

#[async_trait]
impl Identities for Machine {
    async fn identity(
        &self,
        host: &Host,
        effort: Effort,
    ) -> Result<Option<Found>, CredentialError> {
        let Some((place, provider)) = self.place(host) else {
            return Ok(None);
        };
        let found = self.answers.get(&place, provider, effort).await;
        found.map_err(|failure| CredentialError::Identity {
            kind: place.kind.title(),
            source: failure.told(),
        })
    }

    async fn evident(&self, host: &Host, effort: Effort) -> Option<String> {
        let (place, provider) = self.place(host)?;
        provider.evident(&place, effort).await
    }

    fn forget(&self, host: &Host, rejected: &Credential) {
        if let Some((place, _)) = self.place(host) {
            self.answers.forget(&place, rejected);
        }
    }
}

/// What an identity for such a registry is made of, for people who miss one.
fn sought(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Ecr | Kind::EcrPublic => Some(
            "`AWS_ACCESS_KEY_ID`, a profile in `~/.aws` (`AWS_PROFILE`), `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_CONTAINER_CREDENTIALS_…_URI`, the metadata service of EC2",
        ),
        Kind::Google => Some(
            "`GOOGLE_APPLICATION_CREDENTIALS`, the file of `gcloud auth application-default login`, the metadata server of Google Cloud",
        ),
        Kind::Acr => Some(
            "`AZURE_CLIENT_ID` with `AZURE_CLIENT_SECRET`, `AZURE_CLIENT_CERTIFICATE_PATH` or `AZURE_FEDERATED_TOKEN_FILE`, a managed identity, the login of `az`",
        ),
        Kind::Ghcr => Some("`GITHUB_TOKEN`, `GH_TOKEN`"),
        Kind::GitLab => Some(
            "`CI_REGISTRY` with `CI_REGISTRY_USER` and `CI_REGISTRY_PASSWORD`, or with `CI_JOB_TOKEN`",
        ),
        _ => None,
    }
}
