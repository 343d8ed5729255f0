//! What each vendor does its own way. Here: the identities that machines have for its registries.
//!
//! A vendor is one `Provider`. What all have in common is in [`machine`]: which provider is asked
//! for a host, how long its answer is kept, and that it is asked once for all who wait.

mod answers;
pub mod aws;
mod azure;
mod github;
mod gitlab;
mod google;
mod jwt;
pub mod machine;
mod program;

use crate::auth::credential::Credential;
use crate::auth::identity::Effort;
use crate::oci::reference::Host;
use crate::transport::{BoxError, Transport};
use crate::vendor::Kind;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a provider may look at. Nothing else of the process is read.
#[derive(Clone)]
pub struct Surroundings {
    /// The variables whose names and values are UTF-8.
    pub variables: BTreeMap<String, String>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The folders that programs are looked for in.
    pub search_path: Vec<PathBuf>,
    /// The way to everything that is asked over HTTP.
    pub transport: Arc<Transport>,
}

/// The registry that an identity is for, and what the user says about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The registry.
    pub(crate) host: Host,
    /// What it is.
    pub(crate) kind: Kind,
    /// The profile of AWS's files that is meant.
    pub(crate) aws_profile: Option<String>,
}

/// What an identity comes to at a registry.
pub(crate) struct Minted {
    /// What is sent there, or traded for a token.
    pub(crate) credential: Credential,
    /// Whose it is and where that was found: `the AWS profile `dev` (arn…)`. For people to read.
    pub(crate) origin: String,
    /// For how long it is good, where that is known.
    pub(crate) lifetime: Option<Duration>,
}

/// A vendor's way from a machine's identity to a registry credential.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// The credential for a registry of this vendor. `None`: the machine has no such identity.
    /// `Err`: it has one, and that is broken, expired or refused.
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError>;

    /// Whose credential that would be, as far as variables and files say: nobody is asked, and
    /// nothing is run.
    async fn evident(&self, place: &Place, effort: Effort) -> Option<String>;

    /// Whether it found nobody because a metadata service, which may be there, let it wait in vain.
    fn met_silence(&self) -> bool {
        false
    }
}

/// Whether a metadata service let us wait in vain when it was last asked.
#[derive(Default)]
pub(crate) struct Silence(AtomicBool);

impl Silence {
    pub(crate) fn note(&self, is_silent: bool) {
        self.0.store(is_silent, Ordering::Relaxed);
    }

    pub(crate) fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Surroundings with these variables and nothing else.
#[cfg(test)]
fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
    use crate::transport::client::Settings;
    let owned = |(name, value): &(&str, &str)| (String::from(*name), String::from(*value));
    Surroundings {
        variables: variables.iter().map(owned).collect(),
        home: None,
        search_path: Vec::new(),
        transport: Arc::new(Transport::new(Settings::default(), Arc::new(()))),
    }
}
