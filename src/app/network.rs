//! What flags, settings file and environment say about reaching hosts.

use super::environment::Environment;
use super::flags::Flags;
use super::proxy::{proxies, refuse_shared_trust};
use crate::auth::{inventory, locations};
use crate::config::Settings;
use crate::config::registries::{ClientCertificate, RegistrySettings};
use crate::oci::reference::Host;
use crate::store::open::Reach;
use crate::transport::client::{self, HostSettings};
use crate::transport::origin::Origin;
use crate::transport::pem::{self, Unusable};
use crate::transport::retry::RetryPolicy;
use crate::transport::secret::Secret;
use anyhow::Context as _;
use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A file of certificates or keys is read no further.
const LONGEST: u64 = 16 * 1024 * 1024;

/// A file of certificates or keys that is of no use.
#[derive(Debug, thiserror::Error)]
#[error("{} {reason}", path.display())]
pub struct TrustError {
    path: PathBuf,
    reason: Unusable,
}

impl TrustError {
    fn new(path: &Path, reason: Unusable) -> Self {
        Self {
            path: path.to_owned(),
            reason,
        }
    }
}

/// How each host that something was said about is reached.
pub(super) fn reach(flags: &Flags, settings: &Settings) -> anyhow::Result<Reach> {
    let mut reach = Reach::default();
    for (host, own) in &settings.registries {
        let token_services = own.token_realms.iter().map(ToString::to_string).collect();
        reach.name_token_services(host, token_services);
        if own.plain_http {
            reach.allow_plain_http(host);
        }
        if let Some(kind) = own.kind {
            reach.name_kind(host, kind);
        }
        if let Some(api) = &own.api {
            reach.name_api(host, api.clone());
        }
        if own.plain_http_fallback {
            reach.try_plain_http(host);
        }
    }
    for host in hosts("--plain-http", &flags.plain_http)? {
        reach.allow_plain_http(&host);
    }
    Ok(reach)
}

/// Everything that the transport is to know.
pub(super) fn settings(
    flags: &Flags,
    settings: &Settings,
    reach: &Reach,
    environment: &Environment,
) -> anyhow::Result<client::Settings> {
    let hosts = by_authority(flags, settings, reach)?;
    let proxies = proxies(environment)?;
    for (host, own) in &hosts {
        if own.insecure || own.identity.is_some() {
            refuse_shared_trust(&proxies, host)?;
        }
    }
    let authorities = flags
        .ca_cert
        .iter()
        .map(|path| authorities(path))
        .collect::<Result<_, _>>()?;
    let docker = locations::docker_file(&environment.variables, &environment.folders);
    let retry = RetryPolicy {
        attempts: flags.attempts(),
        ..RetryPolicy::default()
    };
    Ok(client::Settings {
        retry,
        idle_timeout: flags.idle_timeout,
        proxies,
        authorities,
        registry_headers: docker.as_ref().map(inventory::headers).unwrap_or_default(),
        hosts,
        ..client::Settings::default()
    })
}

/// What applies to single hosts, by where their requests go.
fn by_authority(
    flags: &Flags,
    settings: &Settings,
    reach: &Reach,
) -> anyhow::Result<HashMap<String, HostSettings>> {
    let (mut secure, mut plain) = (HashMap::new(), HashMap::new());
    for (host, own) in &settings.registries {
        for origin in reach.address(host).origins() {
            let authority = origin.authority();
            if origin.is_secure() {
                secure.insert(authority, of_host(own)?);
            } else {
                let own = HostSettings {
                    concurrency: own.concurrency,
                    allow_private: own.allow_private,
                    ..HostSettings::default()
                };
                plain.insert(authority, own);
            }
        }
    }
    for host in hosts("--insecure", &flags.insecure)? {
        let origins = reach.address(&host).origins().into_iter();
        for origin in origins.filter(Origin::is_secure) {
            let own: &mut HostSettings = secure.entry(origin.authority()).or_default();
            own.insecure = true;
        }
    }
    // `localhost:80` in plain HTTP and `localhost` over TLS are written alike.
    plain.extend(secure);
    Ok(plain)
}

/// What applies to a host. A file that another program's settings name is a problem of this host
/// alone: crossdock's user may have nothing to do with it, and may not be meant to read it.
fn of_host(own: &RegistrySettings) -> anyhow::Result<HostSettings> {
    let trust = trust(own);
    let (trust, unusable) = match trust {
        Err(error) if own.foreign_trust => (Trusted::default(), Some(format!("{error:#}"))),
        trust => (trust?, None),
    };
    Ok(HostSettings {
        insecure: own.insecure,
        authorities: trust.authorities,
        identity: trust.identity,
        unusable,
        concurrency: own.concurrency,
        allow_private: own.allow_private,
    })
}

/// What is wrong with the certificates and keys that the settings name.
pub fn problems(settings: &Settings) -> Vec<anyhow::Error> {
    let registries = settings.registries.iter();
    let problems = registries.filter_map(|(host, own)| {
        let error = trust(own).err()?;
        Some(error.context(host.to_string()))
    });
    problems.collect()
}

/// Who is trusted, and what is shown.
#[derive(Default)]
struct Trusted {
    authorities: Vec<Vec<u8>>,
    identity: Option<Secret>,
}

fn trust(own: &RegistrySettings) -> anyhow::Result<Trusted> {
    let authorities = own.ca.iter().map(|path| authorities(path));
    Ok(Trusted {
        authorities: authorities.collect::<Result<_, _>>()?,
        identity: own.client.as_ref().map(identity).transpose()?,
    })
}

fn authorities(path: &Path) -> anyhow::Result<Vec<u8>> {
    let pem = read(path)?;
    pem::check_authorities(pem.expose()).map_err(|reason| TrustError::new(path, reason))?;
    Ok(pem.expose().to_vec())
}

fn identity(client: &ClientCertificate) -> anyhow::Result<Secret> {
    let ClientCertificate { certificate, key } = client;
    let chain = pem::chain(read(certificate)?.expose());
    let chain = chain.map_err(|reason| TrustError::new(certificate, reason))?;
    let identity = pem::identity(chain, read(key)?.expose());
    Ok(identity.map_err(|reason| TrustError::new(key, reason))?)
}

/// Reads a file of certificates or keys.
fn read(path: &Path) -> anyhow::Result<Secret> {
    let mut bytes = Zeroizing::new(Vec::new());
    let file = std::fs::File::open(path);
    file.and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Secret::new(std::mem::take(&mut *bytes)))
}

fn hosts(flag: &'static str, typed: &[String]) -> anyhow::Result<Vec<Host>> {
    let parse = |typed: &String| {
        Host::from_url_or_host(typed).with_context(|| format!("{flag} wants a host"))
    };
    typed.iter().map(parse).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        flags: Flags,
    }

    fn flags(typed: &[&str]) -> Flags {
        let typed = ["crossdock"].iter().chain(typed);
        Typed::try_parse_from(typed).unwrap().flags
    }

    fn saying(host: &str, own: RegistrySettings) -> Settings {
        Settings {
            registries: [(host.parse().unwrap(), own)].into(),
            ..Settings::default()
        }
    }

    fn host(text: &str) -> Host {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_set_for_a_host_is_found_where_its_requests_go() {
        for (named, authority) in [
            ("reg.io", "reg.io"),
            ("reg.io:443", "reg.io"),
            ("reg.io:5000", "reg.io:5000"),
            ("docker.io", "registry-1.docker.io"),
            ("index.docker.io:443", "registry-1.docker.io"),
        ] {
            let own = RegistrySettings {
                concurrency: Some(2),
                ..RegistrySettings::default()
            };
            let flags = flags(&[&format!("--insecure={named}")]);
            let settings = saying(named, own);
            let reach = reach(&flags, &settings).unwrap();
            let hosts = by_authority(&flags, &settings, &reach).unwrap();
            assert_eq!(hosts.len(), 1, "{named}: {hosts:?}");
            let own = &hosts[authority];
            assert_eq!((own.concurrency, own.insecure), (Some(2), true), "{named}");
        }
    }

    #[test]
    fn plain_http_is_for_the_host_that_was_named() {
        for (named, asked, url) in [
            ("reg.io", "reg.io", "http://reg.io"),
            ("reg.io", "reg.io:443", "https://reg.io"),
            ("reg.io", "reg.io:80", "https://reg.io:80"),
            ("reg.io:443", "reg.io:443", "http://reg.io:443"),
            ("reg.io:443", "reg.io", "https://reg.io"),
        ] {
            let own = RegistrySettings {
                plain_http: true,
                ..RegistrySettings::default()
            };
            let by_flag = reach(
                &flags(&[&format!("--plain-http={named}")]),
                &Settings::default(),
            );
            let by_file = reach(&flags(&[]), &saying(named, own));
            for reach in [by_flag, by_file] {
                let origins = reach.unwrap().address(&host(asked)).origins();
                assert_eq!(origins[0].to_string(), url, "{named} for {asked}");
            }
        }
    }
}
