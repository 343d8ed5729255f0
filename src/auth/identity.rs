//! What a machine is by itself, where nobody gave a credential for a registry.

use super::credential::{Credential, CredentialError, Found};
use crate::oci::reference::Host;
use crate::transport::BoxError;
use async_trait::async_trait;
use std::sync::Arc;

/// How much is done to find an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effort {
    /// Only one that variables and files of this machine speak of is used: nobody is asked whether
    /// there is one. For whoever may do without.
    Evident,
    /// Whoever could know of one is asked too, such as the metadata service of a cloud.
    Thorough,
}

/// Why an identity that the machine has came to nothing, and what helps.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    what: String,
    help: Option<String>,
    #[source]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Failure {
    /// A failure: whose identity, and why, in the vendor's words.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: None,
            source: None,
        }
    }

    /// The same, with what is behind it.
    #[must_use]
    pub fn caused(self, source: impl Into<BoxError>) -> Self {
        Self {
            source: Some(Arc::from(source.into())),
            ..self
        }
    }

    /// The same, with what helps against it.
    #[must_use]
    pub fn helped(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    /// What helps, where that is known.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

/// The identities that the machine has for registries of the kinds that take one.
#[async_trait]
pub trait Identities: Send + Sync {
    /// The credential that the machine's identity comes to at `host`. `None`: this kind of host
    /// takes no such identity, or the machine has none.
    ///
    /// Answers are kept for as long as they are good, so that this may be called for each request.
    async fn identity(&self, host: &Host, effort: Effort)
    -> Result<Option<Found>, CredentialError>;

    /// Whose identity that would be, as far as variables and files of this machine say, for people
    /// to read. Nobody is asked and nothing is run, so that this is for whoever will not use it.
    async fn evident(&self, host: &Host, effort: Effort) -> Option<String>;

    /// Makes a new one the next time, where `rejected` is what was found.
    fn forget(&self, host: &Host, rejected: &Credential);
}

#[async_trait]
impl<I: Identities + ?Sized> Identities for Arc<I> {
    async fn identity(
        &self,
        host: &Host,
        effort: Effort,
    ) -> Result<Option<Found>, CredentialError> {
        (**self).identity(host, effort).await
    }

    async fn evident(&self, host: &Host, effort: Effort) -> Option<String> {
        (**self).evident(host, effort).await
    }

    fn forget(&self, host: &Host, rejected: &Credential) {
        (**self).forget(host, rejected);
    }
}

/// A machine that is nobody.
pub struct Nobody;

#[async_trait]
impl Identities for Nobody {
    async fn identity(&self, _: &Host, _: Effort) -> Result<Option<Found>, CredentialError> {
        Ok(None)
    }

    async fn evident(&self, _: &Host, _: Effort) -> Option<String> {
        None
    }

    fn forget(&self, _: &Host, _: &Credential) {}
}
