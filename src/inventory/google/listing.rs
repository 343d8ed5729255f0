//! The document that Google answers `tags/list` with.

use super::super::open::Site;
use crate::auth::scope::Action;
use crate::oci::reference::RepositoryName;
use crate::registry::{Beside, Error};
use http::Method;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The query of a first page, as Google's own tools send it: all there is is on one, in practice.
pub(super) const FIRST: &str = "n=10000";
/// So one page is long: some 300 bytes for each manifest.
const LIMIT: usize = 64 * 1024 * 1024;

/// What is at a path: images, and paths below.
#[derive(Deserialize)]
pub(super) struct Listing {
    pub(super) child: Option<Vec<String>>,
    pub(super) tags: Option<Vec<String>>,
    /// By digest.
    pub(super) manifest: Option<BTreeMap<String, Listed>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    pub(super) image_size_bytes: Option<Number>,
    pub(super) media_type: Option<String>,
    pub(super) tag: Option<Vec<String>>,
    pub(super) time_created_ms: Option<Number>,
    pub(super) time_uploaded_ms: Option<Number>,
}

/// A number, which Google writes as a text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Number {
    Text(String),
    Plain(i64),
}

impl Number {
    pub(super) fn value(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            Self::Plain(number) => Some(*number),
        }
    }
}

/// A page of what is at `name`, and the query of the next one.
pub(super) async fn page(
    site: &Site,
    name: &RepositoryName,
    query: &str,
) -> Result<(Listing, Option<String>), Error> {
    let asked = Beside {
        method: Method::GET,
        path: format!("/v2/{name}/tags/list?{query}"),
        body: None,
        name: Some(name),
        actions: &[Action::Pull],
    };
    let document = site.client.ask_beside_for(asked, LIMIT).await?;
    let read = serde_json::from_slice(&document.body);
    let listing = read.map_err(|error| Error::Protocol {
        host: site.host.to_string(),
        what: format!("its list is not the document that it is described as: {error}"),
    })?;
    Ok((listing, document.next_query()))
}
