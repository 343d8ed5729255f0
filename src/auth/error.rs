//! Why there is no authorization for a request.

use super::challenge::ChallengeError;
use super::credential::CredentialError;
use crate::transport;
use http::StatusCode;

/// Why there is no authorization for a request. Never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token service could not be asked.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// A place that credentials are kept in is broken.
    #[error("{}", unread(.0))]
    Credential(#[from] CredentialError),
    /// The registry's challenge cannot be understood.
    #[error("{registry} asks for a login in a way that is not understood")]
    Challenge {
        /// The registry.
        registry: String,
        /// What is wrong with it.
        source: ChallengeError,
    },
    /// The registry says 401 and not what it wants.
    #[error("{registry} asks for a login and does not say which")]
    Unchallenged {
        /// The registry.
        registry: String,
    },
    /// There is no credential, and the registry wants one.
    #[error("{registry} asks for a login")]
    Missing {
        /// The registry.
        registry: String,
    },
    /// The registry does not accept what was sent.
    #[error("{registry} does not accept the {what} from {origin}{}", .message.as_ref().map(|m| format!(": {m}")).unwrap_or_default())]
    Rejected {
        /// The registry.
        registry: String,
        /// `password`, `token`.
        what: &'static str,
        /// Where the credential came from.
        origin: String,
        /// The registry's own words.
        message: Option<String>,
    },
    /// The machine's own identity gets nothing there, and nobody does.
    #[error("{registry} refuses {origin}")]
    Unaccepted {
        /// The registry.
        registry: String,
        /// Whose identity it is, and where that was found.
        origin: String,
        /// Whether it is known there, and only not allowed this.
        is_known: bool,
        /// How it was refused.
        source: transport::BoxError,
    },
    /// The machine's identity takes longer than somebody waits who may do without.
    #[error("this machine's identity did not come within {seconds} seconds")]
    Slow {
        /// So long it was waited for.
        seconds: u64,
    },
    /// The machine's own identity would go where others may take it.
    #[error("{origin} is not given to {registry}: {place} is reached over {over}")]
    Exposed {
        /// The registry.
        registry: String,
        /// Whose identity it is, and where that was found.
        origin: String,
        /// The registry, or its token service.
        place: String,
        /// Over what it would go there.
        over: &'static str,
    },
    /// The token service that the registry names is not one that its credential may go to.
    #[error(
        "the credential for {registry} is not sent to {realm}, which {registry} names as its token service"
    )]
    Withheld {
        /// The registry.
        registry: String,
        /// The token service's `HOST[:PORT]`.
        realm: String,
    },
    /// The token service that the registry names is not asked at all.
    #[error("{registry} names {realm} as its token service, which {reason}")]
    Realm {
        /// The registry.
        registry: String,
        /// The realm, without secrets.
        realm: String,
        /// Why not.
        reason: &'static str,
    },
    /// The token service says no.
    #[error("{service} gives no token ({}){}", .status.as_u16(), .message.as_ref().map(|m| format!(": {m}")).unwrap_or_default())]
    Refused {
        /// The token service.
        service: String,
        /// Its status.
        status: StatusCode,
        /// Its own words.
        message: Option<String>,
        /// Whether it was asked without a credential.
        anonymous: bool,
    },
    /// The token service's answer is no token reply.
    #[error("the answer of {service} {reason}")]
    Reply {
        /// The token service.
        service: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Error {
    /// Whether nobody waited for the identity any longer, which may be there.
    pub(super) fn is_slow(&self) -> bool {
        matches!(self, Self::Slow { .. })
    }

    /// Whether the token service said no.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// What could not be read. An identity is nothing that is read: its own words are enough.
fn unread(error: &CredentialError) -> &'static str {
    match error {
        CredentialError::Identity { .. } => "not logged in",
        _ => "cannot read the credentials",
    }
}
