//! Hosts of Azure Container Registry.
//!
//! Source: the pattern of `docker-credential-acr-env`, Azure's pages on login servers and on
//! domain name labels.

use super::is_label;
use crate::oci::reference::Host;

/// Which of Azure's clouds a registry is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// The one that everybody means.
    Public,
    /// China, run by 21Vianet.
    China,
    /// The United States' government.
    Government,
}

/// What the name of an Azure registry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcrHost {
    /// Which cloud it is in.
    pub cloud: Cloud,
}

impl AcrHost {
    /// What `host` says, where it is one of Azure's.
    pub fn of(host: &Host) -> Option<Self> {
        let host = host.without_default_port();
        if host.port().is_some() {
            return None;
        }
        let (label, zone) = host.name().split_once('.')?;
        let cloud = match zone {
            "azurecr.io" => Cloud::Public,
            "azurecr.cn" => Cloud::China,
            "azurecr.us" => Cloud::Government,
            _ => return None,
        };
        let (name, hash) = match label.split_once('-') {
            Some((name, hash)) => (name, Some(hash)),
            None => (label, None),
        };
        let is_name = (5..=50).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && hash.is_none_or(is_label);
        is_name.then_some(Self { cloud })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_is_read_and_nothing_else() {
        for (host, cloud) in [
            ("myregistry.azurecr.io", Some(Cloud::Public)),
            ("myregistry-abc123.azurecr.io", Some(Cloud::Public)),
            ("myregistry.azurecr.cn", Some(Cloud::China)),
            ("myregistry.azurecr.us", Some(Cloud::Government)),
            ("abc.azurecr.io", None),
            ("a.myregistry.azurecr.io", None),
            ("azurecr.io", None),
            ("myregistry.azurecr.io.evil.io", None),
            ("myregistry.azurecr.de", None),
            ("myregistry.azurecr.io:8443", None),
        ] {
            let read = AcrHost::of(&host.parse().unwrap());
            assert_eq!(read.map(|read| read.cloud), cloud, "{host}");
        }
    }
}
