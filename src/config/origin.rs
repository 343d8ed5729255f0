//! Where a value was said: the file, and the line in it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where a value was said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    /// The file.
    pub file: PathBuf,
    /// The line in it, counted from 1; none where the file's place says it, and not its text.
    pub line: Option<u64>,
}

impl Origin {
    /// A line of a file.
    pub fn line(file: &Path, line: u64) -> Self {
        Self {
            file: file.to_owned(),
            line: Some(line),
        }
    }

    /// A file as a whole.
    pub fn file(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file.display()),
            None => self.file.display().fmt(f),
        }
    }
}

/// A value, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<T> {
    /// The value.
    pub value: T,
    /// Where it was said.
    pub origin: Origin,
}

impl<T> Said<T> {
    /// A value that was said there.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}
