//! One brake per host: how many questions at once, and not before when.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Questions in flight to one host unless its settings say otherwise.
pub const QUESTIONS: usize = 64;

/// After so many good answers in a row one more question is let out at once.
const RECOVERY: usize = 32;

/// Holds back the requests to one host. What carries an image's bytes passes it too, but takes no
/// slot: it is limited by whoever moves the bytes, and would wait for itself inside one host.
#[derive(Debug)]
pub struct Brake {
    slots: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    allowed: usize,
    most: usize,
    good: usize,
    /// Slots to be taken away as soon as they come back.
    owed: usize,
    not_before: Option<Instant>,
}

/// The right to ask one question. Dropped when its answer has been read.
#[derive(Debug)]
pub struct Slot(#[allow(dead_code, reason = "held, not read")] Option<OwnedSemaphorePermit>);

impl Brake {
    /// A brake that lets `most` questions out at once.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            slots: Arc::new(Semaphore::new(most)),
            state: Mutex::new(State {
                allowed: most,
                most,
                good: 0,
                owed: 0,
                not_before: None,
            }),
        }
    }

    /// Waits until a request may go out. `bulk` requests take no slot.
    pub async fn pass(&self, bulk: bool) -> Slot {
        let slot = if bulk { None } else { self.slot().await };
        loop {
            let until = self.lock().not_before.filter(|at| *at > Instant::now());
            match until {
                Some(at) => tokio::time::sleep_until(at).await,
                None => return Slot(slot),
            }
        }
    }

    async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let permit = Arc::clone(&self.slots).acquire_owned().await.ok()?;
            let mut state = self.lock();
            if state.owed == 0 {
                return Some(permit);
            }
            state.owed -= 1;
            permit.forget();
        }
    }

    /// The host asked for patience: nobody asks it anything for `wait`, and fewer at once after.
    pub fn hold(&self, wait: Duration) {
        let mut state = self.lock();
        let now = Instant::now();
        let until = now + wait;
        // Those who were out together hear the same word: it counts once.
        let known = state.not_before.is_some_and(|at| at > now);
        state.not_before = Some(state.not_before.map_or(until, |at| at.max(until)));
        state.good = 0;
        if known {
            return;
        }
        let halved = (state.allowed / 2).max(1);
        state.owed += state.allowed - halved;
        state.allowed = halved;
    }

    /// The host answered well.
    pub fn well(&self) {
        let mut state = self.lock();
        if state.allowed >= state.most {
            return;
        }
        state.good += 1;
        if state.good < RECOVERY {
            return;
        }
        state.good = 0;
        state.allowed += 1;
        if state.owed > 0 {
            state.owed -= 1;
        } else {
            self.slots.add_permits(1);
        }
    }

    /// How many requests the host takes at once without a murmur: none once it has asked for
    /// patience and has not made up for it yet.
    pub fn at_ease(&self) -> usize {
        let state = self.lock();
        let waits = state.not_before.is_some_and(|at| at > Instant::now());
        if waits || state.allowed < state.most {
            0
        } else {
            state.most
        }
    }

    /// How many questions may be out at once now.
    #[cfg(test)]
    fn allowed(&self) -> usize {
        self.lock().allowed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_passes_before_the_time_that_the_host_named() {
        let brake = Brake::new(4);
        brake.hold(Duration::from_secs(3));
        let start = Instant::now();
        let _question = brake.pass(false).await;
        let _bulk = brake.pass(true).await;
        assert_eq!(start.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_were_out_together_slow_down_once() {
        let brake = Brake::new(8);
        for _ in 0..8 {
            brake.hold(Duration::from_secs(1));
        }
        assert_eq!((brake.allowed(), brake.at_ease()), (4, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_halves_what_is_let_out_and_good_answers_bring_it_back() {
        let brake = Brake::new(8);
        brake.hold(Duration::ZERO);
        brake.hold(Duration::ZERO);
        assert_eq!(brake.allowed(), 2);
        let first = brake.pass(false).await;
        let _second = brake.pass(false).await;
        let third = tokio::time::timeout(Duration::from_secs(1), brake.pass(false));
        assert!(third.await.is_err(), "two are out, a third must wait");
        drop(first);
        let _third = brake.pass(false).await;
        for _ in 0..RECOVERY * 6 {
            brake.well();
        }
        assert_eq!((brake.allowed(), brake.at_ease()), (8, 8));
        for _ in 0..6 {
            std::mem::forget(brake.pass(false).await);
        }
    }
}
