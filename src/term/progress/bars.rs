//! Progress on a terminal: a bar for each blob on its way and one for all of them.

use crate::engine::copy::event::{Event, Placed, Progress};
use crate::oci::{Descriptor, Digest};
use crate::term::output::Output;
use crate::term::progress::figures::{Count, short};
use crate::term::progress::tally::Tally;
use crate::term::progress::waits::Waits;
use crate::term::progress::{View, silent};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

/// So many blobs have a bar of their own; what the others move shows in the total alone.
const MOST: usize = 8;

/// How often the bars are drawn while nothing moves, so that a stall shows in the speed.
const TICK: Duration = Duration::from_millis(250);

const LAYOUT: &str = "{prefix:19} {wide_bar} {binary_bytes:>10} of {binary_total_bytes:10} \
                      {binary_bytes_per_sec:>12} {eta:>4}";

/// Bars on stderr.
pub(super) struct Bars {
    output: Output,
    multi: MultiProgress,
    total: ProgressBar,
    blobs: RwLock<Blobs>,
    tally: Tally,
    waits: Waits,
    finished: AtomicBool,
}

/// The blobs on their way.
#[derive(Default)]
struct Blobs {
    shown: HashMap<Digest, ProgressBar>,
    hidden: VecDeque<Descriptor>,
}

impl Bars {
    /// Bars on the process's stderr; where that is no terminal, none are drawn.
    pub(super) fn new(output: Output) -> Self {
        let bars = Self::on(output, ProgressDrawTarget::stderr());
        bars.total.enable_steady_tick(TICK);
        bars
    }

    fn on(output: Output, target: ProgressDrawTarget) -> Self {
        let multi = output.screen.draw(target).clone();
        let total = multi.add(bar(0));
        Self {
            output,
            multi,
            total,
            blobs: RwLock::default(),
            tally: Tally::default(),
            waits: Waits::default(),
            finished: AtomicBool::new(false),
        }
    }

    fn started(&self, blob: &Descriptor) {
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = blobs.shown.get(blob.digest()) {
            // The same bytes to one more destination.
            bar.inc_length(blob.size());
        } else if blobs.shown.len() < MOST {
            self.show(&mut blobs, blob);
        } else {
            blobs.hidden.push_back(blob.clone());
        }
    }

    fn show(&self, blobs: &mut Blobs, blob: &Descriptor) {
        let bar = self.multi.insert_before(&self.total, bar(blob.size()));
        bar.set_prefix(short(blob.digest()));
        bar.set_position(self.tally.position_of(blob.digest()).unwrap_or(0));
        blobs.shown.insert(blob.digest().clone(), bar);
    }

    fn moved(&self, digest: &Digest) {
        self.total.set_position(self.tally.position());
        let blobs = self.blobs.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = blobs.shown.get(digest) {
            bar.set_position(self.tally.position_of(digest).unwrap_or(0));
        }
    }

    fn done(&self, blob: &Descriptor, placed: Placed) {
        let digest = blob.digest();
        if self.tally.position_of(digest).is_some() {
            self.moved(digest);
        } else {
            self.hide(digest);
        }
        if placed != Placed::Sent {
            self.total.set_length(self.tally.length());
        }
        self.headline();
        self.total.set_position(self.tally.position());
    }

    /// Takes a bar away and gives its place to a blob that has none.
    fn hide(&self, digest: &Digest) {
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        blobs.hidden.retain(|blob| blob.digest() != digest);
        let Some(bar) = blobs.shown.remove(digest) else {
            return;
        };
        bar.finish_and_clear();
        self.multi.remove(&bar);
        if let Some(next) = blobs.hidden.pop_front() {
            self.show(&mut blobs, &next);
        }
    }

    fn headline(&self) {
        let all = Count(self.tally.blobs(), "blob");
        let text = format!("{} of {all}", self.tally.placed());
        self.total.set_prefix(text);
    }

    fn clear(&self) {
        self.total.disable_steady_tick();
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        for (_, bar) in blobs.shown.drain() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
        self.output.screen.clear();
    }
}

fn bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(LAYOUT).expect("the layout is a valid template");
    // Hidden until it is added: a bar of its own would draw on stderr at once.
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
    bar.with_style(style.progress_chars("=> "))
}

impl Progress for Bars {
    fn report(&self, event: Event<'_>) {
        if self.finished.load(Relaxed) {
            return;
        }
        self.tally.count(&event, Instant::now());
        match event {
            Event::Planned { .. } | Event::Checking { .. } => {
                self.total.set_length(self.tally.length());
                self.headline();
            }
            Event::Started(blob) => self.started(blob),
            Event::Moved(blob, _) | Event::Resumed(blob, _) => self.moved(blob.digest()),
            Event::Done(blob, placed) => self.done(blob, placed),
            Event::Published(_) => {}
            Event::Note(_) | Event::Warning(_) | Event::ReadAgain(..) | Event::Waiting { .. } => {
                silent::note(&event, &self.output, &self.waits);
            }
        }
    }
}

impl View for Bars {
    fn finish(&self) {
        if self.finished.swap(true, Relaxed) {
            return;
        }
        self.clear();
        if let Some(summary) = self.tally.summary(Instant::now()) {
            self.output.status(&summary.text());
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if !self.finished.swap(true, Relaxed) {
            self.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::captured::Captured;
    use crate::term::output::Settings;
    use crate::term::progress::samples::{MIB, blob};
    use indicatif::{InMemoryTerm, TermLike};
    use std::io::{self, Write};

    /// stderr that is the terminal the bars are on.
    struct Terminal(InMemoryTerm);

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
            self.0.write_str(&text)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            TermLike::flush(&self.0)
        }
    }

    fn bars() -> (Bars, InMemoryTerm, Captured) {
        let terminal = InMemoryTerm::new(24, 110);
        let stdout = Captured::default();
        let output = Output::new(
            stdout.clone(),
            Terminal(terminal.clone()),
            Settings::default(),
        );
        // As often as it likes: what is compared is the last state.
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
        (Bars::on(output, target), terminal, stdout)
    }

    fn planned(bytes: u64, blobs: usize) -> Event<'static> {
        Event::Planned {
            bytes,
            blobs,
            manifests: 1,
        }
    }

    /// The lines now: the name, how much is sent and of how much, and not what depends on the
    /// clock.
    fn lines(bars: &Bars, terminal: &InMemoryTerm) -> Vec<String> {
        let blobs = bars.blobs.read().unwrap_or_else(PoisonError::into_inner);
        blobs.shown.values().for_each(ProgressBar::force_draw);
        bars.total.force_draw();
        let shown = terminal.contents();
        shown.lines().map(figures).collect()
    }

    fn figures(line: &str) -> String {
        let words: Vec<_> = line
            .split_whitespace()
            .filter(|word| !word.starts_with('='))
            .collect();
        match words.iter().rposition(|word| *word == "of") {
            Some(of) if line.contains("B/s") => words[..of + 3].join(" "),
            _ => words.join(" "),
        }
    }

    #[test]
    fn each_blob_on_its_way_has_a_bar_above_the_total() {
        let (bars, terminal, _) = bars();
        let (a, b, c) = (blob("a", 8 * MIB), blob("b", 2 * MIB), blob("c", MIB));
        let seen = |event| {
            bars.report(event);
            lines(&bars, &terminal)
        };
        assert_eq!(
            seen(planned(11 * MIB, 3)),
            ["0 of 3 blobs 0 B of 11.00 MiB"]
        );
        seen(Event::Started(&a));
        seen(Event::Started(&b));
        assert_eq!(
            seen(Event::Moved(&a, 4 * MIB)),
            [
                "sha256:ca978112ca1b 4.00 MiB of 8.00 MiB",
                "sha256:3e23e8160039 0 B of 2.00 MiB",
                "0 of 3 blobs 4.00 MiB of 11.00 MiB",
            ]
        );
        seen(Event::Resumed(&a, MIB));
        seen(Event::Done(&b, Placed::Sent));
        assert_eq!(
            seen(Event::Done(&c, Placed::Present)),
            [
                "sha256:ca978112ca1b 1.00 MiB of 8.00 MiB",
                "2 of 3 blobs 3.00 MiB of 10.00 MiB",
            ]
        );
        assert_eq!(
            seen(Event::Note("odd"))[..2],
            ["note: odd", "sha256:ca978112ca1b 1.00 MiB of 8.00 MiB"]
        );
    }

    #[test]
    fn one_blob_to_two_destinations_has_one_bar() {
        let (bars, terminal, _) = bars();
        let a = blob("a", 2 * MIB);
        bars.report(planned(4 * MIB, 2));
        for event in [
            Event::Started(&a),
            Event::Started(&a),
            Event::Moved(&a, 3 * MIB),
        ] {
            bars.report(event);
        }
        let bar = "sha256:ca978112ca1b 3.00 MiB of 4.00 MiB";
        assert_eq!(lines(&bars, &terminal)[0], bar);
        bars.report(Event::Done(&a, Placed::Sent));
        assert_eq!(
            lines(&bars, &terminal).last().map(String::as_str),
            Some("1 of 2 blobs 3.00 MiB of 4.00 MiB")
        );
        bars.report(Event::Done(&a, Placed::Sent));
        assert_eq!(
            lines(&bars, &terminal),
            ["2 of 2 blobs 4.00 MiB of 4.00 MiB"]
        );
    }

    #[test]
    fn of_many_blobs_eight_have_bars_and_the_next_takes_a_place_that_is_free() {
        let (bars, terminal, _) = bars();
        let blobs: Vec<_> = (0..20).map(|n| blob(&n.to_string(), MIB)).collect();
        bars.report(planned(20 * MIB, blobs.len()));
        for blob in &blobs {
            bars.report(Event::Started(blob));
            bars.report(Event::Moved(blob, MIB / 2));
        }
        let shown = lines(&bars, &terminal);
        assert_eq!(shown.len(), MOST + 1);
        assert_eq!(shown[MOST], "0 of 20 blobs 10.00 MiB of 20.00 MiB");
        bars.report(Event::Done(&blobs[12], Placed::Sent));
        bars.report(Event::Done(&blobs[0], Placed::Sent));
        let shown = lines(&bars, &terminal);
        assert_eq!(shown.len(), MOST + 1);
        let next = format!("{} 512.00 KiB of 1.00 MiB", short(blobs[8].digest()));
        assert_eq!(shown[MOST - 1], next);
        for blob in &blobs[1..] {
            bars.report(Event::Done(blob, Placed::Sent));
        }
        assert_eq!(lines(&bars, &terminal).len(), 1);
    }

    #[test]
    fn at_the_end_a_line_is_left_and_nothing_else() {
        let (bars, terminal, stdout) = bars();
        let (a, b) = (blob("a", 8 * MIB), blob("b", MIB));
        bars.report(planned(9 * MIB, 2));
        bars.report(Event::Started(&a));
        bars.report(Event::Moved(&a, MIB));
        bars.report(Event::Done(&b, Placed::Mounted));
        bars.finish();
        let left = "1 of 2 blobs: 1 mounted; 0 of 1 manifest";
        assert_eq!(terminal.contents(), left);
        bars.report(Event::Moved(&a, MIB));
        bars.finish();
        drop(bars);
        assert_eq!(terminal.contents(), left);
        assert_eq!(stdout.text(), "");
    }

    #[test]
    fn bars_that_are_dropped_are_taken_away() {
        let (bars, terminal, _) = bars();
        bars.report(planned(MIB, 1));
        bars.report(Event::Started(&blob("a", MIB)));
        assert_eq!(lines(&bars, &terminal).len(), 2);
        drop(bars);
        assert_eq!(terminal.contents(), "");
    }

    #[test]
    fn lines_of_others_do_not_tear_the_bars() {
        let (bars, terminal, _) = bars();
        let output = bars.output.clone();
        bars.report(planned(MIB, 1));
        std::thread::scope(|scope| {
            for name in ["w", "x"] {
                let output = output.clone();
                scope.spawn(move || (0..5).for_each(|_| output.warn(name)));
            }
            let blob = blob("a", MIB);
            bars.report(Event::Started(&blob));
            (0..64).for_each(|_| bars.report(Event::Moved(&blob, MIB / 64)));
        });
        let mut shown = lines(&bars, &terminal);
        let bars = shown.split_off(10);
        shown.sort();
        assert_eq!(shown[..5], ["warning: w"; 5]);
        assert_eq!(shown[5..], ["warning: x"; 5]);
        assert_eq!(
            bars,
            [
                "sha256:ca978112ca1b 1.00 MiB of 1.00 MiB",
                "0 of 1 blob 1.00 MiB of 1.00 MiB",
            ]
        );
    }
}
