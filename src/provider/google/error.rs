//! Why an identity of Google's comes to nothing. Shows no secret.

use crate::provider::{jwt, program};
use crate::transport;
use http::StatusCode;
use std::io;
use std::time::Duration;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The same of whoever was asked for it.
    #[error("{whose}")]
    Of {
        whose: String,
        #[source]
        source: Box<Self>,
    },
    #[error("`{variable}` {reason}")]
    Variable {
        variable: &'static str,
        reason: String,
    },
    #[error("`{path}` cannot be read")]
    Unreadable {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("`{path}` {reason}")]
    File { path: String, reason: String },
    #[error("its `{field}` {reason}")]
    Field { field: &'static str, reason: String },
    #[error("its `private_key` signs nothing")]
    Key(#[from] jwt::Unusable),
    #[error("{service} cannot be asked")]
    Transport {
        service: String,
        #[source]
        source: transport::Error,
    },
    #[error("{service} did not answer within {} s", patience.as_secs())]
    Slow { service: String, patience: Duration },
    #[error("{service} redirects, and no secret is sent on")]
    Redirect { service: String },
    #[error("{service} refused ({status}){}", said(words))]
    Refused {
        service: String,
        status: StatusCode,
        /// The error's name in OAuth: `invalid_grant`.
        code: Option<String>,
        words: String,
    },
    #[error("the login is over; run `gcloud auth application-default login`")]
    LoggedOut(#[source] Box<Self>),
    #[error("the answer of {service} {reason}")]
    Reply {
        service: String,
        reason: &'static str,
    },
    #[error("the executable `{program}` {reason}")]
    Answer { program: String, reason: String },
    #[error("the executable `{program}` failed")]
    Executable {
        program: String,
        #[source]
        source: program::Failure,
    },
}

impl Error {
    /// The same, of `whose`.
    pub(super) fn of(self, whose: &str) -> Self {
        Self::Of {
            whose: whose.to_owned(),
            source: Box::new(self),
        }
    }

    /// The same of a login that a user made: only he can make it anew.
    pub(super) fn of_login(self) -> Self {
        match &self {
            Self::Refused {
                code: Some(code), ..
            } if code == "invalid_grant" => Self::LoggedOut(Box::new(self)),
            _ => self,
        }
    }

    pub(super) fn field(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Field {
            field,
            reason: reason.into(),
        }
    }
}

fn said(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!(": {words}")
    }
}
