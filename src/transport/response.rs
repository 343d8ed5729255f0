//! What comes back.

use super::brake::Slot;
use super::error::Error;
use super::retry;
use super::{BoxError, ByteStream};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, HeaderName, StatusCode};
use std::time::{Duration, SystemTime};
use url::Url;

/// An answer whose body has not been read yet.
#[derive(Debug)]
pub struct Response {
    /// Boxed: it is large, and many are held at once.
    inner: Box<reqwest::Response>,
    url: Url,
    idle: Duration,
    attempts: u32,
    /// The body, where it was read already.
    held: Option<Bytes>,
    /// Held until the answer is done with.
    slot: Option<Slot>,
}

impl Response {
    pub(super) fn new(inner: reqwest::Response, url: Url, idle: Duration, slot: Slot) -> Self {
        Self {
            inner: Box::new(inner),
            url,
            idle,
            attempts: 1,
            held: None,
            slot: Some(slot),
        }
    }

    pub(super) fn after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Reads the whole body, and keeps it for whoever asks for it.
    pub(super) async fn hold(mut self, limit: usize) -> Result<Self, Error> {
        self.held = Some(self.read(limit).await?);
        Ok(self)
    }

    /// Reads the body's beginning, at most `limit` bytes, and keeps it for whoever asks for the
    /// body. The host's slot is free from then on: others may be asked before it is known what
    /// becomes of this answer.
    pub async fn aside(mut self, limit: usize) -> (Bytes, Self) {
        let beginning = self.start(limit).await;
        self.held = Some(beginning.clone()).filter(|held| !held.is_empty());
        drop(self.slot.take());
        (beginning, self)
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// A header as text; `None` where it is absent, not ASCII, or there more than once with
    /// different values.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers().get_all(name).iter();
        let first = values.next()?;
        values.all(|other| other == first).then_some(())?;
        first.to_str().ok()
    }

    /// The URL that answered, after redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The protocol that was spoken.
    pub fn version(&self) -> http::Version {
        self.inner.version()
    }

    /// How many attempts it took.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The body's length where the server declared one.
    pub fn content_length(&self) -> Option<u64> {
        self.header(&http::header::CONTENT_LENGTH)?.parse().ok()
    }

    /// How long the server asks to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        asked(self.headers())
    }

    /// Reads the whole body, refusing more than `limit` bytes.
    pub async fn bytes(mut self, limit: usize) -> Result<Bytes, Error> {
        self.read(limit).await
    }

    async fn read(&mut self, limit: usize) -> Result<Bytes, Error> {
        let mut held = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if held.len() + chunk.len() > limit {
                return Err(Error::too_large(&self.url, limit));
            }
            held.extend_from_slice(&chunk);
        }
        Ok(held.freeze())
    }

    /// Reads the body's beginning, at most `limit` bytes, whatever happens to the rest.
    pub async fn beginning(mut self, limit: usize) -> Bytes {
        self.start(limit).await
    }

    async fn start(&mut self, limit: usize) -> Bytes {
        let mut held = BytesMut::new();
        while let Ok(Some(chunk)) = self.chunk().await {
            let room = limit - held.len();
            held.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if held.len() == limit {
                break;
            }
        }
        held.freeze()
    }

    /// The body as it comes. It ends with an error when nothing comes for the idle time.
    pub fn stream(self) -> ByteStream {
        let chunks = stream::try_unfold(self, |mut response| async move {
            let chunk = response.chunk().await.map_err(BoxError::from)?;
            Ok::<_, BoxError>(chunk.map(|chunk| (chunk, response)))
        });
        Box::pin(chunks)
    }

    async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        match tokio::time::timeout(self.idle, self.inner.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(Error::from_reqwest(&self.url, None, error)),
            Err(_) => Err(Error::stalled(&self.url, self.idle)),
        }
    }
}

/// How long whoever sent these headers asks to be left alone, from now on.
pub fn asked(headers: &HeaderMap) -> Option<Duration> {
    retry::asked(headers, SystemTime::now())
}
