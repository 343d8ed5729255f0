//! How much memory a run took.

use super::home::Home;
use super::run::{Ran, crossdock};
use std::sync::OnceLock;

/// Nothing that moves bytes takes more than this besides what the program takes to do nothing,
/// whatever the size of what it moves: 48 MiB without the 10 MiB that an optimized program takes for
/// itself. The tests' program takes more for itself.
const CEILING: u64 = 38 * 1024 * 1024;

impl Ran {
    /// Expects that it took little memory.
    #[track_caller]
    pub(crate) fn assert_little_memory(&self) {
        assert!(self.peak > 0, "the peak is known");
        let own = self.peak.saturating_sub(idle());
        assert!(own <= CEILING, "{own} bytes at the most");
    }
}

/// What the program takes to do nothing.
fn idle() -> u64 {
    static IDLE: OnceLock<u64> = OnceLock::new();
    *IDLE.get_or_init(|| {
        let home = Home::new();
        let runs = (0..5).map(|_| crossdock(&home, ["--version"]).any_stdout().code(0));
        let peak = runs.map(|ran| ran.peak).max();
        peak.unwrap_or_default()
    })
}
