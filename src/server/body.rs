//! Reading request bodies within a limit.

use crate::server::problem::{Code, Problem};
use crate::transport::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::request::Parts;
use http::{StatusCode, header::CONTENT_LENGTH};

/// A request's body.
pub(super) struct Body {
    stream: ByteStream,
    /// The length that the request declares, in bytes.
    declared: Option<u64>,
    /// The most bytes that are read.
    limit: u64,
    seen: u64,
}

impl Body {
    pub(super) fn new(head: &Parts, stream: ByteStream, limit: Option<u64>) -> Self {
        let declared = head.headers.get(CONTENT_LENGTH);
        let declared = declared.and_then(|value| value.to_str().ok()?.parse().ok());
        Self {
            stream,
            declared,
            limit: limit.unwrap_or(u64::MAX),
            seen: 0,
        }
    }

    /// The same with a limit of `bytes`, or the one it has if that is smaller.
    pub(super) fn within(mut self, bytes: u64) -> Self {
        self.limit = self.limit.min(bytes);
        self
    }

    pub(super) fn declared(&self) -> Option<u64> {
        self.declared
    }

    /// The next bytes, `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.declared.is_some_and(|length| length > self.limit) {
            return Err(self.too_large());
        }
        let Some(chunk) = self.stream.next().await else {
            return Ok(None);
        };
        let chunk = chunk.map_err(|_| broken())?;
        self.seen = self.seen.saturating_add(chunk.len() as u64);
        if self.seen > self.limit {
            return Err(self.too_large());
        }
        Ok(Some(chunk))
    }

    /// All of it. Nothing is allocated for what is only declared.
    pub(super) async fn collect(mut self) -> Result<Bytes, Problem> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    fn too_large(&self) -> Problem {
        let message = format!("the body is larger than {} bytes", self.limit);
        Problem::new(Code::SizeInvalid, message).status(StatusCode::PAYLOAD_TOO_LARGE)
    }
}

fn broken() -> Problem {
    Problem::new(Code::SizeInvalid, "the body broke off")
}
