//! Shows what the transport does.

use crate::engine::copy::event::Event;
use crate::term::output::Output;
use crate::term::progress::View;
use crate::transport::observe::{Exchange, Observer};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Shows requests with `-vv`, waits in the progress, and each warning of a registry once.
pub(super) struct Trace {
    output: Output,
    view: Arc<dyn View>,
    warned: Mutex<HashSet<String>>,
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
        let line = format!("{host}: {text}");
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.insert(line.clone()) {
            self.output.warn(&line);
        }
    }
}
