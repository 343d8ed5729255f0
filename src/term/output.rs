//! The result to stdout, everything else to stderr, all of it escaped here and nowhere else.

pub use crate::term::color::Color;
pub use crate::term::document::WriteError;

use crate::term::color::Label;
use crate::term::document::Document;
use crate::term::escape::{escape, escape_lines, keep_escapes};
use crate::term::exit::Failure;
use crate::term::json;
use crate::term::screen::Screen;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A result: `Display` is its one line for people, `Serialize` its JSON for programs.
///
/// Neither escapes anything: [`Output`] does.
pub trait Row: Serialize + Display {}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// `--json`: one document on stdout. What goes to stderr is then one object a line too, with a
    /// single member: `error`, `warning`, `hint`, `note`, `status`, `detail` or `request`.
    pub json: bool,
    /// `--quiet`: stderr is silent but for errors.
    pub quiet: bool,
    /// How many `-v`: 1 shows details, 2 every request.
    pub verbosity: u8,
    /// Whether labels on stderr are coloured; see [`Color::applies`].
    pub color: bool,
}

/// The two streams of the program. Clones share them.
#[derive(Clone)]
pub struct Output {
    document: Arc<Mutex<Document>>,
    pub(crate) screen: Arc<Screen>,
    settings: Settings,
}

impl Output {
    /// Prints to the given writers.
    pub fn new(
        stdout: impl Write + Send + 'static,
        stderr: impl Write + Send + 'static,
        settings: Settings,
    ) -> Self {
        Self {
            document: Arc::new(Mutex::new(Document::new(stdout))),
            screen: Arc::new(Screen::new(stderr)),
            settings,
        }
    }

    /// Prints to the process's own stdout and stderr.
    pub fn standard(settings: Settings) -> Self {
        Self::new(io::stdout(), io::stderr(), settings)
    }

    /// How this prints.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Whether whoever read stdout has gone. That is no error: a list may stop early, whatever
    /// changes something goes on.
    pub fn is_closed(&self) -> bool {
        self.document().is_closed()
    }

    /// Says that the result is a list: with `--json` an array, closed by [`Output::finish`].
    pub fn list(&self) {
        if self.settings.json {
            self.document().begin_list();
        }
    }

    /// Prints a result, at once. Without [`Output::list`] before, `--json` takes only one.
    pub fn row(&self, row: &impl Row) -> Result<(), WriteError> {
        self.rows([row])
    }

    /// Prints results that came together, such as a page of a list, and hands them over at its end.
    pub fn rows<'a, R: Row + 'a>(
        &self,
        rows: impl IntoIterator<Item = &'a R>,
    ) -> Result<(), WriteError> {
        self.results(|document| {
            rows.into_iter().try_for_each(|row| {
                if self.settings.json {
                    document.element(row)
                } else {
                    document.line(&escape(&row.to_string()))
                }
            })
        })
    }

    /// Prints a result of several lines. Its `Display` escapes what came from outside, with
    /// [`escape`], since only it knows which line breaks are its own.
    pub fn block(&self, block: &impl Row) -> Result<(), WriteError> {
        self.results(|document| {
            if self.settings.json {
                document.element(block)
            } else {
                document.line(keep_escapes(&block.to_string()).trim_end_matches('\n'))
            }
        })
    }

    /// Prints bytes as they are: for `--raw` alone.
    pub fn raw(&self, bytes: &[u8]) -> Result<(), WriteError> {
        self.results(|document| document.bytes(bytes))
    }

    /// Closes the JSON document and hands everything over. To be called once, failed or not.
    pub fn finish(&self) -> Result<(), WriteError> {
        self.results(Document::finish)
    }

    /// Says something that the user should know and need not act on.
    pub fn note(&self, text: &str) {
        self.labelled(Label::Note, text);
    }

    /// Says something that is likely not what the user wanted.
    pub fn warn(&self, text: &str) {
        self.labelled(Label::Warning, text);
    }

    /// Says what to do next.
    pub fn hint(&self, text: &str) {
        self.labelled(Label::Hint, text);
    }

    /// Says how things stand, on a line without a label: a summary, progress in a log.
    pub fn status(&self, text: &str) {
        if !self.settings.quiet {
            self.say(None, "status", text);
        }
    }

    /// Says how something was done; shown with `-v`.
    pub fn detail(&self, text: &str) {
        self.verbose(1, "detail", text);
    }

    /// Says that a request was made; shown with `-vv`.
    pub fn request(&self, text: &str) {
        self.verbose(2, "request", text);
    }

    /// Prints why something failed and what to do next. `--quiet` does not silence it.
    pub fn error(&self, failure: &Failure) {
        if self.settings.json {
            return self.json(&BTreeMap::from([(Label::Error.word(), failure)]));
        }
        self.say(Some(Label::Error), "", &failure.message());
        if let Some(hint) = failure.hint() {
            self.say(Some(Label::Hint), "", hint);
        }
    }

    /// Asks a question: the cursor stays on its line.
    pub(crate) fn ask(&self, question: &str) {
        self.screen.write(escape(question).as_bytes());
    }

    /// Prints one JSON object on a line of stderr, `--json` or not.
    pub(crate) fn json(&self, value: &impl Serialize) {
        if let Ok(mut line) = json::to_vec(value) {
            line.push(b'\n');
            self.screen.write(&line);
        }
    }

    fn results(
        &self,
        write: impl FnOnce(&mut Document) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        self.screen.aside(|| {
            let mut document = self.document();
            write(&mut document)?;
            document.flush()
        })
    }

    fn labelled(&self, label: Label, text: &str) {
        if !self.settings.quiet {
            self.say(Some(label), label.word(), text);
        }
    }

    fn verbose(&self, level: u8, name: &str, text: &str) {
        if self.settings.verbosity >= level && !self.settings.quiet {
            self.say(None, name, text);
        }
    }

    fn say(&self, label: Option<Label>, name: &str, text: &str) {
        if self.settings.json {
            return self.json(&BTreeMap::from([(name, text)]));
        }
        // Further lines are indented, so that no text from outside can pass for a line of ours.
        let text = escape_lines(text.trim_end_matches('\n')).replace('\n', "\n  ");
        match label {
            Some(label) => {
                let label = label.painted(self.settings.color);
                self.screen.line(&format!("{label} {text}"));
            }
            None => self.screen.line(&text),
        }
    }

    fn document(&self) -> MutexGuard<'_, Document> {
        self.document.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::term::captured::captured;
    use std::fmt;

    #[derive(Serialize)]
    struct Tagged {
        tag: &'static str,
    }

    impl fmt::Display for Tagged {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.tag)
        }
    }

    impl Row for Tagged {}

    const TEXT: Settings = Settings {
        json: false,
        quiet: false,
        verbosity: 0,
        color: false,
    };
    const JSON: Settings = Settings { json: true, ..TEXT };

    fn rows(tags: &[&'static str]) -> Vec<Tagged> {
        tags.iter().map(|tag| Tagged { tag }).collect()
    }

    fn listed(settings: Settings, tags: &[&'static str]) -> String {
        let (output, stdout, stderr) = captured(settings);
        output.list();
        output.rows(&rows(tags)).unwrap();
        output.finish().unwrap();
        assert_eq!(stderr.text(), "");
        stdout.text()
    }

    #[test]
    fn a_list_is_lines_or_one_array() {
        for (tags, text, json) in [
            (&[][..], "", "[]\n"),
            (&["v1"][..], "v1\n", "[\n{\"tag\":\"v1\"}\n]\n"),
            (
                &["v1", "v2"][..],
                "v1\nv2\n",
                "[\n{\"tag\":\"v1\"},\n{\"tag\":\"v2\"}\n]\n",
            ),
            (
                &["a\u{1b}[2J\nb"][..],
                "a\\u{1b}[2J\\u{a}b\n",
                "[\n{\"tag\":\"a\\u001b[2J\\nb\"}\n]\n",
            ),
        ] {
            assert_eq!(listed(TEXT, tags), text);
            let document = listed(JSON, tags);
            assert_eq!(document, json);
            let parsed: serde_json::Value = serde_json::from_str(&document).unwrap();
            assert_eq!(parsed.as_array().unwrap().len(), tags.len());
        }
    }

    #[test]
    fn each_element_is_there_as_soon_as_it_is_known() {
        let (output, stdout, _) = captured(JSON);
        output.list();
        output.row(&Tagged { tag: "v1" }).unwrap();
        assert_eq!(stdout.text(), "[\n{\"tag\":\"v1\"}");
    }

    #[test]
    fn a_single_result_is_one_object_and_there_is_no_second() {
        let (output, stdout, _) = captured(JSON);
        output.row(&Tagged { tag: "v1" }).unwrap();
        assert!(output.row(&Tagged { tag: "v2" }).is_err());
        output.finish().unwrap();
        assert_eq!(stdout.text(), "{\"tag\":\"v1\"}\n");
        assert!(output.row(&Tagged { tag: "v3" }).is_err());
    }

    #[test]
    fn finishing_twice_closes_once() {
        let (output, stdout, _) = captured(JSON);
        output.list();
        output.finish().unwrap();
        output.finish().unwrap();
        assert_eq!(stdout.text(), "[]\n");
    }

    #[test]
    fn blocks_keep_their_lines_and_raw_bytes_are_never_escaped() {
        let (output, stdout, _) = captured(TEXT);
        output
            .block(&Tagged {
                tag: "a\n  \\u{1b}\u{1b}\n",
            })
            .unwrap();
        output.raw(b"\x1b{}").unwrap();
        assert_eq!(stdout.text(), "a\n  \\u{1b}\\u{1b}\n\u{1b}{}");
    }

    fn spoken(settings: Settings) -> String {
        let (output, stdout, stderr) = captured(settings);
        output.note("n\u{7}\nm");
        output.warn("w");
        output.hint("h");
        output.status("s");
        output.detail("d");
        output.request("r");
        assert_eq!(stdout.text(), "");
        stderr.text()
    }

    #[test]
    fn stderr_says_what_the_mode_allows() {
        let said = "note: n\\u{7}\n  m\nwarning: w\nhint: h\ns\n";
        let painted =
            "note: n\\u{7}\n  m\n\u{1b}[33mwarning:\u{1b}[0m w\n\u{1b}[36mhint:\u{1b}[0m h\ns\n";
        let json = "{\"note\":\"n\\u0007\\nm\"}\n{\"warning\":\"w\"}\n{\"hint\":\"h\"}\n{\"status\":\"s\"}\n";
        let verbose = |verbosity| Settings { verbosity, ..TEXT };
        for (settings, expected) in [
            (TEXT, said.to_owned()),
            (verbose(1), format!("{said}d\n")),
            (verbose(2), format!("{said}d\nr\n")),
            (
                Settings {
                    quiet: true,
                    ..verbose(2)
                },
                String::new(),
            ),
            (
                Settings {
                    color: true,
                    ..TEXT
                },
                painted.to_owned(),
            ),
            (
                Settings {
                    color: true,
                    ..JSON
                },
                json.to_owned(),
            ),
        ] {
            assert_eq!(spoken(settings), expected, "{settings:?}");
        }
    }
}
