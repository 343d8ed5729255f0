//! Identities of Amazon Web Services, and what they come to: ECR's passwords.
//!
//! Which identity there is, variables and files say (`source`); AWS's own crates make
//! credentials of it (`chain`), over our transport (`http`); with them ECR's API is asked
//! (`call`) for a password (`token`), and whatever else it knows (`api`).

pub mod api;
mod call;
mod chain;
mod endpoint;
mod holder;
mod http;
mod process;
mod refusal;
mod sign;
mod source;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod token;
mod told;

use super::{Minted, Place, Provider, Silence, Surroundings};
use crate::auth::credential::Credential;
use crate::auth::identity::{Effort, Failure};
use crate::transport::BoxError;
use crate::vendor::Kind;
use async_trait::async_trait;
use call::CallError;
use chain::Chain;
use endpoint::{Endpoint, Service};
use holder::{Holder, Holders, Kept, Outcome};
use source::Source;
use std::sync::Arc;

/// What this machine is at Amazon Web Services.
pub(super) struct Aws {
    surroundings: Surroundings,
    silence: Silence,
    holders: Holders,
}

impl Aws {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            silence: Silence::default(),
            holders: Holders::default(),
        }
    }
}

#[async_trait]
impl Provider for Aws {
    async fn mint(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
        // Boxed: what AWS's crates do is large.
        Ok(Box::pin(self.password(place, effort)).await?)
    }

    async fn evident(&self, place: &Place, _: Effort) -> Option<String> {
        let chosen = place.aws_profile.as_deref();
        let chain = Box::pin(Chain::read(&self.surroundings, chosen))
            .await
            .ok()?;
        let source = Source::find(&self.surroundings.variables, &chain.profiles, chosen).ok()?;
        (!source.is_a_guess()).then(|| source.to_string())
    }

    fn met_silence(&self) -> bool {
        self.silence.is_noted()
    }
}

impl Aws {
    async fn password(&self, place: &Place, effort: Effort) -> Result<Option<Minted>, Failure> {
        // Made anew: whoever wants another password may have been refused for these credentials.
        let found = self
            .find(place, effort)
            .await
            .map(|found| found.map(Arc::new));
        *self.holders.slot(place).lock().await = Some(Kept::of(found.clone(), effort));
        let Some(holder) = found? else {
            return Ok(None);
        };
        let transport = &self.surroundings.transport;
        let password = token::password(transport, &holder.endpoint, &holder.credentials).await;
        let password = password.map_err(|error| {
            let help = holder.renewal.clone().filter(|_| error.is_expiry());
            let help = help.or_else(|| error.help(holder.endpoint.service));
            refused(&holder.origin, error).helped(help)
        })?;
        let credential = Credential::password(password.username, password.secret);
        let credential = credential.map_err(|error| {
            Failure::new(format!("{}: ECR's answer", holder.origin)).caused(error)
        })?;
        Ok(Some(Minted {
            credential,
            origin: holder.origin.clone(),
            lifetime: Some(password.lifetime),
        }))
    }

    /// Who the machine is for a registry, as it was found last where that still holds.
    async fn holder(&self, place: &Place, effort: Effort) -> Outcome {
        let slot = self.holders.slot(place);
        let mut kept = slot.lock().await;
        if let Some(outcome) = kept.as_ref().and_then(|kept| kept.answer(effort)) {
            return outcome;
        }
        let found = self
            .find(place, effort)
            .await
            .map(|found| found.map(Arc::new));
        *kept = Some(Kept::of(found.clone(), effort));
        found
    }

    /// Makes it anew the next time, where it is still this one.
    async fn forget_holder(&self, place: &Place, holder: &Arc<Holder>) {
        let slot = self.holders.slot(place);
        let mut kept = slot.lock().await;
        kept.take_if(|kept| kept.is(holder));
    }

    /// Finds out who the machine is for a registry.
    async fn find(&self, place: &Place, effort: Effort) -> Result<Option<Holder>, Failure> {
        let variables = &self.surroundings.variables;
        let chosen = place.aws_profile.as_deref();
        let chain = Chain::read(&self.surroundings, chosen).await?;
        let source = Source::find(variables, &chain.profiles, chosen);
        let source = source.map_err(|missing| Failure::new(missing.to_string()))?;
        // Nobody reads from a private registry without a name.
        if source.is_a_guess() && effort == Effort::Evident && place.kind != Kind::Ecr {
            return Ok(None);
        }
        let named = chain.endpoint_url(&source, Service::of(place.kind)).await;
        let (host, region) = (&place.host, chain.region());
        let endpoint = Endpoint::of(host, place.kind, variables, region, named.as_deref());
        let endpoint = match endpoint {
            Ok(endpoint) => endpoint,
            // Whoever is nobody needs none.
            Err(_) if source.is_a_guess() => return Ok(None),
            Err(error) => return Err(Failure::new(format!("{source}: {error}"))),
        };
        let known = chain.load(&source, &endpoint.region).await?;
        self.silence.note(chain.silence.is_noted());
        Ok(known.map(|known| Holder {
            endpoint,
            credentials: known.credentials,
            origin: known.origin,
            renewal: chain.help(&source),
        }))
    }
}

fn refused(origin: &str, error: CallError) -> Failure {
    match error {
        CallError::Unanswered(error) => Failure::new(origin).caused(error),
        CallError::Unsigned(error) => Failure::new(format!("{origin} cannot sign")).caused(error),
        error => Failure::new(format!("{origin}: {error}")),
    }
}
