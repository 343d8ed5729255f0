//! What a target is, and which there are.

use crate::targets;

/// One reader, and what holds for everything that it reads.
pub(crate) struct Target {
    /// Its name, which is that of its module, its inputs' folder and its test.
    pub(crate) name: &'static str,
    /// No input is longer, in bytes.
    pub(crate) longest: usize,
    /// Inputs to begin with: the tables of good and bad ones that readers have met.
    pub(crate) seeds: &'static [&'static [u8]],
    /// Words that bytes are not likely to become by chance.
    pub(crate) words: &'static [&'static str],
    /// Reads the input, and panics where something does not hold.
    pub(crate) check: fn(&[u8]),
}

/// All of them.
pub(crate) const TARGETS: [Target; 12] = [
    targets::reference::TARGET,
    targets::digest::TARGET,
    targets::manifest::TARGET,
    targets::challenge::TARGET,
    targets::link::TARGET,
    targets::location::TARGET,
    targets::range::TARGET,
    targets::docker_config::TARGET,
    targets::helper::TARGET,
    targets::settings::TARGET,
    targets::token_reply::TARGET,
    targets::error_body::TARGET,
];

/// The target of that name.
pub(crate) fn named(name: &str) -> &'static Target {
    let found = TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("no target is called {name:?}"))
}

/// The target that `FUZZ_TARGET` names: there is one binary for all of them.
#[cfg(fuzzing)]
pub(crate) fn chosen() -> &'static Target {
    static CHOSEN: std::sync::OnceLock<&Target> = std::sync::OnceLock::new();
    CHOSEN.get_or_init(|| named(&std::env::var("FUZZ_TARGET").unwrap_or_default()))
}
