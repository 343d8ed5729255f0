//! The manifests of an image that are asked about what is attached to them.

use super::{Sort, read_listed, sort};
use crate::engine::DEEPEST;
use crate::oci::Digest;
use crate::oci::manifest::Manifest;
use crate::store::{Error, Kind, Result, Store};
use std::collections::HashSet;

/// Where an index has more images, only the index itself is asked about: each takes five questions.
pub const MOST_ASKED: usize = 64;

/// What to ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subjects {
    /// The image itself first, and the images that an index lists. Attestations are left out.
    pub manifests: Vec<Digest>,
    /// Indexes in the index that are not there.
    pub missing: Vec<Digest>,
    /// There were too many, and only the image itself is left.
    pub is_cut: bool,
}

/// Finds what something may be attached to. Of what `root` lists only indexes are read.
pub async fn subjects(store: &dyn Store, root: &Manifest) -> Result<Subjects> {
    let mut found = Subjects {
        manifests: vec![root.digest().clone()],
        missing: Vec::new(),
        is_cut: false,
    };
    let mut seen: HashSet<Digest> = HashSet::from([root.digest().clone()]);
    let mut level = vec![root.clone()];
    for _ in 0..DEEPEST {
        let listed = std::mem::take(&mut level);
        for entry in listed.iter().flat_map(Manifest::manifests) {
            let sort = sort(entry);
            let is_subject = matches!(sort, Sort::Image | Sort::Index);
            if !is_subject || !seen.insert(entry.digest().clone()) {
                continue;
            }
            if found.manifests.len() + found.missing.len() > MOST_ASKED {
                found.manifests.truncate(1);
                found.is_cut = true;
                return Ok(found);
            }
            if sort == Sort::Index {
                let Some(index) = read_listed(store, entry).await? else {
                    found.missing.push(entry.digest().clone());
                    continue;
                };
                level.push(index);
            }
            found.manifests.push(entry.digest().clone());
        }
        if level.is_empty() {
            return Ok(found);
        }
    }
    let what = format!("its indexes are nested more than {DEEPEST} deep");
    Err(Error::new(Kind::Corrupt, what).at(store.location()))
}
