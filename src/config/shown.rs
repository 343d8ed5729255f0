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
        for (at, layer) in self.routes.layers.iter().enumerate() {
            for rule in layer {
                let own = deciding(layer, &rule.prefix, host);
                if !own.is_some_and(|own| std::ptr::eq(own, rule)) {
                    continue;
                }
                let upper = self.routes.layers[..at].iter();
                let upper: Vec<&Rule> = upper
                    .filter_map(|layer| deciding(layer, &rule.prefix, host))
                    .collect();
                let is_open = |value: &Value| !upper.iter().any(|rule| says(rule, value.key));
                values.extend(of_rule(rule).filter(is_open));
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

/// The rule of a layer that counts for what a prefix is about at `host`: the closest, alone. Of two
/// alike the first counts.
fn deciding<'a>(layer: &'a [Rule], about: &Prefix, host: &Host) -> Option<&'a Rule> {
    let counts = |rule: &&Rule| rule.prefix.covers(host) && rule.prefix.encloses_path_of(about);
    let rules = layer.iter().filter(counts);
    rules.rev().max_by_key(|rule| rule.prefix.closeness())
}

/// Whether a rule says this, be it that there is none.
fn says(rule: &Rule, key: &str) -> bool {
    match key {
        "blocked" => rule.blocked.is_some(),
        "location" => rule.location.is_some(),
        _ => rule.mirrors.is_some(),
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
        "create" => one(settings.create.as_ref().map(ToString::to_string)),
        "api" => one(settings.api.as_ref().map(ToString::to_string)),
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
    let mut mirrors: Vec<Value> = mirrors.collect();
    if rule.mirrors.is_some() && mirrors.is_empty() {
        mirrors.push(value("mirrors", "none".to_owned(), &rule.origin));
    }
    blocked.into_iter().chain(location).chain(mirrors)
}

/// Whether it is a registry as a whole.
fn is_host(prefix: &Prefix) -> bool {
    prefix.host().is_some() && prefix.is_whole()
}
