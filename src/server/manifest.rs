//! Manifests: reading, pushing and deleting them.
//!
//! Source: OCI distribution-spec 1.1, "Pulling manifests", "Pushing Manifests", "Deleting tags",
//! "Deleting Manifests".

use crate::oci::{Digest, digest};
use crate::server::answer::{self, Answer};
use crate::server::body::Body;
use crate::server::options::TagDelete;
use crate::server::problem::{Code, Problem};
use crate::server::references;
use crate::server::route::Target;
use crate::server::storage::{Manifest, Repository};
use crate::server::{Call, unsupported};
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, StatusCode};
use serde_json::json;

const LIMIT: u64 = 4 * 1024 * 1024;

pub(super) fn get(call: &Call<'_>, name: &str, target: &Target) -> Answer {
    let storage = call.storage();
    let repository = storage.repositories.get(name);
    let (digest, manifest) = repository
        .and_then(|r| find(r, target))
        .ok_or_else(unknown)?;
    if !accepts(call.headers(), &manifest.media_type) {
        return Err(unknown().detail(json!({"mediaType": manifest.media_type})));
    }
    let mut response = if lists(call.headers(), &IF_NONE_MATCH, Some(&digest)) {
        answer::empty(StatusCode::NOT_MODIFIED)
    } else {
        answer::whole(StatusCode::OK, &manifest.media_type, manifest.bytes.clone())
    };
    answer::set(&mut response, answer::CONTENT_DIGEST, digest.as_ref());
    answer::set(&mut response, ETAG, &format!("\"{digest}\""));
    Ok(response)
}

fn find<'a>(repository: &'a Repository, target: &Target) -> Option<(Digest, &'a Manifest)> {
    let digest = repository.resolve(target)?;
    let manifest = repository.manifests.get(&digest)?;
    Some((digest, manifest))
}

fn unknown() -> Problem {
    Problem::new(Code::ManifestUnknown, "the manifest is not known")
}

pub(super) async fn put(call: &Call<'_>, name: &str, target: &Target, body: Body) -> Answer {
    let bytes = body.within(LIMIT).collect().await?;
    let media_type = call
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next());
    let media_type = media_type.unwrap_or_default().trim().to_owned();
    let references = references::parse(&bytes, &media_type)
        .map_err(|reason| Problem::new(Code::ManifestInvalid, reason))?;
    let digest = digest_of(&bytes, target)?;
    let subject = references.subject.clone();
    let manifest = Manifest {
        bytes,
        media_type,
        references,
    };
    store(call, name, target, &digest, manifest)?;
    let mut response = answer::empty(StatusCode::CREATED);
    let location = call.location(&format!("/v2/{name}/manifests/{digest}"));
    answer::set(&mut response, LOCATION, &location);
    answer::set(&mut response, answer::CONTENT_DIGEST, digest.as_ref());
    if let Some(subject) = subject.filter(|_| call.options().referrers) {
        answer::set(&mut response, answer::SUBJECT, subject.as_ref());
    }
    Ok(response)
}

/// The digest to keep a manifest under: the one in its path, if it is right.
fn digest_of(bytes: &[u8], target: &Target) -> Result<Digest, Problem> {
    let invalid = || {
        Problem::new(
            Code::DigestInvalid,
            "the manifest is not what the digest names",
        )
    };
    match target {
        Target::Tag(_) => Ok(digest::sha256(bytes)),
        Target::Digest(named) => {
            let computed = digest::compute(bytes, named).map_err(|_| invalid())?;
            (computed == *named).then_some(computed).ok_or_else(invalid)
        }
    }
}

/// Checks and writes under one lock, so that of two pushes one comes first.
fn store(
    call: &Call<'_>,
    name: &str,
    target: &Target,
    digest: &Digest,
    manifest: Manifest,
) -> Result<(), Problem> {
    let mut storage = call.storage();
    let none = Repository::default();
    let known = storage.repositories.get(name).unwrap_or(&none);
    check_precondition(call, known.resolve(target).as_ref())?;
    if let Some(missing) = known.missing(&manifest.references) {
        let message = "the manifest refers to something that is not in the repository";
        let detail = json!({"digest": missing.as_ref()});
        return Err(Problem::new(Code::ManifestBlobUnknown, message).detail(detail));
    }
    let repository = storage.repositories.entry(name.to_owned()).or_default();
    repository.manifests.insert(digest.clone(), manifest);
    if let Target::Tag(tag) = target {
        repository.tags.insert(tag.clone(), digest.clone());
    }
    Ok(())
}

pub(super) fn delete(call: &Call<'_>, name: &str, target: &Target) -> Answer {
    if !call.options().delete {
        return Err(unsupported("the registry does not delete"));
    }
    if let Target::Tag(_) = target {
        check_tag_delete(call.options().tag_delete)?;
    }
    let mut storage = call.storage();
    let repository = storage.repositories.get_mut(name);
    let repository =
        repository.ok_or_else(|| Problem::new(Code::NameUnknown, "the repository is not known"))?;
    let current = repository.resolve(target).ok_or_else(unknown)?;
    check_precondition(call, Some(&current))?;
    match target {
        Target::Tag(tag) => {
            repository.tags.remove(tag);
        }
        Target::Digest(digest) => {
            repository.manifests.remove(digest);
            repository.tags.retain(|_, tagged| tagged != digest);
        }
    }
    Ok(answer::empty(StatusCode::ACCEPTED))
}

fn check_tag_delete(tag_delete: TagDelete) -> Result<(), Problem> {
    match tag_delete {
        TagDelete::Untag => Ok(()),
        TagDelete::Invalid => Err(Problem::new(Code::DigestInvalid, "a tag is not a digest")),
        TagDelete::Unsupported => Err(unsupported("the registry does not delete tags")),
    }
}

/// RFC 9110, 13.1: what the target is now must be what the client believes it is.
fn check_precondition(call: &Call<'_>, current: Option<&Digest>) -> Result<(), Problem> {
    if !call.options().preconditions {
        return Ok(());
    }
    let headers = call.headers();
    let matched = !headers.contains_key(IF_MATCH) || lists(headers, &IF_MATCH, current);
    if matched && !lists(headers, &IF_NONE_MATCH, current) {
        return Ok(());
    }
    let detail = json!({"current": current.map(Digest::as_ref)});
    Err(Problem::new(Code::Precondition, "the manifest is another one by now").detail(detail))
}

/// Whether a list of entity tags has the current one. `*` stands for any that there is.
fn lists(headers: &HeaderMap, name: &HeaderName, current: Option<&Digest>) -> bool {
    let Some(current) = current else { return false };
    values(headers, name).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == current.as_ref()
    })
}

/// Whether the client takes this media type. One that does not say takes all.
fn accepts(headers: &HeaderMap, media_type: &str) -> bool {
    !headers.contains_key(ACCEPT)
        || values(headers, &ACCEPT).any(|range| {
            let range = range.split(';').next().unwrap_or_default().trim();
            matches!(range, "*/*" | "application/*") || range.eq_ignore_ascii_case(media_type)
        })
}

/// The items of a header that holds a list.
fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    let lines = lines.filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}
