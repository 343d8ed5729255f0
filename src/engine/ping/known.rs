//! What is known of kinds of registries, where asking would be writing.
//!
//! Sources: the vendors' documentation and code; distribution's and zot's tests. What is not sure
//! is not here.

use super::finding::{By, Finding, Said};
use crate::vendor::Kind;

/// What cannot be asked without writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ability {
    /// Uploading in chunks.
    Chunks,
    /// Linking a blob that another repository has.
    Mount,
    /// Removing a tag alone.
    DeleteTag,
    /// Removing a manifest.
    DeleteDigest,
}

/// What is known of an ability of this kind of registry.
pub(super) fn known(kind: Option<Kind>, ability: Ability) -> Finding {
    let known = kind.and_then(|kind| of(kind, ability));
    let Some((said, detail)) = known else {
        return Finding::not_asked("`--write REPO` tries it out");
    };
    let mut finding = Finding::new(said, By::Kind);
    finding.detail = Some(detail.to_owned()).filter(|detail| !detail.is_empty());
    finding
}

fn of(kind: Kind, ability: Ability) -> Option<(Said, &'static str)> {
    use Ability::{Chunks, DeleteDigest, DeleteTag, Mount};
    use Said::{No, Yes};
    Some(match (kind, ability) {
        (Kind::DockerHub | Kind::Ghcr | Kind::Harbor, DeleteTag) | (Kind::Ghcr, DeleteDigest) => {
            (No, "by its own API")
        }
        (Kind::DockerHub | Kind::Google, DeleteDigest) => (Yes, "once no tag points to it"),
        (Kind::Google, Mount) => (Yes, "within one location"),
        (Kind::Google, Chunks) => (No, "one PUT, or one PATCH"),
        (Kind::Ghcr, Chunks) => (Yes, "of 4 MiB at most"),
        (Kind::Ecr, Chunks) => (Yes, "of 5 MiB at least, but for the last"),
        (Kind::Ecr, Mount) => (Said::Unknown, "where the account has BLOB_MOUNTING enabled"),
        (Kind::Acr, Chunks) => (Yes, "and one PUT of about 20 MB at most"),
        (Kind::Quay | Kind::GitLab | Kind::Zot | Kind::Google, DeleteTag)
        | (
            Kind::Acr | Kind::Harbor | Kind::Quay | Kind::GitLab | Kind::Nexus | Kind::Zot,
            DeleteDigest,
        )
        | (
            Kind::DockerHub | Kind::Acr | Kind::Harbor | Kind::Quay | Kind::Nexus | Kind::Zot,
            Mount,
        ) => (Yes, ""),
        _ => return None,
    })
}
