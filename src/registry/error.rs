//! What can go wrong with a registry.

use super::problem::Problem;
use crate::auth;
use crate::oci::Digest;
use crate::oci::digest::Unverifiable;
use crate::oci::manifest::ManifestError;
use crate::oci::reference::{Host, Tag};
use crate::oci::referrers::MergeError;
use crate::transport::{self, BoxError, Response};
use http::StatusCode;
use std::sync::Arc;

/// What can go wrong with a registry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There was no answer.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// There is no authorization.
    #[error(transparent)]
    Auth(#[from] Arc<auth::Error>),
    /// The answer is a refusal.
    #[error(transparent)]
    Refused(#[from] Problem),
    /// The answer is not one that a registry gives.
    #[error("{host} does not behave as a registry: {what}")]
    Protocol {
        /// The registry.
        host: String,
        /// What it did.
        what: String,
    },
    /// What came is not what was asked for.
    #[error("{host} sent something else than was asked for: {what}")]
    Corrupt {
        /// The registry.
        host: String,
        /// What it sent.
        what: String,
    },
    /// Content of another size than was asked for.
    #[error(
        "{host} sent something else than was asked for: {digest} has {expected} bytes and comes with {actual}"
    )]
    Length {
        /// The registry.
        host: String,
        /// What was asked for.
        digest: Digest,
        /// Its size.
        expected: u64,
        /// The size that was sent.
        actual: u64,
    },
    /// The manifest is not acceptable.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The digest's algorithm cannot be computed.
    #[error(transparent)]
    Unverifiable(#[from] Unverifiable),
    /// The bytes to be sent could not be had, or are not what their digest says.
    #[error("the bytes to be sent could not be had")]
    Source(#[source] BoxError),
    /// The list of referrers under a tag cannot be extended.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// What was added to the list of referrers under a tag was lost over and over.
    #[error("{tag} is written by others all the time: {times} attempts to add to it were lost")]
    Contended {
        /// The tag.
        tag: Tag,
        /// How often.
        times: u32,
    },
    /// An upload was begun over and over without getting on.
    #[error("the upload broke off {times} times without getting on")]
    Stuck {
        /// How often.
        times: u32,
        /// What broke it the last time.
        #[source]
        last: Option<BoxError>,
    },
}

impl Error {
    pub(super) fn protocol(host: &Host, what: impl Into<String>) -> Self {
        Self::Protocol {
            host: host.to_string(),
            what: what.into(),
        }
    }

    pub(super) fn corrupt(host: &Host, what: impl Into<String>) -> Self {
        Self::Corrupt {
            host: host.to_string(),
            what: what.into(),
        }
    }

    /// Makes an error of an unwanted answer.
    pub(super) async fn refused(response: Response) -> Self {
        Self::Refused(Problem::read(response).await)
    }

    /// The status, where the registry answered at all.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(problem) => Some(problem.status),
            _ => None,
        }
    }

    /// Whether the registry named this code.
    pub fn has(&self, code: &str) -> bool {
        matches!(self, Self::Refused(problem) if problem.has(code))
    }

    /// Whether the registry said that it is not there.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(StatusCode::NOT_FOUND)
    }
}
