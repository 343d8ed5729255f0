//! MAN: manifests that no two readers could agree on. The whole table is beside the parser; these
//! rows show that what it refuses ends a copy, and is neither shown nor written.

use super::{APP, each, ends, lab};
use crate::lab::Fault;
use crate::lab::image::MANIFEST;

const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn blob(digest: &str, size: &str) -> String {
    format!(
        r#"{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{digest}","size":{size}}}"#
    )
}

fn manifest(more: &str) -> String {
    format!(
        r#"{{"schemaVersion":2,"config":{}{more}}}"#,
        blob(EMPTY, "0")
    )
}

#[test]
fn manifests_that_are_none() {
    let layer =
        |digest: &str, size: &str| manifest(&format!(r#","layers":[{}]"#, blob(digest, size)));
    let deep = manifest(&format!(r#","x":{}{}"#, "[".repeat(9999), "]".repeat(9999)));
    let md5 = "md5:d41d8cd98f00b204e9800998ecf8427e";
    #[rustfmt::skip]
    let rows: [(&str, Vec<u8>, &str); 22] = [
        ("MAN-01", Vec::new(), "the document is empty"),
        ("MAN-02", b"null".to_vec(), "is not an object"),
        ("MAN-03", b"[]".to_vec(), "is not an object"),
        ("MAN-04", b"{}".to_vec(), "`schemaVersion` is not the number 2"),
        ("MAN-05", [manifest("").as_bytes(), b"\xff"].concat(), "not UTF-8"),
        ("MAN-06", [b"\xef\xbb\xbf", manifest("").as_bytes()].concat(), "byte order mark"),
        ("MAN-08", manifest("").as_bytes()[..60].to_vec(), "not JSON"),
        ("MAN-08b", b"\x1b[2J\x1b]0;evil\x07".to_vec(), "not JSON"),
        ("MAN-09", [manifest("").as_bytes(), b"{}"].concat(), "goes on after its end"),
        ("MAN-10", deep.into_bytes(), "nested deeper"),
        ("MAN-14", manifest(r#","layers":[],"layers":[]"#).into_bytes(), "is there twice"),
        ("MAN-14b", manifest(r#","\u001b[2J":1,"\u001b[2J":2"#).into_bytes(), "is there twice"),
        ("MAN-15", manifest(r#","Layers":[]"#).into_bytes(), "is `layers` for some"),
        ("MAN-19", layer(EMPTY, "-1").into_bytes(), "is not a whole number"),
        ("MAN-22", layer(EMPTY, "9007199254740993").into_bytes(), "is not a whole number"),
        ("MAN-25", layer("sha256:../../x", "1").into_bytes(), "is no digest to rely on"),
        ("MAN-25b", layer("sha256:\\u001b[2J\\u202e", "1").into_bytes(), "is no digest to rely on"),
        ("MAN-25c", layer(md5, "1").into_bytes(), "cannot be verified"),
        ("MAN-27", manifest(r#","manifests":[]"#).into_bytes(), "cannot have"),
        ("MAN-39", manifest(r#","artifactType":"a/b\r\nx: y""#).into_bytes(), "is not a media type"),
        ("MAN-39b", manifest(r#","artifactType":"\u202e""#).into_bytes(), "is not a media type"),
        ("MAN-45", br#"{"schemaVersion":1,"fsLayers":[]}"#.to_vec(), "Docker schema 1"),
    ];
    each(rows, |(name, body, told)| {
        let lab = lab();
        let kind = if name == "MAN-45" {
            "application/json"
        } else {
            MANIFEST
        };
        let read = Fault::on("GET", "/manifests/")
            .with_header("authorization")
            .always();
        lab.fault("reg", read.answer(200, &[("content-type", kind)], &body));
        // Without a digest in the look, the manifest is asked for by its tag.
        let asked = Fault::on("HEAD", "/manifests/")
            .with_header("authorization")
            .always();
        lab.fault("reg", asked.says("docker-content-digest", &[]));
        ends(
            &lab,
            name,
            &["copy", "-q", APP, "own.lab/app:v1"],
            8,
            &[told],
        );
        assert_eq!(lab.requests("own").count("PUT", "manifests"), 0, "{name}");
    });
}
