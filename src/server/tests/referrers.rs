//! "Listing Referrers" and "Pushing Manifests with Subject".

use super::{INDEX, Lab, MANIFEST, descriptor, digest, image, index};
use crate::oci::digest::sha256;
use crate::server::{Options, Paging};
use serde_json::{Value, json};

fn attached(subject: &Value, artifact_type: Option<&str>) -> Value {
    let mut manifest = image("layer");
    manifest["subject"] = descriptor(MANIFEST, subject.to_string().as_bytes());
    manifest["annotations"] = json!({"org.example": artifact_type.unwrap_or("none")});
    if let Some(artifact_type) = artifact_type {
        manifest["artifactType"] = artifact_type.into();
    }
    manifest
}

async fn signed(options: Options) -> Lab {
    let lab = Lab::with(options);
    lab.image("a", "v1", "layer").await;
    for artifact_type in [
        Some("application/x-signature"),
        Some("application/x-sbom"),
        None,
    ] {
        let manifest = attached(&image("layer"), artifact_type);
        let seen = lab.put("a", &digest(&manifest), &manifest).await;
        assert_eq!(seen.status, 201);
    }
    lab
}

fn types(index: &Value) -> Vec<&str> {
    let items = index["manifests"].as_array().unwrap();
    let mut types: Vec<&str> = items
        .iter()
        .map(|item| item["artifactType"].as_str().unwrap())
        .collect();
    types.sort_unstable();
    types
}

#[tokio::test]
async fn what_is_attached_is_listed_as_an_index() {
    let lab = signed(Options::default()).await;
    let seen = lab
        .call(&format!("GET /v2/a/referrers/{}", digest(&image("layer"))))
        .await;
    assert_eq!((seen.status, seen.header("content-type")), (200, INDEX));
    assert_eq!(seen.header("oci-filters-applied"), "");
    let index = seen.json();
    assert_eq!(
        (&index["schemaVersion"], &index["mediaType"]),
        (&json!(2), &json!(INDEX))
    );
    let config = "application/vnd.oci.image.config.v1+json";
    assert_eq!(
        types(&index),
        [config, "application/x-sbom", "application/x-signature"]
    );
    let sbom = attached(&image("layer"), Some("application/x-sbom"));
    let mut expected = descriptor(MANIFEST, sbom.to_string().as_bytes());
    expected["artifactType"] = "application/x-sbom".into();
    expected["annotations"] = json!({"org.example": "application/x-sbom"});
    assert!(index["manifests"].as_array().unwrap().contains(&expected));
}

#[tokio::test]
async fn a_filter_by_artifact_type_is_applied_and_said_to_be() {
    let lab = signed(Options::default()).await;
    let subject = digest(&image("layer"));
    for (artifact_type, found) in [("application/x-sbom", 1), ("application/x-none", 0)] {
        let call = format!("GET /v2/a/referrers/{subject}?artifactType={artifact_type}");
        let seen = lab.call(&call).await;
        assert_eq!(types(&seen.json()).len(), found);
        assert_eq!(seen.header("oci-filters-applied"), "artifactType");
    }
}

#[tokio::test]
async fn what_has_nothing_attached_has_an_empty_list() {
    let lab = signed(Options::default()).await;
    for name in ["a", "nobody"] {
        let seen = lab
            .call(&format!("GET /v2/{name}/referrers/{}", sha256(b"absent")))
            .await;
        assert_eq!(
            (seen.status, seen.json()["manifests"].clone()),
            (200, json!([]))
        );
    }
    assert_eq!(lab.call("GET /v2/a/referrers/v1").await.status, 400);
}

#[tokio::test]
async fn a_push_with_a_subject_says_that_it_was_understood() {
    let lab = Lab::new();
    lab.image("a", "v1", "layer").await;
    // The subject need not be there.
    let subject = image("absent");
    let seen = lab
        .put(
            "a",
            "signature",
            &attached(&subject, Some("application/x-signature")),
        )
        .await;
    assert_eq!(
        (seen.status, seen.header("oci-subject")),
        (201, &*digest(&subject))
    );
    let mut list = index(&[&image("layer")]);
    list["subject"] = descriptor(MANIFEST, subject.to_string().as_bytes());
    assert_eq!(
        lab.put("a", "list", &list).await.header("oci-subject"),
        digest(&subject)
    );
    let seen = lab
        .call(&format!("GET /v2/a/referrers/{}", digest(&subject)))
        .await;
    let items = seen.json()["manifests"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2);
    assert!(
        items
            .iter()
            .any(|item| item["mediaType"] == INDEX && item.get("artifactType").is_none())
    );
}

#[tokio::test]
async fn what_is_deleted_is_attached_no_more() {
    let lab = signed(Options::default()).await;
    let sbom = digest(&attached(&image("layer"), Some("application/x-sbom")));
    assert_eq!(
        lab.call(&format!("DELETE /v2/a/manifests/{sbom}"))
            .await
            .status,
        202
    );
    let seen = lab
        .call(&format!("GET /v2/a/referrers/{}", digest(&image("layer"))))
        .await;
    assert_eq!(types(&seen.json()).len(), 2);
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let lab = signed(Options {
        paging: Paging::Pages(2),
        ..Options::default()
    })
    .await;
    let path = format!("/v2/a/referrers/{}", digest(&image("layer")));
    let first = lab.call(&format!("GET {path}")).await;
    assert_eq!(types(&first.json()).len(), 2);
    let link = first.header("link");
    let next = link.strip_prefix('<').unwrap().split_once('>').unwrap().0;
    assert!(next.starts_with(&path));
    let second = lab.call(&format!("GET {next}")).await;
    assert_eq!(
        (types(&second.json()).len(), second.header("link")),
        (1, "")
    );
}

#[tokio::test]
async fn a_registry_may_have_no_referrers() {
    let lab = Lab::with(Options {
        referrers: false,
        ..Options::default()
    });
    lab.image("a", "v1", "layer").await;
    let manifest = attached(&image("layer"), None);
    let seen = lab.put("a", "signature", &manifest).await;
    assert_eq!((seen.status, seen.header("oci-subject")), (201, ""));
    let seen = lab
        .call(&format!("GET /v2/a/referrers/{}", digest(&image("layer"))))
        .await;
    assert_eq!(seen.status, 404);
}
