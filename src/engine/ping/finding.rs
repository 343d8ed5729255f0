//! An answer to one question about a registry, and how it was come by.

use crate::store::{Error, Kind};

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Yes.
    Yes,
    /// No.
    No,
    /// It was asked, and that does not tell.
    Unknown,
    /// It was not asked.
    NotAsked,
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The registry was asked.
    Asked,
    /// The token service was asked.
    Token,
    /// It was tried out by writing.
    Written,
    /// It is known of that kind of registry.
    Kind,
    /// Nobody does.
    Nobody,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is said.
    pub said: Said,
    /// Who says it.
    pub by: By,
    /// What there is to add.
    pub detail: Option<String>,
}

impl Finding {
    /// An answer with nothing to add.
    pub(super) fn new(said: Said, by: By) -> Self {
        Self {
            said,
            by,
            detail: None,
        }
    }

    /// The same with something to add.
    pub(super) fn with(said: Said, by: By, detail: impl Into<String>) -> Self {
        Self {
            said,
            by,
            detail: Some(detail.into()),
        }
    }

    /// That it was not asked, and what would have to be done.
    pub(super) fn not_asked(detail: &str) -> Self {
        Self::with(Said::NotAsked, By::Nobody, detail)
    }

    /// What a failure says: a registry that says no is an answer, and all else is none.
    pub(super) fn of(error: &Error, by: By) -> Self {
        let refused = matches!(error.kind(), Kind::Unauthenticated | Kind::Denied);
        let said = if refused || error.is_final_answer() {
            Said::No
        } else {
            Said::Unknown
        };
        Self::with(said, by, error.causes_text())
    }
}
