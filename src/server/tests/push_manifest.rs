//! "Pushing Manifests".

use super::{INDEX, Lab, MANIFEST, descriptor, digest, image, index, refused};
use crate::oci::digest::sha256;
use crate::server::Options;
use serde_json::{Value, json};

#[tokio::test]
async fn a_manifest_is_pushed_by_tag_and_by_digest() {
    let lab = Lab::new();
    lab.blob("a", b"{}").await;
    lab.blob("a", b"layer").await;
    let manifest = image("layer");
    let digest = digest(&manifest);
    for reference in ["v1", &digest] {
        let seen = lab.put("a", reference, &manifest).await;
        assert_eq!(seen.status, 201);
        assert_eq!(seen.header("location"), format!("/v2/a/manifests/{digest}"));
        assert_eq!(seen.header("docker-content-digest"), digest);
        assert_eq!(seen.header("oci-subject"), "");
    }
    assert_eq!(lab.0.tags("a"), [("v1".to_owned(), digest)]);
    assert_eq!(lab.0.manifest_count(), 1);
}

#[tokio::test]
async fn a_tag_moves_and_the_manifest_it_left_stays() {
    let lab = Lab::new();
    let old = lab.image("a", "v1", "old").await;
    let new = lab.image("a", "v1", "new").await;
    assert_eq!(
        lab.call("HEAD /v2/a/manifests/v1")
            .await
            .header("docker-content-digest"),
        new
    );
    assert_eq!(
        lab.call(&format!("HEAD /v2/a/manifests/{old}"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_manifest_that_is_not_what_its_digest_says_is_refused() {
    let lab = Lab::new();
    lab.image("a", "v1", "layer").await;
    let other = sha256(b"other").to_string();
    refused(
        &lab.put("a", &other, &image("layer")).await,
        400,
        "DIGEST_INVALID",
    );
}

#[tokio::test]
async fn a_manifest_comes_after_what_it_refers_to() {
    let lab = Lab::new();
    let unknown = "MANIFEST_BLOB_UNKNOWN";
    refused(&lab.put("a", "v1", &image("layer")).await, 400, unknown);
    lab.blob("a", b"{}").await;
    refused(&lab.put("a", "v1", &image("layer")).await, 400, unknown);
    lab.blob("elsewhere", b"layer").await;
    refused(&lab.put("a", "v1", &image("layer")).await, 400, unknown);
    refused(
        &lab.put("a", "all", &index(&[&image("layer")])).await,
        400,
        unknown,
    );
    lab.image("a", "v1", "layer").await;
    assert_eq!(
        lab.put("a", "all", &index(&[&image("layer")])).await.status,
        201
    );
    assert_eq!(
        lab.call("GET /v2/a/manifests/all")
            .await
            .header("content-type"),
        INDEX
    );
}

#[tokio::test]
async fn a_foreign_layer_need_not_be_there() {
    let lab = Lab::new();
    lab.blob("a", b"{}").await;
    let mut manifest = image("layer");
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    manifest["layers"][0] = descriptor(foreign, b"elsewhere");
    assert_eq!(lab.put("a", "v1", &manifest).await.status, 201);
}

#[tokio::test]
async fn what_is_not_a_manifest_is_refused() {
    let lab = Lab::new();
    lab.image("a", "v1", "layer").await;
    let good = image("layer").to_string();
    for (media_type, body) in [
        (MANIFEST, "{"),
        (MANIFEST, "[]"),
        (INDEX, &good),
        ("text/plain", &good),
        (MANIFEST, &good.replacen('{', r#"{"layers":[],"#, 1)),
    ] {
        let headers = [("content-type", media_type)];
        let seen = lab
            .send("PUT /v2/a/manifests/v2", &headers, body.to_owned())
            .await;
        refused(&seen, 400, "MANIFEST_INVALID");
    }
    let seen = lab.send("PUT /v2/a/manifests/v2", &[], good).await;
    refused(&seen, 400, "MANIFEST_INVALID");
}

#[tokio::test]
async fn a_manifest_is_not_larger_than_4_mib() {
    let lab = Lab::new();
    lab.image("a", "v1", "layer").await;
    let mut manifest = image("layer");
    manifest["annotations"] = json!({"x": ""});
    let room = 4 * 1024 * 1024 - manifest.to_string().len();
    for (length, status) in [(room, 201), (room + 1, 413)] {
        manifest["annotations"] = json!({"x": "x".repeat(length)});
        assert_eq!(lab.put("a", "big", &manifest).await.status, status);
    }
}

/// SRV-07.
#[tokio::test]
async fn a_tag_moves_only_from_where_the_client_believes_it_is() {
    let lab = Lab::new();
    let old = lab.image("a", "v1", "old").await;
    let new = lab.image("a", "v2", "new").await;
    let (quoted, other) = (format!("\"{old}\""), format!("\"{new}\""));
    let cases = [
        ("v1", "if-match", other.as_str(), 412),
        ("v3", "if-match", "*", 412),
        ("v1", "if-none-match", "*", 412),
        ("v1", "if-none-match", &quoted, 412),
        ("v1", "if-none-match", &other, 201),
        ("v1", "if-match", &other, 201),
        ("v3", "if-none-match", "*", 201),
    ];
    for (tag, name, value, status) in cases {
        let headers = [("content-type", MANIFEST), (name, value)];
        let call = format!("PUT /v2/a/manifests/{tag}");
        let seen = lab.send(&call, &headers, image("new").to_string()).await;
        assert_eq!(seen.status, status, "{tag} {name}: {value}");
    }
}

#[tokio::test]
async fn a_registry_without_preconditions_takes_whatever_comes() {
    let options = Options {
        preconditions: false,
        ..Options::default()
    };
    let lab = Lab::with(options);
    lab.image("a", "v1", "old").await;
    let new = lab.image("a", "v2", "new").await;
    for (name, value) in [("if-match", "\"other\""), ("if-none-match", "*")] {
        let headers = [("content-type", MANIFEST), (name, value)];
        let call = "PUT /v2/a/manifests/v1";
        let seen = lab.send(call, &headers, image("new").to_string()).await;
        assert_eq!(seen.status, 201, "{name}");
    }
    assert_eq!(lab.0.tags("a")[0], ("v1".to_owned(), new));
}

/// SRV-06.
#[tokio::test]
async fn of_many_pushes_to_one_tag_one_wins_whole() {
    let lab = Lab::new();
    lab.image("a", "v0", "layer").await;
    let numbered = |number: i32| {
        let mut manifest = image("layer");
        manifest["annotations"] = json!({"number": number.to_string()});
        manifest
    };
    let manifests: Vec<Value> = (0..100).map(numbered).collect();
    let pushes = manifests
        .iter()
        .map(|manifest| lab.put("a", "v1", manifest));
    let seen = futures_util::future::join_all(pushes).await;
    assert!(seen.iter().all(|seen| seen.status == 201));
    let won = lab.call("GET /v2/a/manifests/v1").await.json();
    assert!(manifests.contains(&won));
    assert_eq!(lab.0.manifest_count(), 101);
}
