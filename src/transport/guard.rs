//! Which addresses a connection may be made to: the ones that a name stands for are looked at
//! where they are handed to whoever connects, so that nothing can change in between.
//!
//! A host that the user typed is reached wherever it is. A host that a registry names, in a
//! redirect or as its token service, never has a link-local or metadata address, and neither a
//! private nor a loopback one where the registry itself is in public.

use super::address::Class;
use super::origin::Origin;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::task::futures::TaskLocalFuture;
use tower_layer::Layer;
use tower_service::Service;
use url::Host;

/// Which addresses are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Rule {
    /// All: the user typed the host.
    Any,
    /// All but link-local and metadata ones.
    Inside,
    /// Public ones.
    Public,
}

impl Rule {
    /// Whether a connection may go to such a place.
    pub(super) fn allows(self, class: Class) -> bool {
        match self {
            Self::Any => true,
            Self::Inside => !class.is_off_limits(),
            Self::Public => class == Class::Public,
        }
    }

    /// The address that a host is, where it is one and not allowed. A proxy may connect to it in
    /// our place, and asks nobody.
    pub(super) fn refuses(self, origin: &Origin) -> Option<Forbidden> {
        let address = origin.address()?;
        let class = Class::of(address);
        (!self.allows(class)).then_some(Forbidden { address, class })
    }
}

/// Finds the addresses of a name.
pub trait Lookup: std::fmt::Debug + Send + Sync {
    /// The addresses of `name`, in the order in which they are tried.
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// As the system finds them.
#[derive(Debug)]
pub(super) struct System;

impl Lookup for System {
    fn lookup(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// A name that does not exist, or has no address.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct NoSuchName(pub(super) io::Error);

/// A name whose addresses are none that we may be sent to.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("{address} is {class}")]
pub(super) struct Forbidden {
    pub(super) address: IpAddr,
    pub(super) class: Class,
}

/// What a request wants to connect to, and under which rule.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    host: Host<String>,
    rule: Rule,
}

tokio::task_local! {
    /// Names are looked up for whoever connects, who does not say for which request.
    static WANTED: Option<Wanted>;
}

/// Runs a request to `origin` under `rule`.
pub(super) async fn under<F: Future>(rule: Rule, origin: &Origin, request: F) -> F::Output {
    let host = origin.host().clone();
    WANTED.scope(Some(Wanted { host, rule }), request).await
}

/// Remembers where hosts are, and under which rule they were reached.
#[derive(Debug, Clone, Default)]
pub(super) struct Guard(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    /// Whether a name has had a public address, ever: one that has both sorts is in public.
    public: HashMap<String, bool>,
    /// The rule of the first request to an origin.
    rules: HashMap<Origin, Rule>,
}

impl Guard {
    /// Whether a host is known to be somewhere else than in public. One that is reached through a
    /// proxy is looked up there, and not known.
    pub(super) fn is_inside(&self, origin: &Origin) -> bool {
        match origin.host() {
            Host::Domain(name) => self.lock().public.get(name) == Some(&false),
            _ => origin.class().is_some_and(|class| class != Class::Public),
        }
    }

    /// `None` where `rule` is the one that all connections to `origin` are made under. They are
    /// kept and used again, and then nobody looks at their addresses: whoever comes with another
    /// rule has connections of its own.
    pub(super) fn apart(&self, origin: &Origin, rule: Rule) -> Option<Rule> {
        let mut memory = self.lock();
        let first = *memory.rules.entry(origin.clone()).or_insert(rule);
        (first != rule).then_some(rule)
    }

    fn remember(&self, name: &str, found: &[IpAddr]) {
        let public = found.iter().any(|a| Class::of(*a) == Class::Public);
        let mut memory = self.lock();
        *memory.public.entry(name.to_owned()).or_default() |= public;
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The resolver of a client that this guards.
    pub(super) fn resolver(&self, lookup: Arc<dyn Lookup>) -> Resolver {
        let guard = self.clone();
        Resolver { guard, lookup }
    }
}

/// Looks names up, and leaves out what is not allowed.
#[derive(Debug)]
pub(super) struct Resolver {
    guard: Guard,
    lookup: Arc<dyn Lookup>,
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let Ok(Some(wanted)) = WANTED.try_with(Clone::clone) else {
            let nobody = io::Error::other("nobody has said what the connection is for");
            return Box::pin(std::future::ready(Err(nobody.into())));
        };
        let lookup = self.lookup.lookup(name.as_str());
        let guard = self.guard.clone();
        Box::pin(async move {
            let mut found = lookup.await.map_err(sorted)?;
            // Any other name is that of a proxy, which is the user's own.
            if is_name(&wanted.host, name.as_str()) {
                guard.remember(name.as_str(), &found);
                found = allowed(wanted.rule, found)?;
            }
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as reqwest::dns::Addrs)
        })
    }
}

fn is_name(host: &Host<String>, name: &str) -> bool {
    matches!(host, Host::Domain(host) if host == name)
}

/// What is left of the addresses of a name.
fn allowed(rule: Rule, mut found: Vec<IpAddr>) -> Result<Vec<IpAddr>, Forbidden> {
    // Best told of is one that the user can allow.
    let refused = found.iter().copied().min_by_key(|address| {
        let class = Class::of(*address);
        (rule.allows(class), class.is_off_limits())
    });
    found.retain(|address| rule.allows(Class::of(*address)));
    if let (Some(address), true) = (refused, found.is_empty()) {
        let class = Class::of(address);
        return Err(Forbidden { address, class });
    }
    Ok(found)
}

fn sorted(error: io::Error) -> super::BoxError {
    if is_missing(&error) {
        Box::new(NoSuchName(error))
    } else {
        error.into()
    }
}

/// Whether a failed lookup says that there is no such name, or none with an address; everything
/// else may pass. The standard library has a text for it, or on Windows a number.
fn is_missing(error: &io::Error) -> bool {
    const WINDOWS: [i32; 2] = [11_001, 11_004]; // WSAHOST_NOT_FOUND, WSANO_DATA
    // EAI_NONAME, EAI_NODATA and EAI_ADDRFAMILY as glibc, musl, macOS, the BSDs and Android say it.
    const TEXTS: [&str; 6] = [
        "not known",
        "does not resolve",
        "no address associated",
        "no usable address",
        "address family for hostname not supported",
        "nodename nor servname provided",
    ];
    if let Some(number) = error.raw_os_error() {
        return cfg!(windows) && WINDOWS.contains(&number);
    }
    let text = error.to_string().to_ascii_lowercase();
    error.kind() == io::ErrorKind::InvalidInput || TEXTS.iter().any(|told| text.contains(told))
}

impl<S> Layer<S> for Guard {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector(inner)
    }
}

/// Takes along what is wanted: a connection may come about in another task than the one of the
/// request that it was begun for.
#[derive(Debug, Clone)]
pub(super) struct Connector<S>(S);

impl<S: Service<R>, R> Service<R> for Connector<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = TaskLocalFuture<Option<Wanted>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let wanted = WANTED.try_with(Clone::clone).unwrap_or_default();
        WANTED.scope(wanted, self.0.call(request))
    }
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod world;
