//! The content of docker's `config.json` and containers' `auth.json`, and what it says about
//! a registry or a path on one.

use crate::auth::docker_entry::{Entry, EntryError};
use crate::auth::helper::HelperName;
use crate::auth::http_headers;
use crate::auth::key::Key;
use crate::auth::strict_json;
use serde_json::{Map, Value};

/// What is wrong with a file. Shows no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ConfigError {
    /// The entry of `auths` that is at fault, where it is one.
    pub entry: Option<String>,
    /// What is wrong.
    pub reason: String,
}

/// One file, parsed. Entries are decoded only when they are used, so that a broken one does not
/// keep anybody from other registries.
#[derive(Debug)]
pub struct DockerConfig {
    entries: Vec<NamedEntry>,
    helpers: Vec<(Key, HelperName)>,
    store: Option<HelperName>,
}

/// An entry of `auths` with its key, as spelled and as understood.
#[derive(Debug)]
pub(super) struct NamedEntry {
    pub(super) name: String,
    pub(super) key: Key,
    pub(super) entry: Entry,
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
        let value = strict_json::parse(content).map_err(|error| fault(error.to_string()))?;
        let Value::Object(mut fields) = value else {
            return Err(fault("not a JSON object"));
        };
        http_headers::check(fields.remove("HttpHeaders")).map_err(fault)?;
        Ok(Self {
            entries: entries(object(&mut fields, "auths")?)?,
            helpers: helpers(object(&mut fields, "credHelpers")?)?,
            store: store(fields.remove("credsStore"))?,
        })
    }

    /// The helper that is asked for `key` itself: its own of `credHelpers`, else `credsStore`.
    pub fn helper(&self, key: &Key) -> Option<&HelperName> {
        let own = self.helpers.iter().find(|(for_key, _)| for_key == key);
        own.map(|(_, helper)| helper).or(self.store.as_ref())
    }

    /// Every helper that is named, each once.
    pub(super) fn helpers(&self) -> Vec<&HelperName> {
        let own = self.helpers.iter().map(|(_, helper)| helper);
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
                && !entry.entry.is_empty()
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
        entries.sort_by_key(|e| (e.entry.is_empty(), e.name != server));
        entries
    }
}

fn is_other(entry: &NamedEntry, chosen: &NamedEntry) -> bool {
    !entry.entry.is_empty() && entry.entry != chosen.entry
}

fn entries(fields: Map<String, Value>) -> Result<Vec<NamedEntry>, ConfigError> {
    let mut entries = Vec::new();
    for (name, value) in fields {
        // A key that names no registry can match none: it is somebody else's business.
        if let Ok(key) = name.parse() {
            let entry = Entry::from_json(value).map_err(|error| entry_fault(&name, error))?;
            entries.push(NamedEntry { name, key, entry });
        }
    }
    Ok(entries)
}

fn helpers(fields: Map<String, Value>) -> Result<Vec<(Key, HelperName)>, ConfigError> {
    let mut helpers = Vec::new();
    for (name, value) in fields {
        let Ok(key) = name.parse() else { continue };
        let helper = helper_name(&value)
            .ok_or_else(|| fault(format!("`credHelpers` names no usable helper for {name}")))?;
        helpers.push((key, helper));
    }
    Ok(helpers)
}

fn store(value: Option<Value>) -> Result<Option<HelperName>, ConfigError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match helper_name(&value) {
            Some(helper) => Ok(Some(helper)),
            None => Err(fault("`credsStore` is not the name of a credential helper")),
        },
    }
}

fn helper_name(value: &Value) -> Option<HelperName> {
    value.as_str()?.parse().ok()
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
        entry: None,
        reason: reason.into(),
    }
}

fn entry_fault(name: &str, error: EntryError) -> ConfigError {
    ConfigError {
        entry: Some(name.to_owned()),
        reason: error.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The candidates as text: `helper desktop reg.io`, `entry reg.io`, `entry a ignoring b`.
    fn candidates(config: &Value, wanted: &str) -> Vec<String> {
        let config = DockerConfig::parse(config.to_string().as_bytes()).unwrap();
        let show = |candidate: &Candidate<'_>| match candidate {
            Candidate::Helper { helper, server } => format!("helper {helper} {server}"),
            Candidate::Entry { entry, ignored } if ignored.is_empty() => {
                format!("entry {}", entry.name)
            }
            Candidate::Entry { entry, ignored } => {
                format!("entry {} ignoring {}", entry.name, ignored.join(" "))
            }
        };
        let wanted = wanted.parse().unwrap();
        config.candidates(&wanted).iter().map(show).collect()
    }

    #[test]
    fn the_longest_path_decides() {
        let config = json!({"auths": {
            "reg.io": {"auth": "dTpw"},
            "reg.io/team": {"auth": "dTpw"},
            "reg.io/team/app": {"auth": "dTpw"},
        }});
        let all = ["entry reg.io/team/app", "entry reg.io/team", "entry reg.io"];
        for (wanted, expected) in [
            ("reg.io/team/app", &all[..]),
            ("reg.io/team/app/sub", &all[..]),
            ("reg.io/team/app2", &all[1..]),
            ("reg.io/team2/app", &all[2..]),
            ("reg.io", &all[2..]),
            ("reg.io.evil.com", &[]),
            ("evil.com/reg.io", &[]),
        ] {
            assert_eq!(candidates(&config, wanted), expected, "{wanted}");
        }
    }

    #[test]
    fn helpers_of_a_registry_go_over_the_store_and_the_store_over_entries() {
        let config = json!({
            "auths": {
                "https://a.io/v2/": {},
                "b.io": {"auth": "dTpw"},
                "b.io/team": {"auth": "dTpw"},
                "docker.io": {"auth": "dTpw"},
            },
            "credsStore": "desktop",
            "credHelpers": {"b.io": "pass", "c.io/team": "ecr-login"},
        });
        for (wanted, expected) in [
            ("a.io/app", &["helper desktop https://a.io/v2/"][..]),
            ("b.io", &["helper pass b.io", "entry b.io"]),
            (
                "b.io/team/app",
                &[
                    "helper desktop b.io/team",
                    "entry b.io/team",
                    "helper pass b.io",
                    "entry b.io",
                ],
            ),
            (
                "c.io/team/app",
                &["helper ecr-login c.io/team", "helper desktop c.io"],
            ),
            ("c.io/other", &["helper desktop c.io"]),
            (
                "docker.io/a",
                &["helper desktop docker.io", "entry docker.io"],
            ),
        ] {
            assert_eq!(candidates(&config, wanted), expected, "{wanted}");
        }
        let hub = json!({"credsStore": "desktop"});
        let expected = ["helper desktop https://index.docker.io/v1/"];
        assert_eq!(candidates(&hub, "index.docker.io/library/app"), expected);
    }

    #[test]
    fn of_two_spellings_the_one_that_docker_writes_counts() {
        for (auths, wanted, expected) in [
            (
                json!({"https://reg.io/v2/": {"auth": "eDp5"}, "reg.io": {"auth": "dTpw"}}),
                "reg.io",
                "entry reg.io ignoring https://reg.io/v2/",
            ),
            (
                json!({"docker.io": {"auth": "eDp5"}, "https://index.docker.io/v1/": {"auth": "dTpw"}}),
                "docker.io",
                "entry https://index.docker.io/v1/ ignoring docker.io",
            ),
            (
                json!({"https://reg.io": {"auth": "dTpw"}, "reg.io": {"auth": "dTpw"}}),
                "reg.io",
                "entry reg.io",
            ),
            (
                json!({"https://reg.io": {"auth": "dTpw"}, "reg.io": {}}),
                "reg.io",
                "entry https://reg.io",
            ),
        ] {
            assert_eq!(candidates(&json!({"auths": auths}), wanted), [expected]);
        }
    }

    #[test]
    fn files_that_are_refused_as_a_whole() {
        for (case, content) in [
            ("empty", ""),
            ("blank", " \n"),
            ("truncated", r#"{"auths": {"reg.io": {"#),
            ("trailing comma", r#"{"auths": {},}"#),
            ("trailing data", "{}{}"),
            ("not an object", "[]"),
            ("auths is a list", r#"{"auths": []}"#),
            ("entry is a text", r#"{"auths": {"reg.io": "dTpw"}}"#),
            ("key twice", r#"{"auths": {}, "auths": {}}"#),
            ("entry twice", r#"{"auths": {"a.io": {}, "a.io": {}}}"#),
            ("store is a path", r#"{"credsStore": "../../x"}"#),
            ("store has a space", r#"{"credsStore": "a b"}"#),
            ("store is empty", r#"{"credsStore": ""}"#),
            ("store is a command", r#"{"credsStore": "$(id)"}"#),
            ("store is a number", r#"{"credsStore": 1}"#),
            (
                "helper is a path",
                r#"{"credHelpers": {"a.io": "/bin/sh"}}"#,
            ),
            ("helpers is a text", r#"{"credHelpers": "desktop"}"#),
            (
                "credential header",
                r#"{"HttpHeaders": {"authorization": "x"}}"#,
            ),
        ] {
            assert!(DockerConfig::parse(content.as_bytes()).is_err(), "{case}");
        }
    }

    #[test]
    fn files_that_are_accepted_and_say_nothing() {
        for content in [
            "{}",
            r#"{"auths": null, "credsStore": null, "credHelpers": {}}"#,
            r#"{"psFormat": "x", "proxies": {"default": {"httpProxy": "http://u:p@h"}}}"#,
            r#"{"auths": {"other.io": {"auth": "!!!"}}}"#,
            r#"{"credHelpers": {"other.io": "desktop"}}"#,
            r#"{"HttpHeaders": {"User-Agent": "x"}}"#,
            r#"{"auths": {"user:pw@reg.io": {"auth": "dTpw"}, "": 5}}"#,
        ] {
            let config = DockerConfig::parse(content.as_bytes()).unwrap();
            let wanted = "reg.io".parse().unwrap();
            assert!(config.candidates(&wanted).is_empty(), "{content}");
        }
    }

    #[test]
    fn an_error_names_place_and_entry_and_no_value() {
        let parse = |content: &str| DockerConfig::parse(content.as_bytes()).unwrap_err();
        let error = parse("{\"auths\": {\"reg.io\":\n {\"auth\": \"s3cret\"");
        assert_eq!(
            error.reason,
            "EOF while parsing an object at line 2 column 18"
        );
        let error = parse(r#"{"auths": {"reg.io": {"auth": ["s3cret"]}}}"#);
        assert_eq!(error.entry.as_deref(), Some("reg.io"));
        assert_eq!(error.reason, "`auth` is not a string");
    }

    proptest! {
        /// The secret of one host is found for no other host that begins or ends with it.
        #[test]
        fn no_other_host_finds_the_secret(
            host in "[a-z0-9]{1,10}(\\.[a-z]{2,4}){1,2}(:5[0-9]{3})?",
            more in "[a-z0-9.-]{1,10}",
            path in "(/[a-z0-9]{1,5}){0,2}",
        ) {
            let mut auths = Map::new();
            auths.insert(format!("{host}{path}"), json!({"auth": "dTpw"}));
            let config = json!({ "auths": auths });
            let own = format!("{host}{path}/app");
            prop_assert_eq!(candidates(&config, &own).len(), 1);
            let before = format!("{more}{host}{path}/app");
            prop_assert!(candidates(&config, &before).is_empty());
            let (name, port) = host.split_once(':').unwrap_or((&host, ""));
            let colon = if port.is_empty() { "" } else { ":" };
            let after = format!("{name}{more}{colon}{port}{path}/app");
            prop_assert!(candidates(&config, &after).is_empty());
            let longer_path = format!("{host}{path}{more}");
            if !path.is_empty() && longer_path.parse::<Key>().is_ok() {
                prop_assert!(candidates(&config, &longer_path).is_empty());
            }
        }

        #[test]
        fn parsing_never_panics(content in "\\PC{0,80}") {
            let _ = DockerConfig::parse(content.as_bytes());
        }
    }
}
