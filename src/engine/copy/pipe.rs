//! A blob on its way: read, hashed, counted, and read on where it broke off.
//!
//! The last chunk is handed over only once the digest agrees, so that a wrong blob can never be
//! completed at the destination.

use super::ahead::{self, Window};
use super::event::{Event, Progress};
use crate::engine::breaks::{Breaks, PROGRESS};
use crate::oci::Descriptor;
use crate::oci::digest::Verifier;
use crate::store::{Error, Kind, Opened, Result, Source, Store};
use crate::transport::{BoxError, ByteStream};
use async_trait::async_trait;
use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use futures_util::stream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A blob has so many snapshots of its hash at most, so that an upload can go on from one.
const SNAPSHOTS: u64 = 256;

/// What ends a stream whose blob cannot be had; the reason is the pipe's fault.
#[derive(Debug, thiserror::Error)]
#[error("the source failed")]
pub(super) struct Failed;

/// One blob on its way from a store.
pub(super) struct Pipe {
    shared: Arc<Shared>,
}

struct Shared {
    from: Arc<dyn Store>,
    blob: Descriptor,
    attempts: u32,
    window: Arc<Window>,
    progress: Arc<dyn Progress>,
    state: Mutex<State>,
}

struct State {
    /// Hashes at the offsets that they were taken at, in order.
    snapshots: Vec<Verifier>,
    /// A stream from the beginning that was opened ahead.
    prepared: Option<ByteStream>,
    opened: u32,
    fault: Option<Error>,
    /// The fault is in the bytes themselves.
    is_spoilt: bool,
}

/// One pass over the bytes.
struct Reading {
    shared: Arc<Shared>,
    stream: Option<ByteStream>,
    verifier: Verifier,
    /// Bytes of the open stream that were read before it broke, and are skipped.
    skip: u64,
    /// Bytes before this offset are hashed and not handed on.
    begin: u64,
    breaks: Breaks,
}

impl Pipe {
    /// A pipe for `blob`. Refuses digests that cannot be computed, and an empty blob whose digest
    /// is not that of nothing.
    pub(super) fn new(
        from: &Arc<dyn Store>,
        blob: &Descriptor,
        attempts: u32,
        window: &Arc<Window>,
        progress: &Arc<dyn Progress>,
    ) -> Result<Self> {
        let verifier = Verifier::new(blob).map_err(|error| {
            Error::caused(
                Kind::Corrupt,
                format!("cannot copy {}", blob.digest()),
                error,
            )
        })?;
        if blob.size() == 0 && !verifier.clone().matches() {
            return Err(mismatch(blob));
        }
        let state = State {
            snapshots: vec![verifier],
            prepared: None,
            opened: 0,
            fault: None,
            is_spoilt: false,
        };
        let shared = Shared {
            from: Arc::clone(from),
            blob: blob.clone(),
            attempts,
            window: Arc::clone(window),
            progress: Arc::clone(progress),
            state: Mutex::new(state),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// What went wrong on this side, if anything: where the source fails, the destination only
    /// sees a request that breaks off.
    pub(super) fn take_fault(&self) -> Option<Error> {
        self.shared.lock().fault.take()
    }

    /// Whether what went wrong is that other bytes came than the blob's, or more or fewer of them:
    /// whoever comes by them in another way may get the right ones.
    pub(super) fn is_spoilt(&self) -> bool {
        self.shared.lock().is_spoilt
    }

    /// A pipe of its own for one more reader of the same blob, which can go on wherever this one
    /// has been.
    pub(super) fn fork(&self) -> Self {
        let shared = &self.shared;
        let state = State {
            snapshots: shared.lock().snapshots.clone(),
            prepared: None,
            opened: 0,
            fault: None,
            is_spoilt: false,
        };
        let fork = Shared {
            from: Arc::clone(&shared.from),
            blob: shared.blob.clone(),
            attempts: shared.attempts,
            window: Arc::clone(&shared.window),
            progress: Arc::clone(&shared.progress),
            state: Mutex::new(state),
        };
        Self {
            shared: Arc::new(fork),
        }
    }

    /// Forgets what was read, so that it is read anew from the beginning.
    pub(super) fn start_over(&self) {
        let mut state = self.shared.lock();
        state.snapshots.truncate(1);
        state.prepared = None;
        state.is_spoilt = false;
    }
}

#[async_trait]
impl Source for Pipe {
    async fn prepare(&self) {
        if self.shared.blob.size() == 0 || self.shared.lock().opened > 0 {
            return;
        }
        // What goes wrong here goes wrong again when the bytes are wanted, and is told then.
        if let Ok(Opened { stream, offset: 0 }) = self.shared.read(0).await {
            self.shared.lock().prepared = Some(stream);
        }
    }

    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError> {
        let (verifier, prepared) = self.shared.begin(offset);
        let reading = Reading {
            shared: Arc::clone(&self.shared),
            stream: prepared,
            breaks: Breaks::new(self.shared.attempts, verifier.seen()),
            verifier,
            skip: 0,
            begin: offset,
        };
        let bytes = stream::try_unfold(reading, |mut reading| async move {
            let next = reading.next().await;
            next.map(|chunk| chunk.map(|chunk| (chunk, reading)))
        });
        Ok(bytes.boxed())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, offset: u64) -> Result<Opened> {
        ahead::open(&self.from, &self.blob, offset, &self.window).await
    }

    /// The newest hash that was taken at or before `offset`, and the stream to go on with.
    fn begin(&self, offset: u64) -> (Verifier, Option<ByteStream>) {
        let mut state = self.lock();
        state.opened += 1;
        let event = if state.opened == 1 {
            Event::Started(&self.blob)
        } else {
            Event::Resumed(&self.blob, offset)
        };
        self.progress.report(event);
        let usable = state
            .snapshots
            .partition_point(|snapshot| snapshot.seen() <= offset);
        // The first was taken before any byte, so that there is always one.
        let verifier = state.snapshots[usable.max(1) - 1].clone();
        state.snapshots.truncate(usable.max(1));
        let prepared = state.prepared.take().filter(|_| verifier.seen() == 0);
        (verifier, prepared)
    }

    fn remember(&self, verifier: &Verifier) {
        let step = PROGRESS.max(self.blob.size() / SNAPSHOTS);
        let mut state = self.lock();
        let newest = state.snapshots.last().map_or(0, Verifier::seen);
        if verifier.seen() >= newest + step {
            state.snapshots.push(verifier.clone());
        }
    }
}

impl Reading {
    /// The next chunk, hashed. The last is handed over only once the digest agrees.
    async fn next(&mut self) -> Result<Option<Bytes>, BoxError> {
        while self.verifier.remaining() > 0 {
            let Some(chunk) = self.pull().await? else {
                continue;
            };
            let at = self.verifier.seen();
            self.verifier.update(&chunk);
            if self.verifier.overrun() {
                return Err(self.spoilt(longer(&self.shared.blob)));
            }
            if self.verifier.remaining() == 0 && !self.verifier.clone().matches() {
                return Err(self.spoilt(mismatch(&self.shared.blob)));
            }
            self.shared.remember(&self.verifier);
            if let Some(chunk) = from_offset(chunk, at, self.begin) {
                let moved = chunk.len() as u64;
                self.shared
                    .progress
                    .report(Event::Moved(&self.shared.blob, moved));
                return Ok(Some(chunk));
            }
        }
        Ok(None)
    }

    /// More bytes from the source; `None` after a break that was mended.
    async fn pull(&mut self) -> Result<Option<Bytes>, BoxError> {
        let Some(stream) = &mut self.stream else {
            return self.reopen().await.map(|()| None);
        };
        let error = match stream.next().await {
            Some(Ok(mut chunk)) => {
                let skipped = self.skip.min(chunk.len() as u64);
                self.skip -= skipped;
                chunk.advance(usize::try_from(skipped).unwrap_or(chunk.len()));
                return Ok(Some(chunk));
            }
            Some(Err(error)) => Some(error),
            None => None,
        };
        self.stream = None;
        self.broke(error).await.map(|()| None)
    }

    async fn reopen(&mut self) -> Result<(), BoxError> {
        let at = self.verifier.seen();
        match self.shared.read(at).await {
            Ok(Opened { stream, offset }) => {
                self.skip = at - offset.min(at);
                self.stream = Some(stream);
                Ok(())
            }
            Err(error) if error.length().is_some() => Err(self.spoilt(error)),
            Err(error) => Err(self.fault(error)),
        }
    }

    /// Counts a break. Too many in a row without getting on are a fault.
    async fn broke(&mut self, error: Option<BoxError>) -> Result<(), BoxError> {
        let at = self.verifier.seen();
        let blob = &self.shared.blob;
        if let Some(pause) = self.breaks.count(at) {
            let resumed = Event::Resumed(blob, at.max(self.begin));
            self.shared.progress.report(resumed);
            tokio::time::sleep(pause).await;
            return Ok(());
        }
        let location = self.shared.from.location();
        if let Some(error) = error {
            let fault = self.breaks.given_up(location, blob, error);
            return Err(self.fault(fault));
        }
        let (digest, size) = (blob.digest(), blob.size());
        let what = format!("{digest} in {location} ends after {at} of {size} bytes");
        Err(self.spoilt(Error::new(Kind::Corrupt, what).at(location)))
    }

    /// Ends it: the blob cannot be had.
    fn fault(&self, error: Error) -> BoxError {
        self.end(error, false)
    }

    /// Ends it: what came is not the blob.
    fn spoilt(&self, error: Error) -> BoxError {
        self.end(error, true)
    }

    fn end(&self, error: Error, is_spoilt: bool) -> BoxError {
        let mut state = self.shared.lock();
        if state.fault.is_none() {
            state.fault = Some(error);
            state.is_spoilt = is_spoilt;
        }
        Box::new(Failed)
    }
}

/// What of a chunk that begins at `at` lies at or behind `begin`.
fn from_offset(mut chunk: Bytes, at: u64, begin: u64) -> Option<Bytes> {
    let before = usize::try_from(begin.saturating_sub(at)).unwrap_or(usize::MAX);
    if before >= chunk.len() {
        return None;
    }
    chunk.advance(before);
    Some(chunk)
}

fn longer(blob: &Descriptor) -> Error {
    let (digest, size) = (blob.digest(), blob.size());
    Error::new(
        Kind::Corrupt,
        format!("{digest} is longer than its {size} bytes"),
    )
}

fn mismatch(blob: &Descriptor) -> Error {
    Error::new(
        Kind::Corrupt,
        format!("the bytes of {} do not match its digest", blob.digest()),
    )
}

#[cfg(test)]
mod cases;
