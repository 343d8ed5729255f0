//! What a copy says about itself, shown as bars, as lines of a log, as JSON, or not at all.

mod bars;
mod figures;
mod json;
mod plain;
mod silent;
mod summary;
mod tally;
mod waits;

pub use figures::short;

use crate::engine::copy::event::Progress;
use crate::term::output::Output;
use std::sync::Arc;

/// How progress is shown: `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Mode {
    /// Bars on a terminal, lines in a log, nothing beside `--json`.
    #[default]
    Auto,
    /// Bars, as far as stderr is a terminal.
    Bar,
    /// A line now and then.
    Plain,
    /// One JSON object a line for each event.
    Json,
    /// Notes alone.
    None,
}

/// Progress that somebody looks at. It has to be told when the last event was.
pub trait View: Progress {
    /// Takes away what is not to stay, and sums up. Called again, it does nothing.
    fn finish(&self);
}

/// What a view looks like once everything is taken into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Bars,
    Plain,
    Json,
    Silent,
}

/// The view that fits: what was asked for, unless `--quiet` silences it. `ci` is whether this
/// runs in a pipeline, whose terminals, where there are any, are logs.
pub fn choose(mode: Mode, output: &Output, stderr_is_terminal: bool, ci: bool) -> Arc<dyn View> {
    let settings = output.settings();
    let live = stderr_is_terminal && !ci;
    let output = output.clone();
    match shape(mode, live, settings.quiet, settings.json) {
        Shape::Bars => Arc::new(bars::Bars::new(output)),
        Shape::Plain => Arc::new(plain::Plain::new(output)),
        Shape::Json => Arc::new(json::Json::new(output)),
        Shape::Silent => Arc::new(silent::Silent::new(output)),
    }
}

fn shape(mode: Mode, live: bool, quiet: bool, json: bool) -> Shape {
    match mode {
        _ if quiet => Shape::Silent,
        Mode::Auto if live => Shape::Bars,
        Mode::Auto if json => Shape::Silent,
        Mode::Auto | Mode::Plain => Shape::Plain,
        Mode::Bar => Shape::Bars,
        Mode::Json => Shape::Json,
        Mode::None => Shape::Silent,
    }
}

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_follows_the_flag_then_the_place() {
        for (mode, live, quiet, json, expected) in [
            (Mode::Auto, true, false, false, Shape::Bars),
            (Mode::Auto, false, false, false, Shape::Plain),
            (Mode::Auto, true, false, true, Shape::Bars),
            (Mode::Auto, false, false, true, Shape::Silent),
            (Mode::Auto, true, true, false, Shape::Silent),
            (Mode::Bar, false, false, false, Shape::Bars),
            (Mode::Plain, true, false, false, Shape::Plain),
            (Mode::Plain, true, false, true, Shape::Plain),
            (Mode::Json, true, false, false, Shape::Json),
            (Mode::Json, false, true, true, Shape::Silent),
            (Mode::None, true, false, false, Shape::Silent),
        ] {
            let shape = shape(mode, live, quiet, json);
            assert_eq!(shape, expected, "{mode:?} {live} {quiet} {json}");
        }
    }
}
