//! From an image to all that it consists of, breadth first, and which of it a destination lacks.

use super::ledger::Ledger;
use crate::oci::manifest::{Child, Manifest, is_foreign};
use crate::oci::reference::Target;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;
use std::sync::Arc;

/// Manifests read at once.
const READING: usize = 24;
/// An index inside an index inside an index … no deeper.
const DEEPEST: usize = 8;
/// No image has more manifests and blobs in all.
const MOST: usize = 200_000;

/// What an image consists of.
#[derive(Debug, Default)]
pub struct Work {
    /// The manifests and indexes that some destination lacks, the root first, each digest once.
    pub nodes: Vec<Node>,
    /// Their blobs, each digest once.
    pub blobs: Vec<Descriptor>,
    /// Layers that are never pushed, because they may not be distributed.
    pub foreign: Vec<Descriptor>,
}

/// A manifest and what must be there before it.
#[derive(Debug)]
pub struct Node {
    /// The manifest.
    pub manifest: Manifest,
    /// Its blobs, as positions in [`Work::blobs`].
    pub blobs: Vec<usize>,
    /// The manifests it lists, as positions in [`Work::nodes`], as far as they are among them.
    pub children: Vec<usize>,
}

/// Which of several destinations.
pub(super) type Which = Vec<bool>;

/// A destination, as far as a walk is concerned.
pub(super) struct Side<'a> {
    pub(super) store: &'a Arc<dyn Store>,
    /// There is something, so that some manifests may be there already: it is asked.
    pub(super) warm: bool,
    /// It is the place that the image is read from: nothing but the root is ever missing.
    pub(super) same_place: bool,
    /// What this run knows to be there.
    pub(super) manifests: &'a Ledger,
}

/// A walk in progress.
pub(super) struct Walk<'a> {
    from: &'a Arc<dyn Store>,
    sides: &'a [Side<'a>],
    work: Work,
    /// For each side, which nodes it lacks.
    lacks: Vec<Vec<bool>>,
    node_of: HashMap<Digest, usize>,
    blob_of: HashMap<Digest, usize>,
    asked: HashMap<Digest, Which>,
}

/// A manifest that some sides may lack.
struct Wanted {
    manifest: Descriptor,
    by: Which,
}

impl<'a> Walk<'a> {
    pub(super) fn new(from: &'a Arc<dyn Store>, sides: &'a [Side<'a>]) -> Self {
        Self {
            from,
            sides,
            work: Work::default(),
            lacks: vec![Vec::new(); sides.len()],
            node_of: HashMap::new(),
            blob_of: HashMap::new(),
            asked: HashMap::new(),
        }
    }

    /// Takes in `root`, which the sides in `by` lack, and all below it. Returns its position.
    pub(super) async fn descend(&mut self, root: Manifest, by: Which) -> Result<usize> {
        let digest = root.digest().clone();
        let position = match self.node_of.get(&digest) {
            Some(&known) => known,
            None => self.enter(root)?,
        };
        let mut wanted = self.lacking(position, &by);
        self.asked.insert(digest, by);
        for _ in 0..DEEPEST {
            if wanted.is_empty() {
                return Ok(position);
            }
            wanted = self.level(wanted).await?;
        }
        if wanted.is_empty() {
            return Ok(position);
        }
        let what = format!("its indexes are nested more than {DEEPEST} deep");
        Err(Error::new(Kind::Corrupt, what).at(self.from.location()))
    }

    /// Takes in `root` and all below it, for the sides in `by` that have not got it.
    pub(super) async fn descend_where_missing(
        &mut self,
        root: Manifest,
        by: &Which,
    ) -> Result<usize> {
        let looks = self.sides.iter().zip(by).map(async |(side, by)| {
            *by && !side.same_place && !is_there(side, root.digest()).await
        });
        let by = join_all(looks).await;
        self.descend(root, by).await
    }

    /// What was found, and for each side which nodes it lacks.
    pub(super) fn finish(mut self) -> (Work, Vec<Vec<bool>>) {
        for node in &mut self.work.nodes {
            let listed = node.manifest.manifests().iter();
            let position = |child: &Descriptor| self.node_of.get(child.digest()).copied();
            node.children = listed.filter_map(position).collect();
            node.children.sort_unstable();
            node.children.dedup();
        }
        (self.work, self.lacks)
    }

    /// Looks at one level of manifests and returns the next.
    async fn level(&mut self, wanted: Vec<Wanted>) -> Result<Vec<Wanted>> {
        let wanted: Vec<Wanted> = wanted.into_iter().filter_map(|w| self.unasked(w)).collect();
        let looks: Vec<_> = wanted.into_iter().map(|wanted| self.look(wanted)).collect();
        let found: Vec<(Wanted, Option<Manifest>)> =
            stream::iter(looks).buffered(READING).try_collect().await?;
        let mut next = Vec::new();
        for (wanted, manifest) in found {
            let known = self.node_of.get(wanted.manifest.digest()).copied();
            let position = match (known, manifest) {
                (Some(known), _) => known,
                (None, Some(manifest)) => self.enter(manifest)?,
                (None, None) => continue,
            };
            next.extend(self.lacking(position, &wanted.by));
        }
        Ok(next)
    }

    /// Leaves only sides that were not asked for this manifest before.
    fn unasked(&mut self, mut wanted: Wanted) -> Option<Wanted> {
        let digest = wanted.manifest.digest().clone();
        let none = || vec![false; self.sides.len()];
        let asked = self.asked.entry(digest).or_insert_with(none);
        for (by, asked) in wanted.by.iter_mut().zip(asked) {
            *by = *by && !*asked;
            *asked = *asked || *by;
        }
        wanted.by.contains(&true).then_some(wanted)
    }

    /// Asks the sides for a manifest, and reads it where one lacks it.
    fn look(
        &self,
        mut wanted: Wanted,
    ) -> impl Future<Output = Result<(Wanted, Option<Manifest>)>> + use<'a> {
        let (from, sides) = (self.from, self.sides);
        let is_known = self.node_of.contains_key(wanted.manifest.digest());
        async move {
            let digest = wanted.manifest.digest().clone();
            for (by, side) in wanted.by.iter_mut().zip(sides) {
                *by = *by && !is_there(side, &digest).await;
            }
            let is_lacking = wanted.by.contains(&true);
            let manifest = if is_lacking && !is_known {
                Some(read(&**from, &wanted.manifest).await?)
            } else {
                None
            };
            Ok((wanted, manifest))
        }
    }

    /// Notes who lacks a node, and returns the manifests below it, which they may lack too.
    fn lacking(&mut self, position: usize, by: &Which) -> Vec<Wanted> {
        for (lacks, by) in self.lacks.iter_mut().zip(by) {
            lacks[position] = lacks[position] || *by;
        }
        let deeper = by.iter().zip(self.sides);
        let deeper: Which = deeper.map(|(by, side)| *by && !side.same_place).collect();
        if !deeper.contains(&true) {
            return Vec::new();
        }
        let below = self.work.nodes[position].manifest.children();
        let manifests = below.filter_map(|child| match child {
            Child::Manifest(manifest) => Some(manifest.clone()),
            Child::Blob(_) => None,
        });
        let wanted = |manifest| Wanted {
            manifest,
            by: deeper.clone(),
        };
        manifests.map(wanted).collect()
    }

    /// Takes a manifest in.
    fn enter(&mut self, manifest: Manifest) -> Result<usize> {
        let mut blobs = Vec::new();
        for child in manifest.children() {
            match child {
                Child::Manifest(_) => {}
                Child::Blob(blob) if is_foreign(blob) => self.work.foreign.push(blob.clone()),
                Child::Blob(blob) => blobs.push(self.blob(blob)?),
            }
        }
        let known = self.asked.len() + self.work.nodes.len() + self.work.blobs.len();
        if known > MOST {
            let what = format!("it consists of more than {MOST} manifests and blobs");
            return Err(Error::new(Kind::Corrupt, what).at(self.from.location()));
        }
        blobs.sort_unstable();
        blobs.dedup();
        let position = self.work.nodes.len();
        self.node_of.insert(manifest.digest().clone(), position);
        self.lacks.iter_mut().for_each(|lacks| lacks.push(false));
        self.work.nodes.push(Node {
            manifest,
            blobs,
            children: Vec::new(),
        });
        Ok(position)
    }

    fn blob(&mut self, blob: &Descriptor) -> Result<usize> {
        if let Some(&known) = self.blob_of.get(blob.digest()) {
            let size = self.work.blobs[known].size();
            return if size == blob.size() {
                Ok(known)
            } else {
                let (digest, other) = (blob.digest(), blob.size());
                let what = format!("{digest} is listed with {size} and with {other} bytes");
                Err(Error::new(Kind::Corrupt, what).at(self.from.location()))
            };
        }
        let position = self.work.blobs.len();
        self.blob_of.insert(blob.digest().clone(), position);
        self.work.blobs.push(blob.clone());
        Ok(position)
    }
}

/// Whether a side has a manifest. What cannot be looked at is taken for missing: the write finds
/// out.
async fn is_there(side: &Side<'_>, digest: &Digest) -> bool {
    if side.manifests.has(digest) {
        return true;
    }
    let target = Target::Digest(digest.clone());
    let found = side.warm && matches!(side.store.find(&target).await, Ok(Some(_)));
    if found {
        side.manifests.found(digest);
    }
    found
}

/// Reads a child, which must be what its parent says it is.
async fn read(from: &dyn Store, child: &Descriptor) -> Result<Manifest> {
    let manifest = from
        .manifest(&Target::Digest(child.digest().clone()))
        .await?;
    match manifest.check_listed(child) {
        Ok(()) => Ok(manifest),
        Err(error) => {
            let what = format!("{} is not what it is listed as", child.digest());
            Err(Error::caused(Kind::Corrupt, what, error).at(from.location()))
        }
    }
}
