//! What GitHub's API answers with of a package.
//!
//! Source: `@octokit/openapi`, `package-version`.

use serde::Deserialize;

/// A manifest.
#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) id: u64,
    /// Its digest.
    pub(super) name: String,
    pub(super) created_at: Option<String>,
    pub(super) updated_at: Option<String>,
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    container: Option<Container>,
}

#[derive(Deserialize)]
struct Container {
    #[serde(default)]
    tags: Vec<String>,
}

impl Version {
    pub(super) fn tags(&self) -> &[String] {
        let container = self.metadata.as_ref().and_then(|it| it.container.as_ref());
        container.map_or(&[], |container| &container.tags)
    }
}
