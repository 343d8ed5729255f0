//! What a registry's no consists of, for whoever explains it.

use super::error::Error;
use crate::{auth, registry};
use std::error::Error as StdError;

/// What was wanted of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// To read a manifest or a blob, or what is attached to one.
    Read,
    /// To list tags or repositories.
    List,
    /// To write a manifest or a blob.
    Write,
    /// To remove a manifest or a tag.
    Remove,
    /// To be let in.
    Login,
}

/// A registry, or its token service, said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The answer's status.
    pub status: u16,
    /// Its codes, in upper case.
    pub codes: Vec<String>,
    /// Its own words.
    pub words: String,
    /// How long it asks to be waited for, as it says it.
    pub wait: Option<String>,
    /// How much may be pulled in which time, as it says it.
    pub limit: Option<String>,
}

impl Refusal {
    /// Whether the registry names this code.
    pub fn has(&self, code: &str) -> bool {
        self.codes.iter().any(|known| known == code)
    }

    /// Whether the registry says this, in whatever case.
    pub fn says(&self, part: &str) -> bool {
        self.words.to_ascii_lowercase().contains(part)
    }

    fn of_problem(problem: &registry::problem::Problem) -> Self {
        let details = problem.details.iter();
        let told = details
            .clone()
            .map(|detail| detail.message.as_str())
            .chain(problem.text.as_deref());
        Self {
            status: problem.status.as_u16(),
            codes: details.map(|d| d.code.to_ascii_uppercase()).collect(),
            words: told.collect::<Vec<_>>().join("; "),
            wait: problem.retry_after.clone(),
            limit: problem.limit.clone(),
        }
    }

    fn of(cause: &(dyn StdError + 'static)) -> Option<Self> {
        match cause.downcast_ref()? {
            registry::Error::Refused(problem) => Some(Self::of_problem(problem)),
            registry::Error::Auth(error) => match &**error {
                auth::Error::Refused {
                    status, message, ..
                } => Some(Self {
                    status: status.as_u16(),
                    codes: Vec::new(),
                    words: message.clone().unwrap_or_default(),
                    wait: None,
                    limit: None,
                }),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Error {
    /// The no of a registry, or of its token service, that this comes of.
    pub fn refusal(&self) -> Option<Refusal> {
        self.causes().find_map(Refusal::of)
    }
}
