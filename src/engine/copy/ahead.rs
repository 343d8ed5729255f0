//! A blob's bytes in order, read by several ranges at once where one connection is too slow.
//!
//! It begins as one plain stream. Where that is what everybody waits for, and much is left, ranges
//! further on are read beside it, into a window that all blobs of a run share, and take over where
//! they begin. Where the source knows no ranges, the plain stream goes on as if nothing had been.

use super::gauge::Gauge;
use crate::oci::Descriptor;
use crate::oci::reference::Location;
use crate::store::{Opened, Result, Store};
use crate::transport::{BoxError, ByteStream};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use std::collections::{HashSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

const MIB: u64 = 1024 * 1024;
/// What all blobs together read ahead at most.
const ROOM: usize = 12 * 1024 * 1024;
/// One range. At 50 ms and 50 MB/s its bytes take about as long as its question.
const PART: u64 = 2 * MIB;
/// Ranges of one blob at once.
const PARTS: usize = 6;
/// So much must be left for several ranges to be worth their questions.
const MUCH: u64 = 64 * MIB;
/// The plain stream goes on for so long while the first ranges are on their way.
const LEAD: u64 = 2 * PART;
/// Ranges that take longer to begin are not worth it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The memory for reading ahead, shared by all blobs of a run.
#[derive(Debug)]
pub(super) struct Window {
    room: Arc<Semaphore>,
    /// Stores that were asked for a range and gave something else: they are not asked again.
    plain: Mutex<HashSet<Location>>,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(ROOM)),
            plain: Mutex::default(),
        }
    }
}

impl Window {
    fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        Arc::clone(&self.room).try_acquire_many_owned(bytes).ok()
    }

    fn has_room(&self) -> bool {
        self.room.available_permits() as u64 >= 2 * PART
    }

    fn plain(&self) -> MutexGuard<'_, HashSet<Location>> {
        self.plain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a blob from `offset` to its end; [`Opened::offset`] says where its bytes begin.
///
/// Breaks end the stream with an error, as they do with [`Store::blob`].
pub(super) async fn open(
    from: &Arc<dyn Store>,
    blob: &Descriptor,
    offset: u64,
    window: &Arc<Window>,
) -> Result<Opened> {
    let Opened { stream, offset } = from.blob(blob, offset..blob.size()).await?;
    if blob.size().saturating_sub(offset) < MUCH {
        return Ok(Opened { stream, offset });
    }
    let reader = Reader {
        from: Arc::clone(from),
        blob: blob.clone(),
        window: Arc::clone(window),
        at: offset,
        plain: Some(stream),
        gauge: Gauge::default(),
        ahead: Ahead::default(),
    };
    let bytes = stream::try_unfold(reader, |mut reader| async move {
        let next = reader.next().await;
        next.map(|chunk| chunk.map(|chunk| (chunk, reader)))
    });
    Ok(Opened {
        stream: bytes.boxed(),
        offset,
    })
}

struct Reader {
    from: Arc<dyn Store>,
    blob: Descriptor,
    window: Arc<Window>,
    /// The next byte to hand over.
    at: u64,
    /// What it began with, as long as that is needed.
    plain: Option<ByteStream>,
    gauge: Gauge,
    ahead: Ahead,
}

/// The ranges that are read ahead, in order and without gaps.
#[derive(Default)]
struct Ahead {
    parts: VecDeque<Part>,
    /// Where the next one begins.
    next: u64,
    /// Ends them when it is dropped.
    tasks: JoinSet<()>,
}

struct Part {
    range: Range<u64>,
    chunks: mpsc::UnboundedReceiver<Arrival>,
    _room: Option<OwnedSemaphorePermit>,
}

/// What comes of a range, in this order.
enum Arrival {
    /// It is what was asked for.
    Opened,
    Chunk(Bytes),
    Failed(BoxError),
}

impl Reader {
    async fn next(&mut self) -> std::result::Result<Option<Bytes>, BoxError> {
        loop {
            self.read_ahead();
            if let Some(first) = self.ahead.parts.front()
                && self.plain.is_some()
                && self.at == first.range.start
            {
                self.hand_over().await;
            }
            if self.plain.is_some() {
                return self.plainly().await;
            }
            let Some(part) = self.ahead.parts.front_mut() else {
                return Ok(None);
            };
            match part.chunks.recv().await {
                Some(Arrival::Opened) => {}
                Some(Arrival::Chunk(chunk)) => {
                    self.at += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                Some(Arrival::Failed(error)) => return Err(error),
                None if self.at == part.range.end => drop(self.ahead.parts.pop_front()),
                // Its task is gone, which only the end of the program does to it.
                None => return Ok(None),
            }
        }
    }

    /// The next chunk of the plain stream, up to where ranges take over.
    async fn plainly(&mut self) -> std::result::Result<Option<Bytes>, BoxError> {
        let Some(plain) = &mut self.plain else {
            return Ok(None);
        };
        self.gauge.waits();
        let chunk = plain.next().await.transpose()?;
        let Some(mut chunk) = chunk else {
            return Ok(None);
        };
        self.gauge.arrived(chunk.len());
        if let Some(first) = self.ahead.parts.front() {
            let left = first.range.start - self.at;
            if chunk.len() as u64 > left && self.hand_over().await {
                chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            }
        }
        self.at += chunk.len() as u64;
        Ok(Some(chunk))
    }

    /// Ends the plain stream if the first range is on its way, or else the ranges.
    async fn hand_over(&mut self) -> bool {
        let Some(first) = self.ahead.parts.front_mut() else {
            return false;
        };
        match timeout(PATIENCE, first.chunks.recv()).await {
            Ok(Some(Arrival::Opened)) => {
                self.plain = None;
                return true;
            }
            Ok(_) => drop(self.window.plain().insert(self.from.location().clone())),
            Err(_) => {}
        }
        self.ahead = Ahead::default();
        self.gauge = Gauge::default();
        false
    }

    /// Sees to it that ranges are on their way, if they are worth it.
    fn read_ahead(&mut self) {
        if self.ahead.next == 0 {
            if !self.is_worth_it() {
                return;
            }
            self.ahead.next = self.at + LEAD;
        }
        while self.ahead.next < self.blob.size() && self.ahead.parts.len() < PARTS {
            let start = self.ahead.next;
            let range = start..(start + PART).min(self.blob.size());
            let room = self.window.take(range.end - range.start);
            // The one that is wanted next needs no room: it is passed on as it comes.
            if room.is_none() && !self.ahead.parts.is_empty() {
                return;
            }
            self.ahead.next = range.end;
            self.ahead.begin(&self.from, &self.blob, range, room);
        }
    }

    fn is_worth_it(&mut self) -> bool {
        self.gauge.is_held_up()
            && self.blob.size().saturating_sub(self.at) >= MUCH
            && self.window.has_room()
            && !self.window.plain().contains(self.from.location())
    }
}

impl Ahead {
    fn begin(
        &mut self,
        from: &Arc<dyn Store>,
        blob: &Descriptor,
        range: Range<u64>,
        room: Option<OwnedSemaphorePermit>,
    ) {
        // No more than the range ever waits in it.
        let (arrivals, chunks) = mpsc::unbounded_channel();
        let (from, blob, wanted) = (Arc::clone(from), blob.clone(), range.clone());
        self.tasks.spawn(async move {
            if let Err(error) = fetch(&*from, &blob, wanted, &arrivals).await {
                let _ = arrivals.send(Arrival::Failed(error));
            }
        });
        while self.tasks.try_join_next().is_some() {}
        self.parts.push_back(Part {
            range,
            chunks,
            _room: room,
        });
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a range was answered with another one")]
struct AnotherRange;

#[derive(Debug, thiserror::Error)]
#[error("a range ended without a byte")]
struct NoBytes;

/// Reads a range, by several questions where answers are shorter than it.
async fn fetch(
    from: &dyn Store,
    blob: &Descriptor,
    mut range: Range<u64>,
    arrivals: &mpsc::UnboundedSender<Arrival>,
) -> std::result::Result<(), BoxError> {
    let mut is_first = true;
    while range.start < range.end {
        let begun = range.start;
        let mut opened = from.blob(blob, range.clone()).await?;
        if opened.offset != begun {
            return Err(AnotherRange.into());
        }
        if std::mem::take(&mut is_first) {
            let _ = arrivals.send(Arrival::Opened);
        }
        while range.start < range.end
            && let Some(chunk) = opened.stream.next().await
        {
            let mut chunk = chunk?;
            let left = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            chunk.truncate(left);
            range.start += chunk.len() as u64;
            // It may be a piece of a larger buffer, which the window does not count.
            let chunk = Bytes::copy_from_slice(&chunk);
            let _ = arrivals.send(Arrival::Chunk(chunk));
        }
        if range.start == begun {
            return Err(NoBytes.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod cases;
