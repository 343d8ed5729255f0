//! Progress for programs: one JSON object a line on stderr.
//!
//! Each has an `event`; sizes, positions and offsets are in bytes, digests are whole. `moved` comes
//! at most twice a second for a blob.

use crate::engine::copy::event::{Event, Placed, Progress};
use crate::oci::Digest;
use crate::oci::reference::Location;
use crate::term::output::Output;
use crate::term::progress::View;
use crate::term::progress::summary::Summary;
use crate::term::progress::tally::Tally;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Two `moved` of one blob are this far apart.
const PAUSE: Duration = Duration::from_millis(500);

/// What is printed. Fields may be added, never taken away or changed.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    /// So much is to be there at the end. May come several times and adds up.
    Planned {
        bytes: u64,
        blobs: usize,
        manifests: usize,
    },
    /// So much is to be looked at, and nothing is moved. May come several times and adds up.
    Checking {
        bytes: u64,
        blobs: usize,
        manifests: usize,
    },
    /// A blob's bytes begin to flow.
    Started { digest: &'a Digest, size: u64 },
    /// So much of it has been sent, or by a check read.
    Moved {
        digest: &'a Digest,
        position: u64,
        size: u64,
    },
    /// It goes on from here after a break.
    Resumed {
        digest: &'a Digest,
        offset: u64,
        size: u64,
    },
    /// It is read once more, for this destination alone.
    ReadAgain {
        digest: &'a Digest,
        destination: &'a Location,
    },
    /// It is at the destination; by a check, it was read.
    Done {
        digest: &'a Digest,
        size: u64,
        /// `sent`, `mounted`, `present`; `read` by a check.
        placed: &'a str,
    },
    /// A manifest or index is at the destination.
    Published { digest: &'a Digest },
    /// Something worth a line.
    Note { text: &'a str },
    /// Something that was asked for and is not done.
    Warning { text: &'a str },
    /// A request to the host is held back.
    Waiting {
        host: &'a str,
        reason: &'a str,
        seconds: f64,
    },
    /// Nothing more will come: how much of what was planned is done.
    Finished(Summary),
    /// The same of a check.
    #[serde(rename = "finished")]
    Checked {
        blobs: u64,
        read: u64,
        read_bytes: u64,
        manifests: u64,
        seconds: f64,
    },
}

impl From<Summary> for Line<'_> {
    fn from(summary: Summary) -> Self {
        if !summary.is_check {
            return Self::Finished(summary);
        }
        let Summary {
            blobs,
            sent: read,
            sent_bytes: read_bytes,
            manifests,
            seconds,
            ..
        } = summary;
        Self::Checked {
            blobs,
            read,
            read_bytes,
            manifests,
            seconds,
        }
    }
}

/// JSON lines on stderr.
pub(super) struct Json {
    output: Output,
    tally: Tally,
    said: Mutex<HashMap<Digest, Instant>>,
    finished: AtomicBool,
}

impl Json {
    pub(super) fn new(output: Output) -> Self {
        Self {
            output,
            tally: Tally::default(),
            said: Mutex::default(),
            finished: AtomicBool::new(false),
        }
    }

    fn report_at(&self, event: &Event<'_>, now: Instant) {
        self.tally.count(event, now);
        if self.is_due(event, now) {
            self.output.json(&self.line(event));
        }
    }

    fn line<'a>(&self, event: &Event<'a>) -> Line<'a> {
        match *event {
            Event::Planned {
                bytes,
                blobs,
                manifests,
            } => Line::Planned {
                bytes,
                blobs,
                manifests,
            },
            Event::Checking {
                bytes,
                blobs,
                manifests,
            } => Line::Checking {
                bytes,
                blobs,
                manifests,
            },
            Event::Started(blob) => Line::Started {
                digest: blob.digest(),
                size: blob.size(),
            },
            Event::Moved(blob, _) => Line::Moved {
                digest: blob.digest(),
                position: self.tally.position_of(blob.digest()).unwrap_or(0),
                size: blob.size(),
            },
            Event::Resumed(blob, offset) => Line::Resumed {
                digest: blob.digest(),
                offset,
                size: blob.size(),
            },
            Event::Done(blob, placed) => Line::Done {
                digest: blob.digest(),
                size: blob.size(),
                placed: match placed {
                    Placed::Sent => self.tally.word(),
                    Placed::Mounted => "mounted",
                    Placed::Present => "present",
                },
            },
            Event::ReadAgain(blob, location) => Line::ReadAgain {
                digest: blob.digest(),
                destination: location,
            },
            Event::Published(digest) => Line::Published { digest },
            Event::Note(text) => Line::Note { text },
            Event::Warning(text) => Line::Warning { text },
            Event::Waiting { host, reason, wait } => Line::Waiting {
                host,
                reason,
                seconds: wait.as_secs_f64(),
            },
        }
    }

    /// Whether the event is printed: all but `moved` are.
    fn is_due(&self, event: &Event<'_>, now: Instant) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        match *event {
            Event::Started(blob) => {
                said.insert(blob.digest().clone(), now);
            }
            Event::Done(blob, _) => {
                said.remove(blob.digest());
            }
            Event::Moved(blob, _) => {
                let last = said.get(blob.digest());
                if last.is_some_and(|last| now.saturating_duration_since(*last) < PAUSE) {
                    return false;
                }
                said.insert(blob.digest().clone(), now);
            }
            _ => {}
        }
        true
    }

    fn finish_at(&self, now: Instant) {
        if self.finished.swap(true, Relaxed) {
            return;
        }
        if let Some(summary) = self.tally.summary(now) {
            self.output.json(&Line::from(summary));
        }
    }
}

impl Progress for Json {
    fn report(&self, event: Event<'_>) {
        self.report_at(&event, Instant::now());
    }
}

impl View for Json {
    fn finish(&self) {
        self.finish_at(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::captured::captured;
    use crate::term::output::Settings;
    use crate::term::progress::samples::blob;

    #[test]
    fn each_event_is_a_line_and_moved_is_not_repeated_too_soon() {
        let (output, stdout, stderr) = captured(Settings::default());
        let (view, a, b) = (Json::new(output), blob("a", 1000), blob("b", 10));
        let begun = Instant::now();
        let plan = Event::Planned {
            bytes: 1010,
            blobs: 2,
            manifests: 1,
        };
        let waiting = Event::Waiting {
            host: "a.example",
            reason: "429",
            wait: Duration::from_millis(1500),
        };
        for (millis, event) in [
            (0, plan),
            (0, Event::Done(&b, Placed::Mounted)),
            (0, Event::Started(&a)),
            (499, Event::Moved(&a, 100)),
            (500, Event::Moved(&a, 100)),
            (999, Event::Moved(&a, 600)),
            (1000, Event::Resumed(&a, 300)),
            (1000, Event::Moved(&a, 1)),
            (1100, waiting),
            (1200, Event::Note("odd\u{9b}")),
            (2000, Event::Done(&a, Placed::Sent)),
            (2000, Event::Published(b.digest())),
        ] {
            view.report_at(&event, begun + Duration::from_millis(millis));
        }
        view.finish_at(begun + Duration::from_secs(2));
        view.finish_at(begun + Duration::from_secs(3));
        let expected = r#"{"event":"planned","bytes":1010,"blobs":2,"manifests":1}
{"event":"done","digest":"B","size":10,"placed":"mounted"}
{"event":"started","digest":"A","size":1000}
{"event":"moved","digest":"A","position":200,"size":1000}
{"event":"resumed","digest":"A","offset":300,"size":1000}
{"event":"moved","digest":"A","position":301,"size":1000}
{"event":"waiting","host":"a.example","reason":"429","seconds":1.5}
{"event":"note","text":"odd\u009b"}
{"event":"done","digest":"A","size":1000,"placed":"sent"}
{"event":"published","digest":"B"}
{"event":"finished","blobs":2,"sent":1,"mounted":1,"present":0,"sent_bytes":1000,"manifests":1,"published":1,"seconds":2.0}
"#;
        let (a, b) = (a.digest().to_string(), b.digest().to_string());
        assert_eq!(
            stderr.text(),
            expected
                .replace("\"A\"", &format!("\"{a}\""))
                .replace("\"B\"", &format!("\"{b}\""))
        );
        assert_eq!(stdout.text(), "");
    }
}
