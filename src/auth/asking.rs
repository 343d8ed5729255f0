//! Who asks: somebody whose credential was given, the machine by its own identity, or nobody.

use super::credential::{Credential, CredentialError, CredentialSource, Found, Subject};
use super::error::Error;
use super::granted::Access;
use super::identity::{Effort, Identities};
use crate::oci::reference::Host;
use crate::transport::Transport;
use crate::transport::origin::Origin;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use url::Url;

/// So long an identity may take where nobody may be allowed as much.
const GLANCE: Duration = Duration::from_secs(5);

/// Who asks.
#[derive(Debug, Clone)]
pub(super) enum Who {
    /// Whoever was given a credential, in whichever place.
    Given(Found),
    /// The machine itself.
    Identity(Found),
    /// Nobody.
    Nobody,
}

impl Who {
    pub(super) fn found(&self) -> Option<&Found> {
        match self {
            Self::Given(found) | Self::Identity(found) => Some(found),
            Self::Nobody => None,
        }
    }

    pub(super) fn credential(&self) -> Option<&Credential> {
        self.found().map(|found| &found.credential)
    }
}

/// Who asks, as far as could be found out.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) who: Who,
    /// Why it is nobody although there should be somebody.
    pub(super) failed: Option<Arc<Error>>,
}

impl Asking {
    fn somebody(who: Who) -> Self {
        Self { who, failed: None }
    }

    pub(super) fn nobody(failed: Option<Arc<Error>>) -> Self {
        Self {
            who: Who::Nobody,
            failed,
        }
    }

    /// Nobody is told no because whoever should have asked could not.
    pub(super) fn blamed(&self, error: Arc<Error>) -> Arc<Error> {
        match (&self.failed, &*error) {
            (Some(failed), Error::Refused { .. }) if !failed.is_slow() => Arc::clone(failed),
            _ => error,
        }
    }
}

/// Finds out who asks, and remembers what became of it.
pub(super) struct Seeker {
    transport: Arc<Transport>,
    credentials: Arc<dyn CredentialSource>,
    identities: Arc<dyn Identities>,
    /// Registries that have refused something to nobody.
    refuse_nobody: Mutex<HashSet<Host>>,
    /// What it was that they refused.
    not_for_nobody: Mutex<HashSet<Subject>>,
    /// Where the machine's identity was refused, and nobody reads instead.
    refused: Mutex<HashMap<Subject, Arc<Error>>>,
    /// Where the machine has an identity that came to nothing with so much effort, and reads do
    /// without.
    failed: Mutex<HashMap<(Host, Effort), Arc<Error>>>,
    /// Where it came to something.
    found: Mutex<HashSet<Host>>,
    /// Whose identity it would be where none is used.
    withheld: tokio::sync::Mutex<HashMap<(Host, Effort), Option<String>>>,
}

impl Seeker {
    pub(super) fn new(
        transport: Arc<Transport>,
        credentials: Arc<dyn CredentialSource>,
        identities: Arc<dyn Identities>,
    ) -> Self {
        Self {
            transport,
            credentials,
            identities,
            refuse_nobody: Mutex::default(),
            not_for_nobody: Mutex::default(),
            refused: Mutex::default(),
            failed: Mutex::default(),
            found: Mutex::default(),
            withheld: tokio::sync::Mutex::default(),
        }
    }

    pub(super) fn with_identities(self, identities: Arc<dyn Identities>) -> Self {
        Self { identities, ..self }
    }

    /// Who asks. Where only the failure of a helper, a keyring or an identity is in the way,
    /// whoever wants to read is nobody: much is for everybody. To write as somebody else would
    /// surprise.
    ///
    /// `realm`: the token service, which may serve those who do not say who they are.
    pub(super) async fn find(
        &self,
        access: &Access,
        realm: Option<&Url>,
    ) -> Result<Asking, Arc<Error>> {
        let reads = access.scopes.only_read();
        let refused = self.refused().get(&access.subject).cloned();
        let refused = refused.filter(|_| reads);
        let found = match self.credentials.credential(&access.subject).await {
            Ok(Some(found)) => return Ok(Asking::somebody(Who::Given(found))),
            Ok(None) => match refused {
                Some(refused) if self.is_not_for_nobody(access) => return Err(refused),
                Some(refused) => return Ok(Asking::nobody(Some(refused))),
                None => self.identity(access, realm).await,
            },
            Err(error) => Err(Arc::new(error.into())),
        };
        match found {
            Ok(Some(found)) => Ok(Asking::somebody(Who::Identity(found))),
            Ok(None) => Ok(Asking::nobody(None)),
            Err(failed) if reads && is_of_a_program(&failed) => Ok(Asking::nobody(Some(failed))),
            Err(error) => Err(error),
        }
    }

    /// Looks for the machine's identity wherever there may be one, where nobody gave a credential.
    pub(super) async fn look_thoroughly(&self, access: &Access) -> Result<(), Arc<Error>> {
        let given = self.credentials.credential(&access.subject).await;
        let given = given.map_err(|error| Arc::new(error.into()))?;
        if given.is_none() {
            self.identity(access, None).await?;
        }
        Ok(())
    }

    /// The machine's identity.
    async fn identity(
        &self,
        access: &Access,
        realm: Option<&Url>,
    ) -> Result<Option<Found>, Arc<Error>> {
        let reads = access.scopes.only_read();
        let host = access.subject.host();
        let may_do_without = reads && realm.is_some() && !self.refuse_nobody().contains(host);
        let effort = if may_do_without {
            Effort::Evident
        } else {
            Effort::Thorough
        };
        if let Some(exposed) = self.exposure(access, realm) {
            return self.withheld(access, effort, exposed).await;
        }
        let known = (host.clone(), effort);
        if let Some(failed) = self.failed().get(&known).filter(|_| reads) {
            return Err(Arc::clone(failed));
        }
        let asking = self.identities.identity(host, effort);
        let told = |found: Result<_, CredentialError>| found.map_err(|e| Arc::new(e.into()));
        let found = if may_do_without {
            let seconds = GLANCE.as_secs();
            let found = tokio::time::timeout(GLANCE, asking).await;
            found.map_or_else(|_| Err(Arc::new(Error::Slow { seconds })), told)
        } else {
            told(asking.await)
        };
        match &found {
            Ok(Some(_)) => {
                self.found().insert(host.clone());
            }
            // Who was somebody may be again; but who may do without is not kept waiting twice.
            Err(failed) if reads && (may_do_without || !self.found().contains(host)) => {
                self.failed().insert(known, Arc::clone(failed));
            }
            _ => {}
        }
        found
    }

    /// Where an identity that nobody chose would go so that others may take it, the registry or its
    /// token service, and over what. What stays within this machine is not exposed.
    fn exposure(&self, access: &Access, realm: Option<&Url>) -> Option<(Origin, &'static str)> {
        let service = realm.and_then(Origin::of);
        let service = service.filter(|service| !service.is_loopback());
        let own = Some(access.home.origin().clone());
        let own = own.filter(|_| !access.subject.host().is_loopback());
        let mut places = own.into_iter().chain(service);
        places.find_map(|place| {
            let over = self.transport.exposure(&place)?;
            Some((place, over))
        })
    }

    /// Why the machine's identity is not used where it would be exposed. Where nothing on this
    /// machine speaks of one, it is nobody: none is looked for that would not be used.
    async fn withheld(
        &self,
        access: &Access,
        effort: Effort,
        (place, over): (Origin, &'static str),
    ) -> Result<Option<Found>, Arc<Error>> {
        let key = (access.subject.host().clone(), effort);
        let known = self.withheld.lock().await.get(&key).cloned();
        let evident = if let Some(known) = known {
            known
        } else {
            let evident = self.identities.evident(&key.0, effort).await;
            self.withheld.lock().await.insert(key, evident.clone());
            evident
        };
        let exposed = |origin| Error::Exposed {
            registry: access.home.origin().authority(),
            origin,
            place: place.authority(),
            over,
        };
        evident.map_or(Ok(None), |origin| Err(Arc::new(exposed(origin))))
    }

    /// Takes note that the registry refused something to nobody.
    pub(super) fn note_that_nobody_is_refused(&self, access: &Access) {
        let host = access.subject.host().clone();
        self.refuse_nobody().insert(host);
        self.not_for_nobody().insert(access.subject.clone());
    }

    /// Whether nobody was refused this very thing.
    pub(super) fn is_not_for_nobody(&self, access: &Access) -> bool {
        self.not_for_nobody().contains(&access.subject)
    }

    /// Takes note that the machine's identity was refused, and why.
    pub(super) fn note_refusal(&self, access: &Access, why: Arc<Error>) {
        self.refused().insert(access.subject.clone(), why);
    }

    /// Makes whoever gave this credential look anew the next time.
    pub(super) fn forget(&self, access: &Access, who: &Who) {
        match who {
            Who::Given(found) => self.credentials.forget(&access.subject, &found.credential),
            Who::Identity(found) => {
                let host = access.subject.host();
                self.identities.forget(host, &found.credential);
            }
            Who::Nobody => {}
        }
    }

    /// Whether both are served by one credential that was given, or both by none.
    pub(super) async fn is_same(&self, one: &Subject, other: &Subject) -> bool {
        let (Ok(one), Ok(other)) = (
            self.credentials.credential(one).await,
            self.credentials.credential(other).await,
        ) else {
            return false;
        };
        let credential = |found: Option<Found>| found.map(|found| found.credential);
        credential(one) == credential(other)
    }

    fn refuse_nobody(&self) -> MutexGuard<'_, HashSet<Host>> {
        self.refuse_nobody
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn not_for_nobody(&self) -> MutexGuard<'_, HashSet<Subject>> {
        self.not_for_nobody
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, HashMap<(Host, Effort), Arc<Error>>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self) -> MutexGuard<'_, HashSet<Host>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, HashMap<Subject, Arc<Error>>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it is a helper, a keyring or an identity that failed, and not what somebody wrote down.
fn is_of_a_program(error: &Error) -> bool {
    matches!(
        error,
        Error::Credential(
            CredentialError::Helper { .. }
                | CredentialError::Identity { .. }
                | CredentialError::Keyring { .. }
        ) | Error::Slow { .. }
            | Error::Exposed { .. }
    )
}
