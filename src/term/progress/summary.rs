//! What a copy came to, for its last line.

use crate::term::progress::figures::{Count, Span, rate, size};
use serde::Serialize;
use std::fmt::Write as _;
use std::time::Duration;

/// The counters at the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Summary {
    /// Nothing was sent, only read.
    #[serde(skip)]
    pub(super) is_check: bool,
    /// Blobs that were to be there.
    pub(super) blobs: u64,
    /// Blobs whose bytes were sent.
    pub(super) sent: u64,
    /// Blobs that the registry linked from another of its repositories.
    pub(super) mounted: u64,
    /// Blobs that were there already.
    pub(super) present: u64,
    /// The sizes of the blobs sent, added up.
    pub(super) sent_bytes: u64,
    /// Manifests and indexes that were to be there.
    pub(super) manifests: u64,
    /// Manifests and indexes that are there.
    pub(super) published: u64,
    /// From the first event to the end.
    pub(super) seconds: f64,
}

/// What is said of a blob whose bytes went all their way.
pub(super) fn word(is_check: bool) -> &'static str {
    if is_check { "read" } else { "sent" }
}

impl Summary {
    /// One line for people. It says so when not everything was done.
    pub(super) fn text(&self) -> String {
        let placed = self.sent + self.mounted + self.present;
        let mut text = Count(self.blobs, "blob").to_string();
        if placed < self.blobs {
            text = format!("{placed} of {text}");
        }
        let ways = self.ways();
        if !ways.is_empty() {
            let _ = write!(text, ": {}", ways.join(", "));
        }
        text.push_str("; ");
        if self.published < self.manifests {
            let _ = write!(text, "{} of ", self.published);
        }
        let _ = write!(text, "{}", Count(self.manifests, "manifest"));
        text
    }

    fn ways(&self) -> Vec<String> {
        let time = Duration::from_secs_f64(self.seconds);
        let mut ways = Vec::new();
        if self.sent > 0 {
            let mut sent = format!(
                "{} {} ({} in {}",
                self.sent,
                word(self.is_check),
                size(self.sent_bytes),
                Span(time)
            );
            if let Some(rate) = rate(self.sent_bytes, time) {
                let _ = write!(sent, ", {}/s", size(rate));
            }
            ways.push(sent + ")");
        }
        if self.mounted > 0 {
            ways.push(format!("{} mounted", self.mounted));
        }
        if self.present > 0 {
            ways.push(format!("{} already there", self.present));
        }
        ways
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::engine::copy::event::{Event, Placed};
    use crate::term::progress::samples::{MIB, blob};
    use crate::term::progress::tally::Tally;
    use std::time::Instant;

    #[test]
    fn the_summary_counts_every_way_a_blob_got_there() {
        let (a, b, c, d) = (
            blob("a", 3 * MIB),
            blob("b", MIB),
            blob("c", 1),
            blob("d", 1),
        );
        let digest = a.digest().clone();
        let tally = Tally::default();
        let begun = Instant::now();
        let summary = |later| Some(tally.summary(begun + Duration::from_secs(later))?.text());
        assert_eq!(summary(0), None);
        let plan = Event::Planned {
            bytes: 4 * MIB + 2,
            blobs: 4,
            manifests: 2,
        };
        tally.count(&plan, begun);
        assert_eq!(summary(0).unwrap(), "0 of 4 blobs; 0 of 2 manifests");
        tally.count(&Event::Done(&c, Placed::Mounted), begun);
        tally.count(&Event::Done(&d, Placed::Present), begun);
        assert_eq!(
            summary(0).unwrap(),
            "2 of 4 blobs: 1 mounted, 1 already there; 0 of 2 manifests"
        );
        tally.count(&Event::Done(&a, Placed::Sent), begun);
        tally.count(&Event::Done(&b, Placed::Sent), begun);
        tally.count(&Event::Published(&digest), begun);
        tally.count(&Event::Published(&digest), begun);
        assert_eq!(
            summary(2).unwrap(),
            "4 blobs: 2 sent (4.00 MiB in 2.0 s, 2.00 MiB/s), 1 mounted, 1 already there; 2 manifests"
        );
    }
}
