//! Where a registry's API is: from the name that people use to a URL.

use super::error::Error;
use super::probe::speaks_tls;
use crate::oci::reference::Host;
use crate::transport::carry::Home;
use crate::transport::origin::Origin;
use tokio::sync::OnceCell;
use url::Url;

/// Docker Hub's API is not at the name that its images have.
const DOCKER_HUB: &str = "registry-1.docker.io";

/// A registry's host, and what the user says about reaching it.
#[derive(Debug)]
pub struct Address {
    host: Host,
    plain_http: bool,
    maybe_plain_http: bool,
    token_services: Vec<String>,
    base: OnceCell<Url>,
}

impl Address {
    /// The address of `host`. `plain_http`: the user named this host as one without TLS.
    /// `token_services`: the `HOST[:PORT]`s that its credential may also go to.
    pub fn new(host: Host, plain_http: bool, token_services: Vec<String>) -> Self {
        let maybe_plain_http = host.is_loopback();
        Self {
            host,
            plain_http,
            maybe_plain_http,
            token_services,
            base: OnceCell::new(),
        }
    }

    /// The same for a host that the user said may do without TLS: it is asked first, as a loopback
    /// host is.
    #[must_use]
    pub fn or_plain_http(mut self) -> Self {
        self.maybe_plain_http = true;
        self
    }

    /// The host as people write it.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The URL that the API's paths are appended to.
    ///
    /// TLS, unless the user said otherwise. A loopback host, or one that the user said may do so,
    /// that does not speak TLS is spoken to without; that is found out before anything else is sent.
    pub(super) async fn base(&self) -> Result<&Url, Error> {
        self.base.get_or_try_init(|| self.find()).await
    }

    /// The same where it is known already.
    pub(super) fn known(&self) -> Option<&Url> {
        self.base.get()
    }

    async fn find(&self) -> Result<Url, Error> {
        let plain = self.plain_http || (self.maybe_plain_http && is_plain(&self.host).await);
        self.url(plain)
            .map_err(|_| Error::protocol(&self.host, "its name is not one that a URL can have"))
    }

    /// Where its requests go, so that what is set for them can be found there: one origin, or
    /// for one that may turn out to be plain both that it may have.
    pub fn origins(&self) -> Vec<Origin> {
        let schemes: &[bool] = match (self.plain_http, self.maybe_plain_http) {
            (true, _) => &[true],
            (false, true) => &[false, true],
            (false, false) => &[false],
        };
        let urls = schemes.iter().filter_map(|plain| self.url(*plain).ok());
        urls.filter_map(|url| Origin::of(&url)).collect()
    }

    fn url(&self, plain: bool) -> Result<Url, url::ParseError> {
        let (scheme, host) = if plain {
            ("http", self.host.clone())
        } else {
            ("https", self.host.without_default_port())
        };
        let name = if host.is_docker_hub() {
            DOCKER_HUB
        } else {
            host.as_str()
        };
        Url::parse(&format!("{scheme}://{name}/"))
    }

    /// The home of this registry's secrets.
    pub(super) async fn home(&self) -> Result<Home, Error> {
        let base = self.base().await?;
        let origin = Origin::of(base)
            .ok_or_else(|| Error::protocol(&self.host, "its address is not HTTP"))?;
        Ok(Home::new(origin, self.token_services.clone()))
    }
}

/// Whether a host that may be plain is spoken to in plain HTTP.
async fn is_plain(host: &Host) -> bool {
    match host.port() {
        // Where nobody answers, whoever connects next says what is wrong, and in which words.
        Some(port) => speaks_tls(host.name(), port).await == Ok(false),
        None => is_plain_at(host.name(), 443, 80).await,
    }
}

/// Whether a host without a port is spoken to in plain HTTP: nobody speaks TLS at the port of
/// `https`, and somebody is at that of `http` and does not either. What else answers at the first
/// is no reason to speak to the second.
async fn is_plain_at(name: &str, https: u16, http: u16) -> bool {
    speaks_tls(name, https).await != Ok(true) && speaks_tls(name, http).await == Ok(false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn what_is_set_for_a_registry_is_set_for_where_its_requests_go() {
        for (host, plain_http, url) in [
            ("reg.io", false, "https://reg.io/"),
            ("reg.io:443", false, "https://reg.io/"),
            ("reg.io:5000", false, "https://reg.io:5000/"),
            ("reg.io:80", false, "https://reg.io:80/"),
            ("reg.io", true, "http://reg.io/"),
            ("reg.io:80", true, "http://reg.io/"),
            ("reg.io:443", true, "http://reg.io:443/"),
            ("registry:443", false, "https://registry/"),
            ("docker.io", false, "https://registry-1.docker.io/"),
            ("docker.io:443", false, "https://registry-1.docker.io/"),
            (
                "registry-1.docker.io:443",
                false,
                "https://registry-1.docker.io/",
            ),
        ] {
            let address = Address::new(host.parse().unwrap(), plain_http, Vec::new());
            let base = address.base().await.unwrap();
            assert_eq!(base.as_str(), url, "{host}");
            assert_eq!(address.origins(), [Origin::of(base).unwrap()], "{host}");
        }
    }

    #[test]
    fn a_loopback_host_may_turn_out_to_be_plain() {
        let address = Address::new("localhost:5000".parse().unwrap(), false, Vec::new());
        let origins: Vec<String> = address.origins().iter().map(ToString::to_string).collect();
        assert_eq!(origins, ["https://localhost:5000", "http://localhost:5000"]);
    }

    const TLS: Option<&[u8]> = Some(&[0x15, 3, 1]);
    const HTTP: Option<&[u8]> = Some(b"HTTP/1.1 400 Bad Request\r\n\r\n");

    /// A port at which this is answered, or nobody listens.
    async fn port(answer: Option<&'static [u8]>) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        if let Some(answer) = answer {
            tokio::spawn(async move {
                while let Ok((mut peer, _)) = listener.accept().await {
                    let _ = peer.read(&mut [0; 1024]).await;
                    let _ = peer.write_all(answer).await;
                }
            });
        }
        port
    }

    #[tokio::test]
    async fn without_a_port_plain_http_is_spoken_only_where_it_is_there() {
        for (https, http, plain) in [
            (TLS, TLS, false),
            (TLS, HTTP, false),
            (TLS, None, false),
            (HTTP, HTTP, true),
            (HTTP, TLS, false),
            (HTTP, None, false),
            (None, HTTP, true),
            (None, TLS, false),
            (None, None, false),
        ] {
            let found = is_plain_at("127.0.0.1", port(https).await, port(http).await).await;
            assert_eq!(found, plain, "https: {https:?}, http: {http:?}");
        }
    }

    #[tokio::test]
    async fn with_a_port_that_port_alone_decides() {
        for (answer, plain) in [(TLS, false), (HTTP, true), (None, false)] {
            let host = format!("127.0.0.1:{}", port(answer).await);
            assert_eq!(is_plain(&host.parse().unwrap()).await, plain, "{answer:?}");
        }
    }
}
