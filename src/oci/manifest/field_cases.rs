//! Fields that servers send, case by case.

use super::cases::{EMPTY, accepted, blob, image, index, layer, read, refused, with_config};
use super::is_foreign;
use crate::oci::{Platform, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

#[test]
fn fields_with_values_they_cannot_have_are_refused() {
    let version = "`schemaVersion` is not the number 2";
    let size = "`layers[0].size` is not a whole number from 0 to 2^53";
    let empty = layer("0", "");
    #[rustfmt::skip]
    let cases = [
        ("MAN-13a", image("").replace(":2,", ":1,"), version),
        ("MAN-13b", image("").replace(r#""schemaVersion":2,"#, ""), version),
        ("MAN-13c", image("").replace(":2,", r#":"2","#), version),
        ("MAN-13d", image("").replace(":2,", ":2.0,"), version),
        ("MAN-14", image(r#","layers":[],"layers":[]"#), "the name `layers` is there twice"),
        ("MAN-15", image(r#","layers":[],"Layers":[]"#), "the name `Layers` is `layers` for some"),
        ("MAN-15b", image(r#","Manifests":[]"#), "the name `Manifests` is `manifests` for some"),
        ("MAN-15c", layer("0", r#","Digest":"""#), "the name `Digest` is `digest` for some"),
        ("MAN-15d", image("").replace("size", "Size"), "the name `Size` is `size` for some"),
        ("MAN-15e", image(r#","subject":{"Size":1}"#), "the name `Size` is `size` for some"),
        ("MAN-15f", index("").replace("[]", r#"[{"URLs":[]}]"#), "the name `URLs` is `urls` for some"),
        ("MAN-15g", layer("0", r#","platform":{"OS":""}"#), "the name `OS` is `os` for some"),
        ("MAN-16", image(r#","layerſ":[]"#), "the name `layerſ` is `layers` for some"),
        ("MAN-18", image(r#","layers":{}"#), "`layers` is not an array"),
        ("MAN-18b", image(r#","layers":[1]"#), "`layers[0]` is not an object"),
        ("MAN-18c", image("").replace(r#""config":{"#, r#""config":[],"x":{"#), "`config` is not an object"),
        ("MAN-18d", r#"{"schemaVersion":2,"layers":[]}"#.to_owned(), "`config` is missing"),
        ("MAN-19", layer("-1", ""), size),
        ("MAN-20", layer("1e3", ""), size),
        ("MAN-21", layer(r#""5""#, ""), size),
        ("MAN-22", layer("9007199254740993", ""), size),
        ("MAN-23", layer("9223372036854775808", ""), size),
        ("MAN-23b", layer("null", ""), "`layers[0].size` is missing"),
        ("MAN-24", empty.replacen("digest", "other", 2), "`config.digest` is missing"),
        ("MAN-25", empty.replace(EMPTY, "sha256:../../x"), "`config.digest` is no digest to rely on"),
        ("MAN-25b", empty.replace(EMPTY, "md5:d41d8cd98f00b204e9800998ecf8427e"), "cannot be verified"),
        ("MAN-25c", empty.replace("\"mediaType\"", "\"x\""), "`config.mediaType` is missing"),
        ("MAN-39", image(r#","artifactType":"a/b\r\nx: y""#), "`artifactType` is not a media type"),
        ("MAN-39b", with_config(&blob("a/b\\u0000", "0", "")), "`config.mediaType` is not a media type"),
        ("MAN-39c", image(r#","artifactType":" a/b""#), "`artifactType` is not a media type"),
        ("MAN-39d", image(r#","artifactType":"ä/b""#), "`artifactType` is not a media type"),
        ("MAN-41", image(r#","annotations":{"a":1}"#), "`annotations` is not a map of strings"),
        ("MAN-41b", layer("0", r#","annotations":[]"#), "`layers[0].annotations` is not an object"),
        ("MAN-42b", layer("0", r#","platform":{"os":1}"#), "`layers[0].platform.os` is not a string"),
        ("MAN-42c", layer("0", r#","urls":["a",1]"#), "`layers[0].urls` is not an array of strings"),
        ("MAN-42d", image(r#","mediaType":5"#), "`mediaType` is not a string"),
    ];
    for (id, body, reason) in cases {
        refused(id, read(body), reason);
    }
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
fn a_descriptor_keeps_all_its_fields() {
    let more = r#","artifactType":"c/d","annotations":{"k":"v"},"urls":["https://a.example/b"],
        "platform":{"os":"windows","architecture":"amd64","os.version":"10.0.1",
        "os.features":["win32k"],"variant":"v3","features":["sse4"]}"#;
    let manifest = accepted("a descriptor", layer("7", more));
    let layer = &manifest.layers()[0];
    assert_eq!(
        layer.media_type().as_ref(),
        "application/vnd.oci.image.layer.v1.tar"
    );
    assert_eq!((layer.digest().as_ref(), layer.size()), (EMPTY, 7));
    let written = serde_json::json!({
        "artifactType": layer.artifact_type(),
        "annotations": layer.annotations(),
        "urls": layer.urls(),
        "os.version": layer.platform().as_ref().map(Platform::os_version),
        "os.features": layer.platform().as_ref().map(Platform::os_features),
        "features": layer.platform().as_ref().map(Platform::features),
    });
    let expected = serde_json::json!({
        "artifactType": "c/d",
        "annotations": {"k": "v"},
        "urls": ["https://a.example/b"],
        "os.version": "10.0.1",
        "os.features": ["win32k"],
        "features": ["sse4"],
    });
    assert_eq!(written, expected);
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
    .replace(EMPTY, digest::sha256(b"{}").as_ref());
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
    #[rustfmt::skip]
    let cases = [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar", true),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", true),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", true),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true),
        ("application/vnd.oci.image.layer.nondistributable.v1.tarpit", false),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", false),
        ("application/vnd.oci.image.layer.v1.tar+gzip", false),
    ];
    for (media_type, expected) in cases {
        let body = image(&format!(r#","layers":[{}]"#, blob(media_type, "0", "")));
        let manifest = accepted("MAN-46", body);
        assert_eq!(is_foreign(&manifest.layers()[0]), expected, "{media_type}");
    }
}
