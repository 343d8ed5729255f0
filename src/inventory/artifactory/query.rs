//! Questions in Artifactory's query language (AQL), and its answers.
//!
//! Source: `JFrog`, "Artifactory Query Language": who is no administrator has to ask for `repo`,
//! `path` and `name`.

use super::place::Place;
use crate::inventory::api::Call;
use crate::oci::Digest;
use crate::oci::digest::parse;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// A page has no more items.
pub(super) const PAGE: usize = 1000;
/// So many folders or digests are asked for at once.
pub(super) const TOGETHER: usize = 100;

/// A file.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Item {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) size: Option<u64>,
    pub(super) created: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) updated: Option<String>,
    sha256: Option<String>,
    stats: Option<Vec<Stat>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Stat {
    downloaded: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Results {
    pub(super) results: Vec<Item>,
}

impl Item {
    pub(super) fn is_manifest(&self) -> bool {
        self.name == "manifest.json" || self.is_index()
    }

    pub(super) fn is_index(&self) -> bool {
        self.name == "list.manifest.json"
    }

    /// The digest of the file, which for a manifest is the image's.
    pub(super) fn digest(&self) -> Option<Digest> {
        parse(&format!("sha256:{}", self.sha256.as_deref()?)).ok()
    }

    pub(super) fn downloaded(&self) -> Option<&str> {
        self.stats.iter().flatten().next()?.downloaded.as_deref()
    }
}

/// All manifests of an image, or all its files, in the order of their folders.
pub(super) fn of_image(place: &Place, only_manifests: bool, offset: usize) -> Call {
    let mut wanted = vec![json!({"repo": place.key}), below(&place.image)];
    if only_manifests {
        wanted.push(manifests());
    }
    query(&wanted, offset)
}

/// The manifests in these folders.
pub(super) fn of_folders(place: &Place, paths: &[String]) -> Call {
    let paths: Vec<Value> = paths.iter().map(|path| json!({"path": path})).collect();
    query(
        &[
            json!({"repo": place.key}),
            json!({"$or": paths}),
            manifests(),
        ],
        0,
    )
}

/// The manifests of the image that have one of these digests.
pub(super) fn of_digests(place: &Place, digests: &[Digest]) -> Call {
    let digests = digests.iter();
    let digests: Vec<Value> = digests
        .map(|digest| json!({"sha256": digest.digest()}))
        .collect();
    query(
        &[
            json!({"repo": place.key}),
            below(&place.image),
            json!({"$or": digests}),
            manifests(),
        ],
        0,
    )
}

/// The manifests of images of this name in any repository.
pub(super) fn anywhere(name: &str) -> Call {
    query(&[below(name), manifests()], 0)
}

fn below(image: &str) -> Value {
    json!({"path": {"$match": format!("{image}/*")}})
}

fn manifests() -> Value {
    json!({"$or": [{"name": "manifest.json"}, {"name": "list.manifest.json"}]})
}

fn query(wanted: &[Value], offset: usize) -> Call {
    let fields = [
        "repo",
        "path",
        "name",
        "size",
        "created",
        "modified",
        "updated",
        "sha256",
        "stat.downloaded",
    ];
    let text = format!(
        "items.find({}).include({}).sort({}).offset({offset}).limit({PAGE})",
        json!({"$and": wanted}),
        fields.map(|field| format!("\"{field}\"")).join(","),
        json!({"$asc": ["path", "name"]}),
    );
    Call::new(Method::POST, "api/search/aql").body("text/plain", text)
}
