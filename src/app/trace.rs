//! Shows what the transport does.

use crate::engine::copy::event::Event;
use crate::term::output::Output;
use crate::term::progress::View;
use crate::transport::observe::{Exchange, Observer};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// So many different warnings of one host are shown.
const WARNINGS: usize = 50;

/// Shows requests with `-vv`, waits in the progress, and each warning of a registry once.
pub(super) struct Trace {
    output: Output,
    view: Arc<dyn View>,
    warned: Mutex<Warned>,
}

/// What was warned of, as hashes: whoever warns chooses how much that is.
#[derive(Default)]
struct Warned {
    hashes: RandomState,
    hosts: HashMap<String, HashSet<u64>>,
}

/// What becomes of a warning.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Shown,
    /// It is the first that is one too many.
    OneTooMany,
    Silent,
}

impl Warned {
    fn take(&mut self, host: &str, text: &str) -> Fate {
        let hash = self.hashes.hash_one(text);
        let warned = self.hosts.entry(host.to_owned()).or_default();
        if warned.len() > WARNINGS || !warned.insert(hash) {
            Fate::Silent
        } else if warned.len() > WARNINGS {
            Fate::OneTooMany
        } else {
            Fate::Shown
        }
    }
}

impl Trace {
    pub(super) fn new(output: Output, view: Arc<dyn View>) -> Self {
        Self {
            output,
            view,
            warned: Mutex::default(),
        }
    }
}

impl Observer for Trace {
    fn exchange(&self, exchange: &Exchange<'_>) {
        if self.output.settings().verbosity < 2 {
            return;
        }
        let Exchange {
            method,
            url,
            status,
            error,
            attempt,
            elapsed,
            authorized,
            version,
        } = exchange;
        let end = match (status, error) {
            (Some(status), _) => status.as_u16().to_string(),
            (None, Some(error)) => error.clone(),
            (None, None) => "no answer".to_owned(),
        };
        let millis = elapsed.as_millis();
        let mut more = String::new();
        if let Some(version) = version {
            more = format!(", {version:?}");
        }
        if *authorized {
            more.push_str(", authorization ***");
        }
        if *attempt > 1 {
            more = format!("{more}, attempt {attempt}");
        }
        let line = format!("{method} {url} → {end} ({millis} ms{more})");
        self.output.request(&line);
    }

    fn waiting(&self, host: &str, reason: &str, wait: Duration) {
        self.view.report(Event::Waiting { host, reason, wait });
    }

    fn warning(&self, host: &str, text: &str) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        match warned.take(host, text) {
            Fate::Shown => self.output.warn(&format!("{host}: {text}")),
            Fate::OneTooMany => {
                let line = format!("{host} gives more warnings, which are not shown");
                self.output.warn(&line);
            }
            Fate::Silent => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_warns_without_end_is_heard_for_a_while() {
        let mut warned = Warned::default();
        let mut fates = |host: &str, number: usize| warned.take(host, &number.to_string());
        for number in 0..WARNINGS {
            assert_eq!(fates("one", number), Fate::Shown);
            assert_eq!(fates("one", number), Fate::Silent);
        }
        assert_eq!(fates("one", WARNINGS), Fate::OneTooMany);
        for number in 0..10 * WARNINGS {
            assert_eq!(fates("one", number), Fate::Silent);
        }
        assert_eq!(fates("other", 0), Fate::Shown);
        assert_eq!(warned.hosts["one"].len(), WARNINGS + 1);
    }
}
