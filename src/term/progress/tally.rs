//! What has been planned and what of it is done, counted from events of several threads.
//!
//! Bytes that need not be sent, because the blob is there or was mounted, are taken off the total
//! instead of being counted as sent: speed and time left are then those of the network.

use crate::engine::copy::event::{Event, Placed};
use crate::oci::{Descriptor, Digest};
use crate::term::progress::summary::{Summary, word};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// The counters. All sizes are in bytes.
#[derive(Default)]
pub(super) struct Tally {
    begun: OnceLock<Instant>,
    /// Nothing is sent, only read.
    checking: AtomicBool,
    planned_bytes: AtomicU64,
    planned_blobs: AtomicU64,
    planned_manifests: AtomicU64,
    position: AtomicU64,
    skipped_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    sent: AtomicU64,
    mounted: AtomicU64,
    present: AtomicU64,
    published: AtomicU64,
    flights: RwLock<HashMap<Digest, Arc<Flight>>>,
}

/// A blob on its way, to one destination or to several at once.
#[derive(Default)]
struct Flight {
    position: AtomicU64,
    copies: AtomicU64,
}

impl Tally {
    /// Counts an event.
    pub(super) fn count(&self, event: &Event<'_>, now: Instant) {
        self.begun.get_or_init(|| now);
        match *event {
            Event::Planned {
                bytes,
                blobs,
                manifests,
            } => {
                self.planned_bytes.fetch_add(bytes, Relaxed);
                self.planned_blobs.fetch_add(blobs as u64, Relaxed);
                self.planned_manifests.fetch_add(manifests as u64, Relaxed);
            }
            Event::Checking {
                bytes,
                blobs,
                manifests,
            } => {
                self.checking.store(true, Relaxed);
                self.planned_bytes.fetch_add(bytes, Relaxed);
                self.planned_blobs.fetch_add(blobs as u64, Relaxed);
                self.planned_manifests.fetch_add(manifests as u64, Relaxed);
                self.published.fetch_add(manifests as u64, Relaxed);
            }
            Event::Started(blob) => {
                self.flight(blob.digest()).copies.fetch_add(1, Relaxed);
            }
            Event::Moved(blob, bytes) => {
                let flight = self.flight(blob.digest());
                flight.position.fetch_add(bytes, Relaxed);
                self.position.fetch_add(bytes, Relaxed);
            }
            Event::Resumed(blob, offset) => self.resumed(blob, offset),
            Event::Done(blob, placed) => self.done(blob, placed),
            Event::Published(_) => {
                self.published.fetch_add(1, Relaxed);
            }
            Event::Note(_) | Event::Warning(_) | Event::ReadAgain(..) | Event::Waiting { .. } => {}
        }
    }

    /// How many bytes are to be sent in all.
    pub(super) fn length(&self) -> u64 {
        let skipped = self.skipped_bytes.load(Relaxed);
        self.planned_bytes.load(Relaxed).saturating_sub(skipped)
    }

    /// How many bytes of them have been sent.
    pub(super) fn position(&self) -> u64 {
        self.position.load(Relaxed)
    }

    /// How many bytes of this blob have been sent, if it is on its way.
    pub(super) fn position_of(&self, digest: &Digest) -> Option<u64> {
        let flights = self.flights.read().unwrap_or_else(PoisonError::into_inner);
        Some(flights.get(digest)?.position.load(Relaxed))
    }

    /// What is said of a blob whose bytes went all their way.
    pub(super) fn word(&self) -> &'static str {
        word(self.checking.load(Relaxed))
    }

    /// How many blobs are planned.
    pub(super) fn blobs(&self) -> u64 {
        self.planned_blobs.load(Relaxed)
    }

    /// How many blobs are at their destination.
    pub(super) fn placed(&self) -> u64 {
        self.sent.load(Relaxed) + self.mounted.load(Relaxed) + self.present.load(Relaxed)
    }

    /// How long it has been since the first event.
    pub(super) fn elapsed(&self, now: Instant) -> Duration {
        let begun = self.begun.get();
        begun.map_or(Duration::ZERO, |begun| {
            now.saturating_duration_since(*begun)
        })
    }

    /// The counters now; nothing if nothing was planned.
    pub(super) fn summary(&self, now: Instant) -> Option<Summary> {
        let summary = Summary {
            is_check: self.checking.load(Relaxed),
            blobs: self.blobs(),
            sent: self.sent.load(Relaxed),
            mounted: self.mounted.load(Relaxed),
            present: self.present.load(Relaxed),
            sent_bytes: self.sent_bytes.load(Relaxed),
            manifests: self.planned_manifests.load(Relaxed),
            published: self.published.load(Relaxed),
            seconds: self.elapsed(now).as_secs_f64(),
        };
        (summary.blobs + summary.manifests > 0).then_some(summary)
    }

    /// The blob goes on from `offset`. Where it is on its way to several destinations, which of
    /// them broke off is not known: no more than this can be on the others.
    fn resumed(&self, blob: &Descriptor, offset: u64) {
        let flight = self.flight(blob.digest());
        let others = flight.copies.load(Relaxed).saturating_sub(1);
        let most = offset.saturating_add(others.saturating_mul(blob.size()));
        let before = flight.position.load(Relaxed);
        let after = if others == 0 {
            offset
        } else {
            before.min(most)
        };
        flight.position.store(after, Relaxed);
        self.shift(before, after);
    }

    fn done(&self, blob: &Descriptor, placed: Placed) {
        let before = self.land(blob);
        match placed {
            Placed::Sent => {
                self.shift(before, blob.size());
                self.sent_bytes.fetch_add(blob.size(), Relaxed);
                self.sent.fetch_add(1, Relaxed);
            }
            Placed::Mounted | Placed::Present => {
                self.shift(before, 0);
                self.skipped_bytes.fetch_add(blob.size(), Relaxed);
                let counter = match placed {
                    Placed::Mounted => &self.mounted,
                    _ => &self.present,
                };
                counter.fetch_add(1, Relaxed);
            }
        }
    }

    /// Ends one copy of a blob, and returns how many bytes of it had been counted.
    fn land(&self, blob: &Descriptor) -> u64 {
        let mut flights = self.flights.write().unwrap_or_else(PoisonError::into_inner);
        let Some(flight) = flights.get(blob.digest()) else {
            return 0;
        };
        let position = flight.position.load(Relaxed);
        if flight.copies.load(Relaxed) > 1 {
            let counted = position.min(blob.size());
            flight.copies.fetch_sub(1, Relaxed);
            flight.position.fetch_sub(counted, Relaxed);
            return counted;
        }
        flights.remove(blob.digest());
        position
    }

    /// Replaces bytes counted `before` by those `after` in the total. Two's complement: the sum
    /// comes out right whichever is larger.
    fn shift(&self, before: u64, after: u64) {
        self.position.fetch_add(after.wrapping_sub(before), Relaxed);
    }

    fn flight(&self, digest: &Digest) -> Arc<Flight> {
        let flights = self.flights.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(digest) {
            return Arc::clone(flight);
        }
        drop(flights);
        let mut flights = self.flights.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(flights.entry(digest.clone()).or_default())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::term::progress::samples::blob;

    /// The tally after steps such as `move a 30`: blob `a` has 100 bytes, `b` 50.
    fn after(steps: &str) -> Tally {
        let tally = Tally::default();
        let now = Instant::now();
        for step in steps.split(", ") {
            let words: Vec<_> = step.split(' ').collect();
            let size = if words.get(1) == Some(&"a") { 100 } else { 50 };
            let blob = blob(words.get(1).unwrap_or(&""), size);
            let bytes = words.get(2).map_or(0, |word| word.parse().unwrap());
            let event = match words[0] {
                "plan" => Event::Planned {
                    bytes: 150,
                    blobs: 2,
                    manifests: 1,
                },
                "start" => Event::Started(&blob),
                "move" => Event::Moved(&blob, bytes),
                "resume" => Event::Resumed(&blob, bytes),
                "sent" => Event::Done(&blob, Placed::Sent),
                "mounted" => Event::Done(&blob, Placed::Mounted),
                "present" => Event::Done(&blob, Placed::Present),
                other => panic!("{other} is no step"),
            };
            tally.count(&event, now);
        }
        tally
    }

    #[test]
    fn bytes_sent_and_to_be_sent_follow_the_events() {
        for (steps, position, length) in [
            ("plan", 0, 150),
            ("plan, plan", 0, 300),
            ("plan, start a, move a 30, move a 30", 60, 150),
            ("plan, start a, move a 60, resume a 40", 40, 150),
            ("plan, start a, resume a 40, move a 5", 45, 150),
            ("plan, start a, move a 60, sent a", 100, 150),
            ("plan, sent a", 100, 150),
            ("plan, present a", 0, 50),
            ("plan, start a, move a 60, mounted a", 0, 50),
            (
                "plan, start a, start b, move b 10, move a 20, sent b",
                70,
                150,
            ),
        ] {
            let tally = after(steps);
            assert_eq!(
                (tally.position(), tally.length()),
                (position, length),
                "{steps}"
            );
        }
    }

    #[test]
    fn a_blob_may_be_on_its_way_to_two_destinations() {
        for (steps, position) in [
            ("start a, start a, move a 90, move a 80, sent a", 170),
            ("start a, start a, move a 170, resume a 10", 110),
            ("start a, start a, move a 170, sent a, sent a", 200),
            ("start a, start a, move a 170, sent a, mounted a", 100),
        ] {
            assert_eq!(after(steps).position(), position, "{steps}");
        }
    }

    #[test]
    fn threads_do_not_lose_bytes() {
        let (tally, blob) = (Tally::default(), blob("a", 8 * 1000 * 3));
        let now = Instant::now();
        tally.count(&Event::Started(&blob), now);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        tally.count(&Event::Moved(&blob, 3), now);
                    }
                });
            }
        });
        assert_eq!(tally.position(), blob.size());
        assert_eq!(tally.position_of(blob.digest()), Some(blob.size()));
    }
}
