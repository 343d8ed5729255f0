//! From an image to all that it consists of, breadth first, and which of it a destination lacks.

use super::ledger::Ledger;
use crate::engine::{DEEPEST, MOST};
use crate::oci::manifest::{Child, Manifest, is_foreign};
use crate::oci::reference::Target;
use crate::oci::{Descriptor, Digest};
use crate::store::content::listed;
use crate::store::{Error, Kind, Result, Store};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Manifests read at once.
const READING: usize = 24;
/// The manifests of an image, held until they are written, take no more than this, in bytes.
const MOST_BYTES: u64 = 64 << 20;
/// Layers that are named one by one where they are not copied.
const NAMED: usize = 4;

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
    foreign: HashSet<Digest>,
    bytes: u64,
}

/// A manifest that some sides may lack.
struct Wanted {
    manifest: Descriptor,
    by: Which,
}

impl Work {
    /// What to say about layers that may not be distributed; `one` and `more` say what becomes of
    /// one and of several.
    pub fn foreign_layers(&self, one: &str, more: &str) -> Vec<String> {
        let foreign = self.foreign.iter();
        if self.foreign.len() <= NAMED {
            let text = |l: &Descriptor| format!("{} may not be distributed and {one}", l.digest());
            return foreign.map(text).collect();
        }
        let number = self.foreign.len();
        vec![format!("{number} layers may not be distributed and {more}")]
    }
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
            foreign: HashSet::new(),
            bytes: 0,
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

    /// The places that the walk is for.
    pub(super) fn sides(&self) -> &'a [Side<'a>] {
        self.sides
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
            wanted.by = missing_at(sides, &wanted.by, &digest).await;
            let is_lacking = wanted.by.contains(&true);
            let manifest = if is_lacking && !is_known {
                Some(listed(&**from, &wanted.manifest).await?)
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
                Child::Blob(blob) if is_foreign(blob) => {
                    if self.foreign.insert(blob.digest().clone()) {
                        self.work.foreign.push(blob.clone());
                    }
                }
                Child::Blob(blob) => blobs.push(self.blob(blob)?),
            }
        }
        self.bytes += manifest.descriptor().size();
        let known = self.asked.len() + self.work.nodes.len();
        let what = if known + self.work.blobs.len() + self.foreign.len() > MOST {
            format!("it consists of more than {MOST} manifests and blobs")
        } else if self.bytes > MOST_BYTES {
            format!(
                "its manifests are larger than {} MiB in all",
                MOST_BYTES >> 20
            )
        } else {
            String::new()
        };
        if !what.is_empty() {
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

/// Which of the sides in `by` have not got a manifest. They are asked side by side.
pub(super) async fn missing_at(sides: &[Side<'_>], by: &Which, digest: &Digest) -> Which {
    let looks = sides.iter().zip(by);
    let looks = looks.map(async |(side, by)| *by && !is_there(side, digest).await);
    join_all(looks).await
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
