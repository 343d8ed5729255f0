//! The authenticator: what to send with a request, before and after a registry asks.

mod who;

use super::cache::{Key, TokenCache};
use super::challenge::{Bearer, Challenge};
use super::credential::{Credential, CredentialError, CredentialSource, Found, Subject};
use super::error::Error;
use super::identity::{Effort, Identities, Nobody};
use super::scope::Scopes;
use super::token::{self, Exchange, Token};
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::secret::Secret;
use crate::transport::{Authorization, Transport};
use http::{HeaderMap, StatusCode};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    /// Why it is an anonymous token although there should be a credential.
    pub failed: Option<Arc<Error>>,
    credential: Option<Credential>,
    /// What the credential is, where it is sent itself and not traded for a token.
    sent: Option<&'static str>,
    /// The token that is sent, where it is one.
    token: Option<Secret>,
}

/// Turns challenges into authorizations, and remembers both for as long as the process runs.
pub struct Authenticator {
    transport: Arc<Transport>,
    credentials: Arc<dyn CredentialSource>,
    identities: Arc<dyn Identities>,
    tokens: TokenCache,
    challenges: Mutex<HashMap<Origin, Remembered>>,
    /// Credentials that were accepted once.
    proven: Mutex<HashSet<Credential>>,
}

/// Who asks, as far as could be found out.
struct Asking {
    found: Option<Found>,
    failed: Option<Arc<Error>>,
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
            identities: Arc::new(Nobody),
            tokens: TokenCache::default(),
            challenges: Mutex::default(),
            proven: Mutex::default(),
        }
    }

    /// The same, for a machine that has these identities.
    pub fn with_identities(self, identities: Arc<dyn Identities>) -> Self {
        Self { identities, ..self }
    }

    /// What to send with a request to a registry whose challenge is known already, so that it
    /// need not be provoked again.
    pub async fn prepare(&self, access: &Access) -> Result<Option<Granted>, Arc<Error>> {
        let known = self.challenges().get(access.home.origin()).cloned();
        match known {
            // Boxed: it holds all that a login can take.
            Some(known) => Box::pin(self.grant(access, &known, &access.scopes, None)).await,
            None => Ok(None),
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
        let (known, scopes) = match challenge {
            None => return Err(Arc::new(Error::Unchallenged { registry })),
            Some(Challenge::Basic) => (Remembered::Basic, access.scopes.clone()),
            Some(Challenge::Bearer(bearer)) => remembered(access, asked, bearer)?,
        };
        self.remember(access, known.clone());
        let granted = Box::pin(self.grant(access, &known, &scopes, rejected)).await?;
        match granted {
            Some(granted) if !granted.is_again(rejected) => Ok(granted),
            Some(Granted {
                origin: Some(origin),
                sent,
                ..
            }) => Err(Arc::new(Error::Rejected {
                registry,
                what: sent.unwrap_or("credential"),
                origin,
                message: None,
            })),
            _ => {
                let failed = self.find(access).await?.failed;
                Err(failed.unwrap_or_else(|| Arc::new(Error::Missing { registry })))
            }
        }
    }

    /// The registry accepted this, as far as it says.
    pub fn accepted(&self, granted: &Granted) {
        if let Some(credential) = &granted.credential {
            self.prove(credential);
        }
    }

    /// What it means that the registry does not let in who was `granted` this, where that can only
    /// be the credential: one that it never accepted, and that was sent as it is.
    pub fn rejection(
        &self,
        access: &Access,
        granted: &Granted,
        message: Option<String>,
    ) -> Option<Error> {
        let credential = granted.credential.as_ref()?;
        if self.is_proven(credential) {
            return None;
        }
        Some(Error::Rejected {
            registry: access.home.origin().authority(),
            what: granted.sent?,
            origin: granted.origin.clone()?,
            message,
        })
    }

    /// The authorization in this form, `None` where that takes a credential and there is none.
    ///
    /// A credential that was good once and is refused now may have lived its time: whoever gave it
    /// is asked anew.
    async fn grant(
        &self,
        access: &Access,
        known: &Remembered,
        scopes: &Scopes,
        rejected: Option<&Granted>,
    ) -> Result<Option<Granted>, Arc<Error>> {
        let asking = self.find(access).await?;
        let first = self.grant_to(&asking, access, known, scopes, rejected);
        let first = first.await;
        let credential = asking.found.map(|found| found.credential);
        let Some(stale) =
            credential.filter(|old| is_refusal(&first, rejected) && self.is_proven(old))
        else {
            return first;
        };
        self.credentials.forget(&access.subject, &stale);
        let asking = self.find(access).await?;
        let is_new = asking
            .found
            .as_ref()
            .is_some_and(|new| new.credential != stale);
        if !is_new {
            self.proven().remove(&stale);
            return first;
        }
        self.grant_to(&asking, access, known, scopes, rejected)
            .await
    }

    async fn grant_to(
        &self,
        asking: &Asking,
        access: &Access,
        known: &Remembered,
        scopes: &Scopes,
        rejected: Option<&Granted>,
    ) -> Result<Option<Granted>, Arc<Error>> {
        let found = asking.found.as_ref();
        let (realm, service) = match known {
            Remembered::Basic => return Ok(found.and_then(|found| basic(access, found))),
            Remembered::Bearer { realm, service } => (realm, service),
        };
        let credential = found.map(|found| &found.credential);
        let ready = match credential {
            Some(Credential::Registry(token)) => Some(token),
            _ => None,
        };
        let token = if let Some(token) = ready {
            token.clone()
        } else {
            let exchange = Exchange {
                registry: &access.home,
                realm: realm.clone(),
                service: service.clone(),
                scopes: scopes.clone(),
                credential,
            };
            let token = self.token(&exchange, rejected).await;
            token.map_err(|error| asking.blamed(error))?.value
        };
        let registry = access.home.origin().authority();
        let authorization =
            token::bearer(&token, access.home.clone()).ok_or_else(|| Error::Reply {
                service: registry.clone(),
                reason: "holds a token that no header can hold",
            })?;
        if let Some(failed) = &asking.failed {
            let text = format!("{}; asking as nobody", reason(failed));
            self.transport.observer().warning(&registry, &text);
        }
        if ready.is_none() {
            credential.inspect(|credential| self.prove(credential));
        }
        Ok(Some(Granted {
            authorization,
            origin: found.map(|found| found.origin.clone()),
            failed: asking.failed.clone(),
            credential: credential.cloned(),
            sent: ready.map(|_| "token"),
            token: Some(token),
        }))
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

    /// Whether both are served by one credential, or both by none. Nobody is asked for one that the
    /// registry has not asked for.
    pub async fn is_same_credential(&self, home: &Home, one: &Subject, other: &Subject) -> bool {
        if !self.challenges().contains_key(home.origin()) {
            return true;
        }
        let (Ok(one), Ok(other)) = (
            self.credentials.credential(one).await,
            self.credentials.credential(other).await,
        ) else {
            return false;
        };
        let credential = |found: Option<Found>| found.map(|found| found.credential);
        credential(one) == credential(other)
    }

    /// Who asks. Where only the failure of a helper or keyring is in the way, whoever wants to read
    /// is nobody: much is for everybody. To write as somebody else would surprise.
    async fn find(&self, access: &Access) -> Result<Asking, Arc<Error>> {
        let given = match self.credentials.credential(&access.subject).await {
            Ok(None) => {
                let effort = if access.scopes.only_read() {
                    Effort::Evident
                } else {
                    Effort::Thorough
                };
                self.identities
                    .identity(access.subject.host(), effort)
                    .await
            }
            given => given,
        };
        match given {
            Ok(found) => Ok(Asking {
                found,
                failed: None,
            }),
            Err(
                failed @ (CredentialError::Helper { .. }
                | CredentialError::Identity { .. }
                | CredentialError::Keyring { .. }),
            ) if access.scopes.only_read() => Ok(Asking {
                found: None,
                failed: Some(Arc::new(failed.into())),
            }),
            Err(error) => Err(Arc::new(error.into())),
        }
    }

    fn is_proven(&self, credential: &Credential) -> bool {
        self.proven().contains(credential)
    }

    fn prove(&self, credential: &Credential) {
        if !self.is_proven(credential) {
            self.proven().insert(credential.clone());
        }
    }

    fn proven(&self) -> MutexGuard<'_, HashSet<Credential>> {
        self.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, access: &Access, challenge: Remembered) {
        self.challenges()
            .insert(access.home.origin().clone(), challenge);
    }

    fn challenges(&self) -> MutexGuard<'_, HashMap<Origin, Remembered>> {
        self.challenges
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asking {
    /// Nobody is told no because a helper failed.
    fn blamed(&self, error: Arc<Error>) -> Arc<Error> {
        match (&self.failed, &*error) {
            (Some(failed), Error::Refused { .. }) => Arc::clone(failed),
            _ => error,
        }
    }
}

impl Granted {
    fn is_again(&self, rejected: Option<&Granted>) -> bool {
        rejected.is_some_and(|old| old.authorization.is_same(&self.authorization))
    }
}

/// Whether somebody's credential is not accepted.
fn is_refusal(granted: &Result<Option<Granted>, Arc<Error>>, rejected: Option<&Granted>) -> bool {
    match granted {
        Ok(granted) => granted.as_ref().is_some_and(|new| new.is_again(rejected)),
        Err(error) => matches!(
            **error,
            Error::Refused {
                status: StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN,
                ..
            }
        ),
    }
}

/// What a bearer challenge asks for, for as long as the process runs and this time.
fn remembered(
    access: &Access,
    asked: &Url,
    bearer: Bearer,
) -> Result<(Remembered, Scopes), Arc<Error>> {
    let realm = asked.join(&bearer.realm).map_err(|_| Error::Realm {
        registry: access.home.origin().authority(),
        realm: bearer.realm.clone(),
        reason: "is not a URL",
    })?;
    let scopes = access.scopes.as_challenged(bearer.scope.as_deref());
    let service = bearer.service;
    Ok((Remembered::Bearer { realm, service }, scopes))
}

/// What is behind a failure, without what was wanted.
fn reason(failed: &Error) -> String {
    let first = std::error::Error::source(failed);
    let causes = std::iter::successors(first, |cause| cause.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

fn basic(access: &Access, found: &Found) -> Option<Granted> {
    let authorization = token::basic(&found.credential, access.home.clone())?;
    Some(Granted {
        authorization,
        origin: Some(found.origin.clone()),
        failed: None,
        credential: Some(found.credential.clone()),
        sent: Some("password"),
        token: None,
    })
}
