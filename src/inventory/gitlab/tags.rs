//! What GitLab says of tags, in GraphQL and by REST.
//!
//! Source: GitLab, `app/graphql/types/container_registry/`, `doc/api/container_registry.md`.

use super::find::Connection;
use crate::inventory::time::Times;
use crate::inventory::{Image, Lock, Tagged};
use crate::oci::{Digest, MediaType};
use serde::Deserialize;
use serde_json::Value;

/// A page has no more tags. Asked for more, GitLab fetches them, gives the first twenty, and goes
/// on behind the last one that it fetched: `ExternallyPaginatedArrayConnection`.
const PAGE: usize = 20;

/// What is asked of each tag, of what knows it all first.
pub(super) const FIELDS: [&str; 3] = [
    "name digest mediaType createdAt publishedAt totalSize protection{immutable} userPermissions{destroyContainerRepositoryTag}",
    "name digest mediaType createdAt publishedAt totalSize",
    "name digest createdAt totalSize",
];

/// The question for a page of tags.
pub(super) fn question(fields: usize) -> String {
    let fields = FIELDS.get(fields).copied().unwrap_or_default();
    format!(
        "query($id:ContainerRepositoryID!,$after:String){{containerRepository(id:$id){{tags(first:{PAGE},after:$after){{nodes{{{fields}}}pageInfo{{endCursor hasNextPage}}}}}}}}"
    )
}

/// The answer to it.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(rename = "containerRepository")]
    pub(super) repository: Option<Repository>,
}

#[derive(Deserialize)]
pub(super) struct Repository {
    pub(super) tags: Option<Connection<Node>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) digest: Option<String>,
    media_type: Option<String>,
    created_at: Option<String>,
    published_at: Option<String>,
    /// A `BigInt`: digits in a string.
    total_size: Option<Value>,
    protection: Option<Protection>,
    user_permissions: Option<Permissions>,
}

#[derive(Deserialize)]
struct Protection {
    immutable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    destroy_container_repository_tag: Option<bool>,
}

/// A tag by REST: its name where it is listed, more where it is asked for.
#[derive(Deserialize)]
pub(super) struct Detailed {
    pub(super) name: String,
    pub(super) digest: Option<String>,
    created_at: Option<String>,
    total_size: Option<Value>,
}

impl Node {
    /// What it points to. `None`: its name is no tag.
    pub(super) fn image(self, digest: Digest, times: &Times) -> Option<Image> {
        let pushed = times.read(self.published_at.as_deref());
        let may_go = self.user_permissions;
        let may_go = may_go.and_then(|may| may.destroy_container_repository_tag);
        let lock = self.protection.and_then(|rule| match rule.immutable {
            Some(true) => Some(Lock::Immutable),
            _ => (may_go == Some(false)).then_some(Lock::Locked),
        });
        // Where GitLab keeps when a tag was published, `createdAt` is when the tag was made; where
        // it does not, it reads that of the image's config.
        let created = self.created_at.filter(|_| self.published_at.is_none());
        let tagged = Tagged {
            pushed,
            lock,
            ..Tagged::new(self.name.parse().ok()?)
        };
        Some(Image {
            tags: vec![tagged],
            media_type: self.media_type.as_deref().map(MediaType::from),
            size: size(self.total_size.as_ref()),
            created: times.read(created.as_deref()),
            pushed,
            ..Image::new(digest)
        })
    }
}

impl Detailed {
    /// The same of a tag by REST, which does not say which of its clocks it tells.
    pub(super) fn image(self, digest: Digest, times: &Times) -> Option<Image> {
        Some(Image {
            tags: vec![Tagged::new(self.name.parse().ok()?)],
            size: size(self.total_size.as_ref()),
            created: times.read(self.created_at.as_deref()),
            ..Image::new(digest)
        })
    }
}

fn size(told: Option<&Value>) -> Option<u64> {
    let told = told?;
    let size = told.as_u64().or_else(|| told.as_str()?.parse().ok());
    size.filter(|size| *size > 0)
}
