//! What is attached to a manifest.
//!
//! Source: distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema".

use super::Client;
use super::error::Error;
use super::page::{LIMIT, Pages};
use crate::auth::scope::Action;
use crate::oci::manifest::{Manifest, OCI_INDEX, is_index_type};
use crate::oci::reference::{RepositoryName, Target};
use crate::oci::referrers::fallback_tag;
use crate::oci::{Descriptor, Digest};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use std::collections::HashSet;
use std::sync::Arc;

/// All pages together are read no further, in bytes.
const MOST: usize = 64 * 1024 * 1024;

/// What is attached to a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrers {
    /// The manifests that have it as their subject, with their artifact types and annotations.
    pub items: Vec<Descriptor>,
    /// Who keeps that list.
    pub origin: ReferrersOrigin,
}

/// Who keeps the list of a manifest's referrers.
///
/// Source: distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferrersOrigin {
    /// The store itself.
    Api,
    /// Whoever attaches something, in an index under a tag derived from the digest.
    FallbackTag,
}

impl Client {
    /// Lists what is attached to `subject`.
    pub async fn referrers(
        self: &Arc<Self>,
        name: &RepositoryName,
        subject: &Digest,
    ) -> Result<Referrers, Error> {
        let told = if self.memory.has_no_referrers() {
            None
        } else {
            self.told_referrers(name, subject).await?
        };
        let keeps_list = told.is_some();
        let told = told.unwrap_or_default();
        if !told.is_empty() {
            return Ok(Referrers {
                items: told,
                origin: ReferrersOrigin::Api,
            });
        }
        // Also where the registry answers that there are none. One that accepts subjects lists all
        // of them, but a cache of a registry without the list (GHCR behind Harbor) has an empty
        // one of its own, and clients write the tag where a push is not confirmed (Quay). One
        // more question is cheaper than a lost signature.
        let items = self.tagged_referrers(name, subject).await?;
        let origin = if keeps_list && items.is_empty() {
            ReferrersOrigin::Api
        } else {
            ReferrersOrigin::FallbackTag
        };
        Ok(Referrers { items, origin })
    }

    /// The registry's own list; `None` where it has none.
    async fn told_referrers(
        self: &Arc<Self>,
        name: &RepositoryName,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let access = self.access(name, &[Action::Pull]).await?;
        let path = format!("{name}/referrers/{subject}");
        let mut pages = Pages::new(Arc::clone(self), path, access).of_type(OCI_INDEX);
        let mut list = List::about(subject);
        let mut read = 0;
        loop {
            let response = match pages.answer().await {
                Ok(Some(response)) => response,
                Ok(None) => return Ok(Some(list.items)),
                Err(error) if read == 0 && self.knows_no_list(&error) => return Ok(None),
                Err(error) => return Err(error),
            };
            let kind = response.header(&CONTENT_TYPE).map(str::to_owned);
            if read == 0 && !kind.as_deref().is_some_and(is_index) {
                self.memory.set_no_referrers();
                return Ok(None);
            }
            self.memory.set_referrers();
            let bytes = response.bytes(LIMIT).await?;
            // An empty page counts too, so that only the first one decides.
            read += bytes.len().max(1);
            if read > MOST {
                let what = format!("the referrers of {subject} are more than {MOST} bytes");
                return Err(Error::protocol(self.host(), what));
            }
            let page = Manifest::parse(bytes, kind.as_deref())?;
            let before = list.items.len();
            list.extend(&page);
            pages.brought(list.items.len() - before)?;
        }
    }

    /// Whether a refusal means that the registry keeps no list of referrers. Where it may be about
    /// this repository or this subject alone (Quay: 400 for one that it does not know), the next
    /// one is asked for again; a 404 that does not say what is not there must come twice.
    fn knows_no_list(&self, error: &Error) -> bool {
        match error.status() {
            Some(StatusCode::BAD_REQUEST) => {}
            Some(StatusCode::NOT_FOUND) => {
                let about_one = ["NAME_UNKNOWN", "MANIFEST_UNKNOWN"];
                if !about_one.iter().any(|code| error.has(code)) {
                    self.memory.doubt_referrers();
                }
            }
            Some(StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_ACCEPTABLE) => {
                self.memory.set_no_referrers();
            }
            _ => return false,
        }
        true
    }

    /// The list that clients keep under the fallback tag.
    async fn tagged_referrers(
        &self,
        name: &RepositoryName,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, Error> {
        let tag = fallback_tag(subject);
        let index = match self.get_manifest(name, &Target::Tag(tag.clone())).await {
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            read => read?,
        };
        // GitLab takes the tag for the digest that it is made of.
        if index.digest() == subject {
            return Ok(Vec::new());
        }
        if !index.is_index() {
            self.warn(&format!(
                "{name}:{tag} should list referrers, and is no index"
            ));
        }
        let mut list = List::about(subject);
        list.extend(&index);
        Ok(list.items)
    }
}

/// Referrers, each digest once.
struct List {
    items: Vec<Descriptor>,
    seen: HashSet<Digest>,
}

impl List {
    fn about(subject: &Digest) -> Self {
        Self {
            items: Vec::new(),
            seen: HashSet::from([subject.clone()]),
        }
    }

    fn extend(&mut self, index: &Manifest) {
        for item in index.manifests() {
            if self.seen.insert(item.digest().clone()) {
                self.items.push(item.clone());
            }
        }
    }
}

/// Whether a `Content-Type` is an index's.
fn is_index(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    is_index_type(kind.trim().to_ascii_lowercase().as_str())
}
