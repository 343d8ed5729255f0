//! The way of news from those who bring something to the one who waits for it.
//!
//! Not a channel of tokio's: its `try_recv` parks the thread where a send is under way, and takes
//! for its own what was to wake whatever else waits on that thread. That is the whole command.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What has arrived and was not heard yet, in its order. One listens.
#[derive(Debug)]
pub(super) struct Arrivals<T> {
    waiting: Mutex<VecDeque<T>>,
    news: Notify,
}

impl<T> Default for Arrivals<T> {
    fn default() -> Self {
        Self {
            waiting: Mutex::default(),
            news: Notify::new(),
        }
    }
}

impl<T> Arrivals<T> {
    /// Something has arrived.
    pub(super) fn tell(&self, arrival: T) {
        self.lock().push_back(arrival);
        self.news.notify_one();
    }

    /// The first that was not heard yet, if there is one.
    pub(super) fn next(&self) -> Option<T> {
        self.lock().pop_front()
    }

    /// Whether everything was heard.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Waits until something has arrived since this was last waited for; it may have been heard.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn what_arrives_before_somebody_waits_is_news_and_nothing_is_heard_twice() {
        let arrivals = Arrivals::default();
        assert!(arrivals.is_empty() && arrivals.news().now_or_never().is_none());
        arrivals.tell(1);
        arrivals.tell(2);
        assert!(!arrivals.is_empty());
        assert_eq!(arrivals.news().now_or_never(), Some(()));
        assert_eq!([arrivals.next(), arrivals.next()], [Some(1), Some(2)]);
        assert_eq!((arrivals.next(), arrivals.is_empty()), (None, true));
    }

    #[tokio::test]
    async fn whoever_waits_is_woken() {
        let arrivals = Arrivals::default();
        tokio::join!(arrivals.news(), async {
            tokio::task::yield_now().await;
            arrivals.tell(1);
        });
        assert_eq!(arrivals.next(), Some(1));
    }

    /// In a `select!` the wait is often begun and not ended.
    #[tokio::test]
    async fn a_wait_that_is_given_up_loses_nothing() {
        let arrivals = Arrivals::default();
        let mut given_up = Box::pin(arrivals.news());
        assert!(given_up.as_mut().now_or_never().is_none());
        arrivals.tell(1);
        drop(given_up);
        assert_eq!(arrivals.news().now_or_never(), Some(()));
    }
}
