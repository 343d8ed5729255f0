//! What a run has brought to one destination, so that nothing goes there twice.

use crate::oci::Digest;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Contents of one destination, by digest.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Mutex<HashMap<Digest, Entry>>,
}

#[derive(Debug)]
enum Entry {
    Arrived,
    OnItsWay(watch::Receiver<()>),
}

/// Who brings something.
pub(super) enum Claim<'a> {
    /// It is there.
    Arrived,
    /// Whoever asked is to bring it.
    Ours(Duty<'a>),
    /// Somebody else does.
    Theirs(Wait),
}

/// The duty to bring something. Dropped without [`Duty::done`], it falls to whoever asks next.
pub(super) struct Duty<'a> {
    ledger: &'a Ledger,
    digest: Digest,
    done: bool,
    _alive: watch::Sender<()>,
}

/// Waits for somebody else's duty to end, well or not.
pub(super) struct Wait(watch::Receiver<()>);

impl Ledger {
    /// Asks who is to bring `digest`.
    pub(super) fn claim(&self, digest: &Digest) -> Claim<'_> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entries.get(digest) {
            Some(Entry::Arrived) => Claim::Arrived,
            Some(Entry::OnItsWay(waiting)) => Claim::Theirs(Wait(waiting.clone())),
            None => {
                let (alive, waiting) = watch::channel(());
                entries.insert(digest.clone(), Entry::OnItsWay(waiting));
                Claim::Ours(Duty {
                    ledger: self,
                    digest: digest.clone(),
                    done: false,
                    _alive: alive,
                })
            }
        }
    }

    /// Whether it is known to be there.
    pub(super) fn has(&self, digest: &Digest) -> bool {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(entries.get(digest), Some(Entry::Arrived))
    }

    /// Notes that it was found there.
    pub(super) fn found(&self, digest: &Digest) {
        self.set(digest, Some(Entry::Arrived));
    }

    fn set(&self, digest: &Digest, entry: Option<Entry>) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match entry {
            Some(entry) => entries.insert(digest.clone(), entry),
            None => entries.remove(digest),
        };
    }
}

impl Duty<'_> {
    /// It is there.
    pub(super) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Duty<'_> {
    fn drop(&mut self) {
        // Before those who wait are woken, which happens when the sender goes.
        let entry = self.done.then_some(Entry::Arrived);
        self.ledger.set(&self.digest, entry);
    }
}

impl Wait {
    /// Until it is there, or nobody brings it any more.
    pub(super) async fn over(mut self) {
        // Nothing is ever sent: the sender's end is the news.
        while self.0.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::digest::sha256;

    #[tokio::test]
    async fn a_duty_that_fails_falls_to_the_next() {
        let (ledger, digest) = (Ledger::default(), sha256(b"x"));
        let Claim::Ours(first) = ledger.claim(&digest) else {
            panic!("nobody was to bring it");
        };
        let Claim::Theirs(wait) = ledger.claim(&digest) else {
            panic!("two were to bring it");
        };
        assert!(!ledger.has(&digest));
        drop(first);
        wait.over().await;
        let Claim::Ours(second) = ledger.claim(&digest) else {
            panic!("nobody brought it");
        };
        let Claim::Theirs(wait) = ledger.claim(&digest) else {
            panic!("two were to bring it");
        };
        second.done();
        wait.over().await;
        assert!(matches!(ledger.claim(&digest), Claim::Arrived));
        assert!(ledger.has(&digest));
    }
}
