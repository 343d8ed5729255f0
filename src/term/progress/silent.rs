//! No progress: only what is worth a line whatever the view.

use crate::engine::copy::event::{Event, Progress};
use crate::term::output::Output;
use crate::term::progress::View;
use crate::term::progress::waits::Waits;
use std::time::Instant;

/// Shows notes and waits.
pub(super) struct Silent {
    output: Output,
    waits: Waits,
}

impl Silent {
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            waits: Waits::default(),
        }
    }
}

impl Progress for Silent {
    fn report(&self, event: Event<'_>) {
        note(&event, &self.output, &self.waits);
    }
}

impl View for Silent {
    fn finish(&self) {}
}

/// Prints an event that is a note, a wait, or a read that could not be shared.
pub(super) fn note(event: &Event<'_>, output: &Output, waits: &Waits) {
    match *event {
        Event::Note(text) => output.note(text),
        Event::Warning(text) => output.warn(text),
        Event::ReadAgain(blob, location) => {
            let digest = blob.digest();
            output.note(&format!("{digest} is read once more, for {location} alone"));
        }
        Event::Waiting { host, reason, wait } => {
            if let Some(text) = waits.text(host, reason, wait, Instant::now()) {
                output.note(&text);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::copy::event::Placed;
    use crate::term::captured::captured;
    use crate::term::output::Settings;
    use crate::term::progress::samples::blob;
    use std::time::Duration;

    #[test]
    fn notes_are_shown_unless_quiet() {
        for (quiet, shown) in [
            (false, "note: odd\\u{7}\nnote: waiting 9.0 s for a: 429\n"),
            (true, ""),
        ] {
            let (output, stdout, stderr) = captured(Settings {
                quiet,
                ..Settings::default()
            });
            let (view, blob) = (Silent::new(output), blob("a", 1));
            view.report(Event::Started(&blob));
            view.report(Event::Note("odd\u{7}"));
            view.report(Event::Waiting {
                host: "a",
                reason: "429",
                wait: Duration::from_secs(9),
            });
            view.report(Event::Done(&blob, Placed::Sent));
            view.finish();
            assert_eq!(
                (stdout.text().as_str(), stderr.text().as_str()),
                ("", shown)
            );
        }
    }
}
