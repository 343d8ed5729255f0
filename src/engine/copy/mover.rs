//! Bringing one blob to the destinations that lack it.

use super::event::{Event, Progress};
use super::ledger::{Claim, Duty};
use super::pipe::Pipe;
use super::run::Run;
use super::tee::Tee;
use crate::oci::Descriptor;
use crate::oci::reference::RepositoryName;
use crate::store::{Error, Hints, Kind, Placed, Result, Source};
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How a blob got to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) placed: Placed,
    /// The source was read for this destination alone, although others read it too.
    pub(super) read_again: bool,
}

impl Arrival {
    const PRESENT: Self = Self {
        placed: Placed::Present,
        read_again: false,
    };

    fn shared(placed: Placed) -> Self {
        Self {
            placed,
            read_again: false,
        }
    }
}

/// A blob's way to several destinations.
pub(super) struct Mover<'a> {
    pub(super) run: &'a Run,
    pub(super) blob: &'a Descriptor,
    /// Nothing suggests that blobs are there already; ends with the first that is.
    pub(super) likely_absent: &'a AtomicBool,
    /// Destinations that nothing is sent to any more.
    pub(super) given_up: &'a [CancellationToken],
    /// Is told of each destination as soon as it has the blob, or will not get it.
    pub(super) told: &'a (dyn Fn(usize, Result<Arrival>) + Send + Sync),
}

/// The destinations that have not got it, by their position.
type Failures = Vec<(usize, Failure)>;

/// What is still to be brought, and who waits for that.
struct Duties<'a> {
    open: Mutex<HashMap<usize, Duty<'a>>>,
    settled: watch::Sender<()>,
}

/// Why a destination has not got it.
struct Failure {
    error: Error,
    /// The source broke off, of which the destination only saw a request that did.
    is_source: bool,
}

impl<'a> Duties<'a> {
    fn new(duties: Vec<(usize, Duty<'a>)>) -> Self {
        Self {
            open: Mutex::new(duties.into_iter().collect()),
            settled: watch::Sender::new(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<usize, Duty<'a>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the duty towards a destination.
    fn end(&self, to: usize, arrived: bool) {
        let duty = self.lock().remove(&to);
        if let Some(duty) = duty.filter(|_| arrived) {
            duty.done();
        }
        self.settled.send_replace(());
    }

    /// Until none of these is open.
    async fn over(&self, of: &[usize]) {
        let mut settled = self.settled.subscribe();
        while of.iter().any(|to| self.lock().contains_key(to)) {
            if settled.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Mover<'_> {
    /// Sees to it that the blob is at each of `wanted`, unless this run has brought it there, or
    /// is about to.
    pub(super) async fn place(&self, wanted: &[usize]) {
        let mut open = wanted.to_vec();
        while !open.is_empty() {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            // Of two images that want it, one brings it to all of its destinations: it is read once.
            let turn = self.run.claims.lock();
            for to in open.drain(..) {
                match self.run.to[to].blobs.claim(self.blob.digest()) {
                    Claim::Arrived => (self.told)(to, Ok(Arrival::PRESENT)),
                    Claim::Ours(duty) => ours.push((to, duty)),
                    Claim::Theirs(wait) => theirs.push((to, wait)),
                }
            }
            drop(turn);
            let ((), waited) = tokio::join!(
                self.bring(ours),
                join_all(theirs.into_iter().map(async |(to, wait)| {
                    wait.over().await;
                    to
                }))
            );
            // Whoever was to bring it may have failed: then it is asked again.
            open = waited;
        }
    }

    /// Brings it to one destination whatever this run believes to be there.
    pub(super) async fn replace(&self, to: usize) {
        self.send(&[to], &Duties::new(Vec::new()), false).await;
    }

    async fn bring(&self, duties: Vec<(usize, Duty<'_>)>) {
        let wanted: Vec<usize> = duties.iter().map(|(to, _)| *to).collect();
        let duties = Duties::new(duties);
        let (first, later) = self.in_turn(&wanted).await;
        let siblings = self.siblings_among(&first, &later).await;
        let linked = async {
            if later.is_empty() {
                return;
            }
            duties.over(&siblings).await;
            let has = |to: &usize| self.run.to[*to].blobs.has(self.blob.digest());
            let is_held = siblings.iter().any(has);
            self.send(&later, &duties, is_held).await;
        };
        tokio::join!(self.send(&first, &duties, false), linked);
    }

    /// Those of `first` that some of `later` can have it linked from.
    async fn siblings_among(&self, first: &[usize], later: &[usize]) -> Vec<usize> {
        let mut among = Vec::new();
        for &to in later {
            let siblings = self.run.mounts(to).await.siblings.iter();
            among.extend(siblings.map(|(at, _)| *at).filter(|at| first.contains(at)));
        }
        among
    }

    /// It is there.
    fn arrived(&self, to: usize, mut arrival: Arrival, duties: &Duties<'_>, linked: bool) {
        if linked && arrival.placed == Placed::Sent {
            self.note_not_linked(to);
            arrival.read_again = true;
        }
        duties.end(to, true);
        (self.told)(to, Ok(arrival));
    }

    /// Where its registry has not linked it from a sibling, the source was read once more. What
    /// comes after shares one read.
    fn note_not_linked(&self, to: usize) {
        let to = &self.run.to[to];
        to.links_nothing.store(true, Ordering::Relaxed);
        let event = Event::ReadAgain(self.blob, to.store.location());
        self.run.progress.report(event);
    }

    /// Who is sent to, and who can have it linked on the same registry once the first have it.
    async fn in_turn(&self, wanted: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let (mut first, mut later) = (Vec::new(), Vec::new());
        for &to in wanted {
            let links = !self.run.to[to].links_nothing.load(Ordering::Relaxed);
            let siblings = if links && wanted.len() > 1 {
                &self.run.mounts(to).await.siblings[..]
            } else {
                &[]
            };
            let follows = siblings.iter().any(|(sibling, _)| first.contains(sibling));
            if follows { &mut later } else { &mut first }.push(to);
        }
        (first, later)
    }

    /// Sends it to all of `wanted` at once, reading it once. `linked`: their registries should link
    /// it from siblings that have it.
    async fn send(&self, wanted: &[usize], duties: &Duties<'_>, linked: bool) {
        if wanted.is_empty() {
            return;
        }
        let shared = wanted.len() > 1;
        let failed = |to: usize, error: Error| {
            duties.end(to, false);
            (self.told)(to, Err(error));
        };
        let pipe = match self.pipe(shared) {
            Ok(pipe) => pipe,
            Err(error) => return wanted.iter().for_each(|to| failed(*to, error.again())),
        };
        let arrived = |to, arrival| self.arrived(to, arrival, duties, linked);
        let (mut failures, mut fault) = self.once(&pipe, wanted, shared, false, &arrived).await;
        // A cache in between may have spoiled it: it is read once more, whole.
        if failures.iter().any(|(_, failure)| failure.is_source)
            && let Some(wrong) = fault.take_if(|_| pipe.is_spoilt())
        {
            let note = format!("{wrong}; reading it once more");
            self.run.progress.report(Event::Note(&note));
            self.run.from.doubt(self.blob);
            pipe.start_over();
            let open = failures.extract_if(.., |(_, failure)| failure.is_source);
            let open: Vec<usize> = open.map(|(to, _)| to).collect();
            let (again, still) = self.once(&pipe, &open, shared, true, &arrived).await;
            failures.extend(again);
            fault = still;
        }
        for (to, failure) in failures {
            // Whoever only saw a request that broke off is told what was wrong with the source.
            let of_source = fault.as_ref().filter(|_| failure.is_source);
            failed(to, of_source.map_or(failure.error, Error::again));
        }
    }

    /// The way of its bytes. Where several destinations share it, each says how far it is.
    fn pipe(&self, shared: bool) -> Result<Arc<Pipe>> {
        let run = self.run;
        let silent: Arc<dyn Progress> = Arc::new(());
        let progress = if shared { &silent } else { &run.progress };
        Pipe::new(
            &run.from,
            self.blob,
            run.options.attempts,
            &run.window,
            progress,
        )
        .map(Arc::new)
    }

    /// One try: who has not got it, and what was wrong with the source.
    async fn once(
        &self,
        pipe: &Arc<Pipe>,
        wanted: &[usize],
        shared: bool,
        again: bool,
        arrived: &(dyn Fn(usize, Arrival) + Send + Sync),
    ) -> (Failures, Option<Error>) {
        let failures = if !shared && let [to] = *wanted {
            match self.ensure(to, &**pipe).await {
                Ok(placed) => {
                    arrived(to, Arrival::shared(placed));
                    Failures::new()
                }
                Err(error) => {
                    let is_source = true;
                    vec![(to, Failure { error, is_source })]
                }
            }
        } else {
            self.together(pipe, wanted, again, arrived).await
        };
        (failures, pipe.take_fault())
    }

    async fn together(
        &self,
        pipe: &Arc<Pipe>,
        wanted: &[usize],
        again: bool,
        arrived: &(dyn Fn(usize, Arrival) + Send + Sync),
    ) -> Failures {
        let run = self.run;
        let tee = Tee::new(Arc::clone(pipe), wanted.len());
        let sent = wanted.iter().map(async |&to| {
            let location = run.to[to].store.location();
            let branch = tee.branch(self.blob, location, &run.progress, again);
            let placed = self.ensure(to, &branch).await;
            let own = branch.own_pipe();
            match placed {
                Ok(placed) => {
                    let read_again = own.is_some();
                    arrived(to, Arrival { placed, read_again });
                    None
                }
                Err(error) => {
                    let failure = Failure {
                        error: own.and_then(|own| own.take_fault()).unwrap_or(error),
                        is_source: branch.has_broken_off(),
                    };
                    Some((to, failure))
                }
            }
        });
        join_all(sent).await.into_iter().flatten().collect()
    }

    /// Puts it at one destination, unless that is given up meanwhile.
    async fn ensure(&self, to: usize, source: &dyn Source) -> Result<Placed> {
        let store = &self.run.to[to].store;
        let given_up = || {
            let what = format!("nothing more is sent to {}", store.location());
            Err(Error::new(Kind::Other, what).at(store.location()))
        };
        tokio::select! {
            placed = self.ensure_there(to, source) => placed,
            () = self.given_up[to].cancelled() => given_up(),
        }
    }

    async fn ensure_there(&self, to: usize, source: &dyn Source) -> Result<Placed> {
        let mount_from = self.mount_from(to).await;
        let hints = Hints {
            mount_from: &mount_from,
            likely_absent: mount_from.is_empty() && self.likely_absent.load(Ordering::Relaxed),
            verify: self.run.options.deep,
        };
        let store = &self.run.to[to].store;
        let placed = store.ensure_blob(self.blob, source, hints).await?;
        if placed == Placed::Present {
            self.likely_absent.store(false, Ordering::Relaxed);
        }
        Ok(placed)
    }

    async fn mount_from(&self, to: usize) -> Vec<RepositoryName> {
        let mounts = self.run.mounts(to).await;
        let has = |sibling: usize| self.run.to[sibling].blobs.has(self.blob.digest());
        let siblings = mounts.siblings.iter().filter(|(sibling, _)| has(*sibling));
        let siblings = siblings.map(|(_, name)| name.clone());
        mounts.source.iter().cloned().chain(siblings).collect()
    }
}
