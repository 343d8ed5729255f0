//! What flags, settings file and environment say about reaching hosts.

use super::environment::Environment;
use super::flags::Flags;
use super::proxy::proxies;
use crate::config::Settings;
use crate::config::registries::RegistrySettings;
use crate::oci::reference::Host;
use crate::store::open::Reach;
use crate::transport::client::{self, HostSettings};
use crate::transport::retry::RetryPolicy;
use crate::transport::secret::Secret;
use anyhow::Context as _;
use std::collections::HashMap;
use std::path::Path;

/// How each host that something was said about is reached.
pub(super) fn reach(flags: &Flags, settings: &Settings) -> anyhow::Result<Reach> {
    let mut reach = Reach::default();
    for (host, own) in &settings.registries {
        let token_services = own.token_realms.iter().map(ToString::to_string).collect();
        reach.name_token_services(host, token_services);
        if own.plain_http {
            reach.allow_plain_http(host);
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
    environment: &Environment,
) -> anyhow::Result<client::Settings> {
    let mut by_host = HashMap::new();
    for (host, own) in &settings.registries {
        by_host.insert(host.without_default_port().to_string(), of_host(own)?);
    }
    for host in hosts("--insecure", &flags.insecure)? {
        let own: &mut HostSettings = by_host
            .entry(host.without_default_port().to_string())
            .or_default();
        own.insecure = true;
    }
    let authorities = flags
        .ca_cert
        .iter()
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    let retry = RetryPolicy {
        attempts: flags.attempts(),
        ..RetryPolicy::default()
    };
    Ok(client::Settings {
        retry,
        idle_timeout: flags.idle_timeout,
        proxies: proxies(environment)?,
        authorities,
        hosts: by_host,
        ..client::Settings::default()
    })
}

fn of_host(own: &RegistrySettings) -> anyhow::Result<HostSettings> {
    let authorities = own
        .ca
        .iter()
        .map(|path| read(path))
        .collect::<Result<_, _>>()?;
    let identity = match &own.client {
        None => None,
        Some(client) => {
            let mut pem = read(&client.certificate)?;
            pem.push(b'\n');
            pem.extend(read(&client.key)?);
            Some(Secret::new(pem))
        }
    };
    let (insecure, concurrency) = (own.insecure, own.concurrency);
    Ok(HostSettings {
        insecure,
        authorities,
        identity,
        concurrency,
    })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn hosts(flag: &'static str, typed: &[String]) -> anyhow::Result<Vec<Host>> {
    let parse = |typed: &String| {
        Host::from_url_or_host(typed).with_context(|| format!("{flag} wants a host"))
    };
    typed.iter().map(parse).collect()
}
