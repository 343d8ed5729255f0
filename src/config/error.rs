//! What can be wrong with a settings file, and where in it.

use super::origin::Origin;
use serde_saphyr::{Location, Spanned};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why there are no settings. Nothing has been sent by then.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file that the user named is not there: a mistake in the command line or environment.
    #[error("{}: no such settings file", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file is there and the machine does not give it: a local failure, not a wrong file.
    #[error("cannot read the settings file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that cannot be meant as it is: `FILE:LINE:COLUMN: reason`.
    #[error("{}{}: {reason}", path.display(), At(*place))]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Where in it; none where it is the file as a whole.
        place: Option<Place>,
        /// What is wrong, in one sentence.
        reason: String,
    },
}

impl SettingsError {
    /// What is said there cannot be meant.
    pub(super) fn at(origin: &Origin, reason: impl Into<String>) -> Self {
        let place = origin.line.map(|line| Place { line, column: None });
        Problem::located(place, reason).of_file(&origin.file)
    }
}

/// A line and a column of a text, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column, where it is known.
    pub column: Option<u64>,
}

impl Place {
    /// The place that the YAML reader gives, if it knows one.
    pub(super) fn of(location: Location) -> Option<Self> {
        (location != Location::UNKNOWN).then(|| Self {
            line: location.line(),
            column: Some(location.column()),
        })
    }
}

/// `:LINE:COLUMN`, `:LINE`, or nothing.
struct At(Option<Place>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(Place { line, column }) => {
                write!(f, ":{line}")?;
                column.map_or(Ok(()), |column| write!(f, ":{column}"))
            }
            None => Ok(()),
        }
    }
}

/// A reason repeats what the file has, which may be a megabyte; in characters.
const REASON_LIMIT: usize = 400;

/// What is wrong inside a file, before it is said which file that is.
#[derive(Debug)]
pub(super) struct Problem {
    place: Option<Place>,
    reason: String,
}

impl Problem {
    /// A problem of the file as a whole.
    pub(super) fn whole(reason: impl Into<String>) -> Self {
        Self::located(None, reason)
    }

    /// A problem at `place`.
    pub(super) fn located(place: Option<Place>, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if let Some((end, _)) = reason.char_indices().nth(REASON_LIMIT) {
            reason.truncate(end);
            reason.push('…');
        }
        Self { place, reason }
    }

    /// A problem with a value that was read.
    pub(super) fn with<T>(value: &Spanned<T>, reason: impl Into<String>) -> Self {
        Self::located(Place::of(value.referenced), reason)
    }

    /// The error that this problem is in the file at `path`.
    pub(super) fn of_file(self, path: &Path) -> SettingsError {
        SettingsError::Wrong {
            path: path.to_owned(),
            place: self.place,
            reason: self.reason,
        }
    }
}
