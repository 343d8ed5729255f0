//! stdout: lines for people, or exactly one JSON document for programs.

use crate::term::json;
use serde::Serialize;
use std::io::{self, BufWriter, Write};

/// stdout could not be written to.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the result")]
pub struct WriteError(#[source] io::Error);

/// How far the JSON document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Empty,
    Single,
    List { elements: bool },
    Finished,
}

/// What is written to stdout, one row after the other.
pub(crate) struct Document {
    writer: BufWriter<Box<dyn Write + Send>>,
    stage: Stage,
    /// The reader has gone: that is success, and the rest is not written.
    closed: bool,
}

impl Document {
    pub(crate) fn new(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: BufWriter::with_capacity(64 << 10, Box::new(writer)),
            stage: Stage::Empty,
            closed: false,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes a line of text.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), WriteError> {
        self.attempt(|writer| {
            writer.write_all(line.as_bytes())?;
            writer.write_all(b"\n")
        })
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.attempt(|writer| writer.write_all(bytes))
    }

    /// Says that the JSON document is an array.
    pub(crate) fn begin_list(&mut self) {
        if self.stage == Stage::Empty {
            self.stage = Stage::List { elements: false };
        }
    }

    /// Writes an element of the JSON array, or the one JSON object.
    pub(crate) fn element(&mut self, value: &impl Serialize) -> Result<(), WriteError> {
        let json = json::to_vec(value).map_err(WriteError)?;
        let (before, after, next): (&[u8], &[u8], _) = match self.stage {
            Stage::Empty => (b"", b"\n", Stage::Single),
            Stage::List { elements: false } => (b"[\n", b"", Stage::List { elements: true }),
            Stage::List { elements: true } => (b",\n", b"", Stage::List { elements: true }),
            Stage::Single | Stage::Finished => return Err(second_document()),
        };
        self.stage = next;
        self.attempt(|writer| {
            writer.write_all(before)?;
            writer.write_all(&json)?;
            writer.write_all(after)
        })
    }

    /// Closes the array, if there is one, and hands everything over.
    pub(crate) fn finish(&mut self) -> Result<(), WriteError> {
        let end: &[u8] = match self.stage {
            Stage::List { elements: false } => b"[]\n",
            Stage::List { elements: true } => b"\n]\n",
            Stage::Empty | Stage::Single | Stage::Finished => b"",
        };
        self.stage = Stage::Finished;
        self.bytes(end)?;
        self.flush()
    }

    /// Hands over what has been written so far.
    pub(crate) fn flush(&mut self) -> Result<(), WriteError> {
        self.attempt(Write::flush)
    }

    fn attempt(
        &mut self,
        write: impl FnOnce(&mut BufWriter<Box<dyn Write + Send>>) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        if self.closed {
            return Ok(());
        }
        match write(&mut self.writer) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            result => result.map_err(WriteError),
        }
    }
}

fn second_document() -> WriteError {
    WriteError(io::Error::other(
        "a second JSON document where one was promised",
    ))
}
