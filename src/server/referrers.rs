//! What is attached to a manifest.
//!
//! Source: OCI distribution-spec 1.1, "Listing Referrers".

use crate::oci::Digest;
use crate::server::answer::{self, Answer};
use crate::server::list::Page;
use crate::server::references::INDEX;
use crate::server::storage::Manifest;
use crate::server::{Call, not_found};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Lists them as an index. A subject that is not known has none: that is no error.
pub(super) fn list(call: &Call<'_>, name: &str, subject: &Digest) -> Answer {
    if !call.options().referrers {
        return Err(not_found());
    }
    let types: Vec<&str> = call.query.all("artifactType").collect();
    let storage = call.storage();
    let manifests = storage
        .repositories
        .get(name)
        .into_iter()
        .flat_map(|r| &r.manifests);
    let attached = manifests.filter(|(_, manifest)| is_attached(manifest, subject, &types));
    let attached: BTreeMap<&str, &Manifest> =
        attached.map(|(digest, m)| (digest.as_ref(), m)).collect();
    let page = Page::of(call, attached.keys().copied())?;
    let items = page.items.iter();
    let items: Vec<Value> = items
        .filter_map(|digest| Some(descriptor(digest, attached.get(digest)?)))
        .collect();
    let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": items});
    let mut response = answer::whole(StatusCode::OK, INDEX, Bytes::from(body.to_string()));
    let filters: Vec<(&str, &str)> = types.iter().map(|value| ("artifactType", *value)).collect();
    page.link(
        &mut response,
        &format!("/v2/{name}/referrers/{subject}"),
        &filters,
    );
    if !types.is_empty() {
        answer::set(&mut response, answer::FILTERS_APPLIED, "artifactType");
    }
    Ok(response)
}

fn is_attached(manifest: &Manifest, subject: &Digest, types: &[&str]) -> bool {
    let references = &manifest.references;
    let own = references.artifact_type.as_deref().unwrap_or_default();
    references.subject.as_ref() == Some(subject) && (types.is_empty() || types.contains(&own))
}

fn descriptor(digest: &str, manifest: &Manifest) -> Value {
    let mut descriptor = json!({
        "mediaType": manifest.media_type,
        "digest": digest,
        "size": manifest.bytes.len(),
    });
    if let Some(artifact_type) = &manifest.references.artifact_type {
        descriptor["artifactType"] = artifact_type.as_str().into();
    }
    if let Some(annotations) = &manifest.references.annotations {
        descriptor["annotations"] = annotations.clone();
    }
    descriptor
}
