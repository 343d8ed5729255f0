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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
}

/// What each destination came to, by its position.
pub(super) type Arrivals = Vec<(usize, Result<Arrival>)>;

/// The same after one try.
type Tries = Vec<(usize, Result<Arrival, Failure>)>;

/// Why a destination has not got it.
struct Failure {
    error: Error,
    /// The source broke off, of which the destination only saw a request that did.
    is_source: bool,
}

impl Mover<'_> {
    /// Sees to it that the blob is at each of `wanted`, unless this run has brought it there, or
    /// is about to.
    pub(super) async fn place(&self, wanted: &[usize]) -> Arrivals {
        let mut arrivals = Arrivals::new();
        let mut open = wanted.to_vec();
        while !open.is_empty() {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            // Of two images that want it, one brings it to all of its destinations: it is read once.
            let turn = self.run.claims.lock();
            for to in open.drain(..) {
                match self.run.to[to].blobs.claim(self.blob.digest()) {
                    Claim::Arrived => arrivals.push((to, Ok(Arrival::PRESENT))),
                    Claim::Ours(duty) => ours.push((to, duty)),
                    Claim::Theirs(wait) => theirs.push((to, wait)),
                }
            }
            drop(turn);
            let (brought, waited) = tokio::join!(
                self.bring(ours),
                join_all(theirs.into_iter().map(async |(to, wait)| {
                    wait.over().await;
                    to
                }))
            );
            arrivals.extend(brought);
            // Whoever was to bring it may have failed: then it is asked again.
            open = waited;
        }
        arrivals
    }

    /// Brings it to one destination whatever this run believes to be there.
    pub(super) async fn replace(&self, to: usize) -> Result<Arrival> {
        let mut arrivals = self.send(&[to], &[]).await;
        let (_, arrival) = arrivals.pop().unwrap_or((to, Ok(Arrival::PRESENT)));
        arrival
    }

    async fn bring(&self, duties: Vec<(usize, Duty<'_>)>) -> Arrivals {
        let wanted: Vec<usize> = duties.iter().map(|(to, _)| *to).collect();
        let (first, later) = self.in_turn(&wanted).await;
        let mut arrivals = self.send(&first, &[]).await;
        if !later.is_empty() {
            let holders: Vec<usize> = arrivals
                .iter()
                .filter_map(|(to, arrival)| arrival.is_ok().then_some(*to))
                .collect();
            let mut linked = self.send(&later, &holders).await;
            for (to, arrival) in linked.iter_mut().filter(|_| !holders.is_empty()) {
                if let Ok(arrival) = arrival {
                    self.check_linked(*to, arrival);
                }
            }
            arrivals.extend(linked);
        }
        for (to, duty) in duties {
            if arrivals
                .iter()
                .any(|(at, arrival)| *at == to && arrival.is_ok())
            {
                duty.done();
            }
        }
        arrivals
    }

    /// Where its registry has not linked it from a sibling, the source was read once more. What
    /// comes after shares one read.
    fn check_linked(&self, to: usize, arrival: &mut Arrival) {
        if arrival.placed != Placed::Sent {
            return;
        }
        let to = &self.run.to[to];
        to.links_nothing.store(true, Ordering::Relaxed);
        arrival.read_again = true;
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

    /// Sends it to all of `wanted` at once, reading it once. `holders`: destinations that have it.
    async fn send(&self, wanted: &[usize], holders: &[usize]) -> Arrivals {
        let shared = wanted.len() > 1;
        let pipe = match self.pipe(shared) {
            Ok(pipe) => pipe,
            Err(error) => return wanted.iter().map(|to| (*to, Err(error.again()))).collect(),
        };
        let (mut tries, mut fault) = self.once(&pipe, wanted, holders, shared, false).await;
        // A cache in between may have spoiled it: it is read once more, whole.
        let is_wrong = |fault: &mut Error| fault.kind() == Kind::Corrupt;
        if tries.iter().any(|(_, tried)| is_of_source(tried))
            && let Some(wrong) = fault.take_if(is_wrong)
        {
            let note = format!("{wrong}; reading it once more");
            self.run.progress.report(Event::Note(&note));
            pipe.start_over();
            let failed = tries.extract_if(.., |(_, tried)| is_of_source(tried));
            let open: Vec<usize> = failed.map(|(to, _)| to).collect();
            let (again, still) = self.once(&pipe, &open, holders, shared, true).await;
            tries.extend(again);
            fault = still;
        }
        blamed(tries, fault.as_ref())
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

    /// One try, and what was wrong with the source.
    async fn once(
        &self,
        pipe: &Arc<Pipe>,
        wanted: &[usize],
        holders: &[usize],
        shared: bool,
        again: bool,
    ) -> (Tries, Option<Error>) {
        let tries = if !shared && let [to] = *wanted {
            let placed = self.ensure(to, &**pipe, holders).await;
            let of_source = |error| Failure {
                error,
                is_source: true,
            };
            vec![(to, placed.map(Arrival::shared).map_err(of_source))]
        } else {
            self.together(pipe, wanted, holders, again).await
        };
        (tries, pipe.take_fault())
    }

    async fn together(
        &self,
        pipe: &Arc<Pipe>,
        wanted: &[usize],
        holders: &[usize],
        again: bool,
    ) -> Tries {
        let run = self.run;
        let tee = Tee::new(Arc::clone(pipe), wanted.len());
        let sent = wanted.iter().map(async |&to| {
            let location = run.to[to].store.location();
            let branch = tee.branch(self.blob, location, &run.progress, again);
            let placed = self.ensure(to, &branch, holders).await;
            let own = branch.own_pipe();
            let tried = match placed {
                Ok(placed) => Ok(Arrival {
                    placed,
                    read_again: own.is_some(),
                }),
                Err(error) => Err(Failure {
                    error: own.and_then(|own| own.take_fault()).unwrap_or(error),
                    is_source: branch.has_broken_off(),
                }),
            };
            (to, tried)
        });
        join_all(sent).await
    }

    async fn ensure(&self, to: usize, source: &dyn Source, holders: &[usize]) -> Result<Placed> {
        let mount_from = self.mount_from(to, holders).await;
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

    async fn mount_from(&self, to: usize, holders: &[usize]) -> Vec<RepositoryName> {
        let mounts = self.run.mounts(to).await;
        let holding = |(sibling, _): &&(usize, RepositoryName)| {
            holders.contains(sibling) || self.run.to[*sibling].blobs.has(self.blob.digest())
        };
        let siblings = mounts.siblings.iter().filter(holding);
        let siblings = siblings.map(|(_, name)| name.clone());
        mounts.source.iter().cloned().chain(siblings).collect()
    }
}

fn is_of_source(tried: &Result<Arrival, Failure>) -> bool {
    matches!(tried, Err(failure) if failure.is_source)
}

/// Tells those who only saw a request that broke off what was wrong with the source.
fn blamed(tries: Tries, fault: Option<&Error>) -> Arrivals {
    let blame = |failure: Failure| match fault {
        Some(fault) if failure.is_source => fault.again(),
        _ => failure.error,
    };
    let tries = tries.into_iter();
    tries
        .map(|(to, tried)| (to, tried.map_err(blame)))
        .collect()
}
