//! The proxies that the environment names.
//!
//! A proxy's URL may hold a password: what is wrong with it is said without repeating it.

use super::environment::Environment;
use crate::transport::client::Proxies;
use crate::transport::secret::Secret;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// Go's tools, and with them docker, reach this machine without a proxy whatever the variables
/// say.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1";

/// The ways to speak to a proxy.
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// A proxy that cannot be meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ProxyError(String);

/// The proxies that the usual variables name, in lower case first, as curl reads them.
pub(super) fn proxies(environment: &Environment) -> Result<Proxies, ProxyError> {
    let http = proxy(environment, "HTTP_PROXY")?;
    let https = proxy(environment, "HTTPS_PROXY")?;
    let all = if http.is_some() && https.is_some() {
        // Nobody asks for it, and desktops put things into it that nobody understands.
        None
    } else {
        proxy(environment, "ALL_PROXY")?
    };
    let none = match either(environment, "NO_PROXY") {
        Some((_, none)) => format!("{none},{NEVER_PROXIED}"),
        None => NEVER_PROXIED.to_owned(),
    };
    Ok(Proxies {
        http,
        https,
        all,
        none: Some(none),
    })
}

/// A variable in lower case, else in upper case, and what it is then called.
fn either<'a>(environment: &'a Environment, name: &str) -> Option<(String, &'a str)> {
    let names = [name.to_ascii_lowercase(), name.to_owned()];
    names
        .into_iter()
        .find_map(|name| environment.variable(&name).map(|value| (name, value)))
}

fn proxy(environment: &Environment, name: &str) -> Result<Option<Secret>, ProxyError> {
    let Some((name, value)) = either(environment, name) else {
        return Ok(None);
    };
    url(value)
        .map(Some)
        .map_err(|reason| ProxyError(format!("`{name}` {reason}")))
}

/// Reads a proxy's URL; one without a scheme is `http://`, as curl reads it.
fn url(value: &str) -> Result<Secret, String> {
    let wrong = || "is not the URL of a proxy".to_owned();
    let whole = match value.split_once("://") {
        Some((scheme, _)) if !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()) => {
            let known = SCHEMES.join(", ");
            return Err(format!("has a scheme that is none of {known}"));
        }
        Some(_) => value.to_owned(),
        None => format!("http://{value}"),
    };
    let url = Url::parse(&whole).map_err(|_| wrong())?;
    // A `/`, `?` or `#` in a password that is not escaped would make the user name the host.
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong());
    }
    // What the transport cannot read it leaves out, and the request goes past the proxy.
    let read = Matcher::builder().all(url.as_str()).build();
    let anywhere = Uri::from_static("https://registry.example/");
    match read.intercept(&anywhere) {
        Some(_) => Ok(Secret::new(url.as_str())),
        None => Err(wrong()),
    }
}

/// Refuses to speak in a host's own way to a proxy that is spoken to over TLS: the transport
/// would do without verification there too, or show it the client certificate.
///
/// `host` is `HOST[:PORT]`.
pub(super) fn refuse_shared_trust(proxies: &Proxies, host: &str) -> Result<(), ProxyError> {
    let Ok(uri) = format!("https://{host}/").parse::<Uri>() else {
        return Ok(());
    };
    match proxies.intercept(&uri) {
        Some(proxy) if proxy.uri().scheme_str() == Some("https") => Err(ProxyError(format!(
            "{host} has a client certificate or is not verified, and the `https://` proxy on the \
             way there would be treated alike: use an `http://` proxy, or put the host into \
             `NO_PROXY`"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        let pairs = variables.iter();
        Environment {
            variables: pairs.map(|(n, v)| (n.to_string(), v.to_string())).collect(),
            ..Environment::of_process()
        }
    }

    fn https(value: &str) -> Result<String, String> {
        let read = proxies(&environment(&[("HTTPS_PROXY", value)]));
        read.map(|read| read.https.unwrap().expose_str().unwrap().to_owned())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_proxy_is_read_as_curl_reads_it() {
        for (value, read) in [
            ("proxy:3128", "http://proxy:3128/"),
            ("ann:apple@proxy:3128", "http://ann:apple@proxy:3128/"),
            ("http://proxy:3128/", "http://proxy:3128/"),
            ("HTTPS://proxy", "https://proxy/"),
            ("socks5://proxy:1080", "socks5://proxy:1080"),
            ("socks5h://ann:apple@proxy", "socks5h://ann:apple@proxy"),
            ("http://[::1]:3128", "http://[::1]:3128/"),
        ] {
            assert_eq!(https(value).as_deref(), Ok(read), "{value}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_meant_is_named_by_its_variable_alone() {
        for value in [
            "canary:canary@proxy:80800",
            "http://canary:canary@proxy:80800",
            "http://canary:9#canary@proxy:80",
            "http://canary:9/canary@proxy:80",
            "http://canary:9?canary@proxy:80",
            "canary:canary@",
            "http://",
            "http://canary canary:80",
        ] {
            let error = https(value).unwrap_err();
            assert_eq!(error, "`HTTPS_PROXY` is not the URL of a proxy", "{value}");
        }
        for value in ["ftp://canary:canary@proxy", "canary://proxy", "://proxy"] {
            let error = https(value).unwrap_err();
            assert!(error.starts_with("`HTTPS_PROXY` has a scheme that is none of http, "));
            assert!(!error.contains("canary"), "{error}");
        }
        let lower = proxies(&environment(&[("all_proxy", "ftp://x")])).unwrap_err();
        assert!(lower.to_string().starts_with("`all_proxy` "), "{lower}");
    }

    #[test]
    fn what_nobody_asks_for_is_not_read() {
        let own = [("http_proxy", "a:1"), ("https_proxy", "b:1")];
        let desktop = ("ALL_PROXY", "socks://c:1");
        let read = proxies(&environment(&[own[0], own[1], desktop])).unwrap();
        assert!(read.all.is_none());
        assert!(proxies(&environment(&[own[0], desktop])).is_err());
    }

    #[test]
    fn a_proxy_over_tls_is_not_treated_as_a_host_of_its_own_kind() {
        for (variables, refused) in [
            (&[("HTTPS_PROXY", "https://proxy")][..], true),
            (&[("ALL_PROXY", "https://proxy")], true),
            (&[("HTTPS_PROXY", "http://proxy")], false),
            (&[("HTTPS_PROXY", "socks5://proxy")], false),
            (&[("HTTP_PROXY", "https://proxy")], false),
            (
                &[("HTTPS_PROXY", "proxy"), ("ALL_PROXY", "https://proxy")],
                false,
            ),
            (
                &[("HTTPS_PROXY", "https://proxy"), ("NO_PROXY", "reg.io")],
                false,
            ),
            (&[], false),
        ] {
            let proxies = proxies(&environment(variables)).unwrap();
            let result = refuse_shared_trust(&proxies, "own.reg.io:5000");
            assert_eq!(result.is_err(), refused, "{variables:?}");
            assert!(refuse_shared_trust(&proxies, "127.0.0.1:5000").is_ok());
        }
    }
}
