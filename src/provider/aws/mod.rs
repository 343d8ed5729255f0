//! Identities of Amazon Web Services, and what they come to: ECR's passwords.
//!
//! Which identity there is, variables and files say ([`source`]); AWS's own crates make
//! credentials of it ([`chain`]), over our transport ([`http`]); with them ECR's API is asked for
//! a password ([`token`]).

mod chain;
mod endpoint;
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
use chain::Chain;
use endpoint::{Endpoint, Service};
use source::Source;
use token::TokenError;

/// What this machine is at Amazon Web Services.
pub(super) struct Aws {
    surroundings: Surroundings,
    silence: Silence,
}

impl Aws {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self {
            surroundings,
            silence: Silence::default(),
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
        let Some(known) = known else {
            return Ok(None);
        };
        let transport = &self.surroundings.transport;
        let password = token::password(transport, &endpoint, &known.credentials).await;
        let password = password.map_err(|error| {
            let help = chain.help_against(&error, &source);
            let help = help.or_else(|| error.help(endpoint.service));
            refused(&known.origin, error).helped(help)
        })?;
        let credential = Credential::password(password.username, password.secret);
        let credential = credential.map_err(|error| {
            Failure::new(format!("{}: ECR's answer", known.origin)).caused(error)
        })?;
        Ok(Some(Minted {
            credential,
            origin: known.origin,
            lifetime: Some(password.lifetime),
        }))
    }
}

impl Chain<'_> {
    /// What helps where it is the credentials that are no longer good.
    fn help_against(&self, error: &TokenError, source: &Source) -> Option<String> {
        match error {
            TokenError::Refused(refusal) if refusal.is(&["ExpiredToken"]) => self.help(source),
            _ => None,
        }
    }
}

fn refused(origin: &str, error: TokenError) -> Failure {
    match error {
        TokenError::Unanswered(error) => Failure::new(origin).caused(error),
        TokenError::Unsigned(error) => Failure::new(format!("{origin} cannot sign")).caused(error),
        error => Failure::new(format!("{origin}: {error}")),
    }
}
