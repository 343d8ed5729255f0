//! "Mounting a blob from another repository".

use super::Lab;
use crate::server::{Mount, Options};

#[tokio::test]
async fn a_blob_is_mounted_from_where_it_is_linked() {
    let lab = Lab::new();
    let digest = lab.blob("from", b"layer").await;
    lab.blob("empty", b"other").await;
    for (query, status) in [
        ("from=from", 201),
        ("from=to", 201),
        ("from=empty", 202),
        ("from=nobody", 202),
        ("from=../from", 202),
        ("x=y", 202),
    ] {
        let seen = lab
            .call(&format!(
                "POST /v2/to/blobs/uploads/?mount={digest}&{query}"
            ))
            .await;
        assert_eq!(seen.status, status, "{query}");
        let blob = format!("/v2/to/blobs/{digest}");
        assert_eq!(seen.header("location") == blob, status == 201, "{query}");
    }
    assert_eq!(
        lab.call(&format!("GET /v2/to/blobs/{digest}")).await.body,
        b"layer"
    );
}

#[tokio::test]
async fn a_registry_may_not_mount() {
    for (mount, status) in [(Mount::Ignored, 202), (Mount::Unknown, 405)] {
        let lab = Lab::with(Options {
            mount,
            ..Options::default()
        });
        let digest = lab.blob("from", b"layer").await;
        let seen = lab
            .call(&format!(
                "POST /v2/to/blobs/uploads/?mount={digest}&from=from"
            ))
            .await;
        assert_eq!(seen.status, status);
        assert_eq!(
            lab.call(&format!("HEAD /v2/to/blobs/{digest}"))
                .await
                .status,
            404
        );
    }
}
