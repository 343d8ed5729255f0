//! What a registry can do.

use super::finding::{By, Finding, Said};
use super::known::{Ability, known};
use crate::oci::Digest;
use crate::oci::manifest::OCI_INDEX;
use crate::oci::reference::RepositoryName;
use crate::store::Kind as ErrorKind;
use crate::store::registry::{Answer, Question, Registry};
use crate::vendor::Kind;
use serde::Deserialize;

/// What a registry can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities {
    /// Listing its repositories.
    pub catalog: Finding,
    /// Listing tags in pages.
    pub pages: Finding,
    /// Listing what is attached to an image.
    pub referrers: Finding,
    /// Taking note of what is attached to an image when that is written.
    pub subject: Finding,
    /// Taking a blob in one PUT.
    pub upload: Finding,
    /// Taking a blob in chunks.
    pub chunks: Finding,
    /// Linking a blob that another repository has.
    pub mount: Finding,
    /// Removing a tag alone.
    pub delete_tag: Finding,
    /// Removing a manifest.
    pub delete_digest: Finding,
}

#[derive(Deserialize)]
struct Catalog {
    repositories: Option<Vec<Option<String>>>,
}

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<Option<String>>>,
}

impl Abilities {
    /// What is known of this kind before anything is asked.
    pub(super) fn known_of(kind: Option<Kind>) -> Self {
        let repository = || Finding::not_asked("`--repo REPO` asks for it");
        let write = || Finding::not_asked("`--write REPO` tries it out");
        Self {
            catalog: Finding::new(Said::NotAsked, By::Nobody),
            pages: repository(),
            referrers: repository(),
            subject: write(),
            upload: write(),
            chunks: known(kind, Ability::Chunks),
            mount: known(kind, Ability::Mount),
            delete_tag: known(kind, Ability::DeleteTag),
            delete_digest: known(kind, Ability::DeleteDigest),
        }
    }

    /// Asks what needs no repository.
    pub(super) async fn ask(&mut self, registry: &Registry) {
        self.catalog = match registry.ask(&Question::Catalog).await {
            Ok(answer) => catalog(&answer),
            Err(error) => Finding::of(&error, By::Asked),
        };
    }

    /// Asks for what is attached to a manifest that is there, or to one that is not.
    pub(super) async fn ask_referrers(
        &mut self,
        registry: &Registry,
        name: &RepositoryName,
        subject: &Digest,
        is_there: bool,
    ) {
        let question = Question::Referrers(name.clone(), subject.clone());
        self.referrers = match registry.ask(&question).await {
            Ok(answer) => referrers(&answer, is_there),
            Err(error) => Finding::of(&error, By::Asked),
        };
    }
}

fn catalog(answer: &Answer) -> Finding {
    let list = serde_json::from_slice(&answer.body);
    match answer.status.as_u16() {
        200 if list.is_ok_and(|list: Catalog| list.repositories.is_some()) => {
            Finding::new(Said::Yes, By::Asked)
        }
        401 | 403 | 404 | 405 => Finding::with(Said::No, By::Asked, answer.problem().to_string()),
        _ => unclear(answer),
    }
}

/// Whether what was asked for by one is in pages, and the names on this one.
pub(super) fn tags(answer: &Answer) -> Option<(Finding, Vec<String>)> {
    let list: Tags = serde_json::from_slice(&answer.body).ok()?;
    let names: Vec<String> = list
        .tags
        .unwrap_or_default()
        .into_iter()
        .flatten()
        .collect();
    let finding = match names.len() {
        _ if answer.goes_on() => Finding::new(Said::Yes, By::Asked),
        0 | 1 => Finding::with(Said::Unknown, By::Asked, "there is no second page"),
        _ => Finding::with(Said::No, By::Asked, "all tags come at once"),
    };
    Some((finding, names))
}

/// A registry with the API answers with an index whatever it is asked for; one without it with
/// 404, which may also be about the subject.
fn referrers(answer: &Answer, is_there: bool) -> Finding {
    let is_index = answer.media_type().as_deref() == Some(OCI_INDEX);
    let words = answer.problem().to_string();
    match answer.status.as_u16() {
        200 if is_index => Finding::new(Said::Yes, By::Asked),
        200 => Finding::with(Said::No, By::Asked, "what it answers is no index"),
        404..=406 if is_there => Finding::with(Said::No, By::Asked, words),
        404 if answer.problem().details.is_empty() => Finding::with(Said::No, By::Asked, words),
        _ => unclear(answer),
    }
}

fn unclear(answer: &Answer) -> Finding {
    let said = if answer.is_markup() {
        "it answers with a web page".to_owned()
    } else if answer.status.is_success() {
        "what it answers is not the specified document".to_owned()
    } else {
        answer.problem().to_string()
    };
    Finding::with(Said::Unknown, By::Asked, said)
}

/// The kind of a refusal by its status.
pub(super) fn refusal(answer: &Answer) -> Option<ErrorKind> {
    match answer.status.as_u16() {
        401 => Some(ErrorKind::Unauthenticated),
        403 => Some(ErrorKind::Denied),
        _ => None,
    }
}
