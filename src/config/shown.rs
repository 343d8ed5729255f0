//! What applies to a registry, as text, each value with where it was said.

use super::Settings;
use super::origin::Origin;
use super::registries::RegistrySettings;
use super::route::{Prefix, Rule, When};
use crate::oci::reference::Host;

/// A value that applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Its key in `crossdock.yaml`.
    pub key: &'static str,
    /// The repositories that it is for, where those are not all of the registry's.
    pub prefix: Option<String>,
    /// The value.
    pub value: String,
    /// Where it was said.
    pub origin: Origin,
}

impl Settings {
    /// Everything that somebody said about a registry, as far as it holds.
    pub fn values(&self, host: &Host) -> Vec<Value> {
        let form = host.without_default_port();
        let mut origins = self.origins.iter();
        let own = origins.find(|(name, _)| name.without_default_port() == form);
        let mut values = Vec::new();
        if let (Some((_, origins)), Some(settings)) = (own, self.registry(host)) {
            for (key, origin) in origins {
                let told = told(settings, key).into_iter();
                values.extend(told.map(|value| Value {
                    key,
                    prefix: None,
                    value,
                    origin: origin.clone(),
                }));
            }
        }
        let mut said: Vec<(&str, &Prefix)> = Vec::new();
        for rule in self.rules().filter(|rule| rule.prefix.covers(host)) {
            // Several of a rule's own values may have one key: its mirrors.
            let before = said.len();
            for value in of_rule(rule) {
                let same = (value.key, &rule.prefix);
                if !said[..before].contains(&same) {
                    said.push(same);
                    values.push(value);
                }
            }
        }
        values
    }

    /// The registries that something was said about, and the wildcards for them.
    pub fn named(&self) -> Vec<String> {
        let hosts = self.origins.iter().filter(|(_, said)| !said.is_empty());
        let mut names: Vec<String> = hosts.map(|(host, _)| host.to_string()).collect();
        for rule in self.rules() {
            let name = match rule.prefix.host() {
                Some(host) => host.to_string(),
                None => rule.prefix.to_string(),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.sort();
        names
    }

    fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.routes.layers.iter().flatten()
    }
}

/// The texts of a value; a list has several.
fn told(settings: &RegistrySettings, key: &str) -> Vec<String> {
    let one = |text: Option<String>| text.into_iter().collect();
    let client = settings.client.as_ref();
    match key {
        "plain_http" => vec![settings.plain_http.to_string()],
        "insecure" if settings.plain_http_fallback => {
            vec!["true, and plain HTTP if it does not speak TLS".to_owned()]
        }
        "insecure" => vec![settings.insecure.to_string()],
        "ca" => settings
            .ca
            .iter()
            .map(|ca| ca.display().to_string())
            .collect(),
        "client_cert" => one(client.map(|client| client.certificate.display().to_string())),
        "client_key" => one(client.map(|client| client.key.display().to_string())),
        "token_realm" => settings.token_realms.iter().map(Host::to_string).collect(),
        "allow_private" => vec![settings.allow_private.to_string()],
        "concurrency" => one(settings.concurrency.map(|count| count.to_string())),
        "kind" => one(settings.kind.map(|kind| kind.to_string())),
        "identity" => vec![settings.identity.to_string()],
        "aws_profile" => one(settings.aws_profile.clone()),
        // The rules have them.
        _ => Vec::new(),
    }
}

fn of_rule(rule: &Rule) -> impl Iterator<Item = Value> {
    let prefix = (!is_host(&rule.prefix)).then(|| rule.prefix.to_string());
    let value = |key, value: String, origin: &Origin| Value {
        key,
        prefix: prefix.clone(),
        value,
        origin: origin.clone(),
    };
    let blocked = rule.blocked.as_ref();
    let blocked = blocked.map(|said| value("blocked", said.value.to_string(), &said.origin));
    let location = rule.location.as_ref();
    let location = location.filter(|said| said.value.to_string() != rule.prefix.to_string());
    let location = location.map(|said| value("location", said.value.to_string(), &said.origin));
    let mirrors = rule.mirrors.iter().flatten().map(|mirror| {
        let text = match mirror.when {
            When::Always => mirror.base.to_string(),
            when => format!("{} ({})", mirror.base, when.name()),
        };
        value("mirrors", text, &mirror.origin)
    });
    let mirrors: Vec<Value> = mirrors.collect();
    blocked.into_iter().chain(location).chain(mirrors)
}

/// Whether it is a registry as a whole.
fn is_host(prefix: &Prefix) -> bool {
    prefix.host().is_some() && prefix.is_whole()
}
