//! Credentials and where they come from.

use crate::oci::reference::Host;
use crate::oci::reference::Repository;
use crate::transport::secret::Secret;
use async_trait::async_trait;
use std::path::PathBuf;

/// What proves to a registry who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A user name and a password, sent as Basic or traded for a token.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// An identity (refresh) token, traded for a registry token at the token service by
    /// `grant_type=refresh_token`. Docker's files call it `identitytoken`.
    Identity(Secret),
    /// A registry token, sent as it is. Docker's files call it `registrytoken`.
    Registry(Secret),
}

/// A credential and the place it was found in, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Found {
    /// The credential.
    pub credential: Credential,
    /// Where it came from, e.g. `~/.docker/config.json (registry.example/team)`.
    pub origin: String,
}

/// Whose credential is wanted: a whole registry's, or one repository's on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Whatever applies to the registry as a whole.
    Host(Host),
    /// Whatever applies to this repository: the longest matching path wins.
    Repository(Repository),
}

/// A place that was asked, is responsible for the registry, and could not answer.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// A credential file that cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A credential file, or a variable, whose content is wrong. The reason never shows a secret.
    #[error("{origin}: {reason}")]
    Malformed {
        /// The file or variable, with the entry where that is known.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// One place that credentials may be found in.
///
/// `Ok(None)`: this place has none for the subject. `Err`: it has one and it is broken, so the
/// search stops and says so, because going on as somebody else would surprise.
#[async_trait]
pub trait CredentialSource: Send + Sync {
    /// What people call this place.
    fn name(&self) -> String;
    /// The credential for `subject`.
    async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError>;
}
