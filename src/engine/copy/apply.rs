//! Doing what a plan says: blobs side by side, each manifest as soon as what it needs is there,
//! the tags last. A destination that fails does not stop the others.

use super::budget::{Permit, Queue};
use super::event::{Event, Placed};
use super::missing::Missing;
use super::mover::{Arrival, Arrivals, Mover};
use super::plan::{Part, Plan};
use super::run::Run;
use crate::store::{Error, Kind, Result};
use serde::Serialize;
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::{JoinError, JoinSet};

/// What a copy to one destination came to.
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
    /// Blobs that were read for this destination alone, although others were sent them too.
    #[serde(skip_serializing_if = "is_zero")]
    pub read_again: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What all tasks of one image share.
pub(super) struct Image {
    pub(super) run: Arc<Run>,
    pub(super) plan: Plan,
    likely_absent: AtomicBool,
    /// Attachments that a destination does not take: the destination, and the node.
    refused: Mutex<HashSet<(usize, usize)>>,
}

/// What a task brings back.
enum Done {
    Blob(usize, Arrivals, Permit),
    Manifest(usize, usize, Result<bool>),
    Attachments(usize, Result<usize>),
}

/// What is left to do, and how far each destination is.
struct Schedule {
    image: Arc<Image>,
    tasks: JoinSet<Done>,
    queue: Queue,
    /// For each blob, the destinations that may lack it.
    wanted: Vec<Vec<usize>>,
    destinations: Vec<State>,
}

struct State {
    missing: Missing,
    /// Attachments that it has not got yet.
    attachments: usize,
    outcome: Result<Summary>,
}

impl Run {
    /// Does what `plan` says. The tags are written last: whatever fails before leaves them as they
    /// were. The results are those of the destinations that take part, in their order.
    pub async fn apply(self: &Arc<Self>, mut plan: Plan) -> Vec<Result<Summary>> {
        let refused: Vec<Option<Error>> = plan
            .parts
            .iter_mut()
            .map(|part| {
                part.as_mut()
                    .err()
                    .map(|error| std::mem::replace(error, error.again()))
            })
            .collect();
        let mut results = if plan.is_nothing() && plan.attachments.is_empty() {
            plan.parts.iter().map(|_| Ok(Summary::default())).collect()
        } else {
            Schedule::new(self, plan).run().await
        };
        for (result, refused) in results.iter_mut().zip(refused) {
            if let Some(refused) = refused {
                *result = Err(refused);
            }
        }
        results
    }
}

impl Schedule {
    fn new(run: &Arc<Run>, plan: Plan) -> Self {
        let mut wanted = vec![Vec::new(); plan.work.blobs.len()];
        let mut destinations = Vec::new();
        for (to, part) in plan.parts.iter().enumerate() {
            let state = match part {
                Ok(part) => State::new(&plan, part),
                Err(error) => State::failed(&plan, error),
            };
            for blob in part.iter().flat_map(|part| plan.blobs(part)) {
                wanted[blob].push(to);
            }
            destinations.push(state);
        }
        announce(run, &plan, &wanted);
        let replaces = |part: &Part| {
            part.names
                .iter()
                .any(|n| n.is_there || n.replaces.is_some())
        };
        let is_new = !plan.parts.iter().flatten().any(replaces);
        let blobs = plan.work.blobs.iter().enumerate();
        let blobs = blobs.filter(|(position, _)| !wanted[*position].is_empty());
        Self {
            queue: Queue::new(blobs.map(|(position, blob)| (position, blob.size()))),
            image: Arc::new(Image {
                run: Arc::clone(run),
                likely_absent: AtomicBool::new(is_new && !run.options.deep),
                refused: Mutex::default(),
                plan,
            }),
            // Dropping the set stops whatever is still on its way.
            tasks: JoinSet::new(),
            wanted,
            destinations,
        }
    }

    async fn run(mut self) -> Vec<Result<Summary>> {
        for to in 0..self.destinations.len() {
            if self.destinations[to].outcome.is_ok() {
                let ready = self.destinations[to].missing.ready();
                self.publish(to, ready);
                self.finish_attachments(to);
            }
        }
        let run = Arc::clone(&self.image.run);
        loop {
            let mut freed = std::pin::pin!(run.budget.freed());
            freed.as_mut().enable();
            while let Some((blob, permit)) = self.queue.next(&run.budget) {
                self.place(blob, permit);
            }
            let is_over = self.destinations.iter().all(|d| d.outcome.is_err());
            if is_over || (self.tasks.is_empty() && self.queue.is_empty()) {
                return self.destinations.into_iter().map(|d| d.outcome).collect();
            }
            tokio::select! {
                Some(joined) = self.tasks.join_next() => self.joined(joined),
                () = freed, if !self.queue.is_empty() => {}
            }
        }
    }

    /// Sends a blob to those that still want it.
    fn place(&mut self, blob: usize, permit: Permit) {
        let open = |to: &&usize| self.destinations[**to].outcome.is_ok();
        let wanted: Vec<usize> = self.wanted[blob].iter().filter(open).copied().collect();
        if wanted.is_empty() {
            return;
        }
        let image = Arc::clone(&self.image);
        self.tasks.spawn(async move {
            let arrivals = image.mover(blob).place(&wanted).await;
            Done::Blob(blob, arrivals, permit)
        });
    }

    fn publish(&mut self, to: usize, nodes: Vec<usize>) {
        for node in nodes {
            let image = Arc::clone(&self.image);
            self.tasks.spawn(async move {
                let published = image.publish(to, node).await;
                Done::Manifest(to, node, published)
            });
        }
    }

    /// Once everything attached is there, it is listed as such.
    fn finish_attachments(&mut self, to: usize) {
        if self.image.plan.attachments.is_empty() || self.destinations[to].attachments > 0 {
            return;
        }
        let image = Arc::clone(&self.image);
        self.tasks.spawn(async move {
            let attached = image.attach_all(to).await;
            Done::Attachments(to, attached)
        });
    }

    fn joined(&mut self, joined: Result<Done, JoinError>) {
        match joined {
            Ok(Done::Blob(blob, arrivals, _permit)) => {
                for (to, arrival) in arrivals {
                    self.blob_arrived(blob, to, arrival);
                }
            }
            Ok(Done::Manifest(to, node, Ok(written))) => self.manifest_arrived(to, node, written),
            Ok(Done::Attachments(to, Ok(written))) => {
                if let Ok(summary) = &mut self.destinations[to].outcome {
                    summary.manifests += written;
                }
                if self.destinations[to].missing.released(0) {
                    self.publish(to, vec![0]);
                }
            }
            Ok(Done::Manifest(to, _, Err(error)) | Done::Attachments(to, Err(error))) => {
                self.destinations[to].fail(error);
            }
            Err(error) => {
                let what = "a part of the copy ended unexpectedly";
                let error = Error::caused(Kind::Other, what, error);
                self.destinations
                    .iter_mut()
                    .for_each(|d| d.fail(error.again()));
            }
        }
    }

    fn blob_arrived(&mut self, position: usize, to: usize, arrival: Result<Arrival>) {
        let blob = &self.image.plan.work.blobs[position];
        let destination = &mut self.destinations[to];
        match (arrival, &mut destination.outcome) {
            (Ok(arrival), Ok(summary)) => {
                summary.count(blob.size(), arrival);
                let event = Event::Done(blob, arrival.placed);
                self.image.run.progress.report(event);
                let ready = destination.missing.blob_arrived(position);
                self.publish(to, ready);
            }
            (Err(error), _) => destination.fail(error),
            (Ok(_), Err(_)) => {}
        }
    }

    fn manifest_arrived(&mut self, to: usize, node: usize, written: bool) {
        let destination = &mut self.destinations[to];
        let Ok(summary) = &mut destination.outcome else {
            return;
        };
        let is_attachment = self.image.plan.is_attachment(node);
        summary.manifests += usize::from(written);
        let ready = destination.missing.manifest_arrived(node);
        self.publish(to, ready);
        if is_attachment {
            self.destinations[to].attachments -= 1;
            self.finish_attachments(to);
        }
    }
}

/// Says what is to be there at the end, at all destinations.
fn announce(run: &Run, plan: &Plan, wanted: &[Vec<usize>]) {
    let blobs = plan.work.blobs.iter().zip(wanted);
    let manifests = plan.parts.iter().flatten();
    run.progress.report(Event::Planned {
        bytes: blobs.map(|(blob, to)| blob.size() * to.len() as u64).sum(),
        blobs: wanted.iter().map(Vec::len).sum(),
        manifests: manifests.map(|part| plan.lacking(part).count()).sum(),
    });
    for layer in &plan.work.foreign {
        let digest = layer.digest();
        let note = format!("{digest} may not be distributed and is not copied");
        run.progress.report(Event::Note(&note));
    }
}

impl State {
    fn new(plan: &Plan, part: &Part) -> Self {
        let mut missing = Missing::new(plan, part);
        if !plan.attachments.is_empty() {
            missing.hold(0);
        }
        let attachments = plan.lacking(part);
        Self {
            missing,
            attachments: attachments
                .filter(|(node, _)| plan.is_attachment(*node))
                .count(),
            outcome: Ok(Summary::default()),
        }
    }

    /// A destination that takes no part from the beginning.
    fn failed(plan: &Plan, error: &Error) -> Self {
        let nothing = Part::of_nothing(plan);
        Self {
            missing: Missing::new(plan, &nothing),
            attachments: 0,
            outcome: Err(error.again()),
        }
    }

    /// The first failure counts: others follow from it, or add nothing.
    fn fail(&mut self, error: Error) {
        if self.outcome.is_ok() {
            self.outcome = Err(error);
        }
    }
}

impl Summary {
    fn count(&mut self, size: u64, arrival: Arrival) {
        match arrival.placed {
            Placed::Sent => {
                self.sent += 1;
                self.sent_bytes += size;
            }
            Placed::Mounted => self.mounted += 1,
            Placed::Present => self.present += 1,
        }
        self.read_again += usize::from(arrival.read_again);
    }
}

impl Image {
    pub(super) fn refuse(&self, to: usize, node: usize) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert((to, node));
    }

    pub(super) fn is_refused(&self, to: usize, node: usize) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.contains(&(to, node))
    }

    pub(super) fn mover(&self, blob: usize) -> Mover<'_> {
        Mover {
            run: &self.run,
            blob: &self.plan.work.blobs[blob],
            likely_absent: &self.likely_absent,
        }
    }
}
