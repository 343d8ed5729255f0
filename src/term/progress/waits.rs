//! Waiting, said once for each wait although every request to the host waits.

use crate::term::progress::figures::Span;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A wait shorter than this is nobody's concern.
const WORTH_SAYING: Duration = Duration::from_secs(1);

/// Until when each host is known to be waited for.
#[derive(Default)]
pub(super) struct Waits(Mutex<HashMap<String, Instant>>);

impl Waits {
    /// What to say about a wait, if anything.
    pub(super) fn text(
        &self,
        host: &str,
        reason: &str,
        wait: Duration,
        now: Instant,
    ) -> Option<String> {
        self.is_new(host, wait, now)
            .then(|| format!("waiting {} for {host}: {reason}", Span(wait)))
    }

    /// Whether this wait is long enough to be said and not under way already.
    fn is_new(&self, host: &str, wait: Duration, now: Instant) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = said.get(host).is_some_and(|until| now < *until);
        if wait < WORTH_SAYING || under_way {
            return false;
        }
        // An absurd wait that no clock can hold counts as over at once.
        let until = now.checked_add(wait).unwrap_or(now);
        said.insert(host.to_owned(), until);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_once_for_each_host() {
        let (waits, start) = (Waits::default(), Instant::now());
        let said = |host, wait, after| {
            let now = start + Duration::from_secs(after);
            waits.text(host, "429", Duration::from_millis(wait), now)
        };
        assert_eq!(
            said("a", 30_000, 0).as_deref(),
            Some("waiting 30.0 s for a: 429")
        );
        assert_eq!(said("a", 30_000, 0), None);
        assert!(said("b", 5_000, 0).is_some());
        assert_eq!(said("a", 29_000, 29), None);
        assert!(said("a", 60_000, 30).is_some());
        assert_eq!(said("c", 999, 0), None);
    }
}
