//! `index.json`: what a layout lists, and under which tags.
//!
//! It is the one document that is written anew. Entries, fields and annotations that are unknown
//! here stay as they are, in their order.
//!
//! Source: image-spec 1.1, "Image Layout", "index.json file" and "Pre-Defined Annotation Keys".

use crate::oci::manifest::{MAX_BYTES, Manifest, ManifestError, OCI_INDEX};
use crate::oci::reference::{Tag, Target};
use crate::oci::{Descriptor, Digest};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The annotation that holds an entry's tag.
const NAME: &str = "org.opencontainers.image.ref.name";
const ENTRIES: &str = "manifests";

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
    /// What is in `document`, one by one.
    entries: Vec<Descriptor>,
    document: Map<String, Value>,
}

impl Index {
    /// The index of a layout that holds nothing.
    pub(super) fn empty() -> Self {
        let document = [
            ("schemaVersion", json!(2)),
            ("mediaType", json!(OCI_INDEX)),
            (ENTRIES, json!([])),
        ];
        let document = document.map(|(name, value)| (name.to_owned(), value));
        Self {
            entries: Vec::new(),
            document: document.into_iter().collect(),
        }
    }

    /// Reads an index.
    pub(super) fn parse(bytes: Bytes) -> Result<Self, ManifestError> {
        let listed = Manifest::parse(bytes, Some(OCI_INDEX))?;
        Ok(Self {
            entries: listed.manifests().to_vec(),
            // It was read already, so that it is an object.
            document: serde_json::from_slice(listed.bytes()).unwrap_or_default(),
        })
    }

    /// Its bytes, as they are to be written. Every part of it was checked; only all together they
    /// may be more than is read again.
    pub(super) fn bytes(&self) -> Result<Bytes, ManifestError> {
        let bytes = serde_json::to_vec(&self.document).unwrap_or_default();
        if bytes.len() > MAX_BYTES {
            return Err(ManifestError::TooLarge(bytes.len()));
        }
        Ok(bytes.into())
    }

    /// Everything that is listed, in its order.
    pub(super) fn entries(&self) -> &[Descriptor] {
        &self.entries
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

    /// Lets a tag name this, in the place of all that it named. `false`: it does already.
    pub(super) fn set_tag(&mut self, tag: &Tag, manifest: &Descriptor) -> bool {
        if let Ok(Some(there)) = self.tagged(tag)
            && there.digest() == manifest.digest()
        {
            return false;
        }
        let mut new = plain(manifest);
        new.set_annotations(Some([(NAME.to_owned(), tag.to_string())].into()));
        let is_old = |entry: &Descriptor| name(entry) == Some(tag.as_str());
        let Some(place) = self.entries.iter().position(is_old) else {
            self.push(new);
            return true;
        };
        let mut entries = self.take_raw();
        entries[place] = raw(&new);
        self.entries[place] = new;
        let keep = |position: usize, entry: &Descriptor| position == place || !is_old(entry);
        self.put_raw(entries, keep);
        true
    }

    /// Lists this without a tag. `false`: it is listed already.
    pub(super) fn add_untagged(&mut self, manifest: &Descriptor) -> bool {
        if self.lists(manifest.digest()) {
            return false;
        }
        self.push(plain(manifest));
        true
    }

    /// Leaves out the entries under a tag, or all with a digest. `false`: there are none.
    pub(super) fn remove(&mut self, target: &Target) -> bool {
        let goes = |entry: &Descriptor| match target {
            Target::Tag(tag) => name(entry) == Some(tag.as_str()),
            Target::Digest(digest) => entry.digest() == digest,
        };
        if !self.entries.iter().any(goes) {
            return false;
        }
        let entries = self.take_raw();
        self.put_raw(entries, |_, entry| !goes(entry));
        true
    }

    fn push(&mut self, entry: Descriptor) {
        let mut entries = self.take_raw();
        entries.push(raw(&entry));
        self.entries.push(entry);
        self.put_raw(entries, |_, _| true);
    }

    /// The entries as they are written, which go back with [`Self::put_raw`].
    fn take_raw(&mut self) -> Vec<Value> {
        match self.document.get_mut(ENTRIES).map(Value::take) {
            Some(Value::Array(entries)) => entries,
            // Missing, or `null`: no other value is in an index that was read.
            _ => Vec::new(),
        }
    }

    /// Puts the entries back that are kept.
    fn put_raw(&mut self, mut raw: Vec<Value>, keep: impl Fn(usize, &Descriptor) -> bool) {
        let entries = self.entries.iter().enumerate();
        let kept: Vec<bool> = entries.map(|(n, entry)| keep(n, entry)).collect();
        let mut kept_raw = kept.iter();
        raw.retain(|_| kept_raw.next() == Some(&true));
        let mut kept = kept.iter();
        self.entries.retain(|_| kept.next() == Some(&true));
        self.document.insert(ENTRIES.to_owned(), Value::Array(raw));
    }
}

/// The name of an entry: a tag, or whatever else somebody called it.
pub(super) fn name(entry: &Descriptor) -> Option<&str> {
    let annotations = entry.annotations().as_ref()?;
    annotations.get(NAME).map(String::as_str)
}

fn plain(manifest: &Descriptor) -> Descriptor {
    let media_type = manifest.media_type().clone();
    Descriptor::new(media_type, manifest.size(), manifest.digest().clone())
}

fn raw(entry: &Descriptor) -> Value {
    let mut raw = json!({
        "mediaType": entry.media_type().as_ref(),
        "digest": entry.digest().as_ref(),
        "size": entry.size(),
    });
    if let Some(name) = name(entry) {
        raw["annotations"] = json!({NAME: name});
    }
    raw
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
        let mut listed = raw(&manifest(number));
        listed["annotations"] = json!({NAME: name});
        listed
    }

    /// What is written, which must be read as what it was written from.
    fn written(index: &Index) -> Value {
        let bytes = index.bytes().unwrap();
        assert_eq!(
            Index::parse(bytes.clone()).unwrap().entries(),
            index.entries()
        );
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn a_tag_that_moves_stays_in_its_place_and_all_else_is_kept() {
        let foreign =
            json!({"mediaType": "application/xml", "digest": digest(9), "size": 1, "x": [1.0]});
        let old = json!({
            "manifests": [foreign, listed(1, "v1"), listed(2, "docker.io/library/x:v1")],
            "schemaVersion": 2, "annotations": {"a": "b"}, "unknown": {"c": null},
        });
        let mut new = read(&old);
        assert!(new.set_tag(&tag("v1"), &manifest(3)));
        let mut expected = old.clone();
        expected["manifests"][1] = listed(3, "v1");
        assert_eq!(new.bytes().unwrap(), expected.to_string());
        assert_eq!(new.tags(), [tag("v1")]);
        assert!(!new.lists(&digest(1)));
        assert!(new.remove(&Target::Tag(tag("v1"))));
        assert_eq!(
            written(&new)["manifests"],
            json!([foreign, listed(2, "docker.io/library/x:v1")])
        );
    }

    #[test]
    fn what_is_so_already_is_not_written() {
        let mut index = read(&json!({"schemaVersion": 2, "manifests": [listed(1, "v1")]}));
        assert!(!index.set_tag(&tag("v1"), &manifest(1)));
        assert!(!index.add_untagged(&manifest(1)));
        assert!(!index.remove(&tag("v2").into()));
        assert!(!index.remove(&Target::Digest(digest(2))));
    }

    #[test]
    fn a_digest_goes_with_all_its_tags() {
        let mut index = read(&json!({"schemaVersion": 2, "manifests": [
            listed(1, "v1"), listed(2, "v2"), listed(1, "latest"), raw(&manifest(1)),
        ]}));
        assert!(index.remove(&Target::Digest(digest(1))));
        assert_eq!(written(&index)["manifests"], json!([listed(2, "v2")]));
    }

    #[test]
    fn two_entries_of_one_tag_must_agree_and_become_one_when_it_moves() {
        let same =
            read(&json!({"schemaVersion": 2, "manifests": [listed(1, "v1"), listed(1, "v1")]}));
        assert_eq!(
            same.tagged(&tag("v1")).unwrap().unwrap().digest(),
            &digest(1)
        );
        let mut differing =
            read(&json!({"schemaVersion": 2, "manifests": [listed(1, "v1"), listed(2, "v1")]}));
        assert!(differing.tagged(&tag("v1")).is_err());
        assert_eq!(differing.tags(), [tag("v1")]);
        assert!(differing.set_tag(&tag("v1"), &manifest(2)));
        assert_eq!(written(&differing)["manifests"], json!([listed(2, "v1")]));
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
            let mut index = Index::empty();
            let mut expected = std::collections::BTreeMap::new();
            for (name, digest) in changes {
                let tag = tag(&format!("v{name}"));
                if let Some(digest) = digest {
                    expected.insert(tag.clone(), manifest(digest));
                    index.set_tag(&tag, &manifest(digest));
                } else {
                    expected.remove(&tag);
                    index.remove(&tag.into());
                }
            }
            written(&index);
            prop_assert_eq!(index.entries().len(), expected.len());
            for (tag, manifest) in expected {
                prop_assert_eq!(index.tagged(&tag).unwrap().unwrap().digest(), manifest.digest());
            }
        }
    }
}
