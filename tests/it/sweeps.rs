//! Copies that are ended at random moments, and copies through a network where anything may fail.
//!
//! By default each sweep is short. `CROSSDOCK_TEST_KILLS=200` makes the sweeps long, and
//! `CROSSDOCK_TEST_SOAK=24` moves so many GiB. Whatever is random follows from a seed that is
//! printed, and that `CROSSDOCK_TEST_SEED` sets.

mod bulk;
mod chaos;
mod dock;
mod interrupted;
mod killed;
mod sampled;
mod soak;

use std::fmt::Display;

/// How many runs are ended in each sweep.
fn kills() -> usize {
    number("CROSSDOCK_TEST_KILLS").unwrap_or(12)
}

/// Random choices, and the seed that repeats them.
fn random(of: &str) -> fastrand::Rng {
    let seed = number("CROSSDOCK_TEST_SEED").unwrap_or_else(|| fastrand::u64(..));
    tell(of, &format!("CROSSDOCK_TEST_SEED={seed}"));
    fastrand::Rng::with_seed(seed)
}

fn number<N: std::str::FromStr>(variable: &str) -> Option<N> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok();
    assert!(number.is_some(), "{variable}={text} is no number");
    number
}

/// Says something to whoever reads the output of a test.
#[allow(clippy::print_stderr)]
fn tell(of: &str, what: &dyn Display) {
    eprintln!("{of}: {what}");
}
