//! The seam to programs that keep credentials: docker's credential helpers and keyrings.

mod known;
mod program;
pub mod protocol;

pub use known::Known;
pub use program::Programs;
pub use protocol::Listed;

use crate::auth::credential::{Credential, CredentialError, Unusable};
use async_trait::async_trait;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// The name of a credential helper, without `docker-credential-`. It can name a program on the
/// search path and nothing else: no folder, no option, no shell syntax.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HelperName(String);

/// A text that cannot be the name of a credential helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a credential helper")]
pub struct HelperNameError;

/// What a helper says about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has this.
    Found(Credential),
    /// It works, and has nothing for the server.
    Nothing,
    /// The program is not installed.
    Missing,
}

/// Why a helper is of no use. Shows nothing that a helper answered in earnest.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// It is not installed.
    #[error("`docker-credential-{0}` is in no folder of PATH")]
    Missing(HelperName),
    /// Nothing that may be said to a program that reads lines.
    #[error("`{0}` is not the name of a server")]
    Server(String),
    /// The system does not run it.
    #[error("it cannot be run")]
    Run(#[source] Arc<io::Error>),
    /// It did not come to an end.
    #[error("it did not answer within {} s", .0.as_secs())]
    Slow(Duration),
    /// It does not stop talking.
    #[error("it printed more than {} KiB", .0 / 1024)]
    TooMuch(usize),
    /// It says that it failed, and what it says about it.
    #[error("{0}")]
    Failed(String),
    /// It does not speak the protocol.
    #[error("its answer {0}")]
    Answer(&'static str),
    /// It hands out what cannot be sent to any registry.
    #[error("in its answer {0}")]
    Unusable(#[from] Unusable),
    /// Nothing that can be told to a helper.
    #[error("it cannot be given {0}")]
    Unfit(&'static str),
}

impl Failure {
    /// The same, of `helper`.
    pub fn of(self, helper: &HelperName) -> CredentialError {
        CredentialError::Helper {
            helper: helper.to_string(),
            source: Box::new(self),
        }
    }
}

/// Asks credential helpers.
#[async_trait]
pub trait Helper: Send + Sync {
    /// Asks `helper` for the credential of `server`, which is spelled as docker spells it:
    /// `reg.example`, `reg.example/team`, `https://index.docker.io/v1/`.
    ///
    /// A helper that is there and breaks is [`CredentialError::Helper`]: to go on as somebody
    /// else would surprise.
    async fn get(&self, helper: &HelperName, server: &str) -> Result<Answer, CredentialError>;

    /// Asks anew the next time, where `rejected` is what the helper said the last time.
    fn forget(&self, helper: &HelperName, server: &str, rejected: &Credential);
}

impl HelperName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HelperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HelperName {
    type Err = HelperNameError;

    fn from_str(text: &str) -> Result<Self, HelperNameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let first = text.bytes().next();
        if first.is_some_and(|byte| byte.is_ascii_alphanumeric()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(HelperNameError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_words() {
        for name in ["desktop", "ecr-login", "osxkeychain", "a.b_c", "1password"] {
            assert!(name.parse::<HelperName>().is_ok(), "{name}");
        }
        for name in [
            "", "../../x", "a b", "$(id)", "-x", ".x", "a/b", "a\\b", "a\n", "\u{e9}",
        ] {
            assert!(name.parse::<HelperName>().is_err(), "{name:?}");
        }
    }
}
