//! What a machine is by itself, where nobody gave a credential for a registry.

use super::credential::{Credential, CredentialError, Found};
use crate::oci::reference::Host;
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

/// The identities that the machine has for registries of the kinds that take one.
#[async_trait]
pub trait Identities: Send + Sync {
    /// The credential that the machine's identity comes to at `host`. `None`: this kind of host
    /// takes no such identity, or the machine has none.
    ///
    /// Answers are kept for as long as they are good, so that this may be called for each request.
    async fn identity(&self, host: &Host, effort: Effort)
    -> Result<Option<Found>, CredentialError>;

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

    fn forget(&self, _: &Host, _: &Credential) {}
}
