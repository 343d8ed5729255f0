//! Doing what a plan says: blobs side by side, each manifest as soon as what it needs is there,
//! the root last.

use super::Options;
use super::event::{Event, Placed, Progress};
use super::pipe::Pipe;
use super::plan::{Destination, Node, Work};
use super::queue::Queue;
use crate::oci::reference::{RepositoryName, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Hints, Kind, Precondition, Result, Store};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

/// What a copy came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Manifests and indexes that were written.
    pub manifests: usize,
    /// Blobs whose bytes were sent.
    pub sent: usize,
    /// The size of those, in bytes.
    pub sent_bytes: u64,
    /// Blobs that the registry linked from another repository.
    pub mounted: usize,
    /// Blobs that were there.
    pub present: usize,
}

/// What all tasks of one copy share.
struct Copy {
    from: Arc<dyn Store>,
    to: Arc<dyn Store>,
    target: Target,
    work: Work,
    attempts: u32,
    mount_from: Vec<RepositoryName>,
    /// Nothing suggests that blobs are there already; ends with the first that is.
    likely_absent: AtomicBool,
    progress: Arc<dyn Progress>,
}

/// What a task brings back.
enum Done {
    Blob(usize, Placed),
    Manifest(usize),
}

/// Does what `work` says. The tag is written last: whatever fails before leaves it as it was.
pub async fn apply(
    work: Work,
    from: &Arc<dyn Store>,
    to: &Destination,
    options: &Options,
    progress: &Arc<dyn Progress>,
) -> Result<Summary> {
    progress.report(Event::Planned {
        bytes: work.bytes(),
        blobs: work.blobs.len(),
        manifests: work.nodes.len(),
    });
    for layer in &work.foreign {
        let note = format!(
            "{} may not be distributed and is not copied",
            layer.digest()
        );
        progress.report(Event::Note(&note));
    }
    let mount_from: Vec<_> = work.mount_from.iter().cloned().collect();
    let copy = Copy {
        from: Arc::clone(from),
        to: Arc::clone(&to.store),
        target: to.target.clone(),
        likely_absent: AtomicBool::new(work.replaces.is_none() && mount_from.is_empty()),
        mount_from,
        work,
        attempts: options.attempts,
        progress: Arc::clone(progress),
    };
    schedule(&Arc::new(copy), options.jobs).await
}

/// What is still missing before a manifest can be written.
struct Missing {
    count: Vec<usize>,
    blob_users: Vec<Vec<usize>>,
    parents: Vec<Vec<usize>>,
}

impl Missing {
    fn new(work: &Work) -> Self {
        let mut blob_users = vec![Vec::new(); work.blobs.len()];
        let mut parents = vec![Vec::new(); work.nodes.len()];
        let mut count = Vec::with_capacity(work.nodes.len());
        for (position, node) in work.nodes.iter().enumerate() {
            count.push(node.blobs.len() + node.children.len());
            for &blob in &node.blobs {
                blob_users[blob].push(position);
            }
            for &child in &node.children {
                parents[child].push(position);
            }
        }
        Self {
            count,
            blob_users,
            parents,
        }
    }

    /// The manifests that need nothing from the start.
    fn ready(&self) -> Vec<usize> {
        (0..self.count.len())
            .filter(|&node| self.count[node] == 0)
            .collect()
    }

    /// The manifests that miss nothing more after this.
    fn arrived(&mut self, done: &Done) -> Vec<usize> {
        let users = match done {
            Done::Blob(blob, _) => &self.blob_users[*blob],
            Done::Manifest(node) => &self.parents[*node],
        };
        let mut ready = Vec::new();
        for &user in users {
            self.count[user] -= 1;
            if self.count[user] == 0 {
                ready.push(user);
            }
        }
        ready
    }
}

async fn schedule(copy: &Arc<Copy>, jobs: usize) -> Result<Summary> {
    let mut queue = Queue::new(&copy.work.blobs, jobs);
    let mut missing = Missing::new(&copy.work);
    let mut summary = Summary::default();
    // Dropping the set, as an error does, stops whatever is still on its way.
    let mut tasks = JoinSet::new();
    let mut ready = missing.ready();
    loop {
        for node in ready.drain(..) {
            tasks.spawn(publish(Arc::clone(copy), node));
        }
        while let Some(blob) = queue.next() {
            tasks.spawn(place(Arc::clone(copy), blob));
        }
        let Some(joined) = tasks.join_next().await else {
            return Ok(summary);
        };
        let done = joined.map_err(|error| {
            Error::caused(Kind::Other, "a part of the copy ended unexpectedly", error)
        })??;
        ready = missing.arrived(&done);
        match done {
            Done::Manifest(_) => summary.manifests += 1,
            Done::Blob(blob, placed) => {
                let size = copy.work.blobs[blob].size();
                queue.done(size);
                summary.count(size, placed);
            }
        }
    }
}

impl Summary {
    fn count(&mut self, size: u64, placed: Placed) {
        match placed {
            Placed::Sent => {
                self.sent += 1;
                self.sent_bytes += size;
            }
            Placed::Mounted => self.mounted += 1,
            Placed::Present => self.present += 1,
        }
    }
}

/// Sees to it that a blob is there.
async fn place(copy: Arc<Copy>, position: usize) -> Result<Done> {
    let blob = &copy.work.blobs[position];
    let placed = copy.place(blob).await?;
    copy.progress.report(Event::Done(blob, placed));
    Ok(Done::Blob(position, placed))
}

/// Writes a manifest whose blobs and children are there.
async fn publish(copy: Arc<Copy>, position: usize) -> Result<Done> {
    let node = &copy.work.nodes[position];
    let digest = node.manifest.digest().clone();
    let target = if position == 0 {
        copy.target.clone()
    } else {
        Target::Digest(digest.clone())
    };
    if position == 0 && copy.work.guarded && copy.is_there().await? {
        copy.progress.report(Event::Published(&digest));
        return Ok(Done::Manifest(position));
    }
    match copy.put(node, &target).await {
        Ok(()) => {}
        Err(error) => {
            let Some(lost) = error.missing_parts() else {
                return Err(error);
            };
            copy.replace_lost(node, &lost).await?;
            copy.put(node, &target).await?;
        }
    }
    if position == 0 && target.digest().is_some() {
        copy.to.list_untagged(node.manifest.descriptor()).await?;
    }
    copy.progress.report(Event::Published(&digest));
    Ok(Done::Manifest(position))
}

impl Copy {
    /// Whether somebody else has put the tag where it is to be since the plan was made. Refuses to
    /// write one that was put elsewhere. Between this look and the write there is no lock: no
    /// registry is known to offer one.
    async fn is_there(&self) -> Result<bool> {
        let there = self.to.find(&self.target).await?;
        let there = there.as_ref().map(Descriptor::digest);
        if there == Some(self.work.root().manifest.digest()) {
            return Ok(true);
        }
        if there == self.work.replaces.as_ref() {
            return Ok(false);
        }
        let reference = self.to.location().reference(&self.target);
        let now = there.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let what = format!("{reference} moved meanwhile, to {now}, and is left alone");
        Err(Error::new(Kind::Refused, what))
    }

    async fn put(&self, node: &Node, target: &Target) -> Result<()> {
        let put = self
            .to
            .put_manifest(target, &node.manifest, &Precondition::Anything)
            .await;
        put.map(|_| ())
    }

    async fn place(&self, blob: &Descriptor) -> Result<Placed> {
        let pipe = Pipe::new(&self.from, blob, self.attempts, &self.progress)?;
        let mut again = true;
        loop {
            let hints = Hints {
                mount_from: &self.mount_from,
                likely_absent: self.likely_absent.load(Ordering::Relaxed),
            };
            let error = match self.to.ensure_blob(blob, &pipe, hints).await {
                Ok(placed) => {
                    if placed == Placed::Present {
                        self.likely_absent.store(false, Ordering::Relaxed);
                    }
                    return Ok(placed);
                }
                Err(error) => error,
            };
            match pipe.take_fault() {
                // A cache in between may have spoiled it: it is read once more, whole.
                Some(fault) if fault.kind() == Kind::Corrupt && again => {
                    again = false;
                    self.progress
                        .report(Event::Note(&format!("{fault}; reading it once more")));
                    pipe.start_over();
                }
                Some(fault) => return Err(fault),
                None => return Err(error),
            }
        }
    }

    /// The registry's garbage collection took blobs away between their upload and the manifest:
    /// those that it names, or all of this manifest's, are put there once more.
    async fn replace_lost(&self, node: &Node, told: &[String]) -> Result<()> {
        let named = |digest: &Digest| told.iter().any(|part| part.contains(digest.digest()));
        let blobs = node.blobs.iter().map(|&blob| &self.work.blobs[blob]);
        let lost: Vec<_> = blobs.clone().filter(|blob| named(blob.digest())).collect();
        let lost = if lost.is_empty() {
            blobs.collect()
        } else {
            lost
        };
        for blob in lost {
            let digest = blob.digest();
            self.progress.report(Event::Note(&format!(
                "the registry lost {digest}; sending it again"
            )));
            self.place(blob).await?;
        }
        Ok(())
    }
}
