//! The authenticator: what to send with a request, before and after a registry asks.

use super::cache::{Key, TokenCache};
use super::challenge::{Bearer, Challenge};
use super::credential::{Credential, CredentialSource, Found, Subject};
use super::error::Error;
use super::scope::Scopes;
use super::token::{self, Exchange, Token};
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::{Authorization, Transport};
use http::HeaderMap;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Who asks which registry for what.
#[derive(Debug, Clone)]
pub struct Access {
    /// The registry that secrets are bound to.
    pub home: Home,
    /// Whose credential is wanted.
    pub subject: Subject,
    /// The rights that the request needs.
    pub scopes: Scopes,
}

/// An authorization, and what it was made from.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What is sent.
    pub authorization: Authorization,
    /// Where the credential came from; `None` for an anonymous token.
    pub origin: Option<String>,
}

/// Turns challenges into authorizations, and remembers both for as long as the process runs.
pub struct Authenticator {
    transport: Arc<Transport>,
    credentials: Arc<dyn CredentialSource>,
    tokens: TokenCache,
    challenges: Mutex<HashMap<Origin, Remembered>>,
}

/// What a registry has been seen to ask for. The scope belongs to one request and is not kept.
#[derive(Debug, Clone)]
enum Remembered {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

impl Authenticator {
    /// An authenticator that finds its credentials in `credentials`.
    pub fn new(transport: Arc<Transport>, credentials: Arc<dyn CredentialSource>) -> Self {
        Self {
            transport,
            credentials,
            tokens: TokenCache::default(),
            challenges: Mutex::default(),
        }
    }

    /// What to send with a request to a registry whose challenge is known already, so that it
    /// need not be provoked again.
    pub async fn prepare(&self, access: &Access) -> Result<Option<Granted>, Arc<Error>> {
        let known = self.challenges().get(access.home.origin()).cloned();
        let Some(known) = known else {
            return Ok(None);
        };
        let found = self.find(access).await?;
        match known {
            Remembered::Basic => Ok(found.as_ref().and_then(|found| basic(access, found))),
            Remembered::Bearer { realm, service } => {
                let scopes = access.scopes.clone();
                self.bearer(access, found.as_ref(), realm, service, scopes, None)
                    .await
                    .map(Some)
            }
        }
    }

    /// The authorization that the 401 with these headers asks for.
    ///
    /// `rejected` is what the request was sent with: the same again is an error, and a token is
    /// fetched anew.
    pub async fn answer(
        &self,
        access: &Access,
        asked: &Url,
        headers: &HeaderMap,
        rejected: Option<&Granted>,
    ) -> Result<Granted, Arc<Error>> {
        let registry = access.home.origin().authority();
        let challenge = Challenge::read(headers).map_err(|source| Error::Challenge {
            registry: registry.clone(),
            source,
        })?;
        let found = self.find(access).await?;
        let granted = match challenge {
            None => return Err(Arc::new(Error::Unchallenged { registry })),
            Some(Challenge::Basic) => {
                self.remember(access, Remembered::Basic);
                let missing = || Error::Missing {
                    registry: registry.clone(),
                };
                found
                    .as_ref()
                    .and_then(|found| basic(access, found))
                    .ok_or_else(missing)?
            }
            Some(Challenge::Bearer(bearer)) => {
                Box::pin(self.answer_bearer(access, asked, bearer, found.as_ref(), rejected))
                    .await?
            }
        };
        let again = rejected.filter(|old| old.authorization.is_same(&granted.authorization));
        match (again, granted.origin.clone()) {
            (None, _) => Ok(granted),
            (Some(_), Some(origin)) => Err(Arc::new(Error::Rejected {
                registry,
                what: "credential",
                origin,
            })),
            (Some(_), None) => Err(Arc::new(Error::Missing { registry })),
        }
    }

    async fn answer_bearer(
        &self,
        access: &Access,
        asked: &Url,
        bearer: Bearer,
        found: Option<&Found>,
        rejected: Option<&Granted>,
    ) -> Result<Granted, Arc<Error>> {
        let registry = access.home.origin().authority();
        let realm = asked.join(&bearer.realm).map_err(|_| Error::Realm {
            registry,
            realm: bearer.realm.clone(),
            reason: "is not a URL",
        })?;
        let service = bearer.service;
        let known = Remembered::Bearer {
            realm: realm.clone(),
            service: service.clone(),
        };
        self.remember(access, known);
        let scopes = access.scopes.as_challenged(bearer.scope.as_deref());
        self.bearer(access, found, realm, service, scopes, rejected)
            .await
    }

    async fn bearer(
        &self,
        access: &Access,
        found: Option<&Found>,
        realm: Url,
        service: Option<String>,
        scopes: Scopes,
        rejected: Option<&Granted>,
    ) -> Result<Granted, Arc<Error>> {
        let origin = found.map(|found| found.origin.clone());
        let credential = found.map(|found| &found.credential);
        let token = if let Some(Credential::Registry(token)) = credential {
            token.clone()
        } else {
            let exchange = Exchange {
                registry: &access.home,
                realm,
                service,
                scopes,
                credential,
            };
            self.token(&exchange, rejected).await?.value
        };
        let authorization = token::bearer(&token, access.home.clone()).ok_or_else(|| {
            let registry = access.home.origin().authority();
            Error::Reply {
                service: registry,
                reason: "holds a token that no header can hold",
            }
        })?;
        Ok(Granted {
            authorization,
            origin,
        })
    }

    async fn token(
        &self,
        exchange: &Exchange<'_>,
        rejected: Option<&Granted>,
    ) -> Result<Token, Arc<Error>> {
        let key = Key {
            registry: exchange.registry.origin().clone(),
            realm: exchange.realm.clone(),
            service: exchange.service.clone(),
            scopes: exchange.scopes.clone(),
            credential: exchange.credential.cloned(),
        };
        if let (Some(rejected), Some(known)) = (rejected, self.tokens.known(&key)) {
            let same = token::bearer(&known.value, exchange.registry.clone())
                .is_some_and(|known| known.is_same(&rejected.authorization));
            if same {
                self.tokens.forget(&key, &known);
            }
        }
        self.tokens
            .get_or_fetch(&key, exchange.fetch(&self.transport))
            .await
    }

    /// Whether both are served by one credential, or both by none.
    pub async fn is_same_credential(&self, one: &Subject, other: &Subject) -> bool {
        let (Ok(one), Ok(other)) = (
            self.credentials.credential(one).await,
            self.credentials.credential(other).await,
        ) else {
            return false;
        };
        let credential = |found: Option<Found>| found.map(|found| found.credential);
        credential(one) == credential(other)
    }

    async fn find(&self, access: &Access) -> Result<Option<Found>, Arc<Error>> {
        let found = self.credentials.credential(&access.subject).await;
        found.map_err(|error| Arc::new(Error::from(error)))
    }

    fn remember(&self, access: &Access, challenge: Remembered) {
        self.challenges()
            .insert(access.home.origin().clone(), challenge);
    }

    fn challenges(&self) -> std::sync::MutexGuard<'_, HashMap<Origin, Remembered>> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn basic(access: &Access, found: &Found) -> Option<Granted> {
    let authorization = token::basic(&found.credential, access.home.clone())?;
    Some(Granted {
        authorization,
        origin: Some(found.origin.clone()),
    })
}
