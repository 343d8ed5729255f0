//! What a manifest refers to. The client reads manifests with a parser of its own, so that a
//! misunderstanding in one of them shows against the other.
//!
//! Source: OCI image-spec 1.1, `manifest.md` and `image-index.md`; Docker image manifest V2, schema 2.

use crate::oci::Digest;
use crate::server::{grammar, json};
use serde_json::Value;

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The media type of an index, which is what a list of referrers is too.
pub(super) const INDEX: &str = OCI_INDEX;

/// What a manifest refers to, and what a list of referrers says about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct References {
    /// What must be there before the manifest is.
    pub(super) blobs: Vec<Digest>,
    pub(super) manifests: Vec<Digest>,
    /// What it is attached to. That need not be there.
    pub(super) subject: Option<Digest>,
    pub(super) artifact_type: Option<String>,
    pub(super) annotations: Option<Value>,
}

/// Reads a manifest of the given media type. The error says what is wrong with it.
pub(super) fn parse(bytes: &[u8], media_type: &str) -> Result<References, String> {
    let is_index = match media_type {
        OCI_INDEX | DOCKER_LIST => true,
        OCI_MANIFEST | DOCKER_MANIFEST => false,
        other => return Err(format!("`{other}` is not the media type of a manifest")),
    };
    let body = json::parse(bytes).map_err(|error| error.to_string())?;
    check_head(&body, media_type)?;
    let mut references = References {
        subject: optional(&body, "subject")?.map(digest_of).transpose()?,
        artifact_type: text(&body, "artifactType")?,
        annotations: optional(&body, "annotations")?.cloned(),
        ..References::default()
    };
    if is_index {
        read_index(&body, &mut references)?;
    } else {
        read_image(&body, &mut references)?;
    }
    Ok(references)
}

fn check_head(body: &Value, media_type: &str) -> Result<(), String> {
    if !body.is_object() {
        return Err("the manifest is not an object".to_owned());
    }
    if body.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
        return Err("`schemaVersion` is not 2".to_owned());
    }
    match text(body, "mediaType")? {
        Some(own) if own != media_type => Err(format!(
            "`mediaType` is `{own}`, the Content-Type `{media_type}`"
        )),
        _ => Ok(()),
    }
}

fn read_index(body: &Value, references: &mut References) -> Result<(), String> {
    refuse(body, &["config", "layers", "fsLayers"])?;
    for child in list(body, "manifests")? {
        let digest = digest_of(child)?;
        if is_manifest(&media_type_of(child)?) {
            references.manifests.push(digest);
        } else {
            references.blobs.push(digest);
        }
    }
    Ok(())
}

fn read_image(body: &Value, references: &mut References) -> Result<(), String> {
    refuse(body, &["manifests", "fsLayers"])?;
    let config = optional(body, "config")?.ok_or("there is no `config`")?;
    references.blobs.push(digest_of(config)?);
    let config_type = media_type_of(config)?;
    references.artifact_type.get_or_insert(config_type);
    for layer in list(body, "layers")? {
        let digest = digest_of(layer)?;
        if !is_foreign(&media_type_of(layer)?) {
            references.blobs.push(digest);
        }
    }
    Ok(())
}

/// A manifest that could be read as an image and as an index is neither (CVE-2021-41190).
fn refuse(body: &Value, names: &[&str]) -> Result<(), String> {
    match names.iter().find(|name| body.get(**name).is_some()) {
        Some(name) => Err(format!("`{name}` does not belong into this media type")),
        None => Ok(()),
    }
}

fn list<'a>(body: &'a Value, name: &str) -> Result<&'a [Value], String> {
    let items = body.get(name).and_then(Value::as_array);
    items
        .map(Vec::as_slice)
        .ok_or_else(|| format!("`{name}` is not a list"))
}

/// An object that may be missing or null.
fn optional<'a>(body: &'a Value, name: &str) -> Result<Option<&'a Value>, String> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) if value.is_object() => Ok(Some(value)),
        Some(_) => Err(format!("`{name}` is not an object")),
    }
}

fn text(body: &Value, name: &str) -> Result<Option<String>, String> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(format!("`{name}` is not a string")),
    }
}

fn media_type_of(descriptor: &Value) -> Result<String, String> {
    text(descriptor, "mediaType")?.ok_or_else(|| "a descriptor has no `mediaType`".to_owned())
}

fn digest_of(descriptor: &Value) -> Result<Digest, String> {
    if descriptor.get("size").and_then(Value::as_u64).is_none() {
        return Err("a descriptor's `size` is not a number of bytes".to_owned());
    }
    let digest = text(descriptor, "digest")?.and_then(|digest| grammar::digest(&digest));
    digest.ok_or_else(|| "a descriptor's `digest` cannot be verified".to_owned())
}

fn is_manifest(media_type: &str) -> bool {
    matches!(
        media_type,
        OCI_MANIFEST | OCI_INDEX | DOCKER_MANIFEST | DOCKER_LIST
    )
}

/// A layer that is not pushed but fetched from elsewhere.
fn is_foreign(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.oci.image.layer.nondistributable.")
        || media_type.starts_with("application/vnd.docker.image.rootfs.foreign.")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn descriptor(media_type: &str, fill: &str) -> Value {
        json!({"mediaType": media_type, "digest": format!("sha256:{}", fill.repeat(64)), "size": 3})
    }

    fn digest(fill: &str) -> Digest {
        format!("sha256:{}", fill.repeat(64)).parse().unwrap()
    }

    fn image() -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", "c"),
            "layers": [
                descriptor("application/vnd.oci.image.layer.v1.tar+gzip", "1"),
                descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar", "2"),
            ],
            "subject": descriptor(OCI_MANIFEST, "5"),
        })
    }

    #[test]
    fn an_image_needs_its_config_and_its_layers_but_foreign_ones() {
        let references = parse(image().to_string().as_bytes(), OCI_MANIFEST).unwrap();
        assert_eq!(references.blobs, [digest("c"), digest("1")]);
        assert_eq!(references.subject, Some(digest("5")));
        let artifact_type = references.artifact_type.unwrap();
        assert_eq!(artifact_type, "application/vnd.oci.image.config.v1+json");
    }

    #[test]
    fn an_index_needs_its_manifests_and_whatever_else_it_lists() {
        let index = json!({
            "schemaVersion": 2,
            "manifests": [descriptor(OCI_MANIFEST, "a"), descriptor("application/x-cache", "b")],
        });
        let references = parse(index.to_string().as_bytes(), OCI_INDEX).unwrap();
        assert_eq!(references.manifests, [digest("a")]);
        assert_eq!(references.blobs, [digest("b")]);
        assert_eq!(references.artifact_type, None);
    }

    #[test]
    fn what_is_not_a_manifest_is_refused() {
        let with = |name: &str, value: Value| {
            let mut body = image();
            body[name] = value;
            body.to_string()
        };
        let cases = [
            (with("schemaVersion", json!(1)), OCI_MANIFEST),
            (with("mediaType", json!(OCI_INDEX)), OCI_MANIFEST),
            (with("manifests", json!([])), OCI_MANIFEST),
            (with("config", json!(null)), OCI_MANIFEST),
            (with("layers", json!({})), OCI_MANIFEST),
            (
                with(
                    "layers",
                    json!([{"mediaType": "x", "size": 1, "digest": "sha256:x"}]),
                ),
                OCI_MANIFEST,
            ),
            (with("subject", json!("x")), OCI_MANIFEST),
            (
                with(
                    "config",
                    json!({"mediaType": "x", "size": -1, "digest": digest("a")}),
                ),
                OCI_MANIFEST,
            ),
            (
                with(
                    "config",
                    json!({"mediaType": "x", "size": "1", "digest": digest("a")}),
                ),
                OCI_MANIFEST,
            ),
            (image().to_string(), OCI_INDEX),
            (image().to_string(), "application/json"),
            ("[]".to_owned(), OCI_MANIFEST),
            ("{".to_owned(), OCI_MANIFEST),
            (
                image()
                    .to_string()
                    .replacen('{', r#"{"schemaVersion":2,"#, 1),
                OCI_MANIFEST,
            ),
        ];
        for (body, media_type) in cases {
            assert!(
                parse(body.as_bytes(), media_type).is_err(),
                "{media_type}: {body}"
            );
        }
    }
}
