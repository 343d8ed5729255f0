//! Manifests that servers send, case by case.

use super::{ACCEPT, Child, Manifest, ManifestError};
use crate::oci::digest;
use crate::oci::{Descriptor, MediaType};
use bytes::Bytes;

const OCI_INDEX: &str = ACCEPT[0];
const OCI_MANIFEST: &str = ACCEPT[1];
const DOCKER_LIST: &str = ACCEPT[2];
const DOCKER_MANIFEST: &str = ACCEPT[3];
pub(super) const EMPTY: &str =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(super) fn blob(media_type: &str, size: &str, more: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","digest":"{EMPTY}","size":{size}{more}}}"#)
}

/// An image manifest without layers, with more fields after its config.
pub(super) fn image(more: &str) -> String {
    let config = blob("application/vnd.oci.image.config.v1+json", "2", "");
    with_config(&format!("{config}{more}"))
}

pub(super) fn with_config(config: &str) -> String {
    format!(r#"{{"schemaVersion":2,"config":{config}}}"#)
}

pub(super) fn layer(size: &str, more: &str) -> String {
    let layer = blob("application/vnd.oci.image.layer.v1.tar", size, more);
    image(&format!(r#","layers":[{layer}]"#))
}

pub(super) fn index(more: &str) -> String {
    format!(r#"{{"schemaVersion":2,"manifests":[]{more}}}"#)
}

pub(super) fn read(body: impl Into<Bytes>) -> Result<Manifest, ManifestError> {
    Manifest::parse(body.into(), None)
}

pub(super) fn accepted(id: &str, body: impl Into<Bytes>) -> Manifest {
    match read(body) {
        Ok(manifest) => manifest,
        Err(error) => panic!("{id} is refused: {}", chain(&error)),
    }
}

/// The error and its causes, as they are printed one below the other.
fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(chain).unwrap_or_default();
    format!("{error}\n{source}")
}

pub(super) fn refused<T>(id: &str, result: Result<T, ManifestError>, reason: &str) {
    let Err(error) = result else {
        panic!("{id} is accepted");
    };
    let chain = chain(&error);
    assert!(chain.contains(reason), "{id}: {chain}");
}

#[test]
fn what_is_no_document_is_refused() {
    let utf16: Vec<u8> = image("")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let not_utf8 = [image("").as_bytes(), b"\xff"].concat();
    let nested = image(&format!(
        r#","x":{}{}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    ));
    #[rustfmt::skip]
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("MAN-01", vec![], "the document is empty"),
        ("MAN-02", b"null".to_vec(), "`the document` is not an object"),
        ("MAN-03", b"[]".to_vec(), "`the document` is not an object"),
        ("MAN-04", b"{}".to_vec(), "`schemaVersion` is not the number 2"),
        ("MAN-05", not_utf8, "the document is not UTF-8"),
        ("MAN-06", [b"\xef\xbb\xbf", image("").as_bytes()].concat(), "byte order mark"),
        ("MAN-07", utf16, "the document is not JSON"),
        ("MAN-08", image("").as_bytes()[..60].to_vec(), "the document is not JSON"),
        ("MAN-09", [image("").as_bytes(), b"{}"].concat(), "goes on after its end"),
        ("MAN-10", nested.into_bytes(), "nested deeper than 32 levels"),
        ("MAN-11", vec![b' '; super::MAX_BYTES + 1], "8388609 bytes, more than the 8388608"),
    ];
    for (id, body, reason) in cases {
        refused(id, read(body), reason);
    }
}

#[test]
fn a_document_of_two_kinds_is_refused() {
    let typed = |body: &str, media_type: &str| {
        body.replacen('{', &format!(r#"{{"mediaType":"{media_type}","#), 1)
    };
    let both = image(r#","layers":[],"manifests":[]"#);
    #[rustfmt::skip]
    let cases = [
        ("MAN-27a", both.clone(), "it has `config`, which an index cannot have"),
        ("MAN-27b", typed(&both, OCI_MANIFEST), "it has `manifests`, which an image manifest cannot"),
        ("MAN-27c", typed(&both, DOCKER_LIST), "it has `config`, which an index cannot have"),
        ("MAN-28", index(r#","config":{}"#), "it has `config`, which an index cannot have"),
        ("MAN-28b", index(r#","layers":[]"#), "it has `layers`, which an index cannot have"),
        ("MAN-28c", typed(&image(""), OCI_INDEX), "it has `config`, which an index cannot have"),
        ("MAN-28d", typed(&index(""), OCI_MANIFEST), "it has `manifests`, which an image manifest"),
        ("MAN-28e", r#"{"schemaVersion":2}"#.to_owned(), "the fields of neither a manifest nor an index"),
        ("MAN-28f", r#"{"schemaVersion":2,"manifests":null}"#.to_owned(), "the fields of neither"),
    ];
    for (id, body, reason) in cases {
        refused(id, read(body), reason);
    }
}

#[test]
fn all_who_name_the_media_type_must_agree() {
    let own = format!(r#","mediaType":"{OCI_MANIFEST}""#);
    let typed = image(&own);
    let parameters = format!(" {} ; charset=utf-8", OCI_MANIFEST.to_uppercase());
    #[rustfmt::skip]
    let cases = [
        ("MAN-26a", &typed, Some(OCI_MANIFEST), OCI_MANIFEST),
        ("MAN-26b", &typed, Some(parameters.as_str()), OCI_MANIFEST),
        ("MAN-26c", &typed, Some("application/json"), OCI_MANIFEST),
        ("MAN-26d", &typed, Some("text/plain; charset=utf-8"), OCI_MANIFEST),
        ("MAN-26e", &typed, None, OCI_MANIFEST),
        ("MAN-26f", &image(""), Some("application/octet-stream"), OCI_MANIFEST),
        ("MAN-26o", &image(""), Some("binary/octet-stream"), OCI_MANIFEST),
        ("MAN-26g", &image(""), Some(DOCKER_MANIFEST), DOCKER_MANIFEST),
        ("MAN-26h", &index(""), None, OCI_INDEX),
        ("MAN-26i", &index(""), Some(DOCKER_LIST), DOCKER_LIST),
        ("MAN-26j", &image(r#","mediaType":"""#), None, OCI_MANIFEST),
    ];
    for (id, body, content_type, expected) in cases {
        let manifest = Manifest::parse(body.clone().into(), content_type);
        let media_type = manifest.map(|manifest| manifest.media_type().to_string());
        assert_eq!(media_type.as_deref(), Ok(expected), "{id}");
    }
    #[rustfmt::skip]
    let refusals = [
        ("MAN-26k", Some(DOCKER_MANIFEST), "by `Content-Type` and `application/vnd.oci.image.manifest"),
        ("MAN-26l", Some(OCI_INDEX), "by its own `mediaType`"),
        ("MAN-26m", Some("text/html"), "the media type is `text/html` by `Content-Type`"),
    ];
    for (id, content_type, reason) in refusals {
        refused(
            id,
            Manifest::parse(typed.clone().into(), content_type),
            reason,
        );
    }
    let html = Manifest::parse(image("").into(), Some("text/html"));
    refused(
        "MAN-26n",
        html,
        "`text/html` is not the media type of a manifest",
    );
}

#[test]
fn a_child_must_be_what_its_parent_says() {
    let manifest = accepted("an image", image(""));
    let (size, is) = (manifest.descriptor().size(), manifest.digest().clone());
    let as_child = |media_type: &str, size, digest: &crate::oci::Digest| {
        let descriptor = Descriptor::new(MediaType::from(media_type), size, digest.clone());
        manifest
            .check_listed(&descriptor)
            .map(|()| manifest.clone())
    };
    assert!(as_child(OCI_MANIFEST, size, &is).is_ok());
    let other = digest::sha256(b"other");
    refused(
        "MAN-29",
        as_child(OCI_MANIFEST, size, &other),
        "was asked for",
    );
    for wrong in [size + 1, size - 1, 0] {
        let result = as_child(OCI_MANIFEST, wrong, &is);
        refused("MAN-30", result, "its descriptor says");
    }
    refused(
        "MAN-31a",
        as_child(OCI_INDEX, size, &is),
        "its descriptor says `application/vnd.oci.image.index.v1+json`",
    );
    refused(
        "MAN-31b",
        as_child("text/plain", size, &is),
        "its descriptor says `text/plain`",
    );
    let lying = format!(r#","subject":{}"#, blob(OCI_MANIFEST, "2", ""));
    let own = EMPTY.parse().expect("a digest");
    refused(
        "MAN-38",
        Manifest::parse_pinned(image(&lying).into(), None, &own),
        "was asked for",
    );
}

#[test]
fn a_manifest_is_named_by_the_digest_it_was_asked_for() -> Result<(), ManifestError> {
    let body = Bytes::from(image(""));
    let sha256 = digest::sha256(&body);
    let like = format!("sha512:{}", "0".repeat(128))
        .parse()
        .expect("a digest");
    let sha512 = digest::compute(&body, &like)?;
    assert_eq!(read(body.clone())?.digest(), &sha256);
    let pinned = Manifest::parse_pinned(body.clone(), None, &sha512)?;
    assert_eq!(pinned.digest(), &sha512);
    let descriptor = pinned.descriptor().clone();
    assert_eq!(descriptor.size(), body.len() as u64);
    pinned.check_listed(&descriptor)
}

#[test]
fn schema_1_has_its_own_message() {
    let signed = r#"{"schemaVersion":1,"fsLayers":[],"history":[],"signatures":[]}"#;
    let prettyjws = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let message = "it is a Docker schema 1 manifest";
    refused("MAN-45a", read(signed), message);
    refused(
        "MAN-45b",
        Manifest::parse(signed.into(), Some(prettyjws)),
        message,
    );
    refused(
        "MAN-45c",
        Manifest::parse(image("").into(), Some(prettyjws)),
        message,
    );
}

#[test]
fn children_are_what_a_copy_needs() {
    let manifest = accepted("an image", layer("5", ""));
    assert!(
        manifest
            .children()
            .all(|child| matches!(child, Child::Blob(_)))
    );
    let sizes: Vec<_> = manifest
        .children()
        .map(|child| child.descriptor().size())
        .collect();
    assert_eq!(sizes, [2, 5]);
    let types = [
        OCI_MANIFEST,
        DOCKER_LIST,
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.oci.artifact.manifest.v1+json",
    ];
    let entries = types.map(|media_type| blob(media_type, "1", "")).join(",");
    let more = format!(
        r#","subject":{},"artifactType":"a/b""#,
        blob(OCI_MANIFEST, "9", "")
    );
    let index = accepted(
        "an index",
        index(&more).replace("[]", &format!("[{entries}]")),
    );
    let blobs: Vec<_> = index
        .children()
        .map(|child| matches!(child, Child::Blob(_)))
        .collect();
    assert_eq!(blobs, [false, false, true, false, false]);
    assert!(index.children().all(|child| child.descriptor().size() == 1));
    assert_eq!(index.subject().map(Descriptor::size), Some(9));
    assert_eq!(index.artifact_type(), Some("a/b"));
    assert!(index.is_index() && index.config().is_none() && index.layers().is_empty());
}
