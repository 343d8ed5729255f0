//! "Pushing blobs".

use super::{Lab, refused};
use crate::oci::digest::{compute, sha256};
use crate::server::{LocationForm, Options};
use futures_util::{StreamExt as _, stream};

/// Opens an upload and gives its `Location`.
async fn open(lab: &Lab, name: &str) -> String {
    let seen = lab.call(&format!("POST /v2/{name}/blobs/uploads/")).await;
    assert_eq!((seen.status, seen.header("range")), (202, "0-0"));
    assert!(!seen.header("docker-upload-uuid").is_empty());
    seen.header("location").to_owned()
}

#[tokio::test]
async fn a_blob_is_pushed_by_post_then_put() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    let digest = sha256(b"hello");
    let seen = lab
        .send(&format!("PUT {location}&digest={digest}"), &[], "hello")
        .await;
    assert_eq!(seen.status, 201);
    assert_eq!(seen.header("location"), format!("/v2/a/blobs/{digest}"));
    assert_eq!(seen.header("docker-content-digest"), digest.as_ref());
    assert_eq!(
        lab.call(&format!("GET /v2/a/blobs/{digest}")).await.body,
        b"hello"
    );
    assert_eq!(
        (lab.0.upload_count(), lab.0.blob_count(), lab.0.blob_bytes()),
        (0, 1, 5)
    );
}

#[tokio::test]
async fn a_blob_may_be_named_by_sha512() {
    let lab = Lab::new();
    let like = format!("sha512:{}", "0".repeat(128)).parse().unwrap();
    let digest = compute(b"hello", &like).unwrap();
    let location = open(&lab, "a").await;
    let seen = lab
        .send(&format!("PUT {location}&digest={digest}"), &[], "hello")
        .await;
    assert_eq!(seen.status, 201);
    assert_eq!(
        lab.call(&format!("GET /v2/a/blobs/{digest}")).await.body,
        b"hello"
    );
}

#[tokio::test]
async fn a_blob_that_is_not_what_its_digest_says_is_refused_and_its_upload_gone() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    let digest = sha256(b"other");
    let seen = lab
        .send(&format!("PUT {location}&digest={digest}"), &[], "hello")
        .await;
    refused(&seen, 400, "DIGEST_INVALID");
    refused(
        &lab.call(&format!("GET {location}")).await,
        404,
        "BLOB_UPLOAD_UNKNOWN",
    );
    assert_eq!(
        lab.call(&format!("HEAD /v2/a/blobs/{digest}")).await.status,
        404
    );
}

#[tokio::test]
async fn an_upload_ends_with_a_digest_that_can_be_verified() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    for query in [
        "",
        "&digest=",
        "&digest=sha256:ab",
        "&digest=md5:d41d8cd98f00b204e9800998ecf8427e",
    ] {
        refused(
            &lab.call(&format!("PUT {location}{query}")).await,
            400,
            "DIGEST_INVALID",
        );
    }
}

#[tokio::test]
async fn one_post_pushes_a_blob_where_the_registry_knows_how() {
    let digest = sha256(b"hello");
    let call = format!("POST /v2/a/blobs/uploads/?digest={digest}");
    for (single_post, status, there) in [(true, 201, 200), (false, 202, 404)] {
        let lab = Lab::with(Options {
            single_post,
            ..Options::default()
        });
        assert_eq!(lab.send(&call, &[], "hello").await.status, status);
        assert_eq!(
            lab.call(&format!("HEAD /v2/a/blobs/{digest}")).await.status,
            there
        );
    }
    refused(
        &Lab::new().send(&call, &[], "other").await,
        400,
        "DIGEST_INVALID",
    );
}

#[tokio::test]
async fn a_blob_is_pushed_in_chunks_in_order() {
    let lab = Lab::new();
    let mut location = open(&lab, "a").await;
    for (chunk, range, shown) in [("abc", "0-2", "0-2"), ("defg", "3-6", "0-6")] {
        let seen = lab
            .send(
                &format!("PATCH {location}"),
                &[("content-range", range)],
                chunk,
            )
            .await;
        assert_eq!((seen.status, seen.header("range")), (202, shown));
        location = seen.header("location").to_owned();
        let status = lab.call(&format!("GET {location}")).await;
        assert_eq!((status.status, status.header("range")), (204, shown));
        assert_eq!(status.header("location"), location);
    }
    let digest = sha256(b"abcdefgh");
    let call = format!("PUT {location}&digest={digest}");
    assert_eq!(
        lab.send(&call, &[("content-range", "7-7")], "h")
            .await
            .status,
        201
    );
    assert_eq!(
        lab.call(&format!("GET /v2/a/blobs/{digest}")).await.body,
        b"abcdefgh"
    );
}

#[tokio::test]
async fn a_chunk_out_of_order_changes_nothing_and_learns_where_to_go_on() {
    let lab = Lab::new();
    let first = open(&lab, "a").await;
    let seen = lab.send(&format!("PATCH {first}"), &[], "abc").await;
    let location = seen.header("location").to_owned();
    for range in ["0-2", "4-6", "bytes 3-5", "3-5/9", "x"] {
        let seen = lab
            .send(
                &format!("PATCH {location}"),
                &[("content-range", range)],
                "def",
            )
            .await;
        refused(&seen, 416, "RANGE_INVALID");
        assert_eq!(
            (seen.header("range"), seen.header("location")),
            ("0-2", &*location),
            "{range}"
        );
    }
    // Without a range the old Location tells that the client does not know of the first chunk.
    refused(
        &lab.send(&format!("PATCH {first}"), &[], "abc").await,
        416,
        "RANGE_INVALID",
    );
    assert_eq!(
        lab.call(&format!("GET {first}")).await.header("range"),
        "0-2"
    );
}

#[tokio::test]
async fn a_chunk_is_as_long_as_it_says() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    let headers = [("content-range", "0-9"), ("content-length", "3")];
    refused(
        &lab.send(&format!("PATCH {location}"), &headers, "abc")
            .await,
        400,
        "SIZE_INVALID",
    );
    assert_eq!(
        lab.call(&format!("GET {location}"))
            .await
            .header("location"),
        location
    );
    let seen = lab
        .send(
            &format!("PATCH {location}"),
            &[("content-range", "0-9")],
            "abc",
        )
        .await;
    refused(&seen, 400, "SIZE_INVALID");
    let seen = lab
        .send(
            &format!("PATCH {location}"),
            &[("content-range", "3-3")],
            "defg",
        )
        .await;
    refused(&seen, 413, "SIZE_INVALID");
}

#[tokio::test]
async fn what_came_before_a_body_broke_off_stays() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    let chunks = [Ok("abc".into()), Err("reset".into())];
    let seen = lab
        .stream(
            &format!("PATCH {location}"),
            &[],
            stream::iter(chunks).boxed(),
        )
        .await;
    refused(&seen, 400, "SIZE_INVALID");
    let seen = lab.call(&format!("GET {location}")).await;
    assert_eq!((seen.status, seen.header("range")), (204, "0-2"));
    let digest = sha256(b"abcdef");
    let call = format!("PUT {}&digest={digest}", seen.header("location"));
    assert_eq!(lab.send(&call, &[], "def").await.status, 201);
}

#[tokio::test]
async fn a_connection_that_hangs_cannot_write_into_the_upload_that_goes_on_without_it() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    let (dead, held) = tokio::sync::oneshot::channel::<()>();
    let late = stream::once(async move {
        let _ = held.await;
        Ok("LATE".into())
    });
    let hanging = stream::once(async { Ok("abc".into()) }).chain(late).boxed();
    let (old_call, new_call) = (format!("PATCH {location}"), format!("GET {location}"));
    let goes_on = async {
        let seen = lab.call(&new_call).await;
        assert_eq!(seen.header("range"), "0-2");
        let seen = lab
            .send(&format!("PATCH {}", seen.header("location")), &[], "def")
            .await;
        dead.send(()).unwrap();
        seen
    };
    let (old, new) = tokio::join!(lab.stream(&old_call, &[], hanging), goes_on);
    refused(&old, 416, "RANGE_INVALID");
    assert_eq!((new.status, new.header("range")), (202, "0-5"));
}

/// The connection that hangs may also end quietly, when the upload is long complete.
#[tokio::test]
async fn an_upload_that_was_completed_by_another_request_is_not_completed_twice() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    let (dead, held) = tokio::sync::oneshot::channel::<()>();
    let quiet = stream::once(async move {
        let _ = held.await;
        Ok("".into())
    });
    let hanging = stream::once(async { Ok("abc".into()) })
        .chain(quiet)
        .boxed();
    let digest = sha256(b"abc");
    let (old_call, new_call) = (
        format!("PUT {location}&digest={digest}"),
        format!("GET {location}"),
    );
    let goes_on = async {
        let seen = lab.call(&new_call).await;
        let seen = lab
            .call(&format!("PUT {}&digest={digest}", seen.header("location")))
            .await;
        dead.send(()).unwrap();
        seen
    };
    let (old, new) = tokio::join!(lab.stream(&old_call, &[], hanging), goes_on);
    refused(&old, 416, "RANGE_INVALID");
    assert_eq!(new.status, 201);
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository_and_can_be_cancelled() {
    let lab = Lab::new();
    let location = open(&lab, "a").await;
    let elsewhere = location.replace("/v2/a/", "/v2/b/");
    refused(
        &lab.call(&format!("GET {elsewhere}")).await,
        404,
        "BLOB_UPLOAD_UNKNOWN",
    );
    assert_eq!(lab.call(&format!("DELETE {location}")).await.status, 204);
    for method in ["GET", "DELETE", "PATCH"] {
        refused(
            &lab.call(&format!("{method} {location}")).await,
            404,
            "BLOB_UPLOAD_UNKNOWN",
        );
    }
}

#[tokio::test]
async fn chunks_keep_to_the_minimum_but_for_the_last() {
    let lab = Lab::with(Options {
        chunk_min_length: Some(4),
        ..Options::default()
    });
    let seen = lab.call("POST /v2/a/blobs/uploads/").await;
    assert_eq!(seen.header("oci-chunk-min-length"), "4");
    let seen = lab
        .send(&format!("PATCH {}", seen.header("location")), &[], "abcd")
        .await;
    let seen = lab
        .send(&format!("PATCH {}", seen.header("location")), &[], "e")
        .await;
    assert_eq!(seen.status, 202);
    let location = seen.header("location");
    refused(
        &lab.send(&format!("PATCH {location}"), &[], "f").await,
        400,
        "SIZE_INVALID",
    );
    let call = format!("PUT {location}&digest={}", sha256(b"abcde"));
    assert_eq!(
        lab.send(&call, &[("content-length", "0")], "").await.status,
        201
    );
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let lab = Lab::with(Options {
        body_limit: Some(4),
        ..Options::default()
    });
    let location = open(&lab, "a").await;
    for headers in [&[][..], &[("content-length", "5")]] {
        let call = format!("PUT {location}&digest={}", sha256(b"hello"));
        refused(
            &lab.send(&call, headers, "hello").await,
            413,
            "SIZE_INVALID",
        );
    }
}

#[tokio::test]
async fn locations_are_absolute_where_the_registry_says_so() {
    let origin = LocationForm::Absolute("http://registry.example:5000".to_owned());
    let lab = Lab::with(Options {
        location: origin,
        ..Options::default()
    });
    let seen = lab.call("POST /v2/a/blobs/uploads/").await;
    let location = seen.header("location");
    assert!(
        location.starts_with("http://registry.example:5000/v2/a/blobs/uploads/"),
        "{location}"
    );
}
