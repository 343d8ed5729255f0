//! Progress for logs: a line for the plan, for each larger blob, now and then between them, and
//! at the end.

use crate::engine::copy::event::{Event, Placed, Progress};
use crate::oci::Descriptor;
use crate::term::output::Output;
use crate::term::progress::figures::{Count, Span, rate, short, size};
use crate::term::progress::tally::Tally;
use crate::term::progress::waits::Waits;
use crate::term::progress::{View, silent};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// Two lines about the same copy are this far apart, in milliseconds,
const PAUSE: u64 = 5_000;
/// and further where less than this has been sent in between, in percent,
const STRIDE: u64 = 10;
/// but no further than this, in milliseconds.
const HEARTBEAT: u64 = 30_000;

/// A smaller blob is done without a line.
const WORTH_A_LINE: u64 = 1 << 20;

/// Lines on stderr.
pub(super) struct Plain {
    output: Output,
    tally: Tally,
    waits: Waits,
    /// When the last line about the whole was printed, in milliseconds since the first event.
    said_at: AtomicU64,
    said_percent: AtomicU64,
    finished: AtomicBool,
}

impl Plain {
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            tally: Tally::default(),
            waits: Waits::default(),
            said_at: AtomicU64::new(0),
            said_percent: AtomicU64::new(0),
            finished: AtomicBool::new(false),
        }
    }

    fn report_at(&self, event: &Event<'_>, now: Instant) {
        self.tally.count(event, now);
        match *event {
            Event::Planned {
                bytes,
                blobs,
                manifests,
            } => self.planned(bytes, blobs as u64, manifests as u64, "copy"),
            Event::Checking {
                bytes,
                blobs,
                manifests,
            } => self.planned(bytes, blobs as u64, manifests as u64, "check"),
            Event::Moved(..) => self.moved(now),
            Event::Done(blob, placed) => self.done(blob, placed),
            Event::Note(_) | Event::Warning(_) | Event::ReadAgain(..) | Event::Waiting { .. } => {
                silent::note(event, &self.output, &self.waits);
            }
            Event::Started(_) | Event::Resumed(..) | Event::Published(_) => {}
        }
    }

    fn planned(&self, bytes: u64, blobs: u64, manifests: u64, what: &str) {
        // Of many images that are planned one by one, only the first tells of a plan.
        let is_first = self.tally.blobs() == blobs;
        if blobs + manifests == 0 || !is_first {
            return;
        }
        let (blobs, manifests) = (Count(blobs, "blob"), Count(manifests, "manifest"));
        let text = format!("{blobs} ({}) and {manifests} to {what}", size(bytes));
        self.output.status(&text);
    }

    /// A line for what took time; for the rest with `-v`.
    fn done(&self, blob: &Descriptor, placed: Placed) {
        let way = match placed {
            Placed::Sent => self.tally.word(),
            Placed::Mounted => "mounted",
            Placed::Present => "already there",
        };
        let line = format!("{} {way} ({})", short(blob.digest()), size(blob.size()));
        if placed == Placed::Sent && blob.size() >= WORTH_A_LINE {
            self.output.status(&line);
        } else {
            self.output.detail(&line);
        }
    }

    fn moved(&self, now: Instant) {
        let elapsed = self.tally.elapsed(now);
        let at = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let said_at = self.said_at.load(Relaxed);
        if at.saturating_sub(said_at) < PAUSE {
            return;
        }
        let (position, length) = (self.tally.position(), self.tally.length());
        let percent = percent(position, length);
        let stride = percent.saturating_sub(self.said_percent.load(Relaxed));
        let is_due = stride >= STRIDE || at - said_at >= HEARTBEAT;
        // Of several threads that find a line due, one prints it.
        let exchange = || self.said_at.compare_exchange(said_at, at, Relaxed, Relaxed);
        if is_due && exchange().is_ok() {
            self.said_percent.store(percent, Relaxed);
            let text = line(percent, position, length, elapsed);
            self.output.status(&text);
        }
    }

    fn finish_at(&self, now: Instant) {
        if self.finished.swap(true, Relaxed) {
            return;
        }
        if let Some(summary) = self.tally.summary(now) {
            self.output.status(&summary.text());
        }
    }
}

fn percent(position: u64, length: u64) -> u64 {
    let percent = u128::from(position) * 100;
    let percent = percent.checked_div(u128::from(length)).unwrap_or(100);
    u64::try_from(percent).unwrap_or(100).min(100)
}

fn line(percent: u64, position: u64, length: u64, elapsed: Duration) -> String {
    let mut line = format!("{percent} %: {} of {}", size(position), size(length));
    if let Some(rate) = rate(position, elapsed).filter(|rate| *rate > 0) {
        let left = Duration::from_secs(length.saturating_sub(position) / rate);
        let _ = write!(line, ", {}/s, {} left", size(rate), Span(left));
    }
    line
}

impl Progress for Plain {
    fn report(&self, event: Event<'_>) {
        self.report_at(&event, Instant::now());
    }
}

impl View for Plain {
    fn finish(&self) {
        self.finish_at(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::captured::{Captured, captured};
    use crate::term::output::Settings;
    use crate::term::progress::samples::{MIB, blob};

    struct Run {
        view: Plain,
        stderr: Captured,
        begun: Instant,
        seen: usize,
    }

    impl Run {
        fn new() -> Self {
            Self::with(Settings::default())
        }

        fn with(settings: Settings) -> Self {
            let (output, _, stderr) = captured(settings);
            Self {
                view: Plain::new(output),
                stderr,
                begun: Instant::now(),
                seen: 0,
            }
        }

        /// What `event` prints, so many seconds after the beginning.
        fn at(&mut self, seconds: u64, event: &Event<'_>) -> String {
            let now = self.begun + Duration::from_secs(seconds);
            self.view.report_at(event, now);
            self.new_text()
        }

        fn finish(&mut self, seconds: u64) -> String {
            self.view
                .finish_at(self.begun + Duration::from_secs(seconds));
            self.new_text()
        }

        fn new_text(&mut self) -> String {
            let text = self.stderr.text();
            let new = text[self.seen..].to_owned();
            self.seen = text.len();
            new
        }
    }

    fn planned(bytes: u64, blobs: usize, manifests: usize) -> Event<'static> {
        Event::Planned {
            bytes,
            blobs,
            manifests,
        }
    }

    #[test]
    fn with_v_every_blob_has_its_line() {
        let mut run = Run::with(Settings {
            verbosity: 1,
            ..Settings::default()
        });
        let (a, b) = (blob("a", 100), blob("b", 10 * MIB));
        for (event, printed) in [
            (
                Event::Done(&a, Placed::Sent),
                "sha256:ca978112ca1b sent (100 B)\n",
            ),
            (
                Event::Done(&b, Placed::Mounted),
                "sha256:3e23e8160039 mounted (10.00 MiB)\n",
            ),
            (
                Event::Done(&b, Placed::Present),
                "sha256:3e23e8160039 already there (10.00 MiB)\n",
            ),
        ] {
            assert_eq!(run.at(0, &event), printed);
        }
    }

    #[test]
    fn a_copy_reads_like_a_log() {
        let (a, b, c) = (blob("a", 90 * MIB), blob("b", 10 * MIB), blob("c", 100));
        let mut run = Run::new();
        for (seconds, event, printed) in [
            (
                0,
                planned(100 * MIB + 100, 3, 1),
                "3 blobs (100.00 MiB) and 1 manifest to copy\n",
            ),
            (0, Event::Done(&b, Placed::Present), ""),
            (0, Event::Started(&a), ""),
            (4, Event::Moved(&a, 40 * MIB), ""),
            (
                5,
                Event::Moved(&a, 5 * MIB),
                "49 %: 45.00 MiB of 90.00 MiB, 9.00 MiB/s, 5.0 s left\n",
            ),
            (9, Event::Moved(&a, 40 * MIB), ""),
            (10, Event::Resumed(&a, 50 * MIB), ""),
            (12, Event::Moved(&a, MIB), ""),
            (
                35,
                Event::Moved(&a, 2 * MIB),
                "58 %: 53.00 MiB of 90.00 MiB, 1.51 MiB/s, 24.0 s left\n",
            ),
            (36, Event::Note("a.example: odd"), "note: a.example: odd\n"),
            (37, Event::Done(&c, Placed::Sent), ""),
            (
                38,
                Event::Done(&a, Placed::Sent),
                "sha256:ca978112ca1b sent (90.00 MiB)\n",
            ),
            (39, Event::Published(a.digest()), ""),
        ] {
            assert_eq!(
                run.at(seconds, &event),
                printed,
                "{event:?} after {seconds} s"
            );
        }
        assert_eq!(
            run.finish(40),
            "3 blobs: 2 sent (90.00 MiB in 40.0 s, 2.25 MiB/s), 1 already there; 1 manifest\n"
        );
        assert_eq!(run.finish(41), "");
    }

    #[test]
    fn nothing_planned_is_nothing_said() {
        let mut run = Run::new();
        assert_eq!(run.at(0, &planned(0, 0, 0)), "");
        assert_eq!(run.finish(1), "");
    }

    #[test]
    fn percent_of_nothing_is_all_of_it() {
        for (position, length, expected) in [
            (0, 0, 100),
            (1, 3, 33),
            (5, 3, 100),
            (u64::MAX, u64::MAX, 100),
        ] {
            assert_eq!(percent(position, length), expected);
        }
    }
}
