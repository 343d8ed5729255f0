//! Azure's clouds: who gives tokens in each, and what they are for.

use super::error::Error;
use crate::oci::reference::Host;
use crate::provider::Surroundings;
use crate::vendor::acr::{AcrHost, Cloud};
use url::Url;

/// What tokens for registries are for, in all clouds.
const REGISTRIES: &str = "https://containerregistry.azure.net";
/// Names another authority than the cloud's own.
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

/// The authority that gives tokens in the cloud of `host`.
pub(super) fn authority(surroundings: &Surroundings, host: &Host) -> Result<Url, Error> {
    let wrong = |reason| Error::Variable {
        name: AUTHORITY,
        reason,
    };
    let own = super::variable(surroundings, AUTHORITY);
    let text = own.unwrap_or_else(|| match cloud(host) {
        Cloud::Public => "https://login.microsoftonline.com",
        Cloud::China => "https://login.chinacloudapi.cn",
        Cloud::Government => "https://login.microsoftonline.us",
    });
    let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
    if url.scheme() != "https" || !url.has_host() {
        return Err(wrong("is not reached over TLS (`https://…`)"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a password"));
    }
    Ok(url)
}

/// What a token may be for, the best first. One for Azure as a whole is for registries by its own
/// name alone: it is good for more than images.
pub(super) fn audiences(host: &Host) -> Vec<&'static str> {
    let azure = AcrHost::of(host).map(|host| match host.cloud {
        Cloud::Public => "https://management.azure.com",
        Cloud::China => "https://management.chinacloudapi.cn",
        Cloud::Government => "https://management.usgovcloudapi.net",
    });
    [REGISTRIES].into_iter().chain(azure).collect()
}

fn cloud(host: &Host) -> Cloud {
    AcrHost::of(host).map_or(Cloud::Public, |host| host.cloud)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::provider::azure::tests::surroundings;

    #[test]
    fn every_cloud_has_its_own_authority_and_audience() {
        for (host, login, audience) in [
            (
                "myregistry.azurecr.io",
                "https://login.microsoftonline.com/",
                Some("https://management.azure.com"),
            ),
            (
                "myregistry.azurecr.cn",
                "https://login.chinacloudapi.cn/",
                Some("https://management.chinacloudapi.cn"),
            ),
            (
                "myregistry.azurecr.us",
                "https://login.microsoftonline.us/",
                Some("https://management.usgovcloudapi.net"),
            ),
            (
                "images.example.com",
                "https://login.microsoftonline.com/",
                None,
            ),
        ] {
            let host = host.parse().unwrap();
            let nobody = surroundings(&[]);
            assert_eq!(authority(&nobody, &host).unwrap().as_str(), login);
            let expected: Vec<&str> = [REGISTRIES].into_iter().chain(audience).collect();
            assert_eq!(audiences(&host), expected);
        }
    }

    #[test]
    fn an_authority_is_reached_over_tls() {
        let host = "myregistry.azurecr.io".parse().unwrap();
        let named = |url: &str| authority(&surroundings(&[(AUTHORITY, url)]), &host);
        assert!(named("https://login.example.com/").is_ok());
        assert!(named("").is_ok(), "as if it were not set");
        for bad in [
            "http://login.example.com",
            "login.example.com",
            "https://me:pw@login.example.com",
            "file:///etc",
        ] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
