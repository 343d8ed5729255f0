//! What Docker Hub's API answers with, and what it means.
//!
//! Source: docker/docs, `content/reference/api/hub/latest.yaml`; of `digest` and `media_type` of a
//! tag, the service's own answers.

use crate::inventory::time::Times;
use crate::inventory::{Image, Lock, Tagged};
use crate::oci::reference::Tag;
use crate::oci::{Digest, MediaType, Platform};
use jiff::Timestamp;
use oci_spec::image::{Arch, Os, PlatformBuilder};
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

/// A repository has no more rules.
const MOST: usize = 64;

/// A page of any list.
#[derive(Deserialize)]
pub(super) struct Listed<T> {
    pub(super) next: Option<String>,
    #[serde(default = "Vec::new")]
    pub(super) results: Vec<T>,
}

/// A tag, with the image that it points to.
#[derive(Deserialize)]
pub(super) struct ListedTag {
    pub(super) name: String,
    digest: Option<String>,
    media_type: Option<String>,
    full_size: Option<u64>,
    last_updated: Option<String>,
    tag_last_pushed: Option<String>,
    tag_last_pulled: Option<String>,
    images: Option<Vec<ListedImage>>,
}

/// A manifest for one platform.
#[derive(Deserialize)]
struct ListedImage {
    architecture: Option<String>,
    variant: Option<String>,
    os: Option<String>,
    digest: Option<String>,
    last_pushed: Option<String>,
    last_pulled: Option<String>,
}

/// A repository.
#[derive(Deserialize)]
pub(super) struct ListedRepository {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
}

/// A repository by itself.
#[derive(Deserialize)]
pub(super) struct Described {
    immutable_tags_settings: Option<ImmutableTags>,
}

#[derive(Deserialize)]
struct ImmutableTags {
    #[serde(default)]
    enabled: bool,
    rules: Option<Vec<String>>,
}

/// A repository that a search found.
#[derive(Deserialize)]
pub(super) struct Hit {
    pub(super) repo_name: String,
    pub(super) short_description: Option<String>,
    pub(super) star_count: Option<u64>,
    #[serde(default)]
    pub(super) is_official: bool,
}

/// Which tags a repository calls immutable.
#[derive(Default)]
pub(super) struct Rules {
    all: bool,
    some: Vec<Regex>,
}

impl Rules {
    /// The rules of a repository. One that cannot be read says nothing: Hub itself refuses what it
    /// protects.
    pub(super) fn of(described: Described) -> Self {
        let settings = described.immutable_tags_settings;
        let Some(settings) = settings.filter(|settings| settings.enabled) else {
            return Self::default();
        };
        let rules = settings.rules.unwrap_or_default();
        let read = |rule: &String| RegexBuilder::new(rule).unicode(false).build().ok();
        Self {
            all: rules.is_empty(),
            some: rules.iter().take(MOST).filter_map(read).collect(),
        }
    }

    pub(super) fn lock(&self, tag: &str) -> Option<Lock> {
        let is_locked = self.all || self.some.iter().any(|rule| rule.is_match(tag.as_bytes()));
        is_locked.then_some(Lock::Immutable)
    }
}

impl ListedTag {
    /// The digest of what it points to, where the list has it.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.digest.as_deref()?.parse().ok()
    }

    /// The image that it points to, with this tag alone.
    pub(super) fn image(self, tag: Tag, digest: Digest, times: &Times, rules: &Rules) -> Image {
        let parts = self.images.unwrap_or_default();
        let latest = |time: fn(&ListedImage) -> Option<&str>| -> Option<Timestamp> {
            parts.iter().filter_map(|part| times.read(time(part))).max()
        };
        let own = times.read(self.tag_last_pushed.as_deref());
        let digests = parts.iter().filter_map(|part| part.digest.as_deref());
        let digests = digests.filter_map(|part| part.parse().ok());
        Image {
            media_type: self.media_type.as_deref().map(MediaType::from),
            size: self.full_size.filter(|size| *size > 0),
            platforms: parts.iter().filter_map(ListedImage::platform).collect(),
            pushed: latest(|part| part.last_pushed.as_deref()).or(own),
            updated: times.read(self.last_updated.as_deref()),
            pulled: latest(|part| part.last_pulled.as_deref()),
            parts: digests.filter(|part| *part != digest).collect(),
            tags: vec![Tagged {
                lock: rules.lock(tag.as_str()),
                pushed: own,
                pulled: times.read(self.tag_last_pulled.as_deref()),
                tag,
            }],
            ..Image::new(digest)
        }
    }
}

impl ListedImage {
    /// What it runs on; nothing, for an attestation.
    fn platform(&self) -> Option<Platform> {
        let known = |text: &Option<String>| {
            let text = text.clone().filter(|text| !text.is_empty());
            text.filter(|text| text != "unknown")
        };
        let (os, architecture) = (known(&self.os)?, known(&self.architecture)?);
        let platform = PlatformBuilder::default()
            .os(Os::from(os.as_str()))
            .architecture(Arch::from(architecture.as_str()));
        match known(&self.variant) {
            Some(variant) => platform.variant(variant).build().ok(),
            None => platform.build().ok(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules(settings: &serde_json::Value) -> Rules {
        let described = json!({"immutable_tags_settings": settings});
        Rules::of(serde_json::from_value(described).unwrap())
    }

    #[test]
    fn immutable_tags_are_those_that_a_rule_matches() {
        let locked = |settings: serde_json::Value, tag: &str| rules(&settings).lock(tag).is_some();
        let some = json!({"enabled": true, "rules": ["v.*", "*"]});
        assert!(locked(some.clone(), "v1"));
        assert!(!locked(some, "latest"));
        assert!(locked(json!({"enabled": true, "rules": []}), "latest"));
        assert!(locked(json!({"enabled": true}), "latest"));
        assert!(!locked(json!({"enabled": false, "rules": ["v.*"]}), "v1"));
        assert!(!locked(json!(null), "v1"));
    }

    /// As the service lists an image with an attestation, and one from before there were digests.
    #[test]
    fn an_index_is_told_from_what_it_consists_of() {
        let index = format!("sha256:{}", "1".repeat(64));
        let part = |number: u8, os: &str| {
            let digest = format!("sha256:{}", number.to_string().repeat(64));
            json!({"os": os, "architecture": if os == "linux" { "arm64" } else { os },
                "variant": "", "digest": digest, "size": 5, "status": "active",
                "last_pushed": format!("2026-01-0{number}T00:00:00Z"), "last_pulled": null})
        };
        let listed = json!({"name": "v1", "digest": index, "full_size": 10,
            "tag_last_pushed": "2026-01-09T00:00:00Z", "tag_last_pulled": "0001-01-01T00:00:00Z",
            "images": [part(2, "linux"), part(3, "unknown")]});
        let listed: ListedTag = serde_json::from_value(listed).unwrap();
        let times = Times::at("2026-11-22T00:00:00Z".parse().unwrap());
        let digest = listed.digest().unwrap();
        let image = listed.image("v1".parse().unwrap(), digest, &times, &Rules::default());
        assert_eq!(image.digest.to_string(), index);
        assert_eq!(image.parts.len(), 2);
        let platforms: Vec<String> = image
            .platforms
            .iter()
            .map(crate::oci::platform::name)
            .collect();
        assert_eq!(platforms, ["linux/arm64"]);
        let told = |time: Option<Timestamp>| time.map(|time| time.to_string());
        assert_eq!(told(image.pushed).as_deref(), Some("2026-01-03T00:00:00Z"));
        assert_eq!(
            told(image.tags[0].pushed).as_deref(),
            Some("2026-01-09T00:00:00Z")
        );
        assert_eq!(image.tags[0].pulled, None);

        let old = json!({"name": "old", "digest": "", "full_size": 0, "images": null});
        let old: ListedTag = serde_json::from_value(old).unwrap();
        assert_eq!(old.digest(), None);
    }
}
