//! The command line.

use crate::cases::{self, Case};
use anyhow::Context as _;
use globset::{Glob, GlobMatcher};
use std::num::NonZeroU64;
use std::path::PathBuf;

/// Measures crossdock, and other tools beside it, between two registries on this machine.
#[derive(Debug, clap::Parser)]
pub(crate) struct Arguments {
    /// Another tool: its name, and its command for copying, or for `digest`, `tag`, `ls` or
    /// `version`, `copy-all` or `spread`; a template of one word is another crossdock. Known are
    /// `{src}`, `{dst}`, `{dst2}`, `{dst3}`, `{from}`, `{to}`, `{image}`, `{repository}`, `{tag}`
    /// and `{hosts}`, with `--tls` also `{ca}`, the authority's PEM file; `{trust}` is how crossdock
    /// is told to speak with the hosts, and `{verify}` is `true` with `--tls`, otherwise `false`;
    /// there is no quoting
    #[arg(long = "tool", value_name = "NAME[:ACTION]=TEMPLATE")]
    pub(crate) tools: Vec<String>,
    /// Only these cases
    #[arg(long = "case", value_name = "GLOB")]
    cases: Vec<Glob>,
    /// Round trips, in milliseconds
    #[arg(
        long = "delay",
        value_name = "MS",
        value_delimiter = ',',
        default_value = "0,50"
    )]
    pub(crate) delays: Vec<u64>,
    /// What one connection to the source brings in a second, such as `50MB`
    #[arg(long, value_name = "BYTES", value_parser = rate)]
    pub(crate) cap: Option<NonZeroU64>,
    /// Let both registries speak TLS, with certificates of an authority made for the occasion; in
    /// every tool's environment, `SSL_CERT_FILE` and `SSL_CERT_DIR` name it, and no other
    #[arg(long)]
    pub(crate) tls: bool,
    /// With a delay: model TCP's slow start. Each way of each connection, so many bytes may be
    /// sent and not yet acknowledged, which takes one round trip: 10 segments of 1,460 bytes at
    /// first, and as many more as were acknowledged of those that filled this window, so that it
    /// doubles each round trip; nothing is lost, and the window never shrinks
    #[arg(long)]
    pub(crate) slow_start: bool,
    /// Runs of each tool in each case
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) runs: usize,
    /// Where the registries store
    #[arg(long, value_name = "DIR")]
    pub(crate) storage: Option<PathBuf>,
    /// Print the names of the cases and stop
    #[arg(long)]
    pub(crate) list: bool,
    /// What `cargo bench` says to everything that it runs
    #[arg(long, hide = true)]
    bench: bool,
}

/// A number of bytes, with or without `kB`, `MB` or `GB`.
fn rate(text: &str) -> anyhow::Result<NonZeroU64> {
    let units = [("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000)];
    let found = units
        .into_iter()
        .find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)));
    let (number, unit) = found.unwrap_or((text, 1));
    let bytes = number.parse::<u64>()?.checked_mul(unit);
    bytes
        .and_then(NonZeroU64::new)
        .with_context(|| format!("`{text}` is no speed"))
}

impl Arguments {
    /// The cases that were asked for. Those that take minutes want to be named.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let globs: Vec<(&str, GlobMatcher)> = self
            .cases
            .iter()
            .map(|glob| (glob.glob(), glob.compile_matcher()))
            .collect();
        let wanted = |case: &Case| {
            let name = case.name();
            let named = |(text, glob): &(&str, GlobMatcher)| {
                let matches = glob.is_match(&name) || name.split('/').next() == Some(text);
                matches && (!case.is_long() || text.contains(case.image))
            };
            globs.iter().any(named) || (globs.is_empty() && !case.is_long())
        };
        cases::all().filter(wanted).collect()
    }
}
