//! Who the machine is for a registry, kept for as long as it is good: roles are asked for, and
//! programs run, once for many questions.

use super::endpoint::Endpoint;
use crate::auth::identity::{Effort, Failure};
use crate::provider::Place;
use aws_credential_types::Credentials;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// So long credentials are kept that have no end: files may be written anew.
const USUAL: Duration = Duration::from_mins(15);
/// Credentials whose end is nearer are not begun with.
const LEAST: Duration = Duration::from_mins(1);
/// So long nobody is looked for again where nobody was found.
const FAILED: Duration = Duration::from_mins(1);

/// Whose credentials they are, and where the registry's API is.
pub(super) struct Holder {
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Credentials,
    /// For people to read.
    pub(super) origin: String,
    /// What makes credentials good again that have lived their time.
    pub(super) renewal: Option<String>,
}

pub(super) type Outcome = Result<Option<Arc<Holder>>, Failure>;

/// The holders for all places.
#[derive(Default)]
pub(super) struct Holders(Mutex<HashMap<Place, Slot>>);

/// One place's. Whoever looks into it while it is made waits for it.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

/// What was found, with which effort, and until when that holds.
pub(super) struct Kept {
    outcome: Outcome,
    effort: Effort,
    until: Instant,
}

impl Holders {
    pub(super) fn slot(&self, place: &Place) -> Slot {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(place.clone()).or_default())
    }
}

impl Kept {
    pub(super) fn of(outcome: Outcome, effort: Effort) -> Self {
        let lifetime = match &outcome {
            Ok(Some(holder)) => holder.credentials.expiry().map_or(USUAL, |end| {
                let left = end.duration_since(SystemTime::now());
                left.unwrap_or_default().saturating_sub(LEAST)
            }),
            _ => FAILED,
        };
        let until = Instant::now() + lifetime.min(USUAL);
        Self {
            outcome,
            effort,
            until,
        }
    }

    /// Whether this is what was found.
    pub(super) fn is(&self, holder: &Arc<Holder>) -> bool {
        matches!(&self.outcome, Ok(Some(kept)) if Arc::ptr_eq(kept, holder))
    }

    /// What it says to whoever makes this effort; `None`: nothing that still holds.
    pub(super) fn answer(&self, effort: Effort) -> Option<Outcome> {
        let is_found = matches!(self.outcome, Ok(Some(_)));
        let holds = Instant::now() < self.until && (is_found || effort <= self.effort);
        holds.then(|| self.outcome.clone())
    }
}
