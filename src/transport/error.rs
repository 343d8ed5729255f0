//! What can go wrong on the way to an answer. A status is an answer, not an error.

use super::BoxError;
use super::guard::{Forbidden, NoSuchName};
use super::idle::Stalled;
use super::origin::Origin;
use super::redact::Redacted;
use std::error::Error as StdError;
use std::io;
use std::time::Duration;
use url::Url;

/// What sort of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The host's name does not exist.
    NoSuchHost,
    /// The host is there and nobody listens on the port.
    Refused,
    /// No connection came about for another reason.
    Connect,
    /// The TLS certificate is not acceptable.
    Certificate,
    /// TLS failed otherwise, as where the peer does not speak it.
    Tls,
    /// Nothing moved for the idle time.
    Stalled,
    /// The connection broke.
    Broken,
    /// What came was not HTTP, or more of it than any head of an answer has.
    Malformed,
    /// The bytes to be sent could not be had.
    Source,
    /// A redirect that must not, or cannot, be followed.
    Redirect,
    /// A registry names a place that is not in public, and may not.
    PrivateAddress,
    /// A registry names a place that no registry may name, such as a metadata service.
    OffLimits,
    /// The body is longer than what is held of it.
    TooLarge,
    /// The body came compressed although it was not asked for.
    Encoding,
    /// The request could not even be made, as with an unusable certificate file.
    Settings,
}

/// A request that got no answer, or an answer that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Error {
    kind: Kind,
    what: String,
    #[source]
    source: Option<BoxError>,
}

impl Error {
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            source: None,
        }
    }

    fn caused(kind: Kind, what: String, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            what,
            source: Some(source.into()),
        }
    }

    /// What sort of failure it was.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self.kind,
            Kind::Refused | Kind::Connect | Kind::Stalled | Kind::Broken
        )
    }

    /// Whether a registry named an address that it may not name.
    pub fn is_refused_address(&self) -> bool {
        matches!(self.kind, Kind::PrivateAddress | Kind::OffLimits)
    }

    pub(super) fn settings(host: &str, source: impl Into<BoxError>) -> Self {
        Self::caused(
            Kind::Settings,
            format!("the settings for {host} cannot be used"),
            source,
        )
    }

    pub(super) fn stalled(url: &Url, idle: Duration) -> Self {
        let what = format!("{} went silent", authority(url));
        Self::caused(Kind::Stalled, what, Stalled(idle))
    }

    pub(super) fn too_large(url: &Url, limit: usize) -> Self {
        let shown = Redacted::new(url);
        Self::new(
            Kind::TooLarge,
            format!("{shown} answers with more than {limit} bytes"),
        )
    }

    pub(super) fn redirect(from: &Url, why: &str) -> Self {
        Self::new(
            Kind::Redirect,
            format!("a redirect from {} {why}", authority(from)),
        )
    }

    /// `by` named a place that it may not name.
    pub(super) fn address(by: &Origin, to: &Origin, forbidden: Forbidden) -> Self {
        let kind = if forbidden.class.is_off_limits() {
            Kind::OffLimits
        } else {
            Kind::PrivateAddress
        };
        let (by, to) = (by.authority(), to.authority());
        let what = format!("{by} may not send its clients to {to}");
        Self::caused(kind, what, forbidden)
    }

    pub(super) fn encoding(url: &Url, encoding: &str) -> Self {
        let shown = Redacted::new(url);
        let what = format!("{shown} answers compressed (`{encoding}`), which was not asked for");
        Self::new(Kind::Encoding, what)
    }

    /// The address that was refused, where that is why there is no connection.
    pub(super) fn forbidden(error: &reqwest::Error) -> Option<Forbidden> {
        let mut links = std::iter::successors(error.source(), |link| (*link).source());
        links.find_map(|link| link.downcast_ref().copied())
    }

    /// Sorts one of the HTTP library's errors. Its URL, which may be a secret, is dropped.
    pub(super) fn from_reqwest(url: &Url, error: reqwest::Error) -> Self {
        let cause = Cause::of(&error);
        let host = authority(url);
        let (kind, what) = match cause {
            Cause::Source => (Kind::Source, format!("cannot send to {host}")),
            Cause::Certificate => (
                Kind::Certificate,
                format!("{host} shows a certificate that is not trusted"),
            ),
            Cause::Tls => (Kind::Tls, format!("cannot speak TLS with {host}")),
            Cause::Refused => (Kind::Refused, format!("cannot connect to {host}")),
            Cause::NoSuchName => (Kind::NoSuchHost, format!("there is no host named {host}")),
            Cause::Malformed => (
                Kind::Malformed,
                format!("{host} answers with something that cannot be read as HTTP"),
            ),
            Cause::Other if error.is_builder() => (Kind::Settings, format!("cannot ask {host}")),
            Cause::Other if error.is_connect() => {
                (Kind::Connect, format!("cannot connect to {host}"))
            }
            Cause::Other => (Kind::Broken, format!("the connection to {host} broke")),
        };
        Self::caused(kind, what, innermost(&error.without_url()))
    }
}

/// The last link of a chain as an error of its own: what the library's own links say
/// ("error sending request") is said already.
fn innermost(error: &reqwest::Error) -> BoxError {
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Reason(String);

    let mut link: &(dyn StdError + 'static) = error;
    while let Some(next) = link.source() {
        link = next;
    }
    Box::new(Reason(link.to_string()))
}

fn authority(url: &Url) -> String {
    Origin::of(url).map_or_else(|| "?".to_owned(), |origin| origin.authority())
}

enum Cause {
    Source,
    NoSuchName,
    Certificate,
    Tls,
    Refused,
    Malformed,
    Other,
}

/// Marks an error of the bytes to be sent, so that it is not blamed on the peer.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct SourceFailed(pub(super) BoxError);

impl Cause {
    fn of(error: &(dyn StdError + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(link) = next {
            if link.is::<SourceFailed>() {
                return Self::Source;
            }
            if link.is::<NoSuchName>() {
                return Self::NoSuchName;
            }
            if let Some(cause) = link.downcast_ref::<rustls::Error>().map(Self::of_tls) {
                return cause;
            }
            if let Some(cause) = link.downcast_ref::<io::Error>().and_then(Self::of_io) {
                return cause;
            }
            if link
                .downcast_ref::<hyper::Error>()
                .is_some_and(hyper::Error::is_parse)
            {
                return Self::Malformed;
            }
            next = link.source();
        }
        Self::Other
    }

    /// An `io::Error` hides the error that it was made from; it is asked for by name.
    fn of_io(error: &io::Error) -> Option<Self> {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            return Some(Self::Refused);
        }
        let inner = error.get_ref()?;
        match Self::of(inner) {
            Self::Other => None,
            cause => Some(cause),
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(_) => Self::Certificate,
            _ => Self::Tls,
        }
    }
}
