//! Credentials from the keyring, which is asked for what is known to be there and nothing else.

use super::{Failure, Held, Keyring};
use crate::auth::credential::{Credential, CredentialError, CredentialSource, Found, Subject};
use crate::auth::key::Key;
use crate::auth::notes::Notes;
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

type Flight = Arc<OnceCell<Result<Option<Credential>, Failure>>>;

/// The keyring, asked once about a registry, however many want to know. That it failed is
/// remembered too: each further try would take as long.
pub struct KeyringSource {
    keyring: Keyring,
    notes: Notes,
    held: OnceCell<Vec<Held>>,
    flights: Mutex<HashMap<Key, Flight>>,
}

impl KeyringSource {
    /// Asks `keyring`; `notes` hears what is no longer there.
    pub fn new(keyring: Keyring, notes: Notes) -> Self {
        Self {
            keyring,
            notes,
            held: OnceCell::new(),
            flights: Mutex::default(),
        }
    }

    async fn ask(&self, held: &Held) -> Result<Option<Credential>, Failure> {
        let flight = {
            let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(flights.entry(held.key.clone()).or_default())
        };
        let answer = flight.get_or_init(|| self.keyring.get(held)).await;
        answer.clone()
    }
}

#[async_trait]
impl CredentialSource for KeyringSource {
    fn name(&self) -> String {
        "the keyring".to_owned()
    }

    async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
        let held = self.held.get_or_try_init(async || self.keyring.held());
        let held = held.await?;
        let wanted = Key::from(subject);
        let covering = held.iter().filter(|held| held.key.covers(&wanted));
        let Some(held) = covering.max_by_key(|held| held.key.depth()) else {
            return Ok(None);
        };
        let credential = self.ask(held).await?;
        if credential.is_none() {
            let key = &held.key;
            self.notes.say(&format!(
                "the keyring no longer has the credential for {key}; going on without it"
            ));
        }
        Ok(credential.map(|credential| Found {
            credential,
            origin: format!("the keyring ({})", held.key),
        }))
    }
}
