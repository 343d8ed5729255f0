//! From what a registry says to what an engine decides on.

use super::error::{Error, Kind};
use crate::auth;
use crate::auth::challenge::ChallengeError;
use crate::auth::credential::CredentialError;
use crate::oci::referrers::MergeError;
use crate::registry;
use crate::transport;
use http::StatusCode;

/// The kind of a registry's error.
pub(super) fn kind_of(error: &registry::Error) -> Kind {
    match error {
        registry::Error::Transport(error) => of_transport(error),
        registry::Error::Auth(error) => of_auth(error),
        registry::Error::Refused(problem) if is_rule(problem) => Kind::Refused,
        registry::Error::Refused(problem) => of_status(problem.status),
        registry::Error::Protocol { .. }
        | registry::Error::Corrupt { .. }
        | registry::Error::Length { .. }
        | registry::Error::Manifest(_)
        | registry::Error::Unverifiable(_) => Kind::Corrupt,
        registry::Error::Source(source) => source
            .downcast_ref::<Error>()
            .map_or(Kind::Other, Error::kind),
        registry::Error::Stuck { .. } | registry::Error::Contended { .. } => Kind::Unavailable,
        registry::Error::Merge(MergeError::NotIndex(_)) => Kind::Refused,
        registry::Error::Merge(MergeError::Unfit(_)) => Kind::Other,
    }
}

/// Whether a registry refuses to touch what a rule of its own protects. A tag that it calls
/// immutable: by Quay's code, or in the words of Amazon ECR, Docker Hub and Harbor ("immutable") and
/// Nexus ("updating assets"), which have no code of their own for it. What is locked (Azure), or
/// needed by something else (Google).
fn is_rule(problem: &registry::problem::Problem) -> bool {
    let words = ["immutable", "does not allow updating assets"];
    let details = problem.details.iter();
    let details = details.map(|detail| format!("{} {}", detail.message, detail.detail));
    let mut said = details.chain(problem.text.clone());
    let said = said.any(|text| {
        let text = text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    });
    let codes = [
        "TAG_IMMUTABLE",
        "REGISTRY_DISALLOWED_OPERATION",
        "GOOGLE_MANIFEST_DANGLING_TAG",
        "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE",
        "GOOGLE_MANIFEST_REFERRING_MANIFEST",
    ];
    said || codes.iter().any(|code| problem.has(code))
}

fn of_transport(error: &transport::Error) -> Kind {
    match error.kind() {
        transport::Kind::Refused
        | transport::Kind::Connect
        | transport::Kind::Proxy
        | transport::Kind::Stalled
        | transport::Kind::Broken => Kind::Unavailable,
        transport::Kind::Malformed
        | transport::Kind::NotHttp
        | transport::Kind::Redirect
        | transport::Kind::PrivateAddress
        | transport::Kind::OffLimits
        | transport::Kind::TooLarge
        | transport::Kind::Encoding => Kind::Corrupt,
        transport::Kind::ProxyLogin | transport::Kind::ClientCertificate => Kind::Unauthenticated,
        transport::Kind::Settings | transport::Kind::NoAuthorities => Kind::Usage,
        transport::Kind::NoSuchHost
        | transport::Kind::Certificate(_)
        | transport::Kind::NotTls
        | transport::Kind::Tls
        | transport::Kind::Source => Kind::Other,
    }
}

fn of_auth(error: &auth::Error) -> Kind {
    match error {
        // The token service is at an address that the registry may not name.
        auth::Error::Transport(error) if error.is_refused_address() => Kind::Withheld,
        auth::Error::Transport(error) => of_transport(error),
        auth::Error::Credential(CredentialError::Unreadable { .. }) => Kind::Local,
        auth::Error::Credential(CredentialError::Malformed { .. }) => Kind::Usage,
        auth::Error::Challenge {
            source: ChallengeError::Malformed(_),
            ..
        }
        | auth::Error::Reply { .. } => Kind::Corrupt,
        auth::Error::Credential(
            CredentialError::Helper { .. }
            | CredentialError::Identity { .. }
            | CredentialError::Keyring { .. },
        )
        | auth::Error::Challenge { .. }
        | auth::Error::Unchallenged { .. }
        | auth::Error::Missing { .. }
        | auth::Error::Slow { .. }
        | auth::Error::Exposed { .. }
        | auth::Error::Rejected { .. }
        | auth::Error::Unaccepted {
            is_known: false, ..
        } => Kind::Unauthenticated,
        auth::Error::Unaccepted { is_known: true, .. } => Kind::Denied,
        auth::Error::Withheld { .. } | auth::Error::Realm { .. } => Kind::Withheld,
        auth::Error::Refused { status, .. } => of_status(*status),
    }
}

fn of_status(status: StatusCode) -> Kind {
    match status.as_u16() {
        401 | 407 => Kind::Unauthenticated,
        403 => Kind::Denied,
        404 => Kind::NotFound,
        405 => Kind::Unsupported,
        409 | 412 => Kind::Refused,
        408 | 429 | 499 | 500..=599 => Kind::Unavailable,
        _ => Kind::Other,
    }
}
