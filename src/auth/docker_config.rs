//! The content of docker's `config.json` and containers' `auth.json`, and what it says about
//! a registry or a path on one.

use crate::auth::credential::Credential;
use crate::auth::docker_entry::{Entry, EntryError};
use crate::auth::helper::{HelperName, HelperNameError};
use crate::auth::http_headers;
use crate::auth::key::Key;
use crate::auth::strict_json;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// What is wrong with a file. Shows no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ConfigError {
    /// What is wrong.
    pub reason: String,
}

/// One file, parsed. What is wrong with an entry is an error when it is used, so that a broken one
/// does not keep anybody from other registries.
#[derive(Debug)]
pub struct DockerConfig {
    entries: Vec<NamedEntry>,
    /// `None` says that the file itself has the credential.
    helpers: Vec<(Key, Option<HelperName>)>,
    store: Option<HelperName>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// An entry of `auths` with its key, as spelled and as understood.
#[derive(Debug)]
pub(super) struct NamedEntry {
    pub(super) name: String,
    pub(super) key: Key,
    entry: Result<Entry, EntryError>,
}

impl NamedEntry {
    /// Whether it says nothing, which means "ask the store".
    pub(super) fn is_empty(&self) -> bool {
        self.entry.as_ref().is_ok_and(Entry::is_empty)
    }

    /// The credential in it.
    pub(super) fn credential(&self) -> Result<Option<Credential>, EntryError> {
        self.entry.as_ref().map_err(|error| *error)?.credential()
    }
}

/// One place in a file where a credential may be. The first that has one decides.
#[derive(Debug)]
pub(super) enum Candidate<'a> {
    /// Ask this helper about this server.
    Helper {
        helper: &'a HelperName,
        server: String,
    },
    /// Take what the entry says; others of the same key say something else.
    Entry {
        entry: &'a NamedEntry,
        ignored: Vec<&'a str>,
    },
}

impl DockerConfig {
    /// Parses a file's content.
    pub fn parse(content: &[u8]) -> Result<Self, ConfigError> {
        let mut fields = document(content)?;
        let headers = http_headers::read(fields.remove("HttpHeaders")).map_err(fault)?;
        Ok(Self {
            headers,
            entries: entries(object(&mut fields, "auths")?),
            helpers: helpers(object(&mut fields, "credHelpers")?)?,
            store: store(fields.remove("credsStore"))?,
        })
    }

    /// The headers of `HttpHeaders` that are for registries.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The helper that is asked for `key` itself: its own of `credHelpers`, else `credsStore`.
    pub fn helper(&self, key: &Key) -> Option<&HelperName> {
        let own = self.helpers.iter().find(|(for_key, _)| for_key == key);
        own.map_or(&self.store, |(_, helper)| helper).as_ref()
    }

    /// Every helper that is named, each once.
    pub(super) fn helpers(&self) -> Vec<&HelperName> {
        let own = self.helpers.iter().filter_map(|(_, own)| own.as_ref());
        let mut names: Vec<&HelperName> = Vec::new();
        for helper in self.store.iter().chain(own) {
            if !names.contains(&helper) {
                names.push(helper);
            }
        }
        names
    }

    /// Every entry.
    pub(super) fn all(&self) -> &[NamedEntry] {
        &self.entries
    }

    /// Where a credential for `wanted` may be: by the longest path, and there from
    /// `credHelpers` over `credsStore` to the entry itself.
    pub(super) fn candidates(&self, wanted: &Key) -> Vec<Candidate<'_>> {
        let mut found = Vec::new();
        for key in wanted.ancestors() {
            let entries = self.entries(&key);
            let is_named = !entries.is_empty() || self.helpers.iter().any(|(k, _)| *k == key);
            if (is_named || key.depth() == 0)
                && let Some(helper) = self.helper(&key)
            {
                let server = entries.first().map_or(key.server(), |e| e.name.clone());
                found.push(Candidate::Helper { helper, server });
            }
            if let [entry, others @ ..] = &entries[..]
                && !entry.is_empty()
            {
                let ignored = others.iter().filter(|e| is_other(e, entry));
                let ignored = ignored.map(|e| e.name.as_str()).collect();
                found.push(Candidate::Entry { entry, ignored });
            }
        }
        found
    }

    /// The entries of exactly this key, the one that counts first: one that says something over
    /// one that does not, and docker's own spelling over others.
    fn entries(&self, key: &Key) -> Vec<&NamedEntry> {
        let mut entries: Vec<_> = self.entries.iter().filter(|e| e.key == *key).collect();
        let server = key.server();
        entries.sort_by_key(|e| (e.is_empty(), e.name != server));
        entries
    }
}

fn is_other(entry: &NamedEntry, chosen: &NamedEntry) -> bool {
    !entry.is_empty() && entry.entry != chosen.entry
}

/// The fields of a file. One without content is one without fields, as docker and skopeo have it.
pub(super) fn document(content: &[u8]) -> Result<Map<String, Value>, ConfigError> {
    if content.trim_ascii().is_empty() {
        return Ok(Map::new());
    }
    match strict_json::parse(content) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(fault("not a JSON object")),
        Err(error) => Err(fault(error.to_string())),
    }
}

fn entries(fields: Map<String, Value>) -> Vec<NamedEntry> {
    let named = |(name, value): (String, Value)| {
        // A key that names no registry can match none: it is somebody else's business.
        let key = name.parse().ok()?;
        let entry = Entry::from_json(value);
        Some(NamedEntry { name, key, entry })
    };
    fields.into_iter().filter_map(named).collect()
}

fn helpers(fields: Map<String, Value>) -> Result<Vec<(Key, Option<HelperName>)>, ConfigError> {
    let mut helpers = Vec::new();
    for (name, value) in fields {
        let Ok(key) = name.parse() else { continue };
        let helper = helper_name(&value)
            .map_err(|_| fault(format!("`credHelpers` names no usable helper for {name}")))?;
        helpers.push((key, helper));
    }
    Ok(helpers)
}

fn store(value: Option<Value>) -> Result<Option<HelperName>, ConfigError> {
    let helper = helper_name(&value.unwrap_or_default());
    helper.map_err(|_| fault("`credsStore` is not the name of a credential helper"))
}

/// The helper that is named, if any: docker takes an empty name for none.
fn helper_name(value: &Value) -> Result<Option<HelperName>, HelperNameError> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) if name.is_empty() => Ok(None),
        Value::String(name) => name.parse().map(Some),
        _ => Err(HelperNameError),
    }
}

fn object(fields: &mut Map<String, Value>, name: &str) -> Result<Map<String, Value>, ConfigError> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(object)) => Ok(object),
        Some(_) => Err(fault(format!("`{name}` is not an object"))),
    }
}

fn fault(reason: impl Into<String>) -> ConfigError {
    ConfigError {
        reason: reason.into(),
    }
}

#[cfg(test)]
mod cases;
