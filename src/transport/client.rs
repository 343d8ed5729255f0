//! The HTTP clients: one for each way of trusting a host, made when first needed.

use super::BoxError;
use super::connecting::Limit;
use super::error::Error;
use super::guard::{Guard, Lookup, Rule, System};
use super::origin::Origin;
use super::request::Lane;
use super::retry::RetryPolicy;
use super::secret::Secret;
use super::trust;
use super::warm::{Order, Warm};
use http::{HeaderName, HeaderValue};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use url::Url;

/// What applies to one host, and to no other: none of it reaches a token service, a storage host
/// or a mirror that the host points to.
#[derive(Debug, Clone, Default)]
pub struct HostSettings {
    /// Its certificate is not checked.
    pub insecure: bool,
    /// More certificate authorities (PEM) that it may be signed by.
    pub authorities: Vec<Vec<u8>>,
    /// The certificate and key (PEM) that prove who asks.
    pub identity: Option<Secret>,
    /// Why the authorities or the certificate that were meant for it are not here. It cannot be
    /// spoken to then.
    pub unusable: Option<String>,
    /// How many questions it is asked at once.
    pub concurrency: Option<usize>,
    /// It may send us on to places that are not in public.
    pub allow_private: bool,
}

/// A proxy to go through. Its URL may hold a password.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For `http` URLs.
    pub http: Option<Secret>,
    /// For `https` URLs.
    pub https: Option<Secret>,
    /// For both, where there is none of their own.
    pub all: Option<Secret>,
    /// Hosts that are reached without one, as `NO_PROXY` lists them.
    pub none: Option<String>,
}

/// Everything about the network that a user can set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The `User-Agent`.
    pub user_agent: String,
    /// How often and how patiently requests are repeated.
    pub retry: RetryPolicy,
    /// How long a connection, TLS included, may take to come about.
    pub connect_timeout: Duration,
    /// How long a peer may be silent.
    pub idle_timeout: Duration,
    /// Proxies.
    pub proxies: Proxies,
    /// More certificate authorities (PEM) for every host.
    pub authorities: Vec<Vec<u8>>,
    /// Headers that every registry gets, and nobody that it sends us to.
    pub registry_headers: Vec<(HeaderName, HeaderValue)>,
    /// What applies to single hosts, by `HOST[:PORT]` as in [`Origin::authority`].
    pub hosts: HashMap<String, HostSettings>,
    /// Who knows the addresses of names; the system, if nobody is named here.
    pub lookup: Option<Arc<dyn Lookup>>,
    /// Who answers instead of the network.
    #[cfg(test)]
    pub script: Option<super::script::Script>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_agent: concat!("crossdock/", env!("CARGO_PKG_VERSION")).to_owned(),
            retry: RetryPolicy::default(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            proxies: Proxies::default(),
            authorities: Vec::new(),
            registry_headers: Vec::new(),
            hosts: HashMap::new(),
            lookup: None,
            #[cfg(test)]
            script: None,
        }
    }
}

/// What tells clients apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Trust {
    /// Plain HTTP: no certificate authorities are read, which takes longer than a request.
    Plain,
    /// TLS as the platform and the general settings trust.
    Platform(Lane),
    /// TLS with this host's own settings.
    Host(String, Lane),
}

/// Who shares connections: those who trust alike, go to a host under the same rule as the first who
/// went there, and by the same way.
type Sharing = (Trust, Option<Rule>, Way);

/// How a host is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// Through the proxies that the user set.
    Usual,
    /// Through no proxy at all: a proxy is another machine, and would be asked who *it* is.
    Direct,
}

/// Makes and keeps the clients.
#[derive(Debug)]
pub(super) struct Clients {
    made: Mutex<HashMap<(Sharing, Use), reqwest::Client>>,
    /// What was opened ahead: never for one that trusts otherwise.
    warm: Mutex<HashMap<Sharing, Warm>>,
    guard: Guard,
}

/// What a client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Use {
    Requests,
    /// Opening connections ahead for the other.
    Opening,
}

impl Clients {
    pub(super) fn new() -> Self {
        Self {
            made: Mutex::new(HashMap::new()),
            warm: Mutex::new(HashMap::new()),
            guard: Guard::default(),
        }
    }

    /// What is known of the places that were reached.
    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The client for requests to `origin` under `rule`.
    pub(super) fn get(
        &self,
        settings: &Settings,
        origin: &Origin,
        lane: Lane,
        rule: Rule,
        way: Way,
    ) -> Result<reqwest::Client, Error> {
        let sharing = self.sharing(settings, origin, lane, rule, way);
        self.client(settings, origin, sharing, Use::Requests)
    }

    /// The client that opens connections ahead for the one that brings bytes from and to `origin`.
    pub(super) fn opener(
        &self,
        settings: &Settings,
        origin: &Origin,
    ) -> Result<reqwest::Client, Error> {
        let sharing = self.sharing(settings, origin, Lane::Bulk, Rule::Any, Way::Usual);
        self.client(settings, origin, sharing, Use::Opening)
    }

    /// Orders connections for requests that bring bytes, `count` in all, as far as they are not
    /// there.
    pub(super) fn order(
        &self,
        settings: &Settings,
        origin: &Origin,
        url: &Url,
        count: usize,
    ) -> Option<Order> {
        let sharing = self.sharing(settings, origin, Lane::Bulk, Rule::Any, Way::Usual);
        self.warm(&sharing).order(url, count)
    }

    fn sharing(
        &self,
        settings: &Settings,
        origin: &Origin,
        lane: Lane,
        rule: Rule,
        way: Way,
    ) -> Sharing {
        let trust = trust(settings, origin, lane);
        (trust, self.guard.apart(origin, rule), way)
    }

    fn client(
        &self,
        settings: &Settings,
        origin: &Origin,
        sharing: Sharing,
        usage: Use,
    ) -> Result<reqwest::Client, Error> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (sharing, usage);
        if let Some(client) = made.get(&key) {
            return Ok(client.clone());
        }
        let lookup = settings.lookup.clone();
        let resolver = self
            .guard
            .resolver(lookup.unwrap_or_else(|| Arc::new(System)));
        let client = builder(settings, &key.0, own(settings, origin))
            .and_then(|builder| {
                // Guard and limit are outside, and called in the task of the request.
                let builder = builder
                    .dns_resolver(resolver)
                    .connector_layer(self.warm(&key.0))
                    .connector_layer(self.guard.clone())
                    .connector_layer(Limit);
                let builder = match usage {
                    Use::Requests => builder,
                    Use::Opening => builder.pool_max_idle_per_host(0),
                };
                Ok(builder.build()?)
            })
            .map_err(|error| Error::settings(&origin.authority(), &*error))?;
        made.insert(key, client.clone());
        Ok(client)
    }

    fn warm(&self, sharing: &Sharing) -> Warm {
        let mut warm = self.warm.lock().unwrap_or_else(PoisonError::into_inner);
        warm.entry(sharing.clone()).or_default().clone()
    }
}

impl HostSettings {
    fn changes_trust(&self) -> bool {
        self.insecure
            || !self.authorities.is_empty()
            || self.identity.is_some()
            || self.unusable.is_some()
    }
}

/// What is set on the trust in an origin alone.
fn own<'a>(settings: &'a Settings, origin: &Origin) -> Option<&'a HostSettings> {
    let own = settings.hosts.get(&origin.authority());
    own.filter(|own| own.changes_trust())
}

/// How an origin is trusted.
fn trust(settings: &Settings, origin: &Origin, lane: Lane) -> Trust {
    match (origin.is_secure(), own(settings, origin)) {
        (false, _) => Trust::Plain,
        (true, None) => Trust::Platform(lane),
        (true, Some(_)) => Trust::Host(origin.authority(), lane),
    }
}

fn builder(
    settings: &Settings,
    (trust, _, way): &Sharing,
    own: Option<&HostSettings>,
) -> Result<reqwest::ClientBuilder, BoxError> {
    if let Some(reason) = own.and_then(|own| own.unusable.as_ref()) {
        return Err(reason.clone().into());
    }
    let mut builder = reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(settings.connect_timeout)
        .tcp_nodelay(true)
        .no_proxy();
    if *way == Way::Usual {
        for proxy in proxies(&settings.proxies)? {
            builder = builder.proxy(proxy);
        }
    }
    let lane = match trust {
        Trust::Plain => return Ok(builder.http1_only().tls_certs_only([])),
        Trust::Platform(lane) | Trust::Host(_, lane) => *lane,
    };
    let protocols: &[&[u8]] = match lane {
        Lane::Bulk => &[b"http/1.1"],
        Lane::Questions => &[b"h2", b"http/1.1"],
    };
    if lane == Lane::Bulk {
        builder = builder.http1_only();
    }
    let of_host = own.map_or(&[][..], |own| &own.authorities);
    let named: Vec<&[u8]> = settings
        .authorities
        .iter()
        .chain(of_host)
        .map(Vec::as_slice)
        .collect();
    let identity = own.and_then(|own| own.identity.as_ref());
    if own.is_some_and(|own| own.insecure) {
        builder = builder.tls_danger_accept_invalid_certs(true);
    } else if !named.is_empty() {
        let config = trust::config(&named, identity, protocols)?;
        return Ok(builder.tls_backend_preconfigured(config));
    }
    match identity {
        Some(identity) => Ok(builder.identity(reqwest::Identity::from_pem(identity.expose())?)),
        None => Ok(builder),
    }
}

fn proxies(settings: &Proxies) -> Result<Vec<reqwest::Proxy>, reqwest::Error> {
    let none = settings
        .none
        .as_deref()
        .and_then(reqwest::NoProxy::from_string);
    let text = |secret: &Option<Secret>| {
        secret
            .as_ref()
            .and_then(Secret::expose_str)
            .map(str::to_owned)
    };
    let mut proxies = Vec::new();
    if let Some(url) = text(&settings.http) {
        proxies.push(reqwest::Proxy::http(url)?.no_proxy(none.clone()));
    }
    if let Some(url) = text(&settings.https) {
        proxies.push(reqwest::Proxy::https(url)?.no_proxy(none.clone()));
    }
    if let Some(url) = text(&settings.all) {
        proxies.push(reqwest::Proxy::all(url)?.no_proxy(none));
    }
    Ok(proxies)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    /// X25519MLKEM768 and the length of its share: draft-ietf-tls-ecdhe-mlkem, section 4.1.
    const SHARE: [u8; 4] = [0x11, 0xec, 0x04, 0xc0];

    /// A server that prefers the key exchange asks for a share that was not sent, which takes
    /// another round trip.
    #[tokio::test]
    async fn the_key_exchange_that_servers_prefer_is_begun_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let url: Url = url.parse().unwrap();
        let origin = Origin::of(&url).unwrap();
        let clients = Clients::new();
        let settings = Settings::default();
        let client = clients
            .get(&settings, &origin, Lane::Questions, Rule::Any, Way::Usual)
            .unwrap();
        let asking = tokio::spawn(client.get(url).send());
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        let length = u16::from_be_bytes([hello[3], hello[4]]);
        hello.resize(usize::from(length), 0);
        stream.read_exact(&mut hello).await.unwrap();
        assert!(hello.windows(SHARE.len()).any(|bytes| bytes == SHARE));
        asking.abort();
    }
}
