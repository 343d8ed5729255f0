//! What a stored credential is for: a registry, or a path on one.
//!
//! Docker writes hosts and, formerly, URLs (`https://reg.example/v2/`); containers-auth.json(5)
//! adds paths (`reg.example/team`). A path covers whole segments only, never part of one.

use crate::auth::credential::Subject;
use crate::oci::reference::Host;
use std::fmt;
use std::str::FromStr;

/// Docker Hub's server name in docker's files and credential helpers.
const HUB_SERVER: &str = "https://index.docker.io/v1/";

/// A registry, or a path on one, in canonical form: however it was spelled, equal is equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    host: String,
    path: Vec<String>,
}

/// A text that names neither a registry nor a path on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a registry, nor a path on one")]
pub struct KeyError;

impl Key {
    /// Whether a credential stored under this key may be used for `wanted`.
    pub fn covers(&self, wanted: &Key) -> bool {
        self.host == wanted.host && wanted.path.starts_with(&self.path)
    }

    /// How many path segments the key has; of several that cover, the deepest wins.
    pub fn depth(&self) -> usize {
        self.path.len()
    }

    /// This key and those that cover it, the deepest first and the whole registry last.
    pub fn ancestors(&self) -> impl Iterator<Item = Key> {
        (0..=self.path.len()).rev().map(|depth| Key {
            host: self.host.clone(),
            path: self.path[..depth].to_vec(),
        })
    }

    /// Whether the host has a dot or a port, or is `localhost`: a name that could be any other word
    /// has neither.
    pub fn is_plainly_a_host(&self) -> bool {
        self.host == "localhost" || self.host.contains(['.', ':'])
    }

    /// What else docker keeps for Docker Hub, next to the credential itself.
    ///
    /// Source: docker/cli, `internal/oauth/manager`.
    pub fn companions(&self) -> Vec<String> {
        let names: &[&str] = if self.server() == HUB_SERVER {
            &["access-token", "refresh-token"]
        } else {
            &[]
        };
        let names = names.iter();
        names.map(|name| format!("{HUB_SERVER}{name}")).collect()
    }

    /// The key as docker writes it to files and tells it to credential helpers.
    pub fn server(&self) -> String {
        if self.host == "docker.io" && self.path.is_empty() {
            HUB_SERVER.to_owned()
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        self.path.iter().try_for_each(|part| write!(f, "/{part}"))
    }
}

impl From<&Host> for Key {
    fn from(host: &Host) -> Self {
        Self {
            host: canonical(host.as_str(), "443"),
            path: Vec::new(),
        }
    }
}

impl From<&Subject> for Key {
    fn from(subject: &Subject) -> Self {
        match subject {
            Subject::Host(host) => Self::from(host),
            Subject::Repository(repository) => Self {
                path: segments(repository.name.as_str()),
                ..Self::from(&repository.host)
            },
        }
    }
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (address, default_port) = without_scheme(text);
        let (host, path) = address.split_once('/').unwrap_or((address, ""));
        let is_url = address.len() != text.len();
        let is_endpoint = matches!(path, "v1/" | "v2/") || is_url && matches!(path, "v1" | "v2");
        let path = if is_endpoint { "" } else { path };
        let path = segments(path.strip_suffix('/').unwrap_or(path));
        if is_host(host) && path.iter().all(|segment| is_segment(segment)) {
            let host = canonical(host, default_port);
            Ok(Self { host, path })
        } else {
            Err(KeyError)
        }
    }
}

/// The text behind `https://` or `http://`, and the port that the scheme implies.
fn without_scheme(text: &str) -> (&str, &'static str) {
    for (scheme, port) in [("https://", "443"), ("http://", "80")] {
        if let Some((head, rest)) = text.split_at_checked(scheme.len())
            && head.eq_ignore_ascii_case(scheme)
        {
            return (rest, port);
        }
    }
    (text, "443")
}

fn canonical(host: &str, default_port: &str) -> String {
    let host = host.to_ascii_lowercase();
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port == default_port => name,
        _ => host.as_str(),
    };
    match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        other => other.to_owned(),
    }
}

fn segments(path: &str) -> Vec<String> {
    match path {
        "" => Vec::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

/// A DNS name, an IPv4 address or a bracketed IPv6 address, each with or without a port.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (text, None),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let address = name.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    let is_name = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_segment(name),
    };
    is_name && is_port
}

fn is_segment(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::auth::docker_config::DockerConfig;
    use proptest::prelude::*;

    fn key(text: &str) -> Key {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_place_are_one_key() {
        for (spelling, canonical) in [
            ("reg.io", "reg.io"),
            ("REG.io", "reg.io"),
            ("reg.io/", "reg.io"),
            ("reg.io:443", "reg.io"),
            ("https://reg.io", "reg.io"),
            ("https://reg.io:443/", "reg.io"),
            ("https://reg.io/v1", "reg.io"),
            ("https://reg.io/v2/", "reg.io"),
            ("reg.io/v2/", "reg.io"),
            ("http://reg.io:80", "reg.io"),
            ("HTTP://reg.io:443", "reg.io:443"),
            ("reg.io:80", "reg.io:80"),
            ("reg.io:5000", "reg.io:5000"),
            ("localhost", "localhost"),
            ("[::1]:5000", "[::1]:5000"),
            ("[::1]", "[::1]"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
            ("docker.io", "docker.io"),
            ("docker.io/library/app", "docker.io/library/app"),
            ("reg.io/team/app/", "reg.io/team/app"),
            ("reg.io/v2", "reg.io/v2"),
            ("https://reg.io/team", "reg.io/team"),
            // Docker Desktop keeps its own tokens next to Hub's credential.
            (
                "https://index.docker.io/v1/access-token",
                "docker.io/v1/access-token",
            ),
        ] {
            assert_eq!(key(spelling).to_string(), canonical, "{spelling}");
        }
    }

    #[test]
    fn what_names_no_place_is_no_key() {
        for text in [
            "",
            "/",
            "/app",
            "https://",
            "reg.io//app",
            "reg.io:",
            "reg.io:0",
            "reg.io:99999",
            "reg.io:a",
            "user:pw@reg.io",
            "https://user@reg.io",
            "reg.io?x",
            "reg.io/a b",
            "reg.io\r\n",
            "r\u{e9}g.io",
            "[::1",
            "[reg.io]",
            "::1",
            "ftp://reg.io",
        ] {
            assert_eq!(text.parse::<Key>(), Err(KeyError), "{text:?}");
        }
    }

    #[test]
    fn a_key_covers_whole_segments_of_its_own_host() {
        for (stored, wanted, covers) in [
            ("reg.io", "reg.io", true),
            ("reg.io", "reg.io/team/app", true),
            ("reg.io/team", "reg.io/team", true),
            ("reg.io/team", "reg.io/team/app", true),
            ("reg.io/team", "reg.io/team2", false),
            ("reg.io/team", "reg.io/team2/app", false),
            ("reg.io/team", "reg.io/Team/app", false),
            ("reg.io/team", "reg.io", false),
            ("reg.io", "reg.io.evil.com", false),
            ("reg.io", "evil-reg.io", false),
            ("reg.io", "sub.reg.io", false),
            ("reg.io", "reg.io:5000", false),
            ("reg.io:5000", "reg.io", false),
            ("reg.io/team", "reg.io.evil.com/team", false),
        ] {
            let found = key(stored).covers(&key(wanted));
            assert_eq!(found, covers, "{stored} for {wanted}");
        }
    }

    #[test]
    fn docker_hub_is_written_as_docker_writes_it() {
        assert_eq!(key("docker.io").server(), "https://index.docker.io/v1/");
        assert_eq!(key("docker.io/team").server(), "docker.io/team");
        assert_eq!(key("https://reg.io/v2/").server(), "reg.io");
    }

    #[test]
    fn ancestors_go_from_the_path_up_to_the_registry() {
        let names: Vec<String> = key("reg.io/a/b")
            .ancestors()
            .map(|key| key.to_string())
            .collect();
        assert_eq!(names, ["reg.io/a/b", "reg.io/a", "reg.io"]);
    }

    proptest! {
        #[test]
        fn writing_and_reading_a_key_changes_nothing(
            text in "[a-zA-Z0-9]{1,8}(\\.[a-z]{2,5}){0,2}(:[1-9][0-9]{0,3})?(/[a-z0-9]{1,5}){0,3}",
        ) {
            let key = key(&text);
            prop_assert_eq!(&self::key(&key.to_string()), &key);
            prop_assert_eq!(&self::key(&key.server()), &key);
        }

        /// NET-08: a name that begins or ends like a registry's is another registry.
        #[test]
        fn no_longer_name_is_given_the_registry_s_credential(
            host in "[a-z]{1,8}(\\.[a-z]{2,5}){1,2}(:[1-9][0-9]{3})?",
            path in prop_oneof![Just(String::new()), "/[a-z0-9]{1,5}".prop_map(String::from)],
            more in "[a-z0-9.:_-]{1,8}|\\.(com|[a-z]{2,4})|[a-z]{1,4}\\.",
        ) {
            let stored = key(&format!("{host}{path}"));
            let entry = serde_json::json!({"auths": {stored.server(): {"auth": "YTpi"}}});
            let file = DockerConfig::parse(entry.to_string().as_bytes()).unwrap();
            prop_assert_eq!(file.candidates(&stored).len(), 1);
            for other in [format!("{host}{more}{path}"), format!("{more}{host}{path}")] {
                let Ok(other) = other.parse::<Key>() else { continue };
                if more == ":443" || other.host == "docker.io" {
                    continue; // other spellings of the same
                }
                prop_assert!(!stored.covers(&other), "{} for {}", stored, other);
                prop_assert!(file.candidates(&other).is_empty(), "{} for {}", stored, other);
            }
            if !path.is_empty() {
                let more = more.replace([':'], "");
                if let Ok(other) = format!("{host}{path}{more}x").parse::<Key>() {
                    prop_assert!(!stored.covers(&other), "{} for {}", stored, other);
                }
            }
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Key>();
        }
    }
}
