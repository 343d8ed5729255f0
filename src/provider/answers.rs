//! What providers answered: made once for all who wait, and kept for as long as it is good.

use super::{Minted, Place, Provider};
use crate::auth::credential::{Credential, Found};
use crate::auth::identity::{self, Effort};
use crate::transport::BoxError;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So long a provider that failed is not asked again: a copy asks for each blob.
const FAILED: Duration = Duration::from_mins(1);
/// A credential whose end is nearer is not begun with.
const LEAST: Duration = Duration::from_secs(30);

/// So long a provider may take: a little longer than what it waits for, so that it can say which
/// place it was that did not answer.
const PATIENCE: Duration = Duration::from_secs(31);

/// The answers for all places.
#[derive(Default)]
pub(super) struct Answers(Mutex<HashMap<Place, Arc<Slot>>>);

/// One place's answer.
#[derive(Default)]
struct Slot {
    /// Whoever looks into it while it is made waits for it.
    known: tokio::sync::Mutex<Known>,
    /// What registries refused, and what is not answered again.
    rejected: Mutex<HashSet<Credential>>,
}

/// What is known of one place.
#[derive(Default)]
struct Known {
    kept: Option<Kept>,
    /// Whose identity was found last.
    seen: Option<String>,
}

/// What a provider comes to. A failure is one that all share who were told of it.
type Outcome = Result<Option<Found>, Failure>;

/// Why a provider failed.
#[derive(Clone)]
pub(super) struct Failure(Arc<dyn std::error::Error + Send + Sync>);

/// An answer, and how it was come by.
struct Kept {
    outcome: Outcome,
    effort: Effort,
    /// From then on it is made anew.
    until: Option<Instant>,
    /// From then on it is good for nothing.
    end: Option<Instant>,
}

impl Answers {
    /// What `provider` answers for a place, or has answered.
    pub(super) async fn get(
        &self,
        place: &Place,
        provider: &dyn Provider,
        effort: Effort,
    ) -> Outcome {
        let slot = self.slot(place);
        let mut known = slot.known.lock().await;
        let rejected = std::mem::take(&mut *slot.rejected());
        known.kept.take_if(|kept| kept.holds_one_of(&rejected));
        let effort = match &known.kept {
            Some(kept) if kept.answers(effort) => return kept.outcome.clone(),
            // What took more effort to find is not looked for with less.
            Some(kept) if matches!(kept.outcome, Ok(Some(_))) => effort.max(kept.effort),
            _ => effort,
        };
        known.take(Kept::of(mint(place, provider, effort).await, effort))
    }

    /// Makes a new answer the next time, where `rejected` is what was found.
    pub(super) fn forget(&self, place: &Place, rejected: &Credential) {
        // Not in the answer itself: whoever makes or reads one holds that.
        self.slot(place).rejected().insert(rejected.clone());
    }

    fn slot(&self, place: &Place) -> Arc<Slot> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(place.clone()).or_default())
    }
}

impl Slot {
    fn rejected(&self) -> MutexGuard<'_, HashSet<Credential>> {
        self.rejected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Takes a new answer for the old one, unless that is better still.
    fn take(&mut self, mut new: Kept) -> Outcome {
        // What is good still is better than none: whoever gives another may be in trouble.
        if let Some(old) = self.kept.as_mut().filter(|old| old.is_good())
            && !matches!(new.outcome, Ok(Some(_)))
        {
            old.until = Some(Instant::now() + FAILED);
            return old.outcome.clone();
        }
        match (&new.outcome, &self.seen) {
            (Ok(Some(found)), _) => self.seen = Some(found.origin.clone()),
            // Who has been somebody is not nobody all of a sudden.
            (Ok(None), Some(seen)) if new.effort == Effort::Thorough => {
                let gone = identity::Failure::new(format!("{seen} is no longer to be found"));
                new.outcome = Err(Failure(Arc::new(gone)));
            }
            _ => {}
        }
        self.kept.insert(new).outcome.clone()
    }
}

/// What the provider says within a time that somebody can wait.
async fn mint(
    place: &Place,
    provider: &dyn Provider,
    effort: Effort,
) -> Result<Option<Minted>, BoxError> {
    let minting = tokio::time::timeout(PATIENCE, provider.mint(place, effort));
    minting.await.unwrap_or_else(|_| {
        let seconds = PATIENCE.as_secs();
        Err(identity::Failure::new(format!("no credential came within {seconds} seconds")).into())
    })
}

impl Kept {
    fn of(minted: Result<Option<Minted>, BoxError>, effort: Effort) -> Self {
        let now = Instant::now();
        let (until, end) = match &minted {
            // Whoever was asked, and did not answer, may do so later.
            Ok(None) if effort == Effort::Thorough => (Some(now + FAILED), None),
            Ok(minted) => {
                let lifetime = minted.as_ref().and_then(|minted| minted.lifetime);
                // A credential that is half-way to its end is not begun with any more.
                let half = lifetime.map(|lifetime| now + lifetime / 2);
                (half, lifetime.map(|lifetime| now + lifetime))
            }
            Err(_) => (Some(now + FAILED), None),
        };
        let found = |minted: Minted| Found {
            credential: minted.credential,
            origin: minted.origin,
        };
        Self {
            outcome: minted
                .map(|minted| minted.map(found))
                .map_err(|error| Failure(Arc::from(error))),
            effort,
            until,
            end,
        }
    }

    /// Whether it answers one who makes this much effort: one that is there answers all.
    fn answers(&self, effort: Effort) -> bool {
        let is_new = self.until.is_none_or(|until| Instant::now() < until);
        let is_none = matches!(self.outcome, Ok(None));
        is_new && (!is_none || self.effort >= effort)
    }

    /// Whether what was found can be sent still.
    fn is_good(&self) -> bool {
        let lasts = self.end.is_none_or(|end| Instant::now() + LEAST < end);
        lasts && matches!(self.outcome, Ok(Some(_)))
    }

    fn holds_one_of(&self, rejected: &HashSet<Credential>) -> bool {
        matches!(&self.outcome, Ok(Some(found)) if rejected.contains(&found.credential))
    }
}

impl Failure {
    /// As the provider told it, where that says what helps.
    pub(super) fn told(self) -> BoxError {
        match self.0.downcast_ref::<identity::Failure>() {
            Some(told) => Box::new(told.clone()),
            None => Box::new(self),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
