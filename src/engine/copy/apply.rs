//! Doing what a plan says: blobs side by side, each manifest as soon as what it needs is there,
//! the tags last. A destination that fails does not stop the others.

use super::arrivals::Arrivals;
use super::budget::{Permit, Queue};
use super::event::Event;
use super::missing::Missing;
use super::mover::{Arrival, Mover};
use super::plan::{Part, Plan};
use super::run::Run;
use super::summary::{Applied, Summary, Told};
use crate::store::{Error, Kind, Result};
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// What all tasks of one image share.
pub(super) struct Image {
    pub(super) run: Arc<Run>,
    pub(super) plan: Plan,
    likely_absent: AtomicBool,
    given_up: Vec<CancellationToken>,
    /// What became of a blob at a destination.
    arrivals: Arrivals<(usize, usize, Result<Arrival>)>,
    /// Attachments that a destination does not take: the destination, and the node.
    refused: Mutex<HashSet<(usize, usize)>>,
}

/// What a task brings back.
enum Done {
    Blob(Permit),
    Manifest(usize, usize, Result<bool>),
    Names(usize, Vec<Result<bool>>),
    Attachments(usize, Result<usize>),
}

/// What is left to do, and how far each destination is.
struct Schedule<'a> {
    image: Arc<Image>,
    tasks: JoinSet<Done>,
    queue: Queue,
    /// For each blob, the destinations that may lack it.
    wanted: Vec<Vec<usize>>,
    destinations: Vec<State>,
    told: Told<'a>,
}

struct State {
    missing: Missing,
    /// Manifests that it has not got yet, and one for the list of what is attached.
    open: usize,
    /// Attachments among them.
    attachments: usize,
    /// The root waits for what is attached to it.
    root_waits: bool,
    is_over: bool,
    summary: Summary,
    refused: Vec<Option<Error>>,
}

impl Run {
    /// Does what `plan` says. The tags are written last: whatever fails before leaves them as they
    /// were. Each destination that was given names is told of once; those that cannot take part are
    /// told of first.
    pub async fn apply(self: &Arc<Self>, mut plan: Plan, told: Told<'_>) {
        for (to, part) in plan.parts.iter_mut().enumerate() {
            if let Err(error) = part {
                let again = error.again();
                told(to, Err(std::mem::replace(error, again)));
            }
        }
        if plan.is_nothing() && plan.attachments.is_empty() {
            let parts = plan.parts.iter().enumerate();
            let parts = parts.filter_map(|(to, part)| Some((to, part.as_ref().ok()?)));
            for (to, part) in parts.filter(|(_, part)| !part.names.is_empty()) {
                let applied = Applied {
                    summary: Summary::default(),
                    refused: part.names.iter().map(|_| None).collect(),
                };
                told(to, Ok(applied));
            }
            return;
        }
        Schedule::new(self, plan, told).run().await;
    }
}

impl<'a> Schedule<'a> {
    fn new(run: &Arc<Run>, plan: Plan, told: Told<'a>) -> Self {
        let mut wanted = vec![Vec::new(); plan.work.blobs.len()];
        let mut destinations = Vec::new();
        for (to, part) in plan.parts.iter().enumerate() {
            destinations.push(State::new(&plan, part.as_ref().ok()));
            for blob in part.iter().flat_map(|part| plan.blobs(part)) {
                wanted[blob].push(to);
            }
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
                given_up: plan
                    .parts
                    .iter()
                    .map(|_| CancellationToken::new())
                    .collect(),
                arrivals: Arrivals::default(),
                refused: Mutex::default(),
                plan,
            }),
            // Dropping the set stops whatever is still on its way.
            tasks: JoinSet::new(),
            wanted,
            destinations,
            told,
        }
    }

    async fn run(mut self) {
        for to in 0..self.destinations.len() {
            if !self.destinations[to].is_over {
                let ready = self.destinations[to].missing.ready();
                self.publish(to, ready);
                self.finish_attachments(to);
                self.settle(to);
            }
        }
        let run = Arc::clone(&self.image.run);
        loop {
            let mut freed = std::pin::pin!(run.budget.freed());
            freed.as_mut().enable();
            // What became of a blob is heard before its place goes to another.
            while let Some((blob, to, arrival)) = self.image.arrivals.next() {
                self.blob_arrived(blob, to, arrival);
            }
            while let Some((blob, permit)) = self.queue.next(&run.budget) {
                self.place(blob, permit);
            }
            if self.destinations.iter().all(|d| d.is_over) {
                return;
            }
            let all_is_heard = self.image.arrivals.is_empty();
            if self.tasks.is_empty() && self.queue.is_empty() && all_is_heard {
                return self.give_up_the_rest();
            }
            tokio::select! {
                () = self.image.arrivals.news() => {}
                Some(joined) = self.tasks.join_next() => self.joined(joined),
                () = freed, if !self.queue.is_empty() => {}
            }
        }
    }

    /// Sends a blob to those that still want it.
    fn place(&mut self, blob: usize, permit: Permit) {
        let open = |to: &&usize| !self.destinations[**to].is_over;
        let wanted: Vec<usize> = self.wanted[blob].iter().filter(open).copied().collect();
        if wanted.is_empty() {
            return;
        }
        let image = Arc::clone(&self.image);
        self.tasks.spawn(async move {
            image.place(blob, &wanted).await;
            Done::Blob(permit)
        });
    }

    fn publish(&mut self, to: usize, nodes: Vec<usize>) {
        for node in nodes {
            let image = Arc::clone(&self.image);
            if node == 0 {
                self.tasks
                    .spawn(async move { Done::Names(to, image.names(to).await) });
                continue;
            }
            self.tasks.spawn(async move {
                let published = image.publish(to, node).await;
                Done::Manifest(to, node, published)
            });
        }
    }

    /// Once everything attached is there, it is listed as such.
    fn finish_attachments(&mut self, to: usize) {
        let part = self.image.plan.parts[to].as_ref();
        if !part.is_ok_and(Part::takes_attachments) || self.destinations[to].attachments > 0 {
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
            Ok(Done::Blob(_permit)) => {}
            Ok(Done::Manifest(to, node, Ok(written))) => self.manifest_arrived(to, node, written),
            Ok(Done::Names(to, names)) => self.named(to, names),
            Ok(Done::Attachments(to, Ok(written))) => {
                let state = &mut self.destinations[to];
                state.summary.manifests += written;
                state.open -= 1;
                if state.root_waits && state.missing.released(0) {
                    self.publish(to, vec![0]);
                }
                self.settle(to);
            }
            Ok(Done::Manifest(to, _, Err(error)) | Done::Attachments(to, Err(error))) => {
                self.fail(to, error);
            }
            Err(error) => {
                let what = "a part of the copy ended unexpectedly";
                let error = Error::caused(Kind::Other, what, error);
                (0..self.destinations.len()).for_each(|to| self.fail(to, error.again()));
            }
        }
    }

    fn blob_arrived(&mut self, position: usize, to: usize, arrival: Result<Arrival>) {
        let blob = &self.image.plan.work.blobs[position];
        let destination = &mut self.destinations[to];
        match arrival {
            Ok(arrival) if !destination.is_over => {
                destination.summary.count(blob.size(), arrival);
                let event = Event::Done(blob, arrival.placed);
                self.image.run.progress.report(event);
                let ready = destination.missing.blob_arrived(position);
                self.publish(to, ready);
            }
            Ok(_) => {}
            Err(error) => self.fail(to, error),
        }
    }

    fn manifest_arrived(&mut self, to: usize, node: usize, written: bool) {
        let destination = &mut self.destinations[to];
        if destination.is_over {
            return;
        }
        destination.open -= 1;
        destination.summary.manifests += usize::from(written);
        let ready = destination.missing.manifest_arrived(node);
        if self.image.plan.is_attachment(node) {
            destination.attachments -= 1;
            self.finish_attachments(to);
        }
        self.publish(to, ready);
        self.settle(to);
    }

    /// The root is written, or is not.
    fn named(&mut self, to: usize, names: Vec<Result<bool>>) {
        let is_refused = !names.is_empty() && names.iter().all(Result::is_err);
        let is_written = names.iter().any(|name| matches!(name, Ok(true)));
        self.destinations[to].refused = names.into_iter().map(Result::err).collect();
        if is_refused {
            // What it lists cannot be there either, and nothing is to be attached to it.
            return self.end(to);
        }
        self.manifest_arrived(to, 0, is_written);
    }

    /// Tells of a destination that has everything.
    fn settle(&mut self, to: usize) {
        if self.destinations[to].open == 0 {
            self.end(to);
        }
    }

    fn end(&mut self, to: usize) {
        let destination = &mut self.destinations[to];
        if !std::mem::replace(&mut destination.is_over, true) {
            let applied = Applied {
                summary: std::mem::take(&mut destination.summary),
                refused: std::mem::take(&mut destination.refused),
            };
            (self.told)(to, Ok(applied));
        }
    }

    /// The first failure of a destination counts: others follow from it, or add nothing. Nothing
    /// more is sent there.
    fn fail(&mut self, to: usize, error: Error) {
        if !std::mem::replace(&mut self.destinations[to].is_over, true) {
            self.image.given_up[to].cancel();
            (self.told)(to, Err(error));
        }
    }

    /// Nothing is on its way, and something is still missing: manifests wait for each other. None
    /// of those that came from outside may do that, and if one does, it is not said to be there.
    fn give_up_the_rest(&mut self) {
        for to in 0..self.destinations.len() {
            let location = self.image.run.to[to].store.location();
            let what = format!("what is to be at {location} waits for itself, and was not written");
            self.fail(to, Error::new(Kind::Corrupt, what).at(&location.clone()));
        }
    }
}

/// Says what is to be there at the end, at all destinations.
fn announce(run: &Run, plan: &Plan, wanted: &[Vec<usize>]) {
    let blobs = plan.work.blobs.iter().zip(wanted);
    let manifests = plan.parts.iter().flatten();
    run.progress.report(Event::Planned {
        bytes: blobs
            .map(|(blob, to)| blob.size().saturating_mul(to.len() as u64))
            .fold(0, u64::saturating_add),
        blobs: wanted.iter().map(Vec::len).sum(),
        manifests: manifests.map(|part| plan.lacking(part).count()).sum(),
    });
    if plan.is_second {
        return;
    }
    for text in plan.work.foreign_layers("is not copied", "are not copied") {
        run.progress.report(Event::Note(&text));
    }
}

impl State {
    /// `part` is nothing where the destination takes none.
    fn new(plan: &Plan, part: Option<&Part>) -> Self {
        let nothing = Part::of_nothing(plan);
        let is_over = part.is_none_or(|part| part.names.is_empty());
        let part = part.unwrap_or(&nothing);
        let mut missing = Missing::new(plan, part);
        let lacking: Vec<usize> = plan.lacking(part).map(|(node, _)| node).collect();
        let attaches = part.takes_attachments();
        let root_waits = attaches && !plan.root_is_attached();
        if root_waits {
            missing.hold(0);
        }
        let attached = lacking.iter().filter(|node| plan.is_attachment(**node));
        Self {
            attachments: attached.count(),
            open: lacking.len() + usize::from(attaches),
            missing,
            root_waits,
            is_over,
            summary: Summary::default(),
            refused: part.names.iter().map(|_| None).collect(),
        }
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

    /// Brings a blob to the destinations that lack it, and tells of each.
    async fn place(&self, blob: usize, wanted: &[usize]) {
        let told = |to: usize, arrival: Result<Arrival>| {
            // Nobody hears of it any more where the copy is over.
            self.arrivals.tell((blob, to, arrival));
        };
        self.mover(blob, &told).place(wanted).await;
    }

    pub(super) fn mover<'a>(
        &'a self,
        blob: usize,
        told: &'a (dyn Fn(usize, Result<Arrival>) + Send + Sync),
    ) -> Mover<'a> {
        Mover {
            run: &self.run,
            blob: &self.plan.work.blobs[blob],
            likely_absent: &self.likely_absent,
            given_up: &self.given_up,
            told,
        }
    }
}
