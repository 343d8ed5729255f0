//! Identities of Microsoft Azure, and what they come to: ACR's refresh tokens.

use super::{Minted, Place, Provider, Surroundings};
use crate::auth::identity::Effort;
use crate::transport::BoxError;
use async_trait::async_trait;

/// What this machine is at Microsoft Azure.
pub(super) struct Azure {
    surroundings: Surroundings,
}

impl Azure {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self { surroundings }
    }
}

#[async_trait]
impl Provider for Azure {
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        let _ = (&self.surroundings, place, effort);
        Ok(None)
    }
}
