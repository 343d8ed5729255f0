//! Tokens that are still good, fetched once however many ask.

use super::credential::Credential;
use super::error::Error;
use super::scope::Scopes;
use super::token::Token;
use crate::transport::origin::Origin;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;
use url::Url;

/// What a token was given for. A token of one registry, service, right or person is never used
/// for another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) registry: Origin,
    pub(super) realm: Url,
    pub(super) service: Option<String>,
    pub(super) scopes: Scopes,
    pub(super) credential: Option<Credential>,
}

type Flight = Arc<OnceCell<Result<Token, Arc<Error>>>>;

/// The tokens of this process.
#[derive(Default)]
pub(super) struct TokenCache {
    flights: Mutex<HashMap<Key, Flight>>,
}

impl TokenCache {
    /// The token for `key`. The first who asks fetches it; the others wait for the outcome, which
    /// they share: a wrong password is tried once, not once for each blob.
    pub(super) async fn get_or_fetch<F>(&self, key: &Key, fetch: F) -> Result<Token, Arc<Error>>
    where
        F: Future<Output = Result<Token, Error>>,
    {
        let flight = self.flight(key);
        let outcome = flight
            .get_or_init(|| async { fetch.await.map_err(Arc::new) })
            .await;
        if outcome.is_err() {
            self.land(key, &flight);
        }
        outcome.clone()
    }

    /// Forgets a token that was not accepted, unless another has taken its place already.
    pub(super) fn forget(&self, key: &Key, rejected: &Token) {
        let mut flights = self.lock();
        let known = flights.get(key).and_then(|flight| flight.get());
        if matches!(known, Some(Ok(token)) if token.value == rejected.value) {
            flights.remove(key);
        }
    }

    /// The token for `key`, if there is one already.
    pub(super) fn known(&self, key: &Key) -> Option<Token> {
        self.lock().get(key)?.get()?.as_ref().ok().cloned()
    }

    fn flight(&self, key: &Key) -> Flight {
        let mut flights = self.lock();
        let stale = |flight: &Flight| matches!(flight.get(), Some(Ok(token)) if !token.is_fresh());
        if flights.get(key).is_some_and(stale) {
            flights.remove(key);
        }
        Arc::clone(flights.entry(key.clone()).or_default())
    }

    fn land(&self, key: &Key, flight: &Flight) {
        let mut flights = self.lock();
        if flights
            .get(key)
            .is_some_and(|known| Arc::ptr_eq(known, flight))
        {
            flights.remove(key);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
