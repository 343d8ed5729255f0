//! "Content Management".

use super::{Lab, image, index};
use crate::oci::digest::sha256;
use crate::server::{Options, TagDelete};

#[tokio::test]
async fn deleting_a_tag_removes_nothing_but_the_tag() {
    let lab = Lab::new();
    let digest = lab.image("a", "v1", "layer").await;
    lab.put("a", "v2", &image("layer")).await;
    assert_eq!(lab.call("DELETE /v2/a/manifests/v1").await.status, 202);
    for (reference, status) in [("v1", 404), ("v2", 200), (&*digest, 200)] {
        let seen = lab.call(&format!("HEAD /v2/a/manifests/{reference}")).await;
        assert_eq!(seen.status, status, "{reference}");
    }
    let again = lab.call("DELETE /v2/a/manifests/v1").await;
    assert_eq!(again.refusal(), (404, "MANIFEST_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn deleting_a_manifest_removes_every_tag_on_it() {
    let lab = Lab::new();
    let digest = lab.image("a", "v1", "layer").await;
    lab.put("a", "v2", &image("layer")).await;
    lab.put("a", "all", &index(&[&image("layer")])).await;
    assert_eq!(
        lab.call(&format!("DELETE /v2/a/manifests/{digest}"))
            .await
            .status,
        202
    );
    let left: Vec<String> = lab.0.tags("a").into_iter().map(|(tag, _)| tag).collect();
    assert_eq!(left, ["all"]);
    let seen = lab.call(&format!("GET /v2/a/manifests/{digest}")).await;
    assert_eq!(seen.refusal(), (404, "MANIFEST_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn a_tag_that_moved_is_not_deleted() {
    let lab = Lab::new();
    lab.image("a", "v1", "layer").await;
    let other = format!("\"{}\"", sha256(b"other"));
    let seen = lab
        .send("DELETE /v2/a/manifests/v1", &[("if-match", &other)], "")
        .await;
    assert_eq!(seen.status, 412);
    assert_eq!(lab.call("HEAD /v2/a/manifests/v1").await.status, 200);
}

#[tokio::test]
async fn a_blob_is_deleted_from_one_repository_alone() {
    let lab = Lab::new();
    let digest = lab.blob("a", b"layer").await;
    lab.blob("b", b"layer").await;
    assert_eq!(
        lab.call(&format!("DELETE /v2/a/blobs/{digest}"))
            .await
            .status,
        202
    );
    assert_eq!(
        lab.call(&format!("HEAD /v2/a/blobs/{digest}")).await.status,
        404
    );
    assert_eq!(
        lab.call(&format!("HEAD /v2/b/blobs/{digest}")).await.status,
        200
    );
    let again = lab.call(&format!("DELETE /v2/a/blobs/{digest}")).await;
    assert_eq!(again.refusal(), (404, "BLOB_UNKNOWN".to_owned()));
    assert_eq!(lab.0.blob_bytes(), 5);
    lab.call(&format!("DELETE /v2/b/blobs/{digest}")).await;
    assert_eq!((lab.0.blob_count(), lab.0.blob_bytes()), (0, 0));
}

#[tokio::test]
async fn a_registry_may_not_delete() {
    let lab = Lab::with(Options {
        delete: false,
        ..Options::default()
    });
    let digest = lab.image("a", "v1", "layer").await;
    let blob = sha256(b"layer");
    for path in [
        "manifests/v1",
        &format!("manifests/{digest}"),
        &format!("blobs/{blob}"),
    ] {
        let seen = lab.call(&format!("DELETE /v2/a/{path}")).await;
        assert_eq!(seen.refusal(), (405, "UNSUPPORTED".to_owned()), "{path}");
        assert_eq!(lab.call(&format!("HEAD /v2/a/{path}")).await.status, 200);
    }
}

#[tokio::test]
async fn a_registry_may_delete_by_digest_alone() {
    for (tag_delete, refusal) in [
        (TagDelete::Invalid, (400, "DIGEST_INVALID")),
        (TagDelete::Unsupported, (405, "UNSUPPORTED")),
    ] {
        let lab = Lab::with(Options {
            tag_delete,
            ..Options::default()
        });
        let digest = lab.image("a", "v1", "layer").await;
        let (status, code) = lab.call("DELETE /v2/a/manifests/v1").await.refusal();
        assert_eq!((status, code.as_str()), refusal);
        assert_eq!(
            lab.call(&format!("DELETE /v2/a/manifests/{digest}"))
                .await
                .status,
            202
        );
    }
}
