//! What can go wrong on the way to an answer. A status is an answer, not an error.

use super::BoxError;
use super::idle::Stalled;
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
    /// What answers where plain HTTP was asked for does not speak it.
    NotHttp,
    /// Nothing moved for the idle time.
    Stalled,
    /// The connection broke, or what came was not HTTP.
    Broken,
    /// The bytes to be sent could not be had.
    Source,
    /// A redirect that must not, or cannot, be followed.
    Redirect,
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
            Cause::Other if error.is_dns() && !cause_is_passing(&error) => {
                (Kind::NoSuchHost, format!("there is no host named {host}"))
            }
            Cause::Other if error.is_builder() => (Kind::Settings, format!("cannot ask {host}")),
            Cause::Other if error.is_connect() => {
                (Kind::Connect, format!("cannot connect to {host}"))
            }
            Cause::NotHttp if url.scheme() == "http" => {
                (Kind::NotHttp, format!("cannot speak HTTP with {host}"))
            }
            Cause::NotHttp | Cause::Other => {
                (Kind::Broken, format!("the connection to {host} broke"))
            }
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
    super::origin::Origin::of(url).map_or_else(|| "?".to_owned(), |origin| origin.authority())
}

enum Cause {
    Source,
    Tls(rustls::Error),
    Refused,
    NotHttp,
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
            if let Some(failed) = link.downcast_ref::<rustls::Error>() {
                return Self::Tls(failed.clone());
            }
            if link.downcast_ref().is_some_and(hyper::Error::is_parse) {
                return Self::NotHttp;
            }
            if let Some(cause) = link.downcast_ref::<io::Error>().and_then(Self::of_io) {
                return cause;
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

/// Whether a failed name lookup may succeed later: the resolver could not be asked.
fn cause_is_passing(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(link) = next {
        let text = link.to_string();
        if text.contains("Temporary failure") || text.contains("try again") {
            return true;
        }
        next = link.source();
    }
    false
}
