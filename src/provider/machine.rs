//! The machine: which provider is asked for a host, and for how long its answer is kept.

use super::aws::Aws;
use super::azure::Azure;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::google::Google;
use super::{Minted, Place, Provider, Surroundings};
use crate::auth::credential::{Credential, CredentialError, Found};
use crate::auth::identity::{Effort, Identities};
use crate::config::Settings;
use crate::oci::reference::Host;
use crate::vendor::Kind;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::time::Instant;

/// All identities of this machine.
pub struct Machine {
    settings: Arc<Settings>,
    aws: Aws,
    azure: Azure,
    github: GitHub,
    gitlab: GitLab,
    google: Google,
    kept: Mutex<HashMap<Place, Arc<Slot>>>,
}

/// One place's answer. Whoever looks into it while it is made waits for it.
type Slot = tokio::sync::Mutex<Option<Kept>>;

/// An answer, and how it was come by.
struct Kept {
    found: Option<Found>,
    effort: Effort,
    /// From then on it is made anew.
    until: Option<Instant>,
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
            kept: Mutex::default(),
        }
    }

    /// What is known of a host whose registry may take an identity.
    fn place(&self, host: &Host) -> Option<(Place, &dyn Provider)> {
        let own = self.settings.registry(host);
        if own.is_some_and(|own| !own.identity) {
            return None;
        }
        let kind = own.and_then(|own| own.kind).or_else(|| Kind::of(host));
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

    fn slot(&self, place: &Place) -> Arc<Slot> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(place.clone()).or_default())
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
        let slot = self.slot(&place);
        let mut kept = slot.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| known.answers(effort)) {
            return Ok(known.found.clone());
        }
        let minted = provider.mint(&place, effort).await;
        let minted = minted.map_err(|source| CredentialError::Identity {
            kind: place.kind.title(),
            source,
        })?;
        let known = kept.insert(Kept::of(minted, effort));
        Ok(known.found.clone())
    }

    fn forget(&self, host: &Host, rejected: &Credential) {
        let Some((place, _)) = self.place(host) else {
            return;
        };
        let slot = self.slot(&place);
        // Whoever holds it is making a new one.
        if let Ok(mut kept) = slot.try_lock() {
            let found = kept.as_ref().and_then(|kept| kept.found.as_ref());
            if found.is_some_and(|found| found.credential == *rejected) {
                *kept = None;
            }
        }
    }
}

impl Kept {
    fn of(minted: Option<Minted>, effort: Effort) -> Self {
        // A credential that is half-way to its end is not begun with any more.
        let lifetime = minted.as_ref().and_then(|minted| minted.lifetime);
        Self {
            found: minted.map(|minted| Found {
                credential: minted.credential,
                origin: minted.origin,
            }),
            effort,
            until: lifetime.map(|lifetime| Instant::now() + lifetime / 2),
        }
    }

    /// Whether it answers one who makes this much effort: one that is there answers all.
    fn answers(&self, effort: Effort) -> bool {
        let is_good = self.until.is_none_or(|until| Instant::now() < until);
        is_good && (self.found.is_some() || self.effort >= effort)
    }
}
