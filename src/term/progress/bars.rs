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
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
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
    /// Where they will be drawn, until they are.
    target: Mutex<Option<ProgressDrawTarget>>,
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
        Self::on(output, ProgressDrawTarget::stderr())
    }

    fn on(output: Output, target: ProgressDrawTarget) -> Self {
        Self {
            multi: output.screen.bars().clone(),
            output,
            total: bar(0),
            target: Mutex::new(Some(target)),
            blobs: RwLock::default(),
            tally: Tally::default(),
            waits: Waits::default(),
            finished: AtomicBool::new(false),
        }
    }

    /// Draws from now on. Not sooner: somebody may be asked something on the line that a bar would
    /// be drawn over.
    fn begin(&self) {
        // Held until all is done: others go on with the bars as soon as they can be drawn.
        let mut target = self.target();
        if let Some(target) = target.take() {
            self.output.screen.draw(target);
            self.multi.add(self.total.clone());
            self.total.enable_steady_tick(TICK);
        }
    }

    fn target(&self) -> MutexGuard<'_, Option<ProgressDrawTarget>> {
        self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn started(&self, blob: &Descriptor) {
        self.begin();
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
        if self.target().take().is_some() {
            return;
        }
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
                self.begin();
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
mod cases;
