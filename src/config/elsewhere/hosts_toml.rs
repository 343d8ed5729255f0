//! containerd's `certs.d/HOST/hosts.toml`: where a registry is, its mirrors, how they are spoken to.
//!
//! containerd's "Registry Configuration" (docs/hosts.md). Its mirrors are told in a parameter `ns`
//! which registry is meant, and may serve several. crossdock sends none: so it asks them by digest
//! alone, and does without those of `_default`.

use super::super::error::SettingsError;
use super::super::origin::{Origin, Said};
use super::super::registries::ClientCertificate;
use super::super::route::{Base, MirrorRule, Prefix, Rule, When};
use super::Layer;
use super::document::{Document, names};
use crate::oci::reference::Host;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;
use url::Url;

/// What is for every registry that has no folder of its own.
const DEFAULT: &str = "_default";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct File {
    server: Option<Spanned<String>>,
    capabilities: Option<Vec<String>>,
    ca: Option<Spanned<OneOrMany<PathBuf>>>,
    client: Option<Spanned<OneOrMany<Client>>>,
    skip_verify: Option<Spanned<bool>>,
    override_path: bool,
    header: Option<Spanned<IgnoredAny>>,
    host: BTreeMap<Spanned<String>, Spoken>,
}

/// How one registry is spoken to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spoken {
    capabilities: Option<Vec<String>>,
    ca: Option<Spanned<OneOrMany<PathBuf>>>,
    client: Option<Spanned<OneOrMany<Client>>>,
    skip_verify: Option<Spanned<bool>>,
    override_path: bool,
    header: Option<Spanned<IgnoredAny>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// A file of certificate and key, or one of each.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Client {
    Both(PathBuf),
    Pair(Vec<PathBuf>),
}

/// What the folder `certs.d` in `folder` says.
pub(super) fn load(folder: Option<&Path>) -> Result<Layer, SettingsError> {
    let mut layer = Layer::default();
    let Some(folder) = folder.map(|folder| folder.join("certs.d")) else {
        return Ok(layer);
    };
    let folders = names(&folder);
    for name in &folders {
        let path = folder.join(name).join("hosts.toml");
        let Some(document) = Document::read_if_allowed(&path)? else {
            continue;
        };
        match host_of(name) {
            Some(_) if folders.contains(&with_underscores(name)) => layer.remark(
                Origin::file(&path),
                "it is not used: as for containerd, the folder `HOST_PORT_` stands before `HOST:PORT`",
            ),
            Some(host) => of_host(&host, &document, &mut layer)?,
            None if name == DEFAULT => layer.remark(
                Origin::file(&path),
                "it is not used: crossdock has no mirrors for all registries at once",
            ),
            None => continue,
        }
        layer.files.push(path);
    }
    Ok(layer)
}

/// The registry that a folder is for: `HOST`, `HOST:PORT`, or `HOST_PORT_`, which is containerd's
/// spelling where a name may hold no colon.
fn host_of(folder: &str) -> Option<Host> {
    let spelled = folder.strip_suffix('_');
    let parts = spelled.and_then(|spelled| spelled.rsplit_once('_'));
    let colon = parts.map(|(host, port)| format!("{host}:{port}"));
    colon.as_deref().unwrap_or(folder).parse().ok()
}

/// The same folder without a colon.
fn with_underscores(folder: &str) -> String {
    match folder.rsplit_once(':') {
        Some((host, port)) => format!("{host}_{port}_"),
        // No other folder is for the same registry.
        None => String::new(),
    }
}

fn of_host(host: &Host, document: &Document, layer: &mut Layer) -> Result<(), SettingsError> {
    let file: File = document.toml()?;
    let mut rule = Rule::new(Prefix::of_host(host), Origin::file(&document.path));
    let own = Spoken {
        capabilities: file.capabilities,
        ca: file.ca,
        client: file.client,
        skip_verify: file.skip_verify,
        override_path: file.override_path,
        header: file.header,
    };
    let mut server = host.clone();
    if let Some(url) = &file.server {
        let base = base(url.get_ref(), own.override_path);
        let origin = document.origin(&url.span());
        let base = base.map_err(|reason| SettingsError::at(&origin, reason))?;
        if let Some((base, plain)) = base {
            server = base.host.clone();
            own.say(&server, plain, &origin, document, layer);
            rule.location = Some(Said::new(base, origin));
        } else {
            layer.warn(origin, ODD_PATH);
        }
    } else {
        let origin = Origin::file(&document.path);
        own.say(&server, false, &origin, document, layer);
    }
    let mut hosts: Vec<_> = file.host.into_iter().collect();
    hosts.sort_by_key(|(url, _)| url.span().start);
    for (url, spoken) in hosts {
        let origin = document.origin(&url.span());
        let base = base(url.get_ref(), spoken.override_path);
        let base = base.map_err(|reason| SettingsError::at(&origin, reason))?;
        let Some((base, plain)) = base else {
            layer.warn(origin, ODD_PATH);
            continue;
        };
        spoken.say(&base.host, plain, &origin, document, layer);
        // The server itself is often the last of its own mirrors.
        if spoken.can("pull") && base.host != server {
            let when = When::DigestOnly;
            let mirrors = rule.mirrors.get_or_insert_default();
            mirrors.push(MirrorRule { base, when, origin });
        }
    }
    layer.rules.push(rule);
    Ok(())
}

/// A path that is no part of a repository's name for the API.
const ODD_PATH: &str =
    "it is not used: crossdock speaks to `/v2/` of a host, and to paths below it";

/// The place that a URL names, and whether it is one in plain HTTP; none where its API is below a
/// path.
fn base(url: &str, override_path: bool) -> Result<Option<(Base, bool)>, &'static str> {
    const WRONG: &str = "this is not the URL of a registry";
    let whole = if url.contains("://") {
        url.to_owned()
    } else {
        format!("https://{url}")
    };
    let read = Url::parse(&whole).map_err(|_| WRONG)?;
    let plain = match read.scheme() {
        "http" => true,
        "https" => false,
        _ => return Err(WRONG),
    };
    if !read.username().is_empty() || read.password().is_some() || read.query().is_some() {
        return Err("a registry's URL has no user and no query");
    }
    let host = read.host_str().ok_or(WRONG)?;
    let host = match read.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let path = read.path().trim_matches('/');
    let path = match path.strip_prefix("v2") {
        Some("") => "",
        Some(below) if override_path && below.starts_with('/') => &below[1..],
        _ if path.is_empty() => "",
        _ => return Ok(None),
    };
    let text = format!("{host}/{path}");
    let base = text.parse().map_err(|_| WRONG)?;
    Ok(Some((base, plain)))
}

impl Spoken {
    /// Whether it is there for this; for everything where nothing is said.
    fn can(&self, what: &str) -> bool {
        let said = self.capabilities.as_ref();
        said.is_none_or(|said| said.is_empty() || said.iter().any(|can| can == what))
    }

    fn say(
        &self,
        host: &Host,
        plain: bool,
        origin: &Origin,
        document: &Document,
        layer: &mut Layer,
    ) {
        let folder = document.path.parent().unwrap_or(Path::new(""));
        if let Some(header) = &self.header {
            let text = "`header` is not used: crossdock sends what it must, and no other headers";
            layer.warn(document.origin(&header.span()), text);
        }
        let own = layer.host(host);
        if plain {
            own.say_insecure(true, origin);
        } else if let Some(skip) = &self.skip_verify {
            own.say_insecure(*skip.get_ref(), &document.origin(&skip.span()));
            // It says nothing about plain HTTP.
            own.settings.plain_http_fallback = false;
        }
        if let Some(ca) = &self.ca {
            let files = ca.get_ref().list().iter().map(|ca| folder.join(ca));
            own.say_authorities(files.collect(), &document.origin(&ca.span()));
        }
        if let Some(client) = &self.client {
            let first = client.get_ref().list().first().and_then(Client::pair);
            if let Some((certificate, key)) = first {
                let certificate = folder.join(certificate);
                let key = folder.join(key);
                let client_certificate = ClientCertificate { certificate, key };
                own.say_client(client_certificate, &document.origin(&client.span()));
            }
        }
    }
}

impl<T> OneOrMany<T> {
    fn list(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Client {
    /// The certificate and the key; one file may be both.
    fn pair(&self) -> Option<(&Path, &Path)> {
        match self {
            Self::Both(file) => Some((file, file)),
            Self::Pair(files) => match files.as_slice() {
                [certificate, key] if !key.as_os_str().is_empty() => Some((certificate, key)),
                [file] | [file, _] => Some((file, file)),
                _ => None,
            },
        }
    }
}
