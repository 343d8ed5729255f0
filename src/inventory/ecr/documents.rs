//! What ECR's API says, and what it means.

use crate::inventory::time::Times;
use crate::inventory::{Image, Lock, Tagged};
use crate::oci::config::is_config_type;
use crate::oci::reference::Tag;
use crate::oci::{Digest, MediaType};
use serde::{Deserialize, Serialize};

/// `DescribeImages`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Images {
    #[serde(default)]
    pub(super) image_details: Vec<Described>,
    pub(super) next_token: Option<String>,
}

/// An image, or what else is under a digest: parts of images and what is attached to them too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Described {
    image_digest: Digest,
    image_tags: Option<Vec<String>>,
    image_size_in_bytes: Option<u64>,
    /// Seconds since 1970, with a fraction.
    image_pushed_at: Option<f64>,
    image_manifest_media_type: Option<String>,
    artifact_media_type: Option<String>,
    last_recorded_pull_time: Option<f64>,
    subject_manifest_digest: Option<String>,
}

impl Described {
    /// Whether it is what is under this digest.
    pub(super) fn is(&self, digest: &Digest) -> bool {
        self.image_digest == *digest
    }

    /// Whether it has tags that nobody can write: ECR's may be longer than the specification's.
    pub(super) fn unwritable(&self) -> Option<&str> {
        let mut tags = self.image_tags.iter().flatten();
        let tag = tags.find(|tag| tag.parse::<Tag>().is_err())?;
        Some(tag)
    }

    /// The image. `None`: it cannot be listed by any of its tags, and is not one without any.
    pub(super) fn image(self, times: &Times, mutability: Option<&Mutability>) -> Option<Image> {
        let is_unwritable = self.unwritable().is_some();
        let tags = self.image_tags.unwrap_or_default().into_iter();
        let tags = tags.filter_map(|tag| tag.parse::<Tag>().ok());
        let tags = tags.map(|tag| Tagged {
            lock: mutability.and_then(|mutability| mutability.lock(tag.as_str())),
            ..Tagged::new(tag)
        });
        let tags: Vec<Tagged> = tags.collect();
        if tags.is_empty() && is_unwritable {
            return None;
        }
        let manifest = self.image_manifest_media_type;
        Some(Image {
            tags,
            media_type: manifest.as_deref().map(MediaType::from),
            artifact_type: self
                .artifact_media_type
                .filter(|kind| !is_config_type(kind) && manifest.as_ref() != Some(kind)),
            size: self.image_size_in_bytes.filter(|size| *size > 0),
            pushed: times.seconds(self.image_pushed_at),
            pulled: times.seconds(self.last_recorded_pull_time),
            subject: self.subject_manifest_digest.and_then(|d| d.parse().ok()),
            ..Image::new(self.image_digest)
        })
    }
}

/// `DescribeRepositories`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Repositories {
    #[serde(default)]
    pub(super) repositories: Vec<Repository>,
    pub(super) next_token: Option<String>,
}

/// A repository.
#[derive(Deserialize)]
pub(super) struct Repository {
    #[serde(rename = "repositoryName")]
    pub(super) name: String,
    /// The host, and what follows it in references.
    #[serde(rename = "repositoryUri")]
    pub(super) uri: Option<String>,
    #[serde(flatten)]
    pub(super) mutability: Mutability,
}

/// Which tags of a repository may move.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mutability {
    image_tag_mutability: Option<String>,
    image_tag_mutability_exclusion_filters: Option<Vec<Exclusion>>,
}

/// Tags that are the other way than the rest.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Exclusion {
    filter: String,
}

impl Mutability {
    /// What keeps a tag where it is.
    pub(super) fn lock(&self, tag: &str) -> Option<Lock> {
        let filters = self.image_tag_mutability_exclusion_filters.iter().flatten();
        let mut filters = filters.map(|exclusion| exclusion.filter.as_str());
        let mut is_excluded = || filters.any(|filter| matches(filter, tag));
        let is_immutable = match self.image_tag_mutability.as_deref() {
            Some("IMMUTABLE") => true,
            Some("IMMUTABLE_WITH_EXCLUSION") => !is_excluded(),
            Some("MUTABLE_WITH_EXCLUSION") => is_excluded(),
            _ => false,
        };
        is_immutable.then_some(Lock::Immutable)
    }
}

/// Whether a filter, in which `*` is any text, is one of this tag.
fn matches(filter: &str, tag: &str) -> bool {
    let mut parts = filter.split('*');
    let Some(mut rest) = tag.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// `DescribeRegistries`: the public registries of whoever asks.
#[derive(Deserialize)]
pub(super) struct Registries {
    #[serde(default)]
    registries: Vec<Registry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registry {
    registry_id: String,
    #[serde(default)]
    aliases: Vec<Alias>,
}

#[derive(Deserialize)]
struct Alias {
    name: String,
    status: Option<String>,
}

impl Registries {
    /// The account that an alias is of.
    pub(super) fn owner_of(self, alias: &str) -> Option<String> {
        let is = |own: &Alias| own.name == alias && own.status.as_deref() == Some("ACTIVE");
        let mut all = self.registries.into_iter();
        let own = all.find(|registry| registry.aliases.iter().any(is));
        own.map(|registry| registry.registry_id)
    }
}

/// What an image is called: one of the two, in questions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Name {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image_digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image_tag: Option<String>,
}

impl Name {
    pub(super) fn tag(tag: &Tag) -> Self {
        Self {
            image_tag: Some(tag.to_string()),
            image_digest: None,
        }
    }

    pub(super) fn digest(digest: &Digest) -> Self {
        Self {
            image_digest: Some(digest.to_string()),
            image_tag: None,
        }
    }

    /// Whether `answered` is about what is called by this.
    fn is_of(&self, answered: &Self) -> bool {
        match &self.image_tag {
            Some(_) => self.image_tag == answered.image_tag,
            None => self.image_digest == answered.image_digest,
        }
    }
}

/// `BatchDeleteImage`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Removed {
    #[serde(default)]
    image_ids: Vec<Name>,
    #[serde(default)]
    failures: Vec<Failure>,
}

/// What was not removed, and why.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Failure {
    #[serde(default, rename = "imageId")]
    image: Name,
    #[serde(rename = "failureCode")]
    code: Option<String>,
    #[serde(rename = "failureReason")]
    reason: Option<String>,
}

impl Failure {
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// In the API's words.
    pub(super) fn words(&self) -> String {
        let code = self.code.as_deref().unwrap_or("a failure");
        match &self.reason {
            Some(reason) => format!("{code}: {reason}"),
            None => code.to_owned(),
        }
    }
}

impl Removed {
    /// Why `name`, which was one of `asked`, was not removed. A failure that is of nothing that was
    /// asked for is that of everything that is not said to be gone.
    pub(super) fn failure(&self, name: &Name, asked: &[Name]) -> Option<&Failure> {
        let own = self
            .failures
            .iter()
            .find(|failure| name.is_of(&failure.image));
        if own.is_some() || self.image_ids.iter().any(|gone| name.is_of(gone)) {
            return own;
        }
        let is_stray = |failure: &&Failure| !asked.iter().any(|name| name.is_of(&failure.image));
        self.failures.iter().find(is_stray)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn filters_say_which_tags_are_the_other_way() {
        let of = |text: &str| -> Mutability { serde_json::from_str(text).unwrap() };
        let with = |how: &str| {
            of(&format!(
                r#"{{"imageTagMutability":"{how}","imageTagMutabilityExclusionFilters":[{{"filterType":"WILDCARD","filter":"dev-*"}},{{"filterType":"WILDCARD","filter":"latest"}}]}}"#
            ))
        };
        for (mutability, tag, is_locked) in [
            (of("{}"), "v1", false),
            (of(r#"{"imageTagMutability":"MUTABLE"}"#), "v1", false),
            (of(r#"{"imageTagMutability":"IMMUTABLE"}"#), "v1", true),
            (with("IMMUTABLE"), "latest", true),
            (with("IMMUTABLE_WITH_EXCLUSION"), "v1", true),
            (with("IMMUTABLE_WITH_EXCLUSION"), "dev-1", false),
            (with("IMMUTABLE_WITH_EXCLUSION"), "latest", false),
            (with("IMMUTABLE_WITH_EXCLUSION"), "latest-2", true),
            (with("MUTABLE_WITH_EXCLUSION"), "v1", false),
            (with("MUTABLE_WITH_EXCLUSION"), "dev-1", true),
        ] {
            assert_eq!(mutability.lock(tag).is_some(), is_locked, "{tag}");
        }
    }

    #[test]
    fn a_star_is_any_text() {
        for (filter, tag, is) in [
            ("*", "", true),
            ("v*", "v", true),
            ("v*", "v1", true),
            ("*v", "1v", true),
            ("*v", "1v1", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "a-c", false),
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("v1", "v1", true),
            ("v1", "v11", false),
        ] {
            assert_eq!(matches(filter, tag), is, "{filter} {tag}");
        }
    }

    #[test]
    fn an_alias_is_somebody_s_once_it_is_active() {
        let of = |alias: &str| {
            let text = r#"{"registries":[{"registryId":"111111111111","aliases":[{"name":"a","status":"ACTIVE"},{"name":"b","status":"PENDING"}]}]}"#;
            let registries: Registries = serde_json::from_str(text).unwrap();
            registries.owner_of(alias)
        };
        assert_eq!(of("a").as_deref(), Some("111111111111"));
        assert_eq!(of("b"), None);
        assert_eq!(of("c"), None);
    }

    /// What has tags, if only such as nobody can write, is not one that nobody misses.
    #[test]
    fn an_image_with_tags_never_looks_like_one_without() {
        let times = Times::at("2026-11-22T00:00:00Z".parse().unwrap());
        let of = |tags: &[&str]| {
            let digest = crate::oci::digest::sha256(b"x");
            let text = serde_json::json!({"imageDigest": digest, "imageTags": tags});
            let described: Described = serde_json::from_value(text).unwrap();
            let image = described.image(&times, None);
            image.map(|image| image.tags.len())
        };
        let long = "x".repeat(200);
        assert_eq!(of(&[]), Some(0));
        assert_eq!(of(&["v1"]), Some(1));
        assert_eq!(of(&["v1", &long]), Some(1));
        assert_eq!(of(&[&long]), None);
    }

    #[test]
    fn each_item_has_its_own_failure() {
        let name = |tag: &str| Name::tag(&tag.parse().unwrap());
        let asked = [name("a"), name("b"), name("c")];
        let failed = |text: &str| {
            let removed: Removed = serde_json::from_str(text).unwrap();
            let failures = asked.iter().map(|name| removed.failure(name, &asked));
            let codes = failures.map(|failure| failure.map(Failure::words));
            codes.collect::<Vec<_>>()
        };
        let gone = Some("ImageNotFound".to_owned());
        assert_eq!(
            failed(
                r#"{"imageIds":[{"imageTag":"a","imageDigest":"x"}],"failures":[{"imageId":{"imageTag":"b"},"failureCode":"ImageNotFound"}]}"#
            ),
            [None, gone.clone(), None]
        );
        assert_eq!(
            failed(r#"{"imageIds":[],"failures":[]}"#),
            [None, None, None]
        );
        assert_eq!(
            failed(
                r#"{"imageIds":[{"imageTag":"a"}],"failures":[{"failureCode":"ImageNotFound"}]}"#
            ),
            [None, gone.clone(), gone]
        );
    }
}
