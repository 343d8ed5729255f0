//! stderr, shared by lines of text and progress bars without one tearing the other.

use indicatif::{MultiProgress, ProgressDrawTarget};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Where everything that is not a result goes.
pub(crate) struct Screen {
    writer: Mutex<Box<dyn Write + Send>>,
    bars: MultiProgress,
    /// Whether bars may be on the terminal now: without them nothing needs to step aside.
    drawn: AtomicBool,
}

impl Screen {
    pub(crate) fn new(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Mutex::new(Box::new(writer)),
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            drawn: AtomicBool::new(false),
        }
    }

    /// Writes a line. That stderr cannot be written to is nobody's to know.
    pub(crate) fn line(&self, line: &str) {
        self.write(format!("{line}\n").as_bytes());
    }

    /// Writes bytes at once, so that lines of several processes do not mix within a line.
    pub(crate) fn write(&self, bytes: &[u8]) {
        self.aside(|| {
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writer.write_all(bytes).and_then(|()| writer.flush());
        });
    }

    /// Does something on the terminal while the bars are out of the way.
    pub(crate) fn aside<T>(&self, action: impl FnOnce() -> T) -> T {
        if self.drawn.load(Ordering::Acquire) {
            self.bars.suspend(action)
        } else {
            action()
        }
    }

    /// The bars, which are drawn nowhere until [`Self::draw`] says so.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Begins to draw bars on `target`.
    pub(crate) fn draw(&self, target: ProgressDrawTarget) {
        self.bars.set_draw_target(target);
        self.drawn.store(true, Ordering::Release);
    }

    /// Takes the bars away for good.
    pub(crate) fn clear(&self) {
        let _ = self.bars.clear();
        self.bars.set_draw_target(ProgressDrawTarget::hidden());
        self.drawn.store(false, Ordering::Release);
    }
}
