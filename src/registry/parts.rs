//! A blob's bytes, handed out in parts: what one request takes, the next goes on behind.

use super::source::Source;
use crate::transport::{BoxError, ByteStream};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// The bytes from some offset on.
pub(super) struct Parts {
    opened: Arc<Mutex<Opened>>,
    /// The offset of the next byte to be handed out.
    at: Arc<AtomicU64>,
}

struct Opened {
    stream: ByteStream,
    /// What was read beyond the end of a part.
    left: Bytes,
}

impl Parts {
    /// Opens `source` at `offset`.
    pub(super) async fn open(source: &dyn Source, offset: u64) -> Result<Self, BoxError> {
        let stream = source.open(offset).await?;
        let left = Bytes::new();
        Ok(Self {
            opened: Arc::new(Mutex::new(Opened { stream, left })),
            at: Arc::new(AtomicU64::new(offset)),
        })
    }

    /// The offset of the next byte to be handed out.
    pub(super) fn at(&self) -> u64 {
        self.at.load(Ordering::Relaxed)
    }

    /// The next `length` bytes.
    pub(super) fn next(&self, length: u64) -> ByteStream {
        let state = (Arc::clone(&self.opened), Arc::clone(&self.at), length);
        stream::try_unfold(state, |(opened, at, wanted)| async move {
            if wanted == 0 {
                return Ok(None);
            }
            let Some(chunk) = opened.lock().await.take(wanted).await? else {
                return Ok(None);
            };
            let taken = chunk.len() as u64;
            at.fetch_add(taken, Ordering::Relaxed);
            Ok::<_, BoxError>(Some((chunk, (opened, at, wanted - taken))))
        })
        .boxed()
    }
}

impl Opened {
    /// Some more bytes, `most` at most.
    async fn take(&mut self, most: u64) -> Result<Option<Bytes>, BoxError> {
        if self.left.is_empty() {
            match self.stream.next().await {
                Some(chunk) => self.left = chunk?,
                None => return Ok(None),
            }
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(Some(self.left.split_to(most.min(self.left.len()))))
    }
}
