//! "Content Discovery": tags and repositories.

use super::{Lab, image};
use crate::server::{Options, Paging};

async fn tagged(options: Options) -> Lab {
    let lab = Lab::with(options);
    lab.image("a", "v3", "layer").await;
    for tag in ["v1", "V2", "v2", "latest"] {
        lab.put("a", tag, &image("layer")).await;
    }
    lab
}

/// The items of a page, with commas between, and its `Link`.
async fn page(lab: &Lab, call: &str, field: &str) -> (String, String) {
    let seen = lab.call(call).await;
    assert_eq!(seen.status, 200, "{call}");
    let items: Vec<String> = serde_json::from_value(seen.json()[field].clone()).unwrap();
    (items.join(","), seen.header("link").to_owned())
}

#[tokio::test]
async fn tags_are_listed_in_order_and_in_pages() {
    let lab = tagged(Options::default()).await;
    let next = |last: &str| format!("</v2/a/tags/list?last={last}&n=2>; rel=\"next\"");
    let none = String::new;
    for (query, tags, link) in [
        ("", "V2,latest,v1,v2,v3", none()),
        ("?n=2", "V2,latest", next("latest")),
        ("?last=latest&n=2", "v1,v2", next("v2")),
        ("?last=v2&n=2", "v3", none()),
        ("?n=5", "V2,latest,v1,v2,v3", none()),
        ("?n=0", "", none()),
        ("?last=m", "v1,v2,v3", none()),
        ("?last=zzz", "", none()),
        ("?n=99999999999999999999", "V2,latest,v1,v2,v3", none()),
    ] {
        let seen = page(&lab, &format!("GET /v2/a/tags/list{query}"), "tags").await;
        assert_eq!(seen, (tags.to_owned(), link), "{query}");
    }
}

#[tokio::test]
async fn a_number_of_items_is_a_number() {
    let lab = tagged(Options::default()).await;
    for n in ["-1", "abc", "", "1.5", "+1"] {
        let seen = lab.call(&format!("GET /v2/a/tags/list?n={n}")).await;
        assert_eq!(
            seen.refusal(),
            (400, "PAGINATION_NUMBER_INVALID".to_owned()),
            "{n}"
        );
    }
}

/// SRV-10.
#[tokio::test]
async fn a_page_is_never_larger_than_the_registry_allows() {
    let lab = tagged(Options {
        paging: Paging::Pages(2),
        ..Options::default()
    })
    .await;
    for query in ["", "?n=1000"] {
        let (tags, link) = page(&lab, &format!("GET /v2/a/tags/list{query}"), "tags").await;
        assert_eq!(tags, "V2,latest");
        assert!(link.contains("last=latest&n=2"), "{link}");
    }
}

#[tokio::test]
async fn a_registry_may_know_no_pages() {
    let lab = tagged(Options {
        paging: Paging::Off,
        ..Options::default()
    })
    .await;
    let seen = page(&lab, "GET /v2/a/tags/list?n=2&last=v1", "tags").await;
    assert_eq!(seen, ("V2,latest,v1,v2,v3".to_owned(), String::new()));
}

#[tokio::test]
async fn tags_of_a_repository_that_is_not_there_are_unknown() {
    let seen = Lab::new().call("GET /v2/nobody/tags/list").await;
    assert_eq!(seen.refusal(), (404, "NAME_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn repositories_are_listed_in_pages_too() {
    let lab = Lab::new();
    for name in ["team/b", "team/a", "c"] {
        lab.blob(name, b"x").await;
    }
    let next = "</v2/_catalog?last=team%2Fa&n=2>; rel=\"next\"".to_owned();
    let seen = page(&lab, "GET /v2/_catalog?n=2", "repositories").await;
    assert_eq!(seen, ("c,team/a".to_owned(), next));
    let seen = page(&lab, "GET /v2/_catalog?last=team%2Fa&n=2", "repositories").await;
    assert_eq!(seen, ("team/b".to_owned(), String::new()));
    assert_eq!(lab.0.repositories(), ["c", "team/a", "team/b"]);
}

#[tokio::test]
async fn a_registry_may_have_no_catalog() {
    let lab = Lab::with(Options {
        catalog: false,
        ..Options::default()
    });
    assert_eq!(lab.call("GET /v2/_catalog").await.status, 404);
}
