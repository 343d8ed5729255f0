//! The one error that engines decide on.

use super::refusal::Wanted;
use crate::oci::manifest::ManifestError;
use crate::oci::reference::Location;
use crate::vendor;
use crate::{auth, registry, transport};
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// What sort of thing went wrong, and so what to do about it. Exit codes follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A flag, reference or configuration that cannot be meant. Nothing was sent.
    Usage,
    /// The manifest, blob or repository is not there.
    NotFound,
    /// 401: not, or not rightly, logged in.
    Unauthenticated,
    /// 403: logged in, and not allowed.
    Denied,
    /// A secret was held back because it would have gone to somebody else.
    Withheld,
    /// Refused by a rule: an immutable tag, a shared digest, a tag moved meanwhile.
    Refused,
    /// A gate said no.
    Gate,
    /// The network, the time, or the server's patience ran out; trying later may work.
    Unavailable,
    /// A digest, size or media type that is not what was promised, or a broken protocol.
    Corrupt,
    /// The registry cannot do this.
    Unsupported,
    /// The machine crossdock runs on: disk, permission, lock.
    Local,
    /// Anything else.
    Other,
}

/// A failure at a store: one sentence, its kind, and its cause.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    what: String,
    at: Option<Box<Location>>,
    asked: Option<(Option<vendor::Kind>, Wanted)>,
    /// Shared by all who are told of the same failure.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The cause itself, and not the `Arc` around it, which could not be asked what it is.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// Content of another size than it is listed with.
#[derive(Debug, thiserror::Error)]
#[error("it has {actual} bytes instead of {expected}")]
pub(super) struct Length {
    pub(super) expected: u64,
    pub(super) actual: u64,
}

/// The result of everything a store does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without a further cause.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            at: None,
            asked: None,
            source: None,
        }
    }

    /// An error with its cause. `what` must not repeat it.
    pub fn caused(
        kind: Kind,
        what: impl Into<String>,
        source: impl Into<crate::transport::BoxError>,
    ) -> Self {
        Self {
            kind,
            what: what.into(),
            at: None,
            asked: None,
            source: Some(Arc::from(source.into())),
        }
    }

    /// What a registry's error is to whoever was doing `what`.
    pub fn of_registry(what: impl Into<String>, source: registry::Error) -> Self {
        Self::caused(super::kind::kind_of(&source), what, source)
    }

    /// The same failure, which happened at `location`.
    #[must_use]
    pub fn at(mut self, location: &Location) -> Self {
        self.at = Some(Box::new(location.clone()));
        self
    }

    /// The same failure of a registry of this kind, which this was wanted of.
    #[must_use]
    pub fn asked(mut self, kind: Option<vendor::Kind>, wanted: Wanted) -> Self {
        self.asked = Some((kind, wanted));
        self
    }

    /// The kind of registry that was asked, where that is known, and what was wanted of it.
    pub fn wanted(&self) -> Option<(Option<vendor::Kind>, Wanted)> {
        let causes = self.causes().filter_map(|cause| cause.downcast_ref());
        let errors = std::iter::once(self).chain(causes);
        errors.filter_map(|error: &Self| error.asked).last()
    }

    /// The place that failed, where it was one. A write that failed because of what it was
    /// given to read failed where that was read.
    pub fn location(&self) -> Option<&Location> {
        let causes = self.causes().filter_map(|cause| cause.downcast_ref());
        let errors = std::iter::once(self).chain(causes);
        errors.filter_map(|error| error.at.as_deref()).last()
    }

    /// The same failure, told to one more of those who waited for it.
    #[must_use]
    pub fn again(&self) -> Self {
        Self {
            kind: self.kind,
            what: self.what.clone(),
            at: self.at.clone(),
            asked: self.asked,
            source: self.source.clone(),
        }
    }

    /// The same failure, seen as another kind.
    #[must_use]
    pub fn as_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// What the registry says about blobs or manifests that it does not have, where that is why it
    /// refuses a manifest (`MANIFEST_BLOB_UNKNOWN`).
    pub fn missing_parts(&self) -> Option<Vec<String>> {
        let cause = self.source.as_ref()?.downcast_ref::<registry::Error>()?;
        let registry::Error::Refused(problem) = cause else {
            return None;
        };
        let unknown = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"];
        unknown.iter().any(|code| problem.has(code)).then(|| {
            let told = problem.details.iter();
            told.map(|detail| format!("{} {}", detail.message, detail.detail))
                .collect()
        })
    }

    /// Whether a registry answered, and said no.
    pub fn is_answer(&self) -> bool {
        self.causes()
            .any(|cause| matches!(cause.downcast_ref(), Some(registry::Error::Refused(_))))
    }

    /// Whether a registry said no, and would say so again.
    pub fn is_final_answer(&self) -> bool {
        self.causes().any(|cause| match cause.downcast_ref() {
            Some(registry::Error::Refused(problem)) => {
                let status = problem.status;
                status.is_client_error() && !matches!(status.as_u16(), 408 | 429)
            }
            _ => false,
        })
    }

    /// Whether it is somebody who is refused, and not what he asked for.
    pub fn is_no_to_the_asker(&self) -> bool {
        matches!(
            self.kind,
            Kind::Unauthenticated | Kind::Denied | Kind::Withheld
        )
    }

    /// Whether nobody in particular asked, and a login is wanted.
    pub fn is_about_nobody(&self) -> bool {
        matches!(
            self.login(),
            Some(
                auth::Error::Missing { .. }
                    | auth::Error::Refused {
                        anonymous: true,
                        ..
                    }
            )
        )
    }

    /// Its causes in one line.
    pub fn causes_text(&self) -> String {
        let causes: Vec<String> = self.causes().map(ToString::to_string).collect();
        causes.join(": ")
    }

    /// What is wrong with the manifest that came, where that is why it is refused.
    pub fn manifest(&self) -> Option<&ManifestError> {
        self.causes().find_map(|cause| match cause.downcast_ref() {
            Some(registry::Error::Manifest(error)) => Some(error),
            _ => cause.downcast_ref(),
        })
    }

    /// The size of what came, where another was asked for.
    pub fn length(&self) -> Option<u64> {
        self.causes().find_map(|cause| match cause.downcast_ref() {
            Some(registry::Error::Length { actual, .. }) => Some(*actual),
            _ => cause.downcast_ref().map(|length: &Length| length.actual),
        })
    }

    /// The exchange that failed, where there was no answer.
    pub fn transport(&self) -> Option<&transport::Error> {
        self.causes().find_map(|cause| match cause.downcast_ref() {
            Some(registry::Error::Transport(error)) => Some(error),
            Some(registry::Error::Auth(error)) => match &**error {
                auth::Error::Transport(error) => Some(error),
                _ => None,
            },
            _ => cause.downcast_ref(),
        })
    }

    /// Whether a registry named an address that it may not name.
    pub fn is_refused_address(&self) -> bool {
        self.transport()
            .is_some_and(transport::Error::is_refused_address)
    }

    /// The login that failed.
    pub fn login(&self) -> Option<&auth::Error> {
        self.causes().find_map(|cause| match cause.downcast_ref() {
            Some(registry::Error::Auth(error)) => Some(&**error),
            _ => None,
        })
    }

    pub(super) fn causes(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        std::iter::successors(StdError::source(self), |cause| (*cause).source())
    }

    /// What sort of failure this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_write_that_could_not_read_failed_where_it_read() {
        let location = |text: &str| Location::Remote(text.parse().unwrap());
        let (source, destination) = (location("reg.io/app"), location("reg.io/app2"));
        let own = Error::new(Kind::Other, "x").at(&destination);
        assert_eq!(own.location(), Some(&destination));
        let read = Error::new(Kind::Denied, "x").at(&source);
        let sent = registry::Error::Source(Box::new(read));
        let write = Error::caused(Kind::Denied, "x", sent).at(&destination);
        assert_eq!(write.location(), Some(&source));
        assert_eq!(Error::new(Kind::Other, "x").location(), None);
        assert_eq!(write.again().location(), Some(&source));
    }

    #[test]
    fn who_is_told_again_is_told_the_causes_themselves() {
        let length = Length {
            expected: 1,
            actual: 2,
        };
        let error = Error::caused(Kind::Corrupt, "x", length);
        let again = error.again().again();
        assert_eq!((again.length(), again.kind()), (Some(2), Kind::Corrupt));
        assert_eq!(again.causes_text(), error.causes_text());
    }
}
