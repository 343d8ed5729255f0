//! Whatever comes, there is an answer.

use super::{Lab, OCTETS};
use crate::oci::digest::sha256;
use proptest::prelude::*;

#[tokio::test]
async fn a_method_that_is_not_known_is_refused_with_those_that_are() {
    let lab = Lab::new();
    let digest = sha256(b"x");
    for (call, allow) in [
        ("POST /v2/", "GET, HEAD"),
        ("POST /v2/a/manifests/v1", "GET, HEAD, PUT, DELETE"),
        ("PUT /v2/a/tags/list", "GET, HEAD"),
        ("GET /v2/a/blobs/uploads/", "POST"),
        (&format!("PUT /v2/a/blobs/{digest}"), "GET, HEAD, DELETE"),
        ("BREW /v2/a/blobs/uploads/1", "GET, PATCH, PUT, DELETE"),
    ] {
        let seen = lab.call(call).await;
        assert_eq!(seen.refusal(), (405, "UNSUPPORTED".to_owned()), "{call}");
        assert_eq!(seen.header("allow"), allow, "{call}");
    }
}

#[tokio::test]
async fn what_is_too_long_is_refused() {
    let lab = Lab::new();
    let path = format!("GET /v2/{}/tags/list", "a".repeat(9000));
    assert_eq!(lab.call(&path).await.status, 414);
    let value = "x".repeat(33_000);
    assert_eq!(
        lab.send("GET /v2/", &[("x-long", &value)], "").await.status,
        431
    );
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(&["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"][..])
            .prop_map(str::to_owned),
        "[A-Z]{1,8}",
    ]
}

/// Paths that are nearly right.
fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        prop::sample::select(
            &[
                "v2",
                "a",
                "tags",
                "list",
                "manifests",
                "blobs",
                "uploads",
                "referrers",
                "_catalog",
                "token",
                "",
                ".."
            ][..]
        )
        .prop_map(str::to_owned),
        Just(sha256(b"x").to_string()),
        "[!-~]{0,12}".prop_map(|text| text.replace(['?', '#'], "%")),
        "(%[0-9a-f]{2}){1,4}",
    ];
    prop::collection::vec(segment, 0..7).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn query() -> impl Strategy<Value = String> {
    let name = prop::sample::select(
        &[
            "n",
            "last",
            "digest",
            "mount",
            "from",
            "artifactType",
            "_state",
        ][..],
    );
    let value = prop_oneof![
        Just(sha256(b"x").to_string()),
        "[0-9]{1,22}",
        "[a-z%+=&]{0,9}"
    ];
    prop::collection::vec((name, value), 0..4).prop_map(|pairs| {
        let pairs: Vec<String> = pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    })
}

fn header() -> impl Strategy<Value = (String, String)> {
    let names = [
        "range",
        "content-range",
        "if-match",
        "if-none-match",
        "accept",
        "content-length",
        "content-type",
    ];
    let name = prop::sample::select(names.to_vec()).prop_map(str::to_owned);
    let value = prop_oneof![
        "bytes=[0-9]{0,20}-[0-9]{0,20}",
        "[0-9]{0,20}-[0-9]{0,20}",
        "[ -~]{0,20}",
        OCTETS
    ];
    (name, value)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Z18.
    #[test]
    fn any_request_has_an_answer(
        method in method(), start in prop::bool::weighted(0.8), path in path(), query in query(),
        headers in prop::collection::vec(header(), 0..3), body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let prefix = if start { "/v2" } else { "" };
        let uri = format!("{prefix}{path}?{query}");
        prop_assume!(uri.parse::<http::Uri>().is_ok());
        let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let seen = runtime.block_on(async {
            let lab = Lab::new();
            lab.blob("a", b"x").await;
            lab.send(&format!("{method} {uri}"), &headers, body).await
        });
        prop_assert!((200..500).contains(&seen.status), "{method} {uri}: {}", seen.status);
        if seen.status >= 400 && method != "HEAD" {
            prop_assert!(!seen.refusal().1.is_empty());
        }
    }
}
