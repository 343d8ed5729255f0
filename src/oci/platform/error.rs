//! What is wrong with a platform that somebody typed.

use std::fmt;

/// The longest text that is repeated in a message, in characters.
const SHOWN: usize = 128;

/// Something that was typed and is no platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformError {
    typed: String,
    problem: Problem,
}

/// The one thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("it is empty")]
    Empty,
    #[error("there is no machine here that it could stand for")]
    Local,
    #[error("it has no architecture")]
    NoArchitecture(String),
    #[error("it has more than three parts")]
    TooMany,
    #[error("{0} is empty")]
    EmptyPart(&'static str),
    #[error("{0} has a `*` beside other letters, and `*` stands alone")]
    PartOfName(&'static str),
    #[error("{0} cannot have `{1}`")]
    Character(&'static str, char),
    #[error("what is in parentheses is not a version of the operating system")]
    Version,
    #[error("a version belongs to one operating system, and `*` is any")]
    VersionOfAny,
}

impl PlatformError {
    pub(super) fn new(typed: &str, problem: Problem) -> Self {
        let mut shown: String = typed.chars().take(SHOWN).collect();
        if shown.len() < typed.len() {
            shown.push('…');
        }
        Self {
            typed: shown,
            problem,
        }
    }

    /// What to type instead.
    pub fn hint(&self) -> String {
        match &self.problem {
            Problem::NoArchitecture(all) if all == "*" || all == "all" => {
                "write `*/*` for everything, or leave the option out".to_owned()
            }
            Problem::NoArchitecture(os) if os.len() <= 16 => {
                format!("write `{os}/amd64` for one, or `{os}/*` for all")
            }
            Problem::Character(_, ',') => "give the option once for each platform".to_owned(),
            Problem::Version | Problem::VersionOfAny => {
                "write it as in `windows(10.0.17763)/amd64`".to_owned()
            }
            _ => "write it as in `linux/amd64`, `linux/arm/v7` or `linux/*`, or `local` for this machine's"
                .to_owned(),
        }
    }
}

impl fmt::Display for PlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a platform: {}", self.typed, self.problem)
    }
}

impl std::error::Error for PlatformError {}
