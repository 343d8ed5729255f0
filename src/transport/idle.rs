//! Giving up on a peer that has gone silent, without limiting how long a busy one may take.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// When something last moved.
#[derive(Debug)]
pub struct Activity {
    start: Instant,
    last: AtomicU64,
    held_up: AtomicBool,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            last: AtomicU64::new(0),
            held_up: AtomicBool::new(false),
        }
    }
}

impl Activity {
    /// Something moved just now.
    pub fn touch(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
    }

    /// Whether it is this side that nothing moves for: the peer's time stands still then.
    pub fn held_up(&self, held_up: bool) {
        self.touch();
        self.held_up.store(held_up, Ordering::Relaxed);
    }

    fn deadline(&self, idle: Duration) -> Instant {
        if self.held_up.load(Ordering::Relaxed) {
            return Instant::now() + idle;
        }
        self.start + Duration::from_millis(self.last.load(Ordering::Relaxed)) + idle
    }
}

/// Nothing moved for that long.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("nothing moved for {} s", .0.as_secs_f32())]
pub struct Stalled(pub Duration);

/// Runs `future` until it ends, or until `activity` has not been touched for `idle`.
pub async fn unless_stalled<F: Future>(
    future: F,
    activity: &Activity,
    idle: Duration,
) -> Result<F::Output, Stalled> {
    let mut future = std::pin::pin!(future);
    loop {
        let deadline = activity.deadline(idle);
        match tokio::time::timeout_at(deadline, &mut future).await {
            Ok(output) => return Ok(output),
            Err(_) if activity.deadline(idle) > Instant::now() => {}
            Err(_) => return Err(Stalled(idle)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn a_busy_peer_may_take_as_long_as_it_likes() {
        let activity = Arc::new(Activity::default());
        let busy = Arc::clone(&activity);
        let work = async move {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_secs(50)).await;
                busy.touch();
            }
        };
        assert!(
            unless_stalled(work, &activity, Duration::from_mins(1))
                .await
                .is_ok()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_waits_for_us_is_not_silent() {
        let activity = Arc::new(Activity::default());
        let ours = Arc::clone(&activity);
        let work = async move {
            ours.held_up(true);
            tokio::time::sleep(Duration::from_mins(5)).await;
            ours.held_up(false);
            tokio::time::sleep(Duration::from_secs(50)).await;
        };
        let done = unless_stalled(work, &activity, Duration::from_mins(1)).await;
        assert!(done.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_one_is_given_up_after_the_idle_time() {
        let start = Instant::now();
        let silent = std::future::pending::<()>();
        let stalled = unless_stalled(silent, &Activity::default(), Duration::from_mins(1)).await;
        assert!(stalled.is_err());
        assert_eq!(start.elapsed().as_secs(), 60);
    }
}
