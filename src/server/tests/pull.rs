//! "Pull".

use super::{INDEX, Lab, MANIFEST, OCTETS, image};
use crate::oci::digest::sha256;
use crate::server::Options;

#[tokio::test]
async fn the_base_says_which_api_this_is() {
    let seen = Lab::new().call("GET /v2/").await;
    assert_eq!(seen.status, 200);
    assert_eq!(
        seen.header("docker-distribution-api-version"),
        "registry/2.0"
    );
    assert_eq!(seen.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_manifest_comes_as_it_was_pushed_by_tag_and_by_digest() {
    let lab = Lab::new();
    let digest = lab.image("team/app", "v1", "layer").await;
    let bytes = image("layer").to_string();
    for reference in ["v1", &digest] {
        let seen = lab
            .call(&format!("GET /v2/team/app/manifests/{reference}"))
            .await;
        assert_eq!((seen.status, &seen.body[..]), (200, bytes.as_bytes()));
        assert_eq!(seen.header("content-type"), MANIFEST);
        assert_eq!(seen.header("docker-content-digest"), digest);
        let head = lab
            .call(&format!("HEAD /v2/team/app/manifests/{reference}"))
            .await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), bytes.len().to_string());
        assert_eq!(head.header("docker-content-digest"), digest);
    }
}

#[tokio::test]
async fn a_manifest_that_is_not_there_is_unknown() {
    let lab = Lab::new();
    lab.image("a", "v1", "layer").await;
    let absent = sha256(b"absent");
    for path in [
        "a/manifests/v2".to_owned(),
        "b/manifests/v1".to_owned(),
        format!("a/manifests/{absent}"),
    ] {
        let seen = lab.call(&format!("GET /v2/{path}")).await;
        assert_eq!(
            seen.refusal(),
            (404, "MANIFEST_UNKNOWN".to_owned()),
            "{path}"
        );
        let head = lab.call(&format!("HEAD /v2/{path}")).await;
        assert_eq!((head.status, head.body.len()), (404, 0));
    }
}

#[tokio::test]
async fn a_manifest_is_given_only_to_who_accepts_its_type() {
    let lab = Lab::new();
    lab.image("a", "v1", "layer").await;
    let both = format!("{INDEX}, {MANIFEST};q=0.5");
    for (accept, status) in [
        (INDEX, 404),
        (MANIFEST, 200),
        (both.as_str(), 200),
        ("*/*", 200),
    ] {
        let seen = lab
            .send("GET /v2/a/manifests/v1", &[("accept", accept)], "")
            .await;
        assert_eq!(seen.status, status, "{accept}");
    }
}

#[tokio::test]
async fn a_manifest_that_the_client_has_is_not_sent_again() {
    let lab = Lab::new();
    let digest = lab.image("a", "v1", "layer").await;
    let same = format!("\"{digest}\"");
    for (etag, status) in [(same.as_str(), 304), ("\"sha256:other\"", 200)] {
        let seen = lab
            .send("GET /v2/a/manifests/v1", &[("if-none-match", etag)], "")
            .await;
        assert_eq!((seen.status, seen.body.is_empty()), (status, status == 304));
    }
}

#[tokio::test]
async fn a_blob_comes_whole_and_as_nothing_that_a_browser_shows() {
    let lab = Lab::new();
    for bytes in [&b"<html>"[..], b"", &vec![5; 700_000]] {
        let digest = lab.blob("a", bytes).await;
        let seen = lab.call(&format!("GET /v2/a/blobs/{digest}")).await;
        assert_eq!(seen.status, 200);
        assert!(seen.body == bytes);
        assert_eq!(seen.header("content-type"), OCTETS);
        assert_eq!(seen.header("content-disposition"), "attachment");
        assert_eq!(seen.header("docker-content-digest"), digest);
        let head = lab.call(&format!("HEAD /v2/a/blobs/{digest}")).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("content-length"), bytes.len().to_string());
    }
}

#[tokio::test]
async fn a_part_of_a_blob_comes_as_asked() {
    let lab = Lab::new();
    let digest = lab.blob("a", b"0123456789").await;
    let call = format!("GET /v2/a/blobs/{digest}");
    for (range, status, body, shown) in [
        ("bytes=3-5", 206, "345", "bytes 3-5/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-2", 206, "89", "bytes 8-9/10"),
        ("bytes=0-1,4-5", 200, "0123456789", ""),
    ] {
        let seen = lab.send(&call, &[("range", range)], "").await;
        assert_eq!(
            (seen.status, seen.body.as_slice()),
            (status, body.as_bytes()),
            "{range}"
        );
        assert_eq!(seen.header("content-range"), shown);
        assert_eq!(seen.header("content-length"), body.len().to_string());
    }
    let seen = lab.send(&call, &[("range", "bytes=10-")], "").await;
    assert_eq!(seen.refusal(), (416, "RANGE_INVALID".to_owned()));
    assert_eq!(seen.header("content-range"), "bytes */10");
}

#[tokio::test]
async fn a_registry_without_ranges_sends_the_whole() {
    let lab = Lab::with(Options {
        ranges: false,
        ..Options::default()
    });
    let digest = lab.blob("a", b"0123456789").await;
    let seen = lab
        .send(
            &format!("GET /v2/a/blobs/{digest}"),
            &[("range", "bytes=3-")],
            "",
        )
        .await;
    assert_eq!((seen.status, seen.body.len()), (200, 10));
    assert_eq!(seen.header("accept-ranges"), "");
}

/// SRV-11.
#[tokio::test]
async fn a_blob_is_read_only_where_it_is_linked() {
    let lab = Lab::new();
    let digest = lab.blob("mine", b"secret").await;
    lab.blob("yours", b"other").await;
    for name in ["yours", "nobodys"] {
        let seen = lab.call(&format!("GET /v2/{name}/blobs/{digest}")).await;
        assert_eq!(seen.refusal(), (404, "BLOB_UNKNOWN".to_owned()));
    }
}

#[tokio::test]
async fn a_registry_may_keep_the_digest_to_itself() {
    let lab = Lab::with(Options {
        content_digest: false,
        ..Options::default()
    });
    let digest = lab.image("a", "v1", "layer").await;
    for path in ["a/manifests/v1".to_owned(), format!("a/manifests/{digest}")] {
        let seen = lab.call(&format!("HEAD /v2/{path}")).await;
        assert_eq!(
            (seen.status, seen.header("docker-content-digest")),
            (200, "")
        );
    }
}
