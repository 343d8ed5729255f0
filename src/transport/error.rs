//! What can go wrong on the way to an answer. A status is an answer, not an error.

use super::BoxError;
use super::guard::{Forbidden, NoSuchName};
use super::idle::Stalled;
use super::origin::Origin;
use super::proxy::{self, Fault};
use super::redact::Redacted;
use super::tls::{self, Flaw};
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
    /// The proxy on the way cannot be reached.
    Proxy,
    /// The proxy on the way wants a login.
    ProxyLogin,
    /// The system trusts nobody.
    NoAuthorities,
    /// The TLS certificate is not acceptable.
    Certificate(Flaw),
    /// The peer wants to see a client certificate, or another one.
    ClientCertificate,
    /// What answers does not speak TLS.
    NotTls,
    /// TLS failed otherwise.
    Tls,
    /// The same as `Malformed` where plain HTTP was asked for: it may be TLS.
    NotHttp,
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
    host: Option<String>,
    #[source]
    source: Option<BoxError>,
}

impl Error {
    pub(super) fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self {
            kind,
            what: what.into(),
            host: None,
            source: None,
        }
    }

    fn caused(kind: Kind, what: String, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            what,
            host: None,
            source: Some(source.into()),
        }
    }

    fn at(mut self, host: String) -> Self {
        self.host = Some(host);
        self
    }

    /// The host that it is about, or the proxy, as far as there is one to be named: not always the
    /// one that the user typed.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// What sort of failure it was.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self.kind,
            Kind::Refused | Kind::Connect | Kind::Proxy | Kind::Stalled | Kind::Broken
        )
    }

    /// Whether a registry named an address that it may not name.
    pub fn is_refused_address(&self) -> bool {
        matches!(self.kind, Kind::PrivateAddress | Kind::OffLimits)
    }

    /// A client that cannot be made.
    pub(super) fn settings(host: &str, error: &(dyn StdError + 'static)) -> Self {
        if matches!(Cause::of(error), Cause::Tls(failed) if tls::is_trustless(&failed)) {
            let what =
                format!("nobody vouches for {host}: this system has no certificate authorities");
            return Self::new(Kind::NoAuthorities, what);
        }
        let what = format!("the settings for {host} cannot be used");
        Self::caused(Kind::Settings, what, innermost(error))
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

    /// A proxy that wants a login of its own.
    pub(super) fn proxy_login(url: &Url, proxy: &str) -> Self {
        let what = format!(
            "the proxy {proxy}, on the way to {}, wants a login",
            authority(url)
        );
        Self::new(Kind::ProxyLogin, what).at(proxy.to_owned())
    }

    /// The address that was refused, where that is why there is no connection.
    pub(super) fn forbidden(error: &reqwest::Error) -> Option<Forbidden> {
        let mut links = std::iter::successors(error.source(), |link| (*link).source());
        links.find_map(|link| link.downcast_ref().copied())
    }

    /// Sorts one of the HTTP library's errors. Its URL, which may be a secret, is dropped.
    /// `proxy` is on the way to it.
    pub(super) fn from_reqwest(url: &Url, proxy: Option<&str>, error: reqwest::Error) -> Self {
        let host = authority(url);
        if let Some(proxy) = proxy
            && let Some(failed) = Self::of_proxy(url, proxy, &error)
        {
            return failed;
        }
        let what = match Cause::of(&error) {
            Cause::Tls(failed) => return Self::of_tls(host, &failed),
            Cause::Source => (Kind::Source, format!("cannot send to {host}")),
            Cause::Refused => (Kind::Refused, format!("cannot connect to {host}")),
            Cause::NoSuchName => (Kind::NoSuchHost, format!("there is no host named {host}")),
            Cause::Malformed => {
                // What speaks TLS answers so to who does not.
                let plain = url.scheme() == "http";
                let kind = if plain {
                    Kind::NotHttp
                } else {
                    Kind::Malformed
                };
                let what = format!("{host} answers with something that cannot be read as HTTP");
                (kind, what)
            }
            Cause::Other if error.is_builder() => (Kind::Settings, format!("cannot ask {host}")),
            Cause::Other if error.is_connect() => {
                (Kind::Connect, format!("cannot connect to {host}"))
            }
            Cause::Other => (Kind::Broken, format!("the connection to {host} broke")),
        };
        let (kind, what) = what;
        Self::caused(kind, what, innermost(&error.without_url())).at(host)
    }

    fn of_tls(host: String, failed: &rustls::Error) -> Self {
        let (kind, reason) = tls::explain(failed);
        let what = match kind {
            Kind::Certificate(_) => format!("{host} shows a certificate that is not trusted"),
            Kind::ClientCertificate => {
                format!("{host} wants a client certificate, or another one")
            }
            _ => format!("cannot speak TLS with {host}"),
        };
        Self::caused(kind, what, Reason(reason)).at(host)
    }

    /// What went wrong on the way to the proxy, or there. Plain HTTP is spoken with the proxy
    /// itself, so that whatever keeps a connection from coming about is about it.
    fn of_proxy(url: &Url, proxy: &str, error: &reqwest::Error) -> Option<Self> {
        let host = authority(url);
        let plain = url.scheme() == "http" && error.is_connect();
        let fault = proxy::fault(error).or(plain.then_some(Fault::Unreachable))?;
        let (kind, what) = match fault {
            Fault::Login => return Some(Self::proxy_login(url, proxy)),
            Fault::Refuses => (
                Kind::Connect,
                format!("the proxy {proxy} does not lead to {host}"),
            ),
            Fault::Unreachable => {
                let what = format!("cannot reach the proxy {proxy}, on the way to {host}");
                (Kind::Proxy, what)
            }
        };
        let reason = match Cause::of(error) {
            Cause::Tls(failed) => Reason(tls::explain(&failed).1),
            _ => innermost(error),
        };
        Some(Self::caused(kind, what, reason).at(proxy.to_owned()))
    }
}

/// What lies at the bottom of something, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Reason(String);

/// The last link of a chain as an error of its own: what the library's own links say
/// ("error sending request") is said already.
fn innermost(error: &(dyn StdError + 'static)) -> Reason {
    let mut link = error;
    while let Some(next) = link.source() {
        link = next;
    }
    Reason(link.to_string())
}

fn authority(url: &Url) -> String {
    Origin::of(url).map_or_else(|| "?".to_owned(), |origin| origin.authority())
}

enum Cause {
    Source,
    NoSuchName,
    Tls(rustls::Error),
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
            if let Some(failed) = link.downcast_ref::<rustls::Error>() {
                return Self::Tls(failed.clone());
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
            if next.is_none()
                && let Some(failed) = tls::explain_words(&link.to_string())
            {
                return Self::Tls(failed);
            }
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
}
