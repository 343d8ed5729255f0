//! Which proxy is on the way to a host, and what it did wrong.

use super::client::Proxies;
use super::secret::Secret;
use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::error::Error as StdError;
use url::Url;

/// What a proxy did instead of leading to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not there.
    Unreachable,
    /// It wants a login, or another one.
    Login,
    /// It does not lead there, or its answer is none.
    Refuses,
}

impl Proxies {
    /// The proxy on the way to `uri`.
    pub fn intercept(&self, uri: &Uri) -> Option<Intercept> {
        let text = |secret: &Option<Secret>| {
            let text = secret.as_ref().and_then(Secret::expose_str);
            text.unwrap_or_default().to_owned()
        };
        let matcher = Matcher::builder()
            .http(text(&self.http))
            .https(text(&self.https))
            .all(text(&self.all))
            .no(self.none.clone().unwrap_or_default())
            .build();
        matcher.intercept(uri)
    }

    /// The `HOST:PORT` of the proxy on the way to `url`, without what its URL says about us.
    pub(super) fn before(&self, url: &Url) -> Option<String> {
        let proxy = self.intercept(&url.as_str().parse().ok()?)?;
        let (host, port) = (proxy.uri().host()?, proxy.uri().port_u16());
        Some(match port {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        })
    }
}

/// What the proxy before a host did wrong, where a chain of errors says so: the library's types
/// for it are its own, and only their words come out.
pub(super) fn fault(error: &(dyn StdError + 'static)) -> Option<Fault> {
    let links = std::iter::successors(Some(error), |link| (*link).source());
    links.into_iter().find_map(|link| {
        let text = link.to_string();
        let tunnel = text.strip_prefix("tunnel error: ");
        let socks = text.strip_prefix("SOCKS error: ");
        match tunnel.or(socks)? {
            "failed to create underlying connection" => Some(Fault::Unreachable),
            "proxy authorization required" => Some(Fault::Login),
            _ => Some(Fault::Refuses),
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_proxy_before_a_host_is_told_without_its_password() {
        let proxies = Proxies {
            http: Some(Secret::new("http://ann:apple@plain.example/")),
            https: Some(Secret::new("http://ann:apple@secure.example:3128/")),
            all: None,
            none: Some("localhost,internal.example".to_owned()),
        };
        for (url, proxy) in [
            ("https://registry.example/v2/", Some("secure.example:3128")),
            ("http://registry.example/v2/", Some("plain.example")),
            ("https://a.internal.example/v2/", None),
            ("http://localhost:5000/v2/", None),
        ] {
            let found = proxies.before(&Url::parse(url).unwrap());
            assert_eq!(found.as_deref(), proxy, "{url}");
        }
    }
}
