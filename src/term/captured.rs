//! (test) Streams that keep what is written to them.

use crate::term::output::{Output, Settings};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// An output that keeps what it is given, and its stdout and stderr.
pub(crate) fn captured(settings: Settings) -> (Output, Captured, Captured) {
    let (stdout, stderr) = (Captured::default(), Captured::default());
    let output = Output::new(stdout.clone(), stderr.clone(), settings);
    (output, stdout, stderr)
}

/// What was written to a stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    /// What was written, as text.
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
