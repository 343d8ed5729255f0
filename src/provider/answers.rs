//! What providers answered: made once for all who wait, and kept for as long as it is good.

use super::{Minted, Place, Provider};
use crate::auth::credential::{Credential, Found};
use crate::auth::identity::Effort;
use crate::transport::BoxError;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So long a provider that failed is not asked again: a copy asks for each blob.
const FAILED: Duration = Duration::from_mins(1);
/// A credential whose end is nearer is not begun with.
const LEAST: Duration = Duration::from_secs(30);

/// The answers for all places.
#[derive(Default)]
pub(super) struct Answers(Mutex<HashMap<Place, Arc<Slot>>>);

/// One place's answer. Whoever looks into it while it is made waits for it.
type Slot = tokio::sync::Mutex<Option<Kept>>;

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
        let mut kept = slot.lock().await;
        if let Some(known) = kept.as_ref().filter(|known| known.answers(effort)) {
            return known.outcome.clone();
        }
        let new = Kept::of(provider.mint(place, effort).await, effort);
        match kept
            .as_mut()
            .filter(|old| new.outcome.is_err() && old.is_good())
        {
            // What is good still is better than none: whoever gives another may be in trouble.
            Some(old) => {
                old.until = new.until;
                old.outcome.clone()
            }
            None => kept.insert(new).outcome.clone(),
        }
    }

    /// Makes a new answer the next time, where `rejected` is what was found.
    pub(super) fn forget(&self, place: &Place, rejected: &Credential) {
        let slot = self.slot(place);
        // Whoever holds it is making a new one.
        if let Ok(mut kept) = slot.try_lock()
            && kept.as_ref().is_some_and(|kept| kept.holds(rejected))
        {
            *kept = None;
        }
    }

    fn slot(&self, place: &Place) -> Arc<Slot> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(kept.entry(place.clone()).or_default())
    }
}

impl Kept {
    fn of(minted: Result<Option<Minted>, BoxError>, effort: Effort) -> Self {
        let now = Instant::now();
        let (until, end) = match &minted {
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

    fn holds(&self, credential: &Credential) -> bool {
        matches!(&self.outcome, Ok(Some(found)) if found.credential == *credential)
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
mod tests {
    use super::*;
    use crate::transport::secret::Secret;
    use crate::vendor::Kind;
    use async_trait::async_trait;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::{advance, sleep};

    /// Gives a new credential each time, after a second.
    #[derive(Default)]
    struct Minting {
        lifetime: Option<Duration>,
        is_thorough: bool,
        is_broken: std::sync::atomic::AtomicBool,
        asked: AtomicUsize,
    }

    impl Minting {
        fn asked(&self) -> usize {
            self.asked.load(Ordering::Relaxed)
        }

        fn break_down(&self) {
            self.is_broken.store(true, Ordering::Relaxed);
        }
    }

    #[async_trait]
    impl Provider for Minting {
        async fn mint(&self, _: &Place, effort: Effort) -> Result<Option<Minted>, BoxError> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
            sleep(Duration::from_secs(1)).await;
            if self.is_broken.load(Ordering::Relaxed) {
                return Err(format!("broken {number}").into());
            }
            if self.is_thorough && effort == Effort::Evident {
                return Ok(None);
            }
            Ok(Some(Minted {
                credential: Credential::Identity(Secret::new(format!("{number}"))),
                origin: format!("{number}"),
                lifetime: self.lifetime,
            }))
        }
    }

    fn place(host: &str) -> Place {
        Place {
            host: host.parse().unwrap(),
            kind: Kind::Ecr,
            aws_profile: None,
        }
    }

    async fn ask(answers: &Answers, minting: &Minting, effort: Effort) -> String {
        match answers.get(&place("a.io"), minting, effort).await {
            Ok(found) => found.map_or(String::new(), |found| found.origin),
            Err(error) => error.to_string(),
        }
    }

    fn lasting(hours: u64) -> Minting {
        Minting {
            lifetime: Some(Duration::from_hours(hours)),
            ..Minting::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_to_half_its_life() {
        let (answers, minting) = (Answers::default(), lasting(12));
        for (after, expected) in [(0, "1"), (5, "1"), (1, "2"), (5, "2"), (2, "3")] {
            advance(Duration::from_hours(after)).await;
            assert_eq!(ask(&answers, &minting, Effort::Thorough).await, expected);
        }
        let endless = Minting::default();
        let answers = Answers::default();
        for _ in 0..3 {
            advance(Duration::from_hours(1000)).await;
            assert_eq!(ask(&answers, &endless, Effort::Evident).await, "1");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_share_one_answer() {
        for is_broken in [false, true] {
            let (answers, minting) = (Answers::default(), Minting::default());
            minting.is_broken.store(is_broken, Ordering::Relaxed);
            let asking = (0..20).map(|_| ask(&answers, &minting, Effort::Thorough));
            let told = futures_util::future::join_all(asking).await;
            assert!(told.iter().all(|told| told.ends_with('1')), "{told:?}");
            assert_eq!(minting.asked(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn none_is_asked_for_again_with_more_effort_and_no_more_than_once() {
        let answers = Answers::default();
        let minting = Minting {
            is_thorough: true,
            ..Minting::default()
        };
        for (effort, expected, asked) in [
            (Effort::Evident, "", 1),
            (Effort::Evident, "", 1),
            (Effort::Thorough, "2", 2),
            (Effort::Thorough, "2", 2),
            (Effort::Evident, "2", 2),
        ] {
            assert_eq!(ask(&answers, &minting, effort).await, expected);
            assert_eq!(minting.asked(), asked);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_failed_is_asked_again_after_a_while() {
        let (answers, minting) = (Answers::default(), Minting::default());
        minting.break_down();
        for (after, expected) in [(0, "broken 1"), (50, "broken 1"), (10, "broken 2")] {
            advance(Duration::from_secs(after)).await;
            assert_eq!(ask(&answers, &minting, Effort::Thorough).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_good_still_is_used_where_no_other_is_to_be_had() {
        let (answers, minting) = (Answers::default(), lasting(12));
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
        minting.break_down();
        for (hours, asked) in [(7, 2), (0, 2), (4, 3)] {
            advance(Duration::from_hours(hours)).await;
            assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
            assert_eq!(minting.asked(), asked);
        }
        advance(Duration::from_hours(1)).await;
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "broken 4");
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_was_found_is_forgotten() {
        let (answers, minting) = (Answers::default(), Minting::default());
        assert_eq!(ask(&answers, &minting, Effort::Thorough).await, "1");
        for (rejected, place, expected) in [
            ("another", place("a.io"), "1"),
            ("1", place("b.io"), "1"),
            ("1", place("a.io"), "2"),
        ] {
            let rejected = Credential::Identity(Secret::new(rejected));
            answers.forget(&place, &rejected);
            assert_eq!(ask(&answers, &minting, Effort::Thorough).await, expected);
        }
    }
}
