//! What must be at the destination: manifests with their blobs, children before parents, each
//! digest once.

use super::Options;
use crate::engine::guard::{Guard, found};
use crate::oci::manifest::{Child, Manifest, is_foreign};
use crate::oci::reference::{Reference, RepositoryName, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;
use std::sync::Arc;

/// Manifests read at once.
const READING: usize = 24;
/// An index inside an index inside an index … no deeper.
const DEEPEST: usize = 8;
/// No image has more manifests and blobs in all.
const MOST: usize = 200_000;

/// Where a copy goes.
pub struct Destination {
    /// The repository.
    pub store: Arc<dyn Store>,
    /// The tag, or the digest where there is none.
    pub target: Target,
    /// The user's rule on that tag.
    pub guard: Guard,
}

impl Destination {
    /// The destination as people write it.
    pub fn reference(&self) -> Reference {
        self.store.location().reference(&self.target)
    }
}

/// What is to be done.
#[derive(Debug)]
pub enum Plan {
    /// Nothing: it is there.
    Nothing {
        /// What is there.
        digest: Digest,
    },
    /// This.
    Copy(Work),
}

impl Plan {
    /// What the destination will point to.
    pub fn digest(&self) -> &Digest {
        match self {
            Self::Nothing { digest } => digest,
            Self::Copy(work) => work.root().manifest.digest(),
        }
    }
}

/// What a copy consists of.
#[derive(Debug)]
pub struct Work {
    /// The manifests and indexes, the root first, each digest once.
    pub nodes: Vec<Node>,
    /// The blobs, each digest once.
    pub blobs: Vec<Descriptor>,
    /// Layers that are never pushed, because they may not be distributed.
    pub foreign: Vec<Descriptor>,
    /// What the tag points to now.
    pub replaces: Option<Digest>,
    /// A rule, or the user, wants the tag as it was found: it is looked at again before it is
    /// written.
    pub guarded: bool,
    /// The repository of the same registry whose blobs can be linked without moving a byte.
    pub mount_from: Option<RepositoryName>,
}

/// A manifest and what must be there before it.
#[derive(Debug)]
pub struct Node {
    /// The manifest.
    pub manifest: Manifest,
    /// Its blobs, as positions in [`Work::blobs`].
    pub blobs: Vec<usize>,
    /// The manifests it lists, as positions in [`Work::nodes`]. Those that are at the destination
    /// already are not among them.
    pub children: Vec<usize>,
}

impl Work {
    /// The image or index that was asked for.
    pub fn root(&self) -> &Node {
        &self.nodes[0]
    }

    /// The blobs' sizes added up.
    pub fn bytes(&self) -> u64 {
        self.blobs.iter().map(Descriptor::size).sum()
    }
}

/// Finds out what a copy of `target` from `from` to `to` consists of.
///
/// Both sides are asked at once what they have; where that is the same, nothing else is asked.
pub async fn plan(
    from: &Arc<dyn Store>,
    target: &Target,
    to: &Destination,
    options: &Options,
) -> Result<Plan> {
    let (source, there) = tokio::join!(
        from.resolve(target),
        found(&*to.store, &to.target, is_guarded(to, options))
    );
    let (source, there) = (source?, there?);
    let there = there.as_ref().map(Descriptor::digest);
    if there == Some(source.digest()) {
        return Ok(nothing(source.digest()));
    }
    check(to, source.digest(), there, options)?;
    let root = read_root(from, target, source.digest()).await?;
    if root.digest() != source.digest() {
        // What a HEAD says may be wrong; what was read is not.
        if there == Some(root.digest()) {
            return Ok(nothing(root.digest()));
        }
        check(to, root.digest(), there, options)?;
    }
    let mut walk = Walk::new(from, to, there.is_some());
    let mut work = walk.run(root).await?;
    work.replaces = there.cloned();
    work.guarded = is_guarded(to, options);
    work.mount_from = to.store.mountable(from.location()).await;
    Ok(Plan::Copy(work))
}

fn nothing(digest: &Digest) -> Plan {
    Plan::Nothing {
        digest: digest.clone(),
    }
}

/// Whether what the tag points to decides if it may be written.
fn is_guarded(to: &Destination, options: &Options) -> bool {
    options.no_clobber || to.guard != Guard::Free
}

/// Reads what a tag was found to point to. Where that is not there, the tag is read: its HEAD may
/// have told a wrong digest. Bytes that are not what their digest says are never taken for others.
async fn read_root(from: &Arc<dyn Store>, target: &Target, digest: &Digest) -> Result<Manifest> {
    match from.manifest(&Target::Digest(digest.clone())).await {
        Err(error) if target.tag().is_some() && error.kind() == Kind::NotFound => {
            from.manifest(target).await
        }
        read => read,
    }
}

/// Refuses what must not be overwritten.
fn check(to: &Destination, new: &Digest, old: Option<&Digest>, options: &Options) -> Result<()> {
    let reference = to.reference();
    if let Target::Digest(wanted) = &to.target
        && wanted != new
    {
        let what = format!("cannot write {reference}: the source is {new}");
        return Err(Error::new(Kind::Usage, what));
    }
    to.guard.allows_move(&reference, old, new)?;
    match old {
        Some(old) if options.no_clobber => Err(Error::new(
            Kind::Refused,
            format!("{reference} points to {old} already, and is left alone"),
        )),
        _ => Ok(()),
    }
}

/// A walk from an index to its children, breadth first.
struct Walk<'a> {
    from: &'a Arc<dyn Store>,
    to: &'a Destination,
    /// There is something at the destination, so that some children may be there too.
    warm: bool,
    nodes: Vec<Node>,
    blobs: Vec<Descriptor>,
    foreign: Vec<Descriptor>,
    node_of: HashMap<Digest, Option<usize>>,
    blob_of: HashMap<Digest, usize>,
}

impl<'a> Walk<'a> {
    fn new(from: &'a Arc<dyn Store>, to: &'a Destination, warm: bool) -> Self {
        Self {
            from,
            to,
            warm,
            nodes: Vec::new(),
            blobs: Vec::new(),
            foreign: Vec::new(),
            node_of: HashMap::new(),
            blob_of: HashMap::new(),
        }
    }

    async fn run(&mut self, root: Manifest) -> Result<Work> {
        self.node_of.insert(root.digest().clone(), Some(0));
        let same_repository = self.from.location() == self.to.store.location();
        let mut wanted = self.enter(root, same_repository)?;
        for _ in 0..DEEPEST {
            if wanted.is_empty() {
                break;
            }
            wanted = self.level(wanted).await?;
        }
        if !wanted.is_empty() {
            let what = format!("its indexes are nested more than {DEEPEST} deep");
            return Err(Error::new(Kind::Corrupt, what));
        }
        self.link();
        Ok(Work {
            nodes: std::mem::take(&mut self.nodes),
            blobs: std::mem::take(&mut self.blobs),
            foreign: std::mem::take(&mut self.foreign),
            replaces: None,
            guarded: false,
            mount_from: None,
        })
    }

    /// Reads one level of children and returns the next.
    async fn level(&mut self, wanted: Vec<Descriptor>) -> Result<Vec<Descriptor>> {
        let (from, to, warm) = (self.from, self.to, self.warm);
        let read: Vec<(Descriptor, Option<Manifest>)> = stream::iter(wanted)
            .map(|child| async move {
                if warm
                    && to
                        .store
                        .find(&Target::Digest(child.digest().clone()))
                        .await?
                        .is_some()
                {
                    return Ok((child, None));
                }
                let manifest = read(&**from, &child).await?;
                Ok::<_, Error>((child, Some(manifest)))
            })
            .buffered(READING)
            .try_collect()
            .await?;
        let mut next = Vec::new();
        for (child, manifest) in read {
            let Some(manifest) = manifest else { continue };
            self.node_of
                .insert(child.digest().clone(), Some(self.nodes.len()));
            next.extend(self.enter(manifest, false)?);
        }
        Ok(next)
    }

    /// Takes a manifest in, and returns those of its children that were not seen before.
    /// `alone`: what it refers to is at the destination, which is where it comes from.
    fn enter(&mut self, manifest: Manifest, alone: bool) -> Result<Vec<Descriptor>> {
        let mut wanted = Vec::new();
        let mut blobs = Vec::new();
        for child in manifest.children().filter(|_| !alone) {
            match child {
                Child::Manifest(child) if !self.node_of.contains_key(child.digest()) => {
                    self.node_of.insert(child.digest().clone(), None);
                    wanted.push(child.clone());
                }
                Child::Manifest(_) => {}
                Child::Blob(blob) if is_foreign(blob) => self.foreign.push(blob.clone()),
                Child::Blob(blob) => blobs.push(self.blob(blob)?),
            }
        }
        if self.node_of.len() + self.blobs.len() > MOST {
            let what = format!("it consists of more than {MOST} manifests and blobs");
            return Err(Error::new(Kind::Corrupt, what));
        }
        blobs.sort_unstable();
        blobs.dedup();
        self.nodes.push(Node {
            manifest,
            blobs,
            children: Vec::new(),
        });
        Ok(wanted)
    }

    fn blob(&mut self, blob: &Descriptor) -> Result<usize> {
        if let Some(&known) = self.blob_of.get(blob.digest()) {
            let size = self.blobs[known].size();
            return if size == blob.size() {
                Ok(known)
            } else {
                let (digest, other) = (blob.digest(), blob.size());
                let what = format!("{digest} is listed with {size} and with {other} bytes");
                Err(Error::new(Kind::Corrupt, what))
            };
        }
        let position = self.blobs.len();
        self.blob_of.insert(blob.digest().clone(), position);
        self.blobs.push(blob.clone());
        Ok(position)
    }

    /// Notes for each index which of its children are part of the work.
    fn link(&mut self) {
        for node in &mut self.nodes {
            let listed = node.manifest.manifests().iter();
            let position = |child: &Descriptor| self.node_of.get(child.digest()).copied().flatten();
            node.children = listed.filter_map(position).collect();
            node.children.sort_unstable();
            node.children.dedup();
        }
    }
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
            Err(Error::caused(Kind::Corrupt, what, error))
        }
    }
}
