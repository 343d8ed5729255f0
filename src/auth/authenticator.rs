//! The authenticator: what to send with a request, before and after a registry asks.

mod granting;
mod lessons;
mod who;

use super::asking::{Asking, Seeker, Who};
use super::cache::TokenCache;
use super::challenge::{Bearer, Challenge};
use super::credential::{Credential, CredentialSource, Found, Subject};
use super::error::Error;
use super::granted::{Access, Granted};
use super::identity::{Identities, Nobody};
use super::scope::Scopes;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use crate::transport::{BoxError, Transport};
use http::{HeaderMap, StatusCode};
use lessons::Lessons;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use url::Url;

/// Turns challenges into authorizations, and remembers both for as long as the process runs.
pub struct Authenticator {
    transport: Arc<Transport>,
    seeker: Seeker,
    tokens: TokenCache,
    challenges: Mutex<HashMap<Origin, Remembered>>,
    lessons: Mutex<HashMap<Origin, Lessons>>,
    /// Credentials that were accepted once.
    proven: Mutex<HashSet<Credential>>,
    /// Registries whose credential was made anew because of a refusal without a word.
    renewed_blindly: Mutex<HashSet<Origin>>,
}

/// What a registry said to an authorization that it does not let in.
#[derive(Debug)]
pub struct Refusal {
    /// 401 or 403.
    pub status: StatusCode,
    /// Whether it says that what was sent has lived its time. `None`: it does not say a word.
    pub is_expiry: Option<bool>,
    /// Its own words.
    pub cause: BoxError,
}

/// What a registry has been seen to ask for. The scope belongs to one request and is not kept.
#[derive(Debug, Clone)]
enum Remembered {
    Basic,
    Bearer { realm: Url, service: Option<String> },
}

/// One request's wish for an authorization.
struct Wish<'a> {
    access: &'a Access,
    known: &'a Remembered,
    scopes: &'a Scopes,
    /// What was sent before, and not accepted.
    rejected: Option<&'a Granted>,
}

/// An authorization, `None` where the form takes a credential and there is none.
type Grant = Result<Option<Granted>, Arc<Error>>;

impl Authenticator {
    /// An authenticator that finds its credentials in `credentials`.
    pub fn new(transport: Arc<Transport>, credentials: Arc<dyn CredentialSource>) -> Self {
        Self {
            seeker: Seeker::new(Arc::clone(&transport), credentials, Arc::new(Nobody)),
            transport,
            tokens: TokenCache::default(),
            challenges: Mutex::default(),
            lessons: Mutex::default(),
            proven: Mutex::default(),
            renewed_blindly: Mutex::default(),
        }
    }

    /// The same, for a machine that has these identities.
    pub fn with_identities(mut self, identities: Arc<dyn Identities>) -> Self {
        self.seeker = self.seeker.with_identities(identities);
        self
    }

    /// What to send with a request to a registry whose challenge is known already, so that it
    /// need not be provoked again.
    pub async fn prepare(&self, access: &Access) -> Grant {
        let Some(known) = self.known(access) else {
            return Ok(None);
        };
        let wish = Wish {
            access,
            known: &known,
            scopes: &self.as_learned(access),
            rejected: None,
        };
        // Boxed: it holds all that a login can take.
        Box::pin(self.grant(&wish)).await
    }

    /// Whose credential is for `access`, to be shown to the registry's vendor by another way. Where
    /// the registry serves those who do not say who they are, the machine is asked no further than
    /// for the registry itself.
    pub async fn found(&self, access: &Access) -> Result<Option<Found>, Arc<Error>> {
        let known = self.known(access);
        let realm = match &known {
            Some(Remembered::Bearer { realm, .. }) => Some(realm),
            _ => None,
        };
        let asking = self.seeker.find(access, realm).await?;
        Ok(asking.who.found().cloned())
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
        let wish = Wish {
            access,
            known: &known,
            scopes: &scopes,
            rejected,
        };
        match Box::pin(self.grant_as_known(&wish)).await? {
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
                let failed = self.find(&wish).await?.failed;
                Err(failed.unwrap_or_else(|| Arc::new(Error::Missing { registry })))
            }
        }
    }

    /// Whether the registry finds too few rights in a token that was asked for with all that it
    /// names: another one would hold no more.
    pub fn is_in_vain(&self, access: &Access, granted: &Granted, headers: &HeaderMap) -> bool {
        let is_fetched = granted.is_token() && granted.sent.is_none();
        let Ok(Some(Challenge::Bearer(bearer))) = Challenge::read(headers) else {
            return false;
        };
        let named = access.scopes.as_challenged(bearer.scope.as_deref());
        let lacks_rights = bearer.error.as_deref() == Some("insufficient_scope");
        is_fetched && lacks_rights && named == granted.scopes
    }

    /// The authorization for a challenge, whose rights are remembered. A token service that does not
    /// know the right to list repositories is asked for none.
    async fn grant_as_known(&self, wish: &Wish<'_>) -> Grant {
        let granted = self.grant(wish).await;
        let is_unknown = matches!(&granted, Err(error) if is_unknown_right(error));
        if !(is_unknown && wish.scopes.is_catalog()) {
            if granted.is_ok() {
                self.learn(wish.access, wish.scopes);
            }
            return granted;
        }
        let none = Scopes::none();
        let wish = Wish {
            scopes: &none,
            ..*wish
        };
        let granted = self.grant(&wish).await?;
        self.learn(wish.access, &none);
        Ok(granted)
    }

    /// What else can be sent, where the registry does not let in who was `granted` this: a
    /// credential made anew for one that has lived its time; the machine's identity where nobody
    /// is refused; nobody where a read is refused to that.
    pub async fn instead(&self, access: &Access, granted: &Granted, refusal: Refusal) -> Grant {
        let Some(known) = self.known(access) else {
            return Ok(None);
        };
        let wish = Wish {
            access,
            known: &known,
            scopes: &granted.scopes,
            rejected: Some(granted),
        };
        let asking = self.find(&wish).await?;
        match (&granted.credential, &asking.who) {
            (None, _) if granted.failed.as_ref().is_some_and(|f| !f.is_slow()) => return Ok(None),
            (None, Who::Nobody) => return self.as_somebody(&wish).await,
            // Somebody else may have found out meanwhile.
            (sent, who) if sent.as_ref() != who.credential() => {
                return self.otherwise(&asking, &wish).await;
            }
            _ => {}
        }
        if self.may_be_over(&wish, &asking, &refusal)
            && let Some(new) = self.renewed(&asking, &wish).await?
        {
            return self.otherwise(&new, &wish).await;
        }
        let is_known = refusal.status == StatusCode::FORBIDDEN;
        self.nobody_instead(&asking, &wish, is_known, refusal.cause)
            .await
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

    /// Whether both are served by one credential, or both by none. Nobody is asked for one that the
    /// registry has not asked for.
    pub async fn is_same_credential(&self, home: &Home, one: &Subject, other: &Subject) -> bool {
        if !self.challenges().contains_key(home.origin()) {
            return true;
        }
        self.seeker.is_same(one, other).await
    }
}

impl Authenticator {
    /// Who asks.
    async fn find(&self, wish: &Wish<'_>) -> Result<Asking, Arc<Error>> {
        let realm = match wish.known {
            Remembered::Bearer { realm, .. } => Some(realm),
            Remembered::Basic => None,
        };
        self.seeker.find(wish.access, realm).await
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

    fn renewed_blindly(&self) -> MutexGuard<'_, HashSet<Origin>> {
        self.renewed_blindly
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, access: &Access) -> Option<Remembered> {
        self.challenges().get(access.home.origin()).cloned()
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

fn is_unknown_right(error: &Error) -> bool {
    matches!(error, Error::Refused { status, .. } if *status == StatusCode::BAD_REQUEST)
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
