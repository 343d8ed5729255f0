//! `index.json`: what a layout lists, and under which tags.
//!
//! It is the one document that is written anew. Entries, fields and annotations that are unknown
//! here stay as they are, in their order.
//!
//! Source: image-spec 1.1, "Image Layout", "index.json file" and "Pre-Defined Annotation Keys".

use crate::oci::manifest::{Manifest, ManifestError};
use crate::oci::reference::{Tag, Target};
use crate::oci::{Descriptor, Digest};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The annotation that holds an entry's tag.
const NAME: &str = "org.opencontainers.image.ref.name";
const MEDIA_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// Two entries that have one tag and are not the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its `index.json` lists both {first} and {second} under this tag")]
pub(super) struct Ambiguous {
    first: Digest,
    second: Digest,
}

/// What a layout lists.
#[derive(Debug, Clone)]
pub(super) struct Index {
    /// The same as `document`, checked.
    listed: Manifest,
    document: Map<String, Value>,
}

impl Index {
    /// The index of a layout that holds nothing.
    pub(super) fn empty() -> Result<Self, ManifestError> {
        let document = json!({"schemaVersion": 2, "mediaType": MEDIA_TYPE, "manifests": []});
        Self::parse(Bytes::from(document.to_string()))
    }

    /// Reads an index.
    pub(super) fn parse(bytes: Bytes) -> Result<Self, ManifestError> {
        let listed = Manifest::parse(bytes, Some(MEDIA_TYPE))?;
        // It was read already, so that it is an object.
        let document = serde_json::from_slice(listed.bytes()).unwrap_or_default();
        Ok(Self { listed, document })
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &Bytes {
        self.listed.bytes()
    }

    /// Everything that is listed, in its order.
    pub(super) fn entries(&self) -> &[Descriptor] {
        self.listed.manifests()
    }

    /// The tags, each once, in the order of the entries. Names that are no tags are left out.
    pub(super) fn tags(&self) -> Vec<Tag> {
        let mut seen = std::collections::HashSet::new();
        let names = self.entries().iter().filter_map(name);
        let tags = names.filter_map(|name| name.parse().ok());
        tags.filter(|tag: &Tag| seen.insert(tag.clone())).collect()
    }

    /// What a tag names.
    pub(super) fn tagged(&self, tag: &Tag) -> Result<Option<&Descriptor>, Ambiguous> {
        let named = |entry: &&Descriptor| name(entry) == Some(tag.as_str());
        let mut entries = self.entries().iter().filter(named);
        let Some(first) = entries.next() else {
            return Ok(None);
        };
        match entries.find(|entry| entry.digest() != first.digest()) {
            None => Ok(Some(first)),
            Some(second) => Err(Ambiguous {
                first: first.digest().clone(),
                second: second.digest().clone(),
            }),
        }
    }

    /// Whether something is listed under this digest, with or without a tag.
    pub(super) fn lists(&self, digest: &Digest) -> bool {
        self.entries().iter().any(|entry| entry.digest() == digest)
    }

    /// Lets a tag name this, in the place of what it named. `None`: it does already.
    pub(super) fn with_tag(
        &self,
        tag: &Tag,
        manifest: &Descriptor,
    ) -> Result<Option<Self>, ManifestError> {
        if let Ok(Some(there)) = self.tagged(tag)
            && there.digest() == manifest.digest()
        {
            return Ok(None);
        }
        let mut entry = entry(manifest);
        entry["annotations"] = json!({NAME: tag.as_str()});
        let mut entries = self.raw_entries();
        let is_old = |entry: &Value| is_named(entry, tag);
        match entries.iter().position(is_old) {
            Some(place) => {
                entries[place] = entry;
                let mut seen = 0..;
                entries.retain(|entry| !is_old(entry) || seen.next() == Some(0));
            }
            None => entries.push(entry),
        }
        self.with_entries(entries).map(Some)
    }

    /// Lists this without a tag. `None`: it is listed already.
    pub(super) fn with_untagged(
        &self,
        manifest: &Descriptor,
    ) -> Result<Option<Self>, ManifestError> {
        if self.lists(manifest.digest()) {
            return Ok(None);
        }
        let mut entries = self.raw_entries();
        entries.push(entry(manifest));
        self.with_entries(entries).map(Some)
    }

    /// Leaves out the entries under a tag, or all with a digest. `None`: there are none.
    pub(super) fn without(&self, target: &Target) -> Result<Option<Self>, ManifestError> {
        let mut entries = self.raw_entries();
        let before = entries.len();
        entries.retain(|entry| match target {
            Target::Tag(tag) => !is_named(entry, tag),
            Target::Digest(digest) => entry["digest"].as_str() != Some(digest.as_ref()),
        });
        if entries.len() == before {
            return Ok(None);
        }
        self.with_entries(entries).map(Some)
    }

    fn raw_entries(&self) -> Vec<Value> {
        let entries = self.document.get("manifests").and_then(Value::as_array);
        entries.cloned().unwrap_or_default()
    }

    fn with_entries(&self, entries: Vec<Value>) -> Result<Self, ManifestError> {
        let mut document = self.document.clone();
        document.insert("manifests".to_owned(), Value::Array(entries));
        Self::parse(Bytes::from(Value::Object(document).to_string()))
    }
}

fn name(entry: &Descriptor) -> Option<&str> {
    let annotations = entry.annotations().as_ref()?;
    annotations.get(NAME).map(String::as_str)
}

fn is_named(entry: &Value, tag: &Tag) -> bool {
    entry["annotations"][NAME].as_str() == Some(tag.as_str())
}

fn entry(manifest: &Descriptor) -> Value {
    json!({
        "mediaType": manifest.media_type().as_ref(),
        "digest": manifest.digest().as_ref(),
        "size": manifest.size(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oci::MediaType;
    use proptest::prelude::*;

    fn digest(number: u8) -> Digest {
        format!("sha256:{number:064x}").parse().unwrap()
    }

    fn manifest(number: u8) -> Descriptor {
        Descriptor::new(MediaType::ImageManifest, 7, digest(number))
    }

    fn tag(text: &str) -> Tag {
        text.parse().unwrap()
    }

    fn read(document: &Value) -> Index {
        Index::parse(Bytes::from(document.to_string())).unwrap()
    }

    fn listed(number: u8, name: &str) -> Value {
        let mut listed = entry(&manifest(number));
        listed["annotations"] = json!({NAME: name});
        listed
    }

    fn written(index: &Index) -> Value {
        serde_json::from_slice(index.bytes()).unwrap()
    }

    #[test]
    fn a_tag_that_moves_stays_in_its_place_and_all_else_is_kept() {
        let foreign =
            json!({"mediaType": "application/xml", "digest": digest(9), "size": 1, "x": [1.0]});
        let old = json!({
            "manifests": [foreign, listed(1, "v1"), listed(2, "docker.io/library/x:v1")],
            "schemaVersion": 2, "annotations": {"a": "b"}, "unknown": {"c": null},
        });
        let new = read(&old)
            .with_tag(&tag("v1"), &manifest(3))
            .unwrap()
            .unwrap();
        let mut expected = old.clone();
        expected["manifests"][1] = listed(3, "v1");
        assert_eq!(new.bytes(), &expected.to_string());
        assert_eq!(new.tags(), [tag("v1")]);
        assert!(!new.lists(&digest(1)));
        let gone = new.without(&Target::Tag(tag("v1"))).unwrap().unwrap();
        assert_eq!(
            written(&gone)["manifests"],
            json!([foreign, listed(2, "docker.io/library/x:v1")])
        );
    }

    #[test]
    fn what_is_so_already_is_not_written() {
        let index = read(&json!({"schemaVersion": 2, "manifests": [listed(1, "v1")]}));
        assert!(index.with_tag(&tag("v1"), &manifest(1)).unwrap().is_none());
        assert!(index.with_untagged(&manifest(1)).unwrap().is_none());
        assert!(index.without(&tag("v2").into()).unwrap().is_none());
        assert!(index.without(&Target::Digest(digest(2))).unwrap().is_none());
    }

    #[test]
    fn a_digest_goes_with_all_its_tags() {
        let index = read(&json!({"schemaVersion": 2, "manifests": [
            listed(1, "v1"), listed(2, "v2"), listed(1, "latest"), entry(&manifest(1)),
        ]}));
        let gone = index.without(&Target::Digest(digest(1))).unwrap().unwrap();
        assert_eq!(written(&gone)["manifests"], json!([listed(2, "v2")]));
    }

    #[test]
    fn two_entries_of_one_tag_must_agree_and_become_one_when_it_moves() {
        let same =
            read(&json!({"schemaVersion": 2, "manifests": [listed(1, "v1"), listed(1, "v1")]}));
        assert_eq!(
            same.tagged(&tag("v1")).unwrap().unwrap().digest(),
            &digest(1)
        );
        let differing =
            read(&json!({"schemaVersion": 2, "manifests": [listed(1, "v1"), listed(2, "v1")]}));
        assert!(differing.tagged(&tag("v1")).is_err());
        assert_eq!(differing.tags(), [tag("v1")]);
        let moved = differing
            .with_tag(&tag("v1"), &manifest(2))
            .unwrap()
            .unwrap();
        assert_eq!(written(&moved)["manifests"], json!([listed(2, "v1")]));
    }

    #[test]
    fn names_that_are_no_tags_are_not_listed() {
        let names = [
            "v1",
            "docker.io/library/x:v1",
            "\u{1b}[2J",
            "../v1",
            "",
            "v1",
        ];
        let entries: Vec<Value> = (0..).zip(names).map(|(n, name)| listed(n, name)).collect();
        let index = read(&json!({"schemaVersion": 2, "manifests": entries}));
        assert_eq!(index.tags(), [tag("v1")]);
    }

    proptest! {
        #[test]
        fn tags_are_what_was_last_said(changes in prop::collection::vec((0..4u8, prop::option::of(0..4u8)), 0..24)) {
            let mut index = Index::empty().unwrap();
            let mut expected = std::collections::BTreeMap::new();
            for (name, digest) in changes {
                let tag = tag(&format!("v{name}"));
                let changed = if let Some(digest) = digest {
                    expected.insert(tag.clone(), manifest(digest));
                    index.with_tag(&tag, &manifest(digest)).unwrap()
                } else {
                    expected.remove(&tag);
                    index.without(&tag.into()).unwrap()
                };
                index = changed.unwrap_or(index);
            }
            prop_assert_eq!(index.entries().len(), expected.len());
            for (tag, manifest) in expected {
                prop_assert_eq!(index.tagged(&tag).unwrap().unwrap().digest(), manifest.digest());
            }
        }
    }
}
