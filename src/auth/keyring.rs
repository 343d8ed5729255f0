//! The system's keyring: the Secret Service of a Linux desktop, the keychain of macOS, the
//! Credential Manager of Windows.
//!
//! It is never asked anything that could make it ask somebody: a keyring that is locked is one
//! that is not available. Whether it has a credential is written down beside it, so that nobody
//! waits for it who never stored anything there.

mod record;
#[cfg_attr(target_os = "macos", path = "keyring/keychain.rs")]
#[cfg_attr(windows, path = "keyring/credential_manager.rs")]
#[cfg_attr(
    all(unix, not(target_os = "macos")),
    path = "keyring/secret_service.rs"
)]
mod service;
mod source;

pub use record::Held;
pub use source::KeyringSource;

use crate::auth::credential::{Credential, CredentialError, Unusable};
use crate::auth::key::Key;
use crate::auth::store::StoreError;
use crate::transport::secret::Secret;
use record::Record;
use service::Service;
use std::path::PathBuf;
use std::time::Duration;

/// How long an exchange with the keyring may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the items are called, and found by.
const SERVICE: &str = "crossdock";
/// More than this is no password.
const LARGEST: usize = 64 * 1024;
/// No more of what a keyring says is shown.
const SHOWN: usize = 512;

/// The keyring, and the record of what was stored there.
#[derive(Clone)]
pub struct Keyring {
    service: Service,
    record: Option<Record>,
}

/// Why the keyring is of no use. Shows no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// Nobody is logged in at a desktop, or nothing of it is known here.
    #[error("there is no session bus")]
    NoBus,
    /// What the variables name cannot be reached.
    #[error("the session bus cannot be reached: {0}")]
    Bus(String),
    /// Nobody keeps secrets.
    #[error("nothing on the session bus keeps secrets")]
    NoService,
    /// Nobody said where new secrets go.
    #[error("it has no default collection")]
    NoCollection,
    /// Somebody would have to unlock it.
    #[error("it is locked")]
    Locked,
    /// It wants to be allowed to.
    #[error("it would ask somebody first")]
    Prompt,
    /// It did not come to an end.
    #[error("it did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// It says that it failed.
    #[error("{0}")]
    Failed(String),
    /// It hands out what cannot be sent to any registry.
    #[error("in its answer {0}")]
    Unusable(#[from] Unusable),
    /// It would take it, and never hand it out.
    #[error("a password of more than {} KiB is none", LARGEST / 1024)]
    TooLarge,
    /// A token, which `login` does not know.
    #[error("it is given user names and passwords alone")]
    Unfit,
    /// Nobody would find what is stored.
    #[error("there is no folder to write down what it has")]
    NoRecord,
}

impl Failure {
    /// What the keyring says about itself, on one line and not without end.
    fn said(text: &str) -> Self {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self::Failed(line.chars().take(SHOWN).collect())
    }
}

impl From<Failure> for CredentialError {
    fn from(failure: Failure) -> Self {
        Self::Keyring {
            source: Box::new(failure),
        }
    }
}

impl Keyring {
    /// The keyring on the session bus at the address `bus`, where the system has such a thing. The
    /// file at `record` says what is in it.
    pub fn new(bus: Option<&str>, record: Option<PathBuf>) -> Self {
        Self {
            service: Service::new(bus),
            record: record.map(Record::new),
        }
    }

    /// Whether a credential could be stored now, without anybody being asked.
    pub async fn check(&self) -> Result<(), CredentialError> {
        self.record()?.held()?;
        Ok(in_time(self.service.check()).await?)
    }

    /// Everything that was stored and not removed, as far as is written down.
    pub fn held(&self) -> Result<Vec<Held>, CredentialError> {
        self.record.as_ref().map_or(Ok(Vec::new()), Record::held)
    }

    /// The credential of `held`, `None` where somebody else removed it.
    async fn get(&self, held: &Held) -> Result<Option<Credential>, Failure> {
        let server = held.key.to_string();
        let secret = in_time(self.service.get(&server, &held.username)).await?;
        if secret.as_ref().is_some_and(is_too_large) {
            return Err(Failure::TooLarge);
        }
        let credential = |secret| Credential::password(held.username.clone(), secret);
        Ok(secret.map(credential).transpose()?)
    }

    /// Stores a credential for `key` in place of the one before. It is written down first, so that
    /// nothing is ever in the keyring that nobody knows of.
    pub async fn put(&self, key: &Key, credential: &Credential) -> Result<(), StoreError> {
        let Credential::Password { username, password } = credential else {
            return Err(CredentialError::from(Failure::Unfit).into());
        };
        if is_too_large(password) {
            return Err(CredentialError::from(Failure::TooLarge).into());
        }
        let record = self.record()?;
        let before = record.set(key, Some(username)).await?;
        let server = key.to_string();
        let other = before.as_deref().filter(|before| before != username);
        let stored = self.service.put(&server, username, password, other);
        if let Err(failure) = in_time(stored).await {
            // Who did not answer may have done it.
            if !matches!(failure, Failure::Slow(_)) {
                record.set(key, before.as_deref()).await?;
            }
            return Err(CredentialError::from(failure).into());
        }
        Ok(())
    }

    /// Removes what is stored for exactly `key`. `None`: nothing was; `false`: the keyring no
    /// longer had it.
    pub async fn remove(&self, key: &Key) -> Result<Option<bool>, StoreError> {
        let held = self.held()?.into_iter().find(|held| held.key == *key);
        let (Some(held), Some(record)) = (held, &self.record) else {
            return Ok(None);
        };
        let server = key.to_string();
        let erased = in_time(self.service.erase(&server, &held.username)).await;
        let erased = erased.map_err(CredentialError::from)?;
        record.set(key, None).await?;
        Ok(Some(erased))
    }

    fn record(&self) -> Result<&Record, CredentialError> {
        let record = self.record.as_ref();
        record.ok_or_else(|| Failure::NoRecord.into())
    }
}

fn is_too_large(secret: &Secret) -> bool {
    secret.expose().len() > LARGEST
}

/// What the keyring is called here.
pub const NAME: &str = service::NAME;

async fn in_time<T>(asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let answered = tokio::time::timeout(PATIENCE, asked).await;
    answered.unwrap_or(Err(Failure::Slow(PATIENCE)))
}
