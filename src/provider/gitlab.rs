//! Identities of GitLab, and what they come to: passwords of its registry.

use super::{Minted, Place, Provider, Surroundings};
use crate::auth::identity::Effort;
use crate::transport::BoxError;
use async_trait::async_trait;

/// What this machine is at GitLab.
pub(super) struct GitLab {
    surroundings: Surroundings,
}

impl GitLab {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self { surroundings }
    }
}

#[async_trait]
impl Provider for GitLab {
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        let _ = (&self.surroundings, place, effort);
        Ok(None)
    }
}
