//! What is attached to a manifest.
//!
//! Source: distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema".

use super::Client;
use super::error::Error;
use crate::oci::reference::RepositoryName;
use crate::oci::{Descriptor, Digest};

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferrersOrigin {
    /// The store itself.
    Api,
    /// Whoever attaches something, in an index under a tag derived from the digest.
    FallbackTag,
}

impl Client {
    /// Lists what is attached to `subject`.
    pub async fn referrers(
        &self,
        _name: &RepositoryName,
        _subject: &Digest,
    ) -> Result<Referrers, Error> {
        Err(Error::protocol(self.host(), "no referrers yet"))
    }

    /// Lists `referrers` among what is attached to `subject`, in the index under the fallback tag.
    pub async fn attach(
        &self,
        _name: &RepositoryName,
        _subject: &Digest,
        _referrers: &[Descriptor],
    ) -> Result<(), Error> {
        Err(Error::protocol(self.host(), "no referrers yet"))
    }
}
