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
    token_services: Vec<String>,
    base: OnceCell<Url>,
}

impl Address {
    /// The address of `host`. `plain_http`: the user named this host as one without TLS.
    /// `token_services`: the `HOST[:PORT]`s that its credential may also go to.
    pub fn new(host: Host, plain_http: bool, token_services: Vec<String>) -> Self {
        Self {
            host,
            plain_http,
            token_services,
            base: OnceCell::new(),
        }
    }

    /// The host as people write it.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The URL that the API's paths are appended to.
    ///
    /// TLS, unless the user said otherwise. A loopback host that does not speak TLS is spoken to
    /// without; that is found out before anything else is sent.
    pub(super) async fn base(&self) -> Result<&Url, Error> {
        self.base.get_or_try_init(|| self.find()).await
    }

    async fn find(&self) -> Result<Url, Error> {
        let plain = self.plain_http || (self.host.is_loopback() && self.is_plain().await);
        let scheme = if plain { "http" } else { "https" };
        let name = if self.host.is_docker_hub() {
            DOCKER_HUB
        } else {
            self.host.as_str()
        };
        Url::parse(&format!("{scheme}://{name}/"))
            .map_err(|_| Error::protocol(&self.host, "its name is not one that a URL can have"))
    }

    async fn is_plain(&self) -> bool {
        let port = self.host.port().unwrap_or(443);
        let name = self.host.name();
        match speaks_tls(name, port).await {
            Ok(tls) => !tls,
            // Whoever connects next says what is wrong, and in which words. Without a port of its
            // own the plain one is as likely.
            Err(_) => self.host.port().is_none() && speaks_tls(name, 80).await == Ok(false),
        }
    }

    /// The home of this registry's secrets.
    pub(super) async fn home(&self) -> Result<Home, Error> {
        let base = self.base().await?;
        let origin = Origin::of(base)
            .ok_or_else(|| Error::protocol(&self.host, "its address is not HTTP"))?;
        Ok(Home::new(origin, self.token_services.clone()))
    }
}
