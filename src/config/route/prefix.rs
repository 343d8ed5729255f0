//! The beginnings of repositories that rules are for, and those that they put in their place.

use crate::oci::reference::{Host, ReferenceError, Repository, RepositoryName};
use std::fmt;
use std::str::FromStr;

/// What stands in front of every wildcard.
const WILDCARD: &str = "*.";

/// The repositories that a rule is for: `registry.example`, `registry.example/team`,
/// `*.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    hosts: Hosts,
    path: String,
}

/// Where a repository is looked for instead: `HOST[:PORT][/PATH]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The registry.
    pub host: Host,
    /// The path that everything there is below; empty where there is none.
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    One(Host),
    /// Every host below this domain, which begins with a dot.
    Below(String),
}

/// Why a text is no prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrefixError {
    /// Its host is none.
    #[error("`{0}` does not begin with a registry's host")]
    Host(String),
    /// It is narrower than a repository.
    #[error("`{0}` has a tag or a digest, which crossdock has no rules for")]
    Narrow(String),
    /// Its path is none.
    #[error("`{0}` has a path that no repository can have")]
    Path(String),
}

impl Prefix {
    /// The rules of a registry as a whole.
    pub fn of_host(host: &Host) -> Self {
        Self {
            hosts: Hosts::One(host.without_default_port()),
            path: String::new(),
        }
    }

    /// The host, where it is about one.
    pub fn host(&self) -> Option<&Host> {
        match &self.hosts {
            Hosts::One(host) => Some(host),
            Hosts::Below(_) => None,
        }
    }

    /// Whether it is about all repositories of its hosts.
    pub fn is_whole(&self) -> bool {
        self.path.is_empty()
    }

    /// Whether something at `host` may be meant.
    pub fn covers(&self, host: &Host) -> bool {
        match &self.hosts {
            Hosts::One(own) => own.without_default_port() == host.without_default_port(),
            Hosts::Below(domain) => host.name().ends_with(domain.as_str()),
        }
    }

    /// Whether what the path of `other` is about is among what its own path is about.
    pub(in crate::config) fn encloses_path_of(&self, other: &Self) -> bool {
        let rest = other.path.strip_prefix(self.path.as_str());
        self.path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What of the repository's path is behind it, if the repository is one of those meant.
    pub(super) fn rest<'a>(&self, repository: &'a Repository) -> Option<&'a str> {
        let name = repository.name.as_str();
        if !self.covers(&repository.host) {
            return None;
        }
        if self.path.is_empty() {
            return Some(name);
        }
        let rest = name.strip_prefix(self.path.as_str())?;
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix('/')
        }
    }

    /// How closely it says what is meant: the longest path first, then a host before a wildcard,
    /// and the longest wildcard.
    pub(in crate::config) fn closeness(&self) -> (usize, usize) {
        let host = match &self.hosts {
            Hosts::One(_) => usize::MAX,
            Hosts::Below(domain) => domain.len(),
        };
        (self.path.len(), host)
    }
}

impl Base {
    /// The repository whose path is `rest` from here.
    pub(super) fn join(&self, rest: &str) -> Result<Repository, ReferenceError> {
        let parts = [self.path.as_str(), rest];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        // By itself first: a host without a name would be read as a name.
        let name: RepositoryName = parts.join("/").parse()?;
        format!("{}/{name}", self.host).parse()
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let Some(below) = text.strip_prefix(WILDCARD) else {
            let Base { host, path } = text.parse()?;
            let host = host.without_default_port();
            return Ok(Self {
                hosts: Hosts::One(host),
                path,
            });
        };
        let (domain, path) = split(below);
        // A domain of one label is no host, and one to be below of all the same.
        let host: Result<Host, _> = format!("x.{domain}").parse();
        match host {
            Ok(host) if host.port().is_none() && host.name().len() == domain.len() + 2 => {}
            _ => return Err(PrefixError::Host(text.to_owned())),
        }
        Ok(Self {
            hosts: Hosts::Below(format!(".{}", domain.to_ascii_lowercase())),
            path: checked(path, text)?,
        })
    }
}

impl FromStr for Base {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (host, path) = split(text);
        let host = host
            .parse()
            .map_err(|_| PrefixError::Host(without_password(text)))?;
        let path = checked(path, text)?;
        Ok(Self { host, path })
    }
}

/// The host, and the path behind it.
fn split(text: &str) -> (&str, &str) {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    (host, path.strip_suffix('/').unwrap_or(path))
}

fn checked(path: &str, text: &str) -> Result<String, PrefixError> {
    if path.contains([':', '@']) {
        return Err(PrefixError::Narrow(text.to_owned()));
    }
    let sound = path.is_empty() || format!("x.io/{path}").parse::<Repository>().is_ok();
    if sound {
        Ok(path.to_owned())
    } else {
        Err(PrefixError::Path(text.to_owned()))
    }
}

/// What is in front of an `@` may be a password.
fn without_password(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((_, rest)) => format!("…@{rest}"),
        None => text.to_owned(),
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            Hosts::One(host) => f.write_str(host.as_str())?,
            Hosts::Below(domain) => write!(f, "*{domain}")?,
        }
        path(&self.path, f)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.host.as_str())?;
        path(&self.path, f)
    }
}

fn path(path: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if path.is_empty() {
        Ok(())
    } else {
        write!(f, "/{path}")
    }
}
