//! Nexus' documents: components, each a tag or a digest of an image, with the manifest as asset.

use crate::inventory::time::Times;
use crate::inventory::{Image, Tagged};
use crate::oci::digest::parse;
use crate::oci::{Digest, MediaType};
use serde::Deserialize;
use url::Url;

/// A page of a search.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) items: Vec<Component>,
    pub(super) continuation_token: Option<String>,
}

/// A tag of an image, or an image by its digest.
#[derive(Debug, Deserialize)]
pub(super) struct Component {
    pub(super) id: String,
    pub(super) repository: String,
    pub(super) name: String,
    pub(super) version: Option<String>,
    assets: Option<Vec<Asset>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asset {
    path: String,
    checksum: Option<Checksum>,
    content_type: Option<String>,
    last_modified: Option<String>,
    last_downloaded: Option<String>,
    blob_created: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Checksum {
    sha256: Option<String>,
}

impl Component {
    /// The one manifest that it is: at `v2/IMAGE/manifests/REFERENCE`, with a `/` before or not.
    fn manifest(&self) -> Option<&Asset> {
        let path = format!("v2/{}/manifests/{}", self.name, self.version.as_deref()?);
        let mut assets = self.assets.iter().flatten();
        assets.find(|asset| asset.path.trim_start_matches('/') == path)
    }

    pub(super) fn digest(&self) -> Option<Digest> {
        let checksum = self.manifest()?.checksum.as_ref()?;
        parse(&format!("sha256:{}", checksum.sha256.as_deref()?)).ok()
    }

    /// What is known of the image. The size is the manifest's alone, and says nothing.
    pub(super) fn image(&self, times: Times) -> Option<Image> {
        let asset = self.manifest()?;
        let pushed = times.read(asset.blob_created.as_deref());
        let updated = times.read(asset.last_modified.as_deref());
        let pulled = times.read(asset.last_downloaded.as_deref());
        let version = self.version.as_deref()?;
        let tags = if parse(version).is_ok() {
            Vec::new()
        } else {
            let tagged = Tagged::new(version.parse().ok()?);
            vec![Tagged {
                pushed,
                pulled,
                ..tagged
            }]
        };
        Some(Image {
            tags,
            media_type: asset.content_type.as_deref().map(MediaType::from),
            pushed,
            updated,
            pulled,
            ..Image::new(self.digest()?)
        })
    }
}

/// What the user says of the API: where it is, and which repository, `https://HOST/repository/NAME`.
pub(super) fn base_and_repository(api: &Url) -> (Url, Option<String>) {
    let parts: Vec<&str> = api.path_segments().into_iter().flatten().collect();
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let (before, repository) = match &parts[..] {
        [before @ .., "repository", name] => (before, Some((*name).to_owned())),
        [before @ .., "service", "rest" | "rest/v1"] | [before @ .., "service", "rest", "v1"] => {
            (before, None)
        }
        before => (before, None),
    };
    let mut path = String::from("/");
    for part in before {
        path.push_str(part);
        path.push('/');
    }
    let mut base = api.clone();
    base.set_path(&format!("{path}service/rest/v1/"));
    (base, repository)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_the_api_and_perhaps_a_repository() {
        for (api, base, repository) in [
            ("https://a.io", "https://a.io/service/rest/v1/", None),
            (
                "https://a.io/service/rest/v1",
                "https://a.io/service/rest/v1/",
                None,
            ),
            (
                "https://a.io/nexus/",
                "https://a.io/nexus/service/rest/v1/",
                None,
            ),
            (
                "https://a.io/nexus/service/rest",
                "https://a.io/nexus/service/rest/v1/",
                None,
            ),
            (
                "https://a.io:8443/repository/docker-hosted/",
                "https://a.io:8443/service/rest/v1/",
                Some("docker-hosted"),
            ),
            (
                "https://a.io/nexus/repository/d",
                "https://a.io/nexus/service/rest/v1/",
                Some("d"),
            ),
        ] {
            let read = base_and_repository(&Url::parse(api).unwrap());
            assert_eq!((read.0.as_str(), read.1.as_deref()), (base, repository));
        }
    }

    #[test]
    fn nulls_are_unknown() {
        let times = Times::at("2026-11-22T00:00:00Z".parse().unwrap());
        let hex = "a".repeat(64);
        let component = |version: &str, path: &str| -> Component {
            serde_json::from_value(serde_json::json!({
                "id": "x", "repository": "r", "format": "docker", "group": null, "name": "app",
                "version": version,
                "assets": [{"id": "y", "path": path, "checksum": {"sha256": hex},
                    "contentType": null, "lastModified": null, "lastDownloaded": null,
                    "blobCreated": null, "uploader": null}]
            }))
            .unwrap()
        };
        for path in ["v2/app/manifests/v1", "/v2/app/manifests/v1"] {
            let image = component("v1", path).image(times).unwrap();
            assert_eq!(image.tags.len(), 1);
            assert_eq!(
                (image.time(), image.pulled, image.media_type),
                (None, None, None)
            );
        }
        let digest = format!("sha256:{hex}");
        let path = format!("v2/app/manifests/{digest}");
        assert!(
            component(&digest, &path)
                .image(times)
                .unwrap()
                .tags
                .is_empty()
        );
        assert_eq!(component("v1", "v2/app/manifests/v2").image(times), None);
        let bare = r#"{"id":"x","repository":"r","name":"app","version":null,"assets":null}"#;
        let bare: Component = serde_json::from_str(bare).unwrap();
        assert_eq!(bare.image(times), None);
    }
}
