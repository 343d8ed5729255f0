//! Identities of GitHub, and what they come to: GHCR's passwords.

use super::{Minted, Place, Provider, Surroundings};
use crate::auth::identity::Effort;
use crate::transport::BoxError;
use async_trait::async_trait;

/// What this machine is at GitHub.
pub(super) struct GitHub {
    surroundings: Surroundings,
}

impl GitHub {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self { surroundings }
    }
}

#[async_trait]
impl Provider for GitHub {
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        let _ = (&self.surroundings, place, effort);
        Ok(None)
    }
}
