//! What credential helpers said in this run: each is asked once about a server, however many want
//! to know.

use super::{Answer, Failure, Helper, HelperName, Programs};
use crate::auth::credential::{Credential, CredentialError};
use async_trait::async_trait;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

type Question = (HelperName, String);
type Flight = Arc<OnceCell<Result<Answer, Failure>>>;

/// Asks programs, and remembers what they say. That one failed is remembered too: each further
/// try would take as long.
pub struct Known {
    programs: Programs,
    flights: Mutex<HashMap<Question, Flight>>,
}

impl Known {
    /// Nothing is known yet.
    pub fn new(programs: Programs) -> Self {
        Self {
            programs,
            flights: Mutex::default(),
        }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Question, Flight>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Helper for Known {
    async fn get(&self, helper: &HelperName, server: &str) -> Result<Answer, CredentialError> {
        let question = (helper.clone(), server.to_owned());
        let flight = Arc::clone(self.flights().entry(question).or_default());
        let ask = || self.programs.get(helper, server);
        let answer = flight.get_or_init(ask).await.clone();
        answer.map_err(|failure| failure.of(helper))
    }

    fn forget(&self, helper: &HelperName, server: &str, rejected: &Credential) {
        let question = (helper.clone(), server.to_owned());
        let mut flights = self.flights();
        let known = flights.get(&question).and_then(|flight| flight.get());
        if matches!(known, Some(Ok(Answer::Found(found))) if found == rejected) {
            flights.remove(&question);
        }
    }
}
