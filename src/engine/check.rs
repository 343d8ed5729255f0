//! Whether everything that an image refers to is there, and is what it is listed as.
//!
//! Every problem is found, not only the first. What keeps a part from being read, such as the
//! network, is no problem of the image; where that happens often, the rest is not tried.

mod fault;
mod parts;
mod place;
mod read;

pub use fault::Fault;
pub use place::Places;

use crate::engine::copy::event::{Event, Progress};
use crate::oci::reference::Target;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Result, Store};
use futures_util::stream::{self, StreamExt};
use parts::{Part, Patience, Walk};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Bytes read at once, in KiB, as long as there is more than one blob.
const BUDGET: u32 = 128 * 1024;
/// A big blob counts as so much, so that a few go side by side whatever their size.
const BIGGEST: u32 = BUDGET / 4;

/// How to check.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Only ask whether blobs are there; manifests are read all the same.
    pub fast: bool,
    /// Check what is attached to the image, too.
    pub referrers: bool,
    /// So many blobs at most are looked at at once.
    pub jobs: usize,
    /// So often in a row a blob may break off without getting on.
    pub attempts: u32,
}

/// What was found.
#[derive(Debug)]
pub struct Report {
    /// What was checked.
    pub digest: Digest,
    /// How many manifests and indexes were looked at.
    pub manifests: usize,
    /// How many blobs.
    pub blobs: usize,
    /// The blobs' sizes added up, as they are listed.
    pub bytes: u64,
    /// Layers that are not looked at, because they may not be distributed.
    pub foreign: Vec<Descriptor>,
    /// What is missing or wrong, in the image's order.
    pub problems: Vec<Problem>,
    /// What could not be read for reasons that say nothing about it.
    pub unread: Vec<Unread>,
    /// What kept the rest from being looked for.
    pub stopped: Option<Error>,
}

/// Something of which it is not known whether it is there.
#[derive(Debug)]
pub struct Unread {
    /// What it is listed as.
    pub digest: Digest,
    /// Where in the image it is listed.
    pub places: Places,
    /// Why.
    pub error: Error,
}

/// Something that is missing or wrong.
#[derive(Debug)]
pub struct Problem {
    /// What it is listed as.
    pub digest: Digest,
    /// Where in the image it is listed.
    pub places: Places,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Checks `target`. An error is that the image itself cannot be read.
pub async fn check(
    store: &Arc<dyn Store>,
    target: &Target,
    options: Options,
    progress: &Arc<dyn Progress>,
) -> Result<Report> {
    let root = store.manifest(target).await?;
    let digest = root.digest().clone();
    let mut walk = Walk::new(&**store);
    let mut stopped = walk.image(&root).await.err();
    if options.referrers && stopped.is_none() {
        stopped = walk.attachments().await.err();
    }
    for layer in &walk.foreign {
        let note = format!(
            "{} may not be distributed and is not checked",
            layer.digest()
        );
        progress.report(Event::Note(&note));
    }
    let mut parts = walk.parts;
    if stopped.is_none() && !walk.patience.is_lost() {
        look(store, &mut parts, options, progress, walk.patience).await;
    }
    let blobs = || parts.iter().filter(|part| !part.is_manifest);
    let (count, bytes) = (blobs().count(), blobs().map(|part| part.descriptor.size()));
    let bytes = bytes.fold(0, u64::saturating_add);
    // The image itself is no part of itself.
    let manifests = 1 + parts.len() - count;
    let (problems, unread) = sorted(parts);
    Ok(Report {
        digest,
        manifests,
        blobs: count,
        bytes,
        foreign: walk.foreign,
        problems,
        unread,
        stopped,
    })
}

/// What is wrong, and what could not be read.
fn sorted(mut parts: Vec<Part>) -> (Vec<Problem>, Vec<Unread>) {
    let (mut problems, mut unread) = (Vec::new(), Vec::new());
    for at in 0..parts.len() {
        let (fault, error) = (parts[at].fault.take(), parts[at].unread.take());
        if fault.is_none() && error.is_none() {
            continue;
        }
        let part = &parts[at];
        let (digest, places) = (part.descriptor.digest().clone(), part.listed.told(&parts));
        match (fault, error) {
            (Some(fault), _) => problems.push(Problem {
                digest,
                places,
                fault,
            }),
            (None, Some(error)) => unread.push(Unread {
                digest,
                places,
                error,
            }),
            (None, None) => {}
        }
    }
    (problems, unread)
}

/// Looks at every blob, biggest first, so that the last one to finish is small.
async fn look(
    store: &Arc<dyn Store>,
    parts: &mut [Part],
    options: Options,
    progress: &Arc<dyn Progress>,
    mut patience: Patience,
) {
    let blobs = parts
        .iter()
        .enumerate()
        .filter(|(_, part)| !part.is_manifest);
    let mut blobs: Vec<_> = blobs
        .map(|(at, part)| (at, part.descriptor.clone()))
        .collect();
    blobs.sort_by_key(|(_, blob)| std::cmp::Reverse(blob.size()));
    if !options.fast {
        let sizes = blobs.iter().map(|(_, blob)| blob.size());
        progress.report(Event::Checking {
            bytes: sizes.fold(0, u64::saturating_add),
            blobs: blobs.len(),
            manifests: 1 + parts.len() - blobs.len(),
        });
    }
    let budget = Semaphore::new(BUDGET as usize);
    let mut looked = stream::iter(blobs)
        .map(|(at, blob)| {
            let look = one(store, blob, options, progress, &budget);
            async move { (at, look.await) }
        })
        .buffer_unordered(options.jobs.max(1));
    while let Some((at, looked)) = looked.next().await {
        match looked {
            Ok(fault) => parts[at].fault = fault,
            Err(error) => {
                parts[at].unread = Some(error);
                if patience.is_over() {
                    return;
                }
            }
        }
    }
}

async fn one(
    store: &Arc<dyn Store>,
    blob: Descriptor,
    options: Options,
    progress: &Arc<dyn Progress>,
    budget: &Semaphore,
) -> Result<Option<Fault>> {
    if options.fast {
        let there = store.has_blob(&blob).await;
        return match there {
            Ok(there) => Ok((!there).then_some(Fault::Missing)),
            Err(error) => Fault::of(error, &blob).map(Some),
        };
    }
    let weight = u32::try_from(blob.size() / 1024).unwrap_or(BIGGEST);
    // It is never closed.
    let _permit = budget.acquire_many(weight.clamp(1, BIGGEST)).await;
    let (store, progress) = (Arc::clone(store), Arc::clone(progress));
    // A task of its own may hash on another core, and ends with the set.
    let mut task = JoinSet::new();
    task.spawn(async move { read::read(&*store, &blob, options.attempts, &*progress).await });
    let ended = |error| {
        Error::caused(
            crate::store::Kind::Other,
            "a part of the check ended unexpectedly",
            error,
        )
    };
    match task.join_next().await {
        Some(joined) => joined.map_err(ended)?,
        None => Ok(None),
    }
}
