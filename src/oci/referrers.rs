//! The tags under which attachments are found where a registry keeps no list of them, and the
//! index that stands for that list.
//!
//! Source: distribution-spec 1.1, "Referrers Tag Schema" and "Pushing Manifests with Subject";
//! cosign's `pkg/oci/remote` for its tags.

use super::manifest::{Manifest, ManifestError, OCI_INDEX};
use super::reference::Tag;
use super::{Descriptor, Digest, MediaType};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashSet};

/// A fallback tag has no more of a digest's algorithm and of its digits than this, in characters.
const ALGORITHM: usize = 32;
const DIGITS: usize = 64;
/// How cosign's tags end: signatures, attestations, bills of materials.
const COSIGN: [&str; 3] = ["sig", "att", "sbom"];

/// Why a list of referrers cannot be added to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// Under the tag is something else, which is not ours to replace.
    #[error("the tag for its referrers holds something else, of media type `{0}`")]
    NotIndex(String),
    /// What comes out cannot be an index, as it is too large.
    #[error("the list of its referrers cannot be extended")]
    Unfit(#[from] ManifestError),
}

/// The tag of the index that lists what is attached to `subject`.
pub fn fallback_tag(subject: &Digest) -> Tag {
    let algorithm = subject.algorithm().as_ref();
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let text = format!(
        "{}-{}",
        cut(algorithm, ALGORITHM),
        cut(subject.digest(), DIGITS)
    );
    // What a digest may have and a tag may not: `+` and `=`.
    let text = text.replace(['+', '='], "-");
    text.parse()
        .expect("a digest begins with a letter or digit, and has only those and `+._-=`")
}

/// The tags under which cosign keeps what it attaches to `subject`; none for a digest so long
/// that they would be no tags.
pub fn cosign_tags(subject: &Digest) -> Vec<Tag> {
    let stem = subject.as_ref().replacen(':', "-", 1);
    let tags = COSIGN.iter().map(|end| format!("{stem}.{end}"));
    tags.filter_map(|tag| tag.parse().ok()).collect()
}

/// What names `referrer` in a list of referrers: its descriptor with what it is, which for an image
/// without a type of its own is its config's media type, and with its annotations.
pub fn descriptor_of(referrer: &Manifest) -> Descriptor {
    let mut descriptor = referrer.descriptor().clone();
    let config = referrer.config().map(|config| config.media_type().as_ref());
    let artifact_type = referrer.artifact_type().or(config).map(MediaType::from);
    let annotations = referrer.annotations();
    let annotations = (!annotations.is_empty()).then(|| annotations.clone().into_iter().collect());
    descriptor
        .set_artifact_type(artifact_type)
        .set_annotations(annotations);
    descriptor
}

/// The index `old` with `add` at its end, leaving out what it lists already; `None` where that is
/// all of it. What is there stays as it is, whoever wrote it, in its order.
pub fn merged(old: Option<&Manifest>, add: &[Descriptor]) -> Result<Option<Manifest>, MergeError> {
    let mut listed: HashSet<&Digest> = HashSet::new();
    if let Some(old) = old {
        if !old.is_index() {
            return Err(MergeError::NotIndex(old.media_type().to_string()));
        }
        listed.extend(old.manifests().iter().map(Descriptor::digest));
    }
    let new: Vec<Value> = add
        .iter()
        .filter(|referrer| listed.insert(referrer.digest()))
        .map(entry)
        .collect();
    if new.is_empty() {
        return Ok(None);
    }
    let mut document = match old {
        Some(old) => fields(old)?,
        None => fresh(),
    };
    match document.get_mut("manifests") {
        Some(Value::Array(entries)) => entries.extend(new),
        // Missing, or `null`: no other value is in an index that was read.
        _ => {
            document.insert("manifests".to_owned(), Value::Array(new));
        }
    }
    let media_type = old.map_or(OCI_INDEX, |old| old.media_type().as_ref());
    let bytes = Bytes::from(Value::Object(document).to_string());
    Ok(Some(Manifest::parse(bytes, Some(media_type))?))
}

/// The fields of an index as they are written, also those that nobody here knows.
fn fields(index: &Manifest) -> Result<Map<String, Value>, MergeError> {
    let read = serde_json::from_slice(index.bytes());
    read.map_err(|_| MergeError::NotIndex(index.media_type().to_string()))
}

fn fresh() -> Map<String, Value> {
    let mut document = Map::new();
    document.insert("schemaVersion".to_owned(), 2.into());
    document.insert("mediaType".to_owned(), OCI_INDEX.into());
    document
}

/// What an index says of a referrer, the same bytes for the same referrer.
fn entry(referrer: &Descriptor) -> Value {
    let mut entry = json!({
        "mediaType": referrer.media_type().as_ref(),
        "digest": referrer.digest().as_ref(),
        "size": referrer.size(),
    });
    if let Some(artifact_type) = referrer.artifact_type() {
        entry["artifactType"] = artifact_type.as_ref().into();
    }
    if let Some(annotations) = referrer.annotations() {
        let sorted: BTreeMap<_, _> = annotations.iter().collect();
        entry["annotations"] = json!(sorted);
    }
    entry
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    fn digest(number: u32) -> Digest {
        format!("sha256:{number:064x}").parse().unwrap()
    }

    fn referrer(number: u32) -> Descriptor {
        let mut descriptor = Descriptor::new(MediaType::ImageManifest, 7, digest(number));
        descriptor.set_artifact_type(Some(MediaType::from("application/x-note")));
        descriptor
    }

    fn manifest(document: &Value) -> Manifest {
        Manifest::parse(document.to_string().into(), None).unwrap()
    }

    fn written(manifest: &Manifest) -> Value {
        serde_json::from_slice(manifest.bytes()).unwrap()
    }

    #[test]
    fn a_fallback_tag_is_the_digest_cut_to_what_a_tag_can_be() {
        let hex = "0123456789abcdef".repeat(8);
        for (digest, tag) in [
            (
                format!("sha256:{}", &hex[..64]),
                format!("sha256-{}", &hex[..64]),
            ),
            (format!("sha512:{hex}"), format!("sha512-{}", &hex[..64])),
            ("a+b.c_d:x=y_z".to_owned(), "a-b.c_d-x-y_z".to_owned()),
            (
                format!("{}:1", "a".repeat(40)),
                format!("{}-1", "a".repeat(32)),
            ),
        ] {
            let read: Digest = digest.parse().unwrap();
            assert_eq!(fallback_tag(&read).as_str(), tag, "{digest}");
        }
    }

    #[test]
    fn cosign_has_three_tags_for_what_it_can_name() {
        let digest = digest(1);
        let stem = fallback_tag(&digest).to_string();
        let tags = cosign_tags(&digest);
        let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
        let expected = ["sig", "att", "sbom"].map(|end| format!("{stem}.{end}"));
        assert_eq!(tags, expected);
        let long = format!("sha512:{}", "a".repeat(128)).parse().unwrap();
        assert_eq!(cosign_tags(&long), []);
    }

    #[test]
    fn a_referrer_is_what_it_says_or_what_its_config_is() {
        let config = json!({"mediaType": "application/x-config", "digest": digest(1), "size": 2});
        let image = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config,
            "layers": [], "annotations": {"b": "2", "a": "1"}});
        let of = |more: Value| {
            let mut document = image.clone();
            for (name, value) in more.as_object().unwrap() {
                document[name] = value.clone();
            }
            descriptor_of(&manifest(&document))
        };
        let kind =
            |descriptor: &Descriptor| descriptor.artifact_type().clone().unwrap().to_string();
        let plain = of(json!({}));
        assert_eq!(kind(&plain), "application/x-config");
        assert_eq!(plain.annotations().clone().unwrap()["b"], "2");
        assert_eq!(
            kind(&of(json!({"artifactType": "application/x-own"}))),
            "application/x-own"
        );
        // Registries and Go's readers take an empty one for none.
        assert_eq!(
            kind(&of(json!({"artifactType": ""}))),
            "application/x-config"
        );
        assert_eq!(of(json!({"annotations": {}})).annotations(), &None);
        let index = manifest(&json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}));
        assert_eq!(descriptor_of(&index).artifact_type(), &None);
    }

    #[test]
    fn the_first_referrer_makes_the_index() {
        let index = merged(None, &[referrer(1), referrer(1)]).unwrap().unwrap();
        let entry = json!({"mediaType": MANIFEST, "digest": digest(1), "size": 7,
            "artifactType": "application/x-note"});
        let expected = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]});
        assert_eq!(String::from_utf8_lossy(index.bytes()), expected.to_string());
        assert!(merged(None, &[]).unwrap().is_none());
    }

    #[test]
    fn what_is_no_index_is_not_replaced() {
        let config = json!({"mediaType": "application/x-config", "digest": digest(1), "size": 2});
        let image = manifest(
            &json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}),
        );
        let refused = merged(Some(&image), &[referrer(1)]).map(|_| ());
        assert_eq!(refused, Err(MergeError::NotIndex(MANIFEST.to_owned())));
    }

    #[test]
    fn an_index_that_would_be_too_large_is_refused() {
        let mut large = referrer(1);
        let text = "x".repeat(super::super::manifest::MAX_BYTES);
        large.set_annotations(Some([("a".to_owned(), text)].into()));
        let refused = merged(None, &[large]);
        assert!(matches!(
            refused,
            Err(MergeError::Unfit(ManifestError::TooLarge(_)))
        ));
    }

    #[test]
    fn an_index_without_entries_gets_some() {
        for text in [
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json"}"#,
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":null}"#,
        ] {
            let old = Manifest::parse(text.into(), None).unwrap();
            let index = merged(Some(&old), &[referrer(1)]).unwrap().unwrap();
            assert_eq!(index.manifests().len(), 1, "{text}");
        }
    }

    /// An index by somebody else, with fields of theirs.
    fn foreign() -> impl Strategy<Value = Value> {
        let entry = (0u32..12, any::<bool>()).prop_map(|(number, odd)| {
            let mut entry = json!({"size": 7, "digest": digest(number), "mediaType": MANIFEST});
            if odd {
                entry["x-theirs"] = json!({"z": [1.5, null], "a": number});
                entry["platform"] =
                    json!({"os": "linux", "architecture": "amd64", "os.version": "1"});
            }
            entry
        });
        let entries = prop::collection::vec(entry, 0..6);
        (entries, any::<bool>()).prop_map(|(entries, odd)| {
            let mut index =
                json!({"manifests": entries, "mediaType": OCI_INDEX, "schemaVersion": 2});
            if odd {
                index["x-theirs"] = json!({"b": 1, "a": 2});
                index["annotations"] = json!({"z": "1", "a": "2"});
            }
            index
        })
    }

    proptest! {
        #[test]
        fn nothing_is_lost_nothing_comes_twice_and_the_order_stays(
            old in foreign(), new in prop::collection::vec(0u32..12, 0..6),
        ) {
            let before = manifest(&old);
            let add: Vec<Descriptor> = new.iter().copied().map(referrer).collect();
            let Some(after) = merged(Some(&before), &add).unwrap() else {
                let known: HashSet<&Digest> = before.manifests().iter().map(Descriptor::digest).collect();
                prop_assert!(add.iter().all(|one| known.contains(one.digest())));
                return Ok(());
            };
            let mut kept = written(&after);
            let entries = kept["manifests"].as_array_mut().unwrap();
            let added = entries.split_off(before.manifests().len());
            // As text, so that the order of the fields counts too.
            prop_assert_eq!(kept.to_string(), old.to_string());
            let mut known: HashSet<Digest> =
                before.manifests().iter().map(|entry| entry.digest().clone()).collect();
            let expected: Vec<String> = add.iter().map(|one| one.digest().clone())
                .filter(|digest| known.insert(digest.clone())).map(|d| d.to_string()).collect();
            let added: Vec<&str> = added.iter().filter_map(|e| e["digest"].as_str()).collect();
            prop_assert_eq!(added, expected);
            prop_assert!(merged(Some(&after), &add).unwrap().is_none());
        }
    }
}
