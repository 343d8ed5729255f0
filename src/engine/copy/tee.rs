//! One read of a blob for several destinations.
//!
//! The reading begins once every destination has opened its upload, or has found that it needs
//! none. From then on the slowest sets the pace, a few chunks ahead of which the others may be.
//! Who takes nothing for a while, or has to start over, goes on with a read of its own.

use super::event::{Event, Progress};
use super::pipe::{Failed, Pipe};
use crate::oci::Descriptor;
use crate::oci::reference::Location;
use crate::store::Source;
use crate::transport::{BoxError, ByteStream};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, OnceCell, mpsc};
use tokio::task::AbortHandle;

/// Chunks that one destination may be ahead of another.
const AHEAD: usize = 8;
/// How long the others wait for a destination that does not say whether it needs the bytes, or
/// takes none.
const PATIENCE: Duration = Duration::from_secs(10);

/// One read, shared.
pub(super) struct Tee {
    shared: Arc<Shared>,
    prepared: OnceCell<()>,
    driver: Mutex<Option<AbortHandle>>,
}

struct Shared {
    pipe: Arc<Pipe>,
    state: Mutex<State>,
    changed: Notify,
    /// The source failed; why is the pipe's fault.
    failed: AtomicBool,
}

#[derive(Default)]
struct State {
    undecided: usize,
    joined: Vec<mpsc::Sender<Bytes>>,
    begun: bool,
}

/// One destination's share.
pub(super) struct Branch {
    tee: Arc<Tee>,
    blob: Descriptor,
    location: Location,
    progress: Arc<dyn Progress>,
    decided: AtomicBool,
    again: bool,
    opened: AtomicBool,
    own: Arc<OnceCell<Arc<Pipe>>>,
    broken_off: Arc<AtomicBool>,
}

impl Tee {
    /// A read of what `pipe` brings for so many branches. They say how far they are; the pipe does
    /// not.
    pub(super) fn new(pipe: Arc<Pipe>, branches: usize) -> Arc<Self> {
        let state = State {
            undecided: branches,
            ..State::default()
        };
        let shared = Shared {
            pipe,
            state: Mutex::new(state),
            changed: Notify::new(),
            failed: AtomicBool::new(false),
        };
        Arc::new(Self {
            shared: Arc::new(shared),
            prepared: OnceCell::new(),
            driver: Mutex::default(),
        })
    }

    /// The share of the destination at `location`. `again`: it has had a part of the bytes.
    pub(super) fn branch(
        self: &Arc<Self>,
        blob: &Descriptor,
        location: &Location,
        progress: &Arc<dyn Progress>,
        again: bool,
    ) -> Branch {
        Branch {
            tee: Arc::clone(self),
            blob: blob.clone(),
            location: location.clone(),
            progress: Arc::clone(progress),
            decided: AtomicBool::new(false),
            again,
            opened: AtomicBool::new(false),
            own: Arc::default(),
            broken_off: Arc::default(),
        }
    }

    /// Joins the read if it has not begun.
    fn join(&self) -> Option<mpsc::Receiver<Bytes>> {
        let mut state = self.shared.lock();
        if state.begun {
            return None;
        }
        let (sender, receiver) = mpsc::channel(AHEAD);
        state.joined.push(sender);
        let mut driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if driver.is_none() {
            let task = tokio::spawn(drive(Arc::clone(&self.shared)));
            *driver = Some(task.abort_handle());
        }
        Some(receiver)
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(driver) = &*driver {
            driver.abort();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until nobody is undecided, or patience ends.
    async fn everybody(&self) -> Vec<mpsc::Sender<Bytes>> {
        let decided = async {
            loop {
                let changed = self.changed.notified();
                if self.lock().undecided == 0 {
                    return;
                }
                changed.await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, decided).await;
        let mut state = self.lock();
        state.begun = true;
        std::mem::take(&mut state.joined)
    }
}

/// Reads, and hands each chunk to all that have joined.
async fn drive(shared: Arc<Shared>) {
    let mut branches = shared.everybody().await;
    let Ok(mut bytes) = shared.pipe.open(0).await else {
        shared.failed.store(true, Ordering::SeqCst);
        return;
    };
    while let Some(chunk) = bytes.next().await {
        let Ok(chunk) = chunk else {
            shared.failed.store(true, Ordering::SeqCst);
            return;
        };
        let mut kept = Vec::with_capacity(branches.len());
        for branch in branches {
            if branch.send_timeout(chunk.clone(), PATIENCE).await.is_ok() {
                kept.push(branch);
            }
        }
        branches = kept;
        if branches.is_empty() {
            return;
        }
    }
}

impl Branch {
    /// The pipe of this destination's own reads, if it made any.
    pub(super) fn own_pipe(&self) -> Option<&Arc<Pipe>> {
        self.own.get()
    }

    /// Whether the common read broke off while this destination took part in it.
    pub(super) fn has_broken_off(&self) -> bool {
        self.broken_off.load(Ordering::SeqCst)
    }

    /// Says that this destination joins, or needs nothing.
    fn decide(&self) {
        if !self.decided.swap(true, Ordering::SeqCst) {
            self.tee.shared.lock().undecided -= 1;
            self.tee.shared.changed.notify_waiters();
        }
    }
}

impl Drop for Branch {
    fn drop(&mut self) {
        self.decide();
    }
}

#[async_trait]
impl Source for Branch {
    async fn prepare(&self) {
        let tee = &self.tee;
        tee.prepared.get_or_init(|| tee.shared.pipe.prepare()).await;
    }

    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError> {
        let first = !self.opened.swap(true, Ordering::SeqCst);
        let joined = (first && offset == 0).then(|| self.tee.join()).flatten();
        let event = if first && !self.again {
            Event::Started(&self.blob)
        } else {
            Event::Resumed(&self.blob, offset)
        };
        self.progress.report(event);
        self.decide();
        let share = Share {
            shared: Arc::clone(&self.tee.shared),
            blob: self.blob.clone(),
            location: self.location.clone(),
            progress: Arc::clone(&self.progress),
            own: Arc::clone(&self.own),
            broken_off: Arc::clone(&self.broken_off),
            joined,
            stream: None,
            at: offset,
        };
        let bytes = stream::try_unfold(share, |mut share| async move {
            let next = share.next().await?;
            Ok(next.map(|chunk| {
                let moved = Event::Moved(&share.blob, chunk.len() as u64);
                share.progress.report(moved);
                (chunk, share)
            }))
        });
        Ok(bytes.boxed())
    }
}

/// One pass over the bytes, from the common read as long as that goes.
struct Share {
    shared: Arc<Shared>,
    blob: Descriptor,
    location: Location,
    progress: Arc<dyn Progress>,
    own: Arc<OnceCell<Arc<Pipe>>>,
    broken_off: Arc<AtomicBool>,
    joined: Option<mpsc::Receiver<Bytes>>,
    stream: Option<ByteStream>,
    at: u64,
}

impl Share {
    async fn next(&mut self) -> Result<Option<Bytes>, BoxError> {
        if let Some(joined) = &mut self.joined {
            if let Some(chunk) = joined.recv().await {
                self.at += chunk.len() as u64;
                return Ok(Some(chunk));
            }
            if self.at == self.blob.size() {
                return Ok(None);
            }
            if self.shared.failed.load(Ordering::SeqCst) {
                self.broken_off.store(true, Ordering::SeqCst);
                return Err(Box::new(Failed));
            }
            self.joined = None;
        }
        if self.stream.is_none() {
            self.stream = Some(self.alone().await?);
        }
        match &mut self.stream {
            Some(stream) => stream.next().await.transpose(),
            None => Ok(None),
        }
    }

    /// A read of its own.
    async fn alone(&mut self) -> Result<ByteStream, BoxError> {
        let fork = || async { Arc::new(self.shared.pipe.fork()) };
        let own = self.own.get_or_init(fork).await;
        self.progress
            .report(Event::ReadAgain(&self.blob, &self.location));
        own.open(self.at).await
    }
}

#[cfg(test)]
mod cases;
