//! Manifests that servers send, case by case.

use super::{ACCEPT, Child, Manifest, ManifestError, is_foreign};
use crate::oci::digest;
use crate::oci::{Descriptor, MediaType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

const OCI_INDEX: &str = ACCEPT[0];
const OCI_MANIFEST: &str = ACCEPT[1];
const DOCKER_LIST: &str = ACCEPT[2];
const DOCKER_MANIFEST: &str = ACCEPT[3];
const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn blob(media_type: &str, size: &str, more: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","digest":"{EMPTY}","size":{size}{more}}}"#)
}

/// An image manifest without layers, with more fields after its config.
fn image(more: &str) -> String {
    let config = blob("application/vnd.oci.image.config.v1+json", "2", "");
    with_config(&format!("{config}{more}"))
}

fn with_config(config: &str) -> String {
    format!(r#"{{"schemaVersion":2,"config":{config}}}"#)
}

fn layer(size: &str, more: &str) -> String {
    let layer = blob("application/vnd.oci.image.layer.v1.tar", size, more);
    image(&format!(r#","layers":[{layer}]"#))
}

fn index(more: &str) -> String {
    format!(r#"{{"schemaVersion":2,"manifests":[]{more}}}"#)
}

fn read(body: impl Into<Bytes>) -> Result<Manifest, ManifestError> {
    Manifest::parse(body.into(), None)
}

fn accepted(id: &str, body: impl Into<Bytes>) -> Manifest {
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

fn refused<T>(id: &str, result: Result<T, ManifestError>, reason: &str) {
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
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("MAN-01", vec![], "the document is empty"),
        (
            "MAN-02",
            b"null".to_vec(),
            "`the document` is not an object",
        ),
        ("MAN-03", b"[]".to_vec(), "`the document` is not an object"),
        (
            "MAN-04",
            b"{}".to_vec(),
            "`schemaVersion` is not the number 2",
        ),
        ("MAN-05", not_utf8, "the document is not UTF-8"),
        (
            "MAN-06",
            [b"\xef\xbb\xbf", image("").as_bytes()].concat(),
            "byte order mark",
        ),
        ("MAN-07", utf16, "the document is not JSON"),
        (
            "MAN-08",
            image("").as_bytes()[..60].to_vec(),
            "the document is not JSON",
        ),
        (
            "MAN-09",
            [image("").as_bytes(), b"{}"].concat(),
            "goes on after its end",
        ),
        (
            "MAN-10",
            nested.into_bytes(),
            "nested deeper than 32 levels",
        ),
        (
            "MAN-11",
            vec![b' '; super::MAX_BYTES + 1],
            "8388609 bytes, more than the 8388608",
        ),
    ];
    for (id, body, reason) in cases {
        refused(id, read(body), reason);
    }
}

#[test]
fn fields_with_values_they_cannot_have_are_refused() {
    let version = "`schemaVersion` is not the number 2";
    let size = "`layers[0].size` is not a whole number from 0 to 2^53";
    let empty = layer("0", "");
    let cases = [
        ("MAN-13a", image("").replace(":2,", ":1,"), version),
        (
            "MAN-13b",
            image("").replace(r#""schemaVersion":2,"#, ""),
            version,
        ),
        ("MAN-13c", image("").replace(":2,", r#":"2","#), version),
        ("MAN-13d", image("").replace(":2,", ":2.0,"), version),
        (
            "MAN-14",
            image(r#","layers":[],"layers":[]"#),
            "the name `layers` is there twice",
        ),
        (
            "MAN-15",
            image(r#","layers":[],"Layers":[]"#),
            "the name `Layers` is `layers` for some",
        ),
        (
            "MAN-15b",
            image(r#","Manifests":[]"#),
            "the name `Manifests` is `manifests` for some",
        ),
        (
            "MAN-15c",
            layer("0", r#","Digest":"""#),
            "the name `Digest` is `digest` for some",
        ),
        (
            "MAN-16",
            image(r#","layerſ":[]"#),
            "the name `layerſ` is `layers` for some",
        ),
        (
            "MAN-18",
            image(r#","layers":{}"#),
            "`layers` is not an array",
        ),
        (
            "MAN-18b",
            image(r#","layers":[1]"#),
            "`layers[0]` is not an object",
        ),
        (
            "MAN-18c",
            image("").replace(r#""config":{"#, r#""config":[],"x":{"#),
            "`config` is not an object",
        ),
        (
            "MAN-18d",
            r#"{"schemaVersion":2,"layers":[]}"#.to_owned(),
            "`config` is missing",
        ),
        ("MAN-19", layer("-1", ""), size),
        ("MAN-20", layer("1e3", ""), size),
        ("MAN-21", layer(r#""5""#, ""), size),
        ("MAN-22", layer("9007199254740993", ""), size),
        ("MAN-23", layer("9223372036854775808", ""), size),
        ("MAN-23b", layer("null", ""), "`layers[0].size` is missing"),
        (
            "MAN-24",
            empty.replacen("digest", "other", 2),
            "`config.digest` is missing",
        ),
        (
            "MAN-25",
            empty.replace(EMPTY, "sha256:../../x"),
            "`config.digest` is no digest to rely on",
        ),
        (
            "MAN-25b",
            empty.replace(EMPTY, "md5:d41d8cd98f00b204e9800998ecf8427e"),
            "cannot be verified",
        ),
        (
            "MAN-25c",
            empty.replace("\"mediaType\"", "\"x\""),
            "`config.mediaType` is missing",
        ),
        (
            "MAN-39",
            image(r#","artifactType":"a/b\r\nx: y""#),
            "`artifactType` is not a media type",
        ),
        (
            "MAN-39b",
            with_config(&blob("a/b\\u0000", "0", "")),
            "`config.mediaType` is not a media type",
        ),
        (
            "MAN-41",
            image(r#","annotations":{"a":1}"#),
            "`annotations` is not a map of strings",
        ),
        (
            "MAN-41b",
            layer("0", r#","annotations":[]"#),
            "`layers[0].annotations` is not an object",
        ),
        (
            "MAN-42b",
            layer("0", r#","platform":{"os":1}"#),
            "`layers[0].platform.os` is not a string",
        ),
        (
            "MAN-42c",
            layer("0", r#","urls":["a",1]"#),
            "`layers[0].urls` is not an array of strings",
        ),
        (
            "MAN-42d",
            image(r#","mediaType":5"#),
            "`mediaType` is not a string",
        ),
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
    let cases = [
        (
            "MAN-27a",
            both.clone(),
            "it has `config`, which an index cannot have",
        ),
        (
            "MAN-27b",
            typed(&both, OCI_MANIFEST),
            "it has `manifests`, which an image manifest cannot",
        ),
        (
            "MAN-27c",
            typed(&both, DOCKER_LIST),
            "it has `config`, which an index cannot have",
        ),
        (
            "MAN-28",
            index(r#","config":{}"#),
            "it has `config`, which an index cannot have",
        ),
        (
            "MAN-28b",
            index(r#","layers":[]"#),
            "it has `layers`, which an index cannot have",
        ),
        (
            "MAN-28c",
            typed(&image(""), OCI_INDEX),
            "it has `config`, which an index cannot have",
        ),
        (
            "MAN-28d",
            typed(&index(""), OCI_MANIFEST),
            "it has `manifests`, which an image manifest",
        ),
        (
            "MAN-28e",
            r#"{"schemaVersion":2}"#.to_owned(),
            "the fields of neither a manifest nor an index",
        ),
        (
            "MAN-28f",
            r#"{"schemaVersion":2,"manifests":null}"#.to_owned(),
            "the fields of neither",
        ),
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
    let cases = [
        ("MAN-26a", &typed, Some(OCI_MANIFEST), OCI_MANIFEST),
        ("MAN-26b", &typed, Some(parameters.as_str()), OCI_MANIFEST),
        ("MAN-26c", &typed, Some("application/json"), OCI_MANIFEST),
        (
            "MAN-26d",
            &typed,
            Some("text/plain; charset=utf-8"),
            OCI_MANIFEST,
        ),
        ("MAN-26e", &typed, None, OCI_MANIFEST),
        (
            "MAN-26f",
            &image(""),
            Some("application/octet-stream"),
            OCI_MANIFEST,
        ),
        (
            "MAN-26g",
            &image(""),
            Some(DOCKER_MANIFEST),
            DOCKER_MANIFEST,
        ),
        ("MAN-26h", &index(""), None, OCI_INDEX),
        ("MAN-26i", &index(""), Some(DOCKER_LIST), DOCKER_LIST),
        ("MAN-26j", &image(r#","mediaType":"""#), None, OCI_MANIFEST),
    ];
    for (id, body, content_type, expected) in cases {
        let manifest = Manifest::parse(body.clone().into(), content_type);
        let media_type = manifest.map(|manifest| manifest.media_type().to_string());
        assert_eq!(media_type.as_deref(), Ok(expected), "{id}");
    }
    let refusals = [
        (
            "MAN-26k",
            Some(DOCKER_MANIFEST),
            "by `Content-Type` and `application/vnd.oci.image.manifest",
        ),
        ("MAN-26l", Some(OCI_INDEX), "by its own `mediaType`"),
        (
            "MAN-26m",
            Some("text/html"),
            "the media type is `text/html` by `Content-Type`",
        ),
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
    let body = Bytes::from(image(""));
    let size = body.len() as u64;
    let is = digest::sha256(&body);
    let as_child = |media_type: &str, size, digest: &crate::oci::Digest| {
        let descriptor = Descriptor::new(MediaType::from(media_type), size, digest.clone());
        Manifest::parse_as(body.clone(), None, &descriptor)
    };
    assert!(as_child(OCI_MANIFEST, size, &is).is_ok());
    let other = digest::sha256(b"other");
    refused(
        "MAN-29",
        as_child(OCI_MANIFEST, size, &other),
        "was asked for",
    );
    refused(
        "MAN-30",
        as_child(OCI_MANIFEST, size + 1, &is),
        "its descriptor says",
    );
    refused(
        "MAN-31a",
        as_child(OCI_INDEX, size, &is),
        "`config`, which an index cannot have",
    );
    refused(
        "MAN-31b",
        as_child("text/plain", size, &is),
        "not the media type of a manifest",
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
    assert_eq!(
        Manifest::parse_as(body, None, &descriptor)?.descriptor(),
        &descriptor
    );
    Ok(())
}

#[test]
fn embedded_content_is_the_named_content_or_too_large_to_matter() {
    let with = |content: &[u8], size: usize, data: &str| {
        let digest = digest::sha256(content).to_string();
        let more = format!(r#","data":"{data}""#);
        layer(&size.to_string(), &more).replace(EMPTY, &digest)
    };
    let data = |body: String| accepted("MAN-35", body).layers()[0].data().clone();
    assert_eq!(data(with(b"{}", 2, "e30=")).as_deref(), Some("e30="));
    assert_eq!(data(with(b"", 0, "")), None);
    for (id, size, text, reason) in [
        ("MAN-35a", 2, "e30", "`layers[0].data` is not Base64"),
        ("MAN-35b", 2, "e31=", "`layers[0].data` is not Base64"),
        ("MAN-35c", 2, "!!!!", "`layers[0].data` is not Base64"),
        ("MAN-35d", 2, "W10=", "`layers[0].data` is not the content"),
        ("MAN-35e", 3, "e30=", "`layers[0].data` is not the content"),
    ] {
        refused(id, read(with(b"{}", size, text)), reason);
    }
    let large = vec![7; 64 << 10];
    assert!(data(with(&large, large.len(), &STANDARD.encode(&large))).is_some());
    let larger = vec![7; 1 << 20];
    assert_eq!(
        data(with(&larger, larger.len(), &STANDARD.encode(&larger))),
        None
    );
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
fn what_is_unusual_and_sound_is_accepted() {
    let nulls = r#","layers":null,"subject":null,"annotations":null,"manifests":null"#;
    assert!(accepted("MAN-17", image(nulls)).layers().is_empty());
    assert!(
        accepted("MAN-43", image(r#","layers":[]"#))
            .layers()
            .is_empty()
    );
    assert!(accepted("MAN-42", index("")).manifests().is_empty());
    let escape = accepted(
        "MAN-40",
        image(r#","annotations":{"Layers":"\u001b[31m","layers":""}"#),
    );
    assert_eq!(escape.annotations()["Layers"], "\u{1b}[31m");
    let artifact = blob(
        "application/vnd.oci.empty.v1+json",
        "2",
        r#","data":"e30=""#,
    )
    .replace(EMPTY, &digest::sha256(b"{}").to_string());
    let artifact = accepted("MAN-44", with_config(&artifact));
    let config = artifact.config().map(|config| config.data().as_deref());
    assert_eq!(config, Some(Some("e30=")));
    assert_eq!(accepted("MAN-47", layer("0", "")).layers()[0].size(), 0);
    assert_eq!(
        accepted("MAN-22b", layer("9007199254740992", "")).layers()[0].size(),
        1 << 53
    );
    let body = image(" , \"other\" : [1.50, \"\\u0061\"] ");
    assert_eq!(accepted("MAN-48", body.clone()).bytes(), body.as_bytes());
}

#[test]
fn as_many_descriptors_as_fit_are_read() {
    let one = blob("a/b", "0", "");
    let many = |count: usize| {
        image(&format!(
            r#","layers":[{}]"#,
            vec![one.as_str(); count].join(",")
        ))
    };
    assert_eq!(accepted("MAN-33a", many(60_000)).layers().len(), 60_000);
    refused(
        "MAN-33b",
        read(many(100_000)),
        "more than the 8388608 allowed",
    );
}

#[test]
fn foreign_layers_are_known_by_their_media_type() {
    let cases = [
        (
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            true,
        ),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar", true),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            true,
        ),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            true,
        ),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
            true,
        ),
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tarpit",
            false,
        ),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", false),
        ("application/vnd.oci.image.layer.v1.tar+gzip", false),
    ];
    for (media_type, expected) in cases {
        let body = image(&format!(r#","layers":[{}]"#, blob(media_type, "0", "")));
        let manifest = accepted("MAN-46", body);
        assert_eq!(is_foreign(&manifest.layers()[0]), expected, "{media_type}");
    }
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
    let schema_1 = "application/vnd.docker.distribution.manifest.v1+json";
    let types = [
        OCI_MANIFEST,
        DOCKER_LIST,
        "application/vnd.oci.image.layer.v1.tar",
        schema_1,
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
    assert_eq!(blobs, [false, false, true, false]);
    assert!(index.children().all(|child| child.descriptor().size() == 1));
    assert_eq!(index.subject().map(Descriptor::size), Some(9));
    assert_eq!(index.artifact_type(), Some("a/b"));
    assert!(index.is_index() && index.config().is_none() && index.layers().is_empty());
}
