//! docker's `daemon.json`: `registry-mirrors`, which are Docker Hub's alone, and
//! `insecure-registries`.

use super::super::error::SettingsError;
use super::super::route::{Base, MirrorRule, Prefix, Rule, When};
use super::Layer;
use super::document::Document;
use crate::oci::reference::Host;
use serde::Deserialize;
use std::path::Path;

/// The keys that are of interest; what else there is belongs to the daemon.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Daemon {
    registry_mirrors: Option<Vec<String>>,
    insecure_registries: Option<Vec<String>>,
}

/// What `daemon.json` in `folder` says.
pub(super) fn load(folder: Option<&Path>, layer: &mut Layer) -> Result<(), SettingsError> {
    let Some(path) = folder.map(|folder| folder.join("daemon.json")) else {
        return Ok(());
    };
    let Some(document) = Document::read_if_allowed(&path)? else {
        return Ok(());
    };
    let daemon: Daemon = if document.is_blank() {
        Daemon::default()
    } else {
        document.json()?
    };
    layer.files.push(path);
    if let Some(mirrors) = daemon.registry_mirrors {
        layer_mirrors(&mirrors, &document, layer);
    }
    for name in daemon.insecure_registries.unwrap_or_default() {
        insecure(&name, &document, layer);
    }
    Ok(())
}

fn layer_mirrors(urls: &[String], document: &Document, layer: &mut Layer) {
    let key = "registry-mirrors";
    let mut mirrors = Vec::new();
    for url in urls {
        let origin = document.find(key, url);
        match base(url) {
            Some((base, plain)) => {
                if plain {
                    layer.host(&base.host).say_insecure(true, &origin);
                }
                let when = When::Always;
                mirrors.push(MirrorRule { base, when, origin });
            }
            // It may hold a password.
            None => layer.warn(
                origin,
                "an entry of `registry-mirrors` is no registry's URL",
            ),
        }
    }
    let hub = Prefix::of_host(&Host::docker_hub());
    // The user's own file has been here before the system's.
    if layer.rules.iter().all(|rule| rule.prefix != hub) {
        layer.rules.push(Rule {
            mirrors: Some(mirrors),
            ..Rule::new(hub, document.find(key, ""))
        });
    }
}

/// A mirror's place, and whether it is one in plain HTTP.
fn base(url: &str) -> Option<(Base, bool)> {
    let (scheme, rest) = url.split_once("://")?;
    let plain = scheme.eq_ignore_ascii_case("http");
    if !plain && !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    // docker mirrors are whole registries.
    let host = rest.strip_suffix('/').unwrap_or(rest);
    let host: Host = host.parse().ok()?;
    let path = String::new();
    Some((Base { host, path }, plain))
}

/// A registry, or a network of them in CIDR form.
fn insecure(name: &str, document: &Document, layer: &mut Layer) {
    let origin = document.find("insecure-registries", name);
    match Host::from_url_or_host(name) {
        Ok(host) => layer.host(&host).say_insecure(true, &origin),
        Err(_) => layer.remark(
            origin,
            "an entry of `insecure-registries` is not used: crossdock knows hosts, not networks",
        ),
    }
}
