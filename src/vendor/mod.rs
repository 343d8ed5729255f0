//! Whose registry a host is: by its name, where that says it.
//!
//! The forms are those of the vendors' own tools and pages; each file names its source. They are
//! anchored: a host that only looks like one of these is nobody's.

pub mod acr;
pub mod ecr;
pub mod google;
pub mod headers;

use crate::oci::reference::Host;
use acr::AcrHost;
use ecr::EcrHost;
use google::GoogleHost;
use std::fmt;
use std::str::FromStr;

/// The registries that crossdock knows something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Docker Hub.
    DockerHub,
    /// Amazon Elastic Container Registry, private.
    Ecr,
    /// Amazon Elastic Container Registry Public.
    EcrPublic,
    /// Google Artifact Registry, and the `gcr.io` names that it serves.
    Google,
    /// Azure Container Registry.
    Acr,
    /// GitHub's container registry.
    Ghcr,
    /// Harbor.
    Harbor,
    /// Quay, at `quay.io` or elsewhere.
    Quay,
    /// `JFrog` Artifactory.
    Artifactory,
    /// Sonatype Nexus Repository 3.
    Nexus,
    /// `GitLab`'s container registry.
    GitLab,
    /// CNCF distribution, `registry:2` and `registry:3`.
    Distribution,
    /// zot.
    Zot,
}

/// A name that is no [`Kind`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of registry that is known")]
pub struct UnknownKind;

impl Kind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::DockerHub,
        Self::Ecr,
        Self::EcrPublic,
        Self::Google,
        Self::Acr,
        Self::Ghcr,
        Self::Harbor,
        Self::Quay,
        Self::Artifactory,
        Self::Nexus,
        Self::GitLab,
        Self::Distribution,
        Self::Zot,
    ];

    /// What `host` is by its name. `None`: its name does not say.
    pub fn of(host: &Host) -> Option<Self> {
        let host = host.without_default_port();
        if host.port().is_some() {
            return None;
        }
        let name = host.name();
        match name {
            "docker.io" => Some(Self::DockerHub),
            "public.ecr.aws" | "ecr-public.aws.com" => Some(Self::EcrPublic),
            "ghcr.io" | "docker.pkg.github.com" => Some(Self::Ghcr),
            "quay.io" => Some(Self::Quay),
            "registry.gitlab.com" => Some(Self::GitLab),
            _ if EcrHost::of(&host).is_some() => Some(Self::Ecr),
            _ if GoogleHost::of(&host).is_some() => Some(Self::Google),
            _ if AcrHost::of(&host).is_some() => Some(Self::Acr),
            // GitHub Enterprise Cloud with data residency.
            _ if labels_between(name, "containers.", ".ghe.com") == Some(1) => Some(Self::Ghcr),
            _ if labels_between(name, "", ".jfrog.io") == Some(1) => Some(Self::Artifactory),
            _ => None,
        }
    }

    /// How it is written in settings: `docker-hub`, `ecr`, `ecr-public`, …
    pub fn name(self) -> &'static str {
        match self {
            Self::DockerHub => "docker-hub",
            Self::Ecr => "ecr",
            Self::EcrPublic => "ecr-public",
            Self::Google => "google",
            Self::Acr => "acr",
            Self::Ghcr => "ghcr",
            Self::Harbor => "harbor",
            Self::Quay => "quay",
            Self::Artifactory => "artifactory",
            Self::Nexus => "nexus",
            Self::GitLab => "gitlab",
            Self::Distribution => "distribution",
            Self::Zot => "zot",
        }
    }

    /// How people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::DockerHub => "Docker Hub",
            Self::Ecr => "Amazon ECR",
            Self::EcrPublic => "Amazon ECR Public",
            Self::Google => "Google Artifact Registry",
            Self::Acr => "Azure Container Registry",
            Self::Ghcr => "GitHub Container Registry",
            Self::Harbor => "Harbor",
            Self::Quay => "Quay",
            Self::Artifactory => "JFrog Artifactory",
            Self::Nexus => "Sonatype Nexus",
            Self::GitLab => "GitLab Container Registry",
            Self::Distribution => "CNCF distribution",
            Self::Zot => "zot",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.name() == name).ok_or(UnknownKind)
    }
}

/// How many labels of a name stand between `before` and `after`, where it has both.
fn labels_between(name: &str, before: &str, after: &str) -> Option<usize> {
    let between = name.strip_prefix(before)?.strip_suffix(after)?;
    let labels = between.split('.');
    labels.clone().all(is_label).then(|| labels.count())
}

/// Whether it is one label of a domain name: RFC 1123, section 2.1, in lower case.
fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_name_says_whose_registry_it_is() {
        for (host, kind) in [
            ("docker.io", Some(Kind::DockerHub)),
            ("registry-1.docker.io:443", Some(Kind::DockerHub)),
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                Some(Kind::Ecr),
            ),
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
                Some(Kind::Ecr),
            ),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com:8443", None),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.io", None),
            ("public.ecr.aws", Some(Kind::EcrPublic)),
            ("ecr-public.aws.com", Some(Kind::EcrPublic)),
            ("x.public.ecr.aws", None),
            ("europe-docker.pkg.dev", Some(Kind::Google)),
            ("eu.gcr.io", Some(Kind::Google)),
            ("evilgcr.io", None),
            ("myregistry.azurecr.io", Some(Kind::Acr)),
            ("mcr.microsoft.com", None),
            ("ghcr.io", Some(Kind::Ghcr)),
            ("containers.acme.ghe.com", Some(Kind::Ghcr)),
            ("containers.a.b.ghe.com", None),
            ("containers.ghe.com", None),
            ("quay.io", Some(Kind::Quay)),
            ("quay.io.evil.io", None),
            ("registry.gitlab.com", Some(Kind::GitLab)),
            ("acme.jfrog.io", Some(Kind::Artifactory)),
            ("jfrog.io", None),
            ("localhost:5000", None),
            ("registry.example.com", None),
        ] {
            assert_eq!(Kind::of(&host.parse().unwrap()), kind, "{host}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("ECR".parse::<Kind>(), Err(UnknownKind));
    }
}
