//! Credentials and where they come from.

use crate::oci::reference::Host;
use crate::oci::reference::Repository;
use crate::transport::BoxError;
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

/// Why a user name, password or token cannot be sent to any registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// RFC 7617 allows it; no registry does, and docker refuses it.
    #[error("the user name is empty")]
    EmptyUsername,
    /// RFC 7617, section 2: the first colon ends the user name.
    #[error("the user name contains a colon")]
    ColonInUsername,
    /// RFC 7617, section 2, and the line-based protocols of credential helpers.
    #[error("the user name contains a control character")]
    ControlInUsername,
    /// Nothing to send.
    #[error("the token is empty")]
    EmptyToken,
    /// RFC 6750, section 2.1: a token is visible ASCII.
    #[error("the token contains something other than visible ASCII characters")]
    TokenNotVisible,
}

impl Credential {
    /// A user name and a password, checked. A password may be any bytes, or none.
    pub fn password(username: impl Into<String>, password: Secret) -> Result<Self, Unusable> {
        let username = username.into();
        if username.is_empty() {
            return Err(Unusable::EmptyUsername);
        }
        if username.contains(':') {
            return Err(Unusable::ColonInUsername);
        }
        if username.contains(char::is_control) {
            return Err(Unusable::ControlInUsername);
        }
        Ok(Self::Password { username, password })
    }

    /// An identity token, checked.
    pub fn identity(token: Secret) -> Result<Self, Unusable> {
        visible(token).map(Self::Identity)
    }

    /// A registry token, checked.
    pub fn registry(token: Secret) -> Result<Self, Unusable> {
        visible(token).map(Self::Registry)
    }
}

fn visible(token: Secret) -> Result<Secret, Unusable> {
    match token.expose() {
        [] => Err(Unusable::EmptyToken),
        bytes if bytes.iter().all(u8::is_ascii_graphic) => Ok(token),
        _ => Err(Unusable::TokenNotVisible),
    }
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

impl Subject {
    /// The registry.
    pub fn host(&self) -> &Host {
        match self {
            Self::Host(host) => host,
            Self::Repository(repository) => &repository.host,
        }
    }
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
    /// A credential helper that ran and did not answer as it should.
    #[error("credential helper `{helper}` failed")]
    Helper {
        /// Its name, without `docker-credential-`.
        helper: String,
        /// How.
        source: BoxError,
    },
    /// An identity that the machine has, and that came to nothing.
    #[error("this machine's identity for {kind} cannot be used")]
    Identity {
        /// Which kind of registry it is for, as people call it.
        kind: &'static str,
        /// Why.
        source: BoxError,
    },
    /// The system's keyring, which has the credential and does not hand it out, or does not take it.
    #[error("the keyring cannot be used")]
    Keyring {
        /// Why.
        source: BoxError,
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
    /// Looks anew the next time, where `rejected` is what was found: a registry no longer takes
    /// it, and helpers hand out some that live for hours only. Most places would say the same.
    fn forget(&self, subject: &Subject, rejected: &Credential) {
        let _ = (subject, rejected);
    }
}
