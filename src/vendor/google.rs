//! Hosts of Google Artifact Registry, and of what it serves under Container Registry's names.
//!
//! Source: Artifact Registry's documentation, and the hosts that Google's own credential helper
//! (`docker-credential-gcr`, `config/const.go`) answers for.

use super::is_label;
use crate::oci::reference::Host;

/// What the name of a Google registry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoogleHost {
    /// Artifact Registry in a location: a region, or `us`, `europe`, `asia`.
    Location(String),
    /// One of Container Registry's names, which Artifact Registry serves.
    ContainerRegistry,
    /// Google's mirror of Docker Hub, which asks nobody who he is.
    Mirror,
}

impl GoogleHost {
    /// What `host` says, where it is one of Google's.
    pub fn of(host: &Host) -> Option<Self> {
        let host = host.without_default_port();
        if host.port().is_some() {
            return None;
        }
        let name = host.name();
        let location = name.strip_suffix("-docker.pkg.dev").or_else(|| {
            name.strip_prefix("docker.")
                .and_then(|rest| rest.strip_suffix(".rep.pkg.dev"))
        });
        match (name, location) {
            (_, Some(location)) => is_label(location).then(|| Self::Location(location.to_owned())),
            ("mirror.gcr.io", _) => Some(Self::Mirror),
            ("gcr.io", _) => Some(Self::ContainerRegistry),
            _ => {
                let label = name.strip_suffix(".gcr.io")?;
                is_label(label).then_some(Self::ContainerRegistry)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_generations_and_both_forms_are_read() {
        let location = |name: &str| Some(GoogleHost::Location(name.to_owned()));
        for (host, read) in [
            ("europe-west1-docker.pkg.dev", location("europe-west1")),
            ("us-docker.pkg.dev", location("us")),
            ("docker.us-east1.rep.pkg.dev", location("us-east1")),
            ("gcr.io", Some(GoogleHost::ContainerRegistry)),
            ("asia.gcr.io", Some(GoogleHost::ContainerRegistry)),
            ("marketplace.gcr.io", Some(GoogleHost::ContainerRegistry)),
            ("mirror.gcr.io", Some(GoogleHost::Mirror)),
            ("a.b-docker.pkg.dev", None),
            ("europe-west1-python.pkg.dev", None),
            ("docker.a.b.rep.pkg.dev", None),
            ("a.b.gcr.io", None),
            ("evilgcr.io", None),
            ("gcr.io.evil.io", None),
            ("gcr.io:5000", None),
        ] {
            assert_eq!(GoogleHost::of(&host.parse().unwrap()), read, "{host}");
        }
    }
}
