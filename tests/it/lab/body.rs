//! Bodies that are cut, spoilt, slow or stand still.

use super::wire::Reset;
use bytes::Bytes;
use crossdock::server::Registry;
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The end of a connection.
pub(super) fn gone(reset: Option<&Reset>) -> BoxError {
    if let Some(reset) = reset {
        reset.arm();
    }
    "the connection ends here".into()
}

/// The first `after` bytes of a body, and then an end that is none.
pub(crate) fn cut(body: ByteStream, after: u64, reset: Option<Reset>) -> ByteStream {
    let state = (body, after, reset);
    let cut = stream::unfold(Some(state), |state| async move {
        let (mut body, left, reset) = state?;
        if left == 0 {
            // What was handed over is to be on its way before the connection ends.
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Some((Err(gone(reset.as_ref())), None));
        }
        match body.next().await {
            Some(Ok(mut chunk)) => {
                chunk.truncate(usize::try_from(left).unwrap_or(usize::MAX));
                let left = left - chunk.len() as u64;
                Some((Ok(chunk), Some((body, left, reset))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None => None,
        }
    });
    cut.boxed()
}

/// The registry's answer, unless the body stands still for too long before its end.
pub(super) async fn hung_up(
    request: Request<ByteStream>,
    registry: &Registry,
    idle: Duration,
) -> Result<Response<ByteStream>, BoxError> {
    let broke = Arc::new(AtomicBool::new(false));
    let state = (request, Arc::clone(&broke));
    let request = {
        let (head, body) = state.0.into_parts();
        let timed = stream::unfold(Some((body, state.1)), move |state| async move {
            let (mut body, broke) = state?;
            if let Ok(chunk) = tokio::time::timeout(idle, body.next()).await {
                return chunk.map(|chunk| (chunk, Some((body, broke))));
            }
            broke.store(true, Ordering::SeqCst);
            Some((Err(gone(None)), None))
        });
        Request::from_parts(head, timed.boxed())
    };
    let response = registry.handle(request).await;
    if broke.load(Ordering::SeqCst) {
        return Err(gone(None));
    }
    Ok(response)
}

/// A body that stands still once, after so many bytes.
pub(super) fn paused(body: ByteStream, after: u64, wait: Duration) -> ByteStream {
    let mut left = Some(after);
    let split = body.flat_map(move |chunk| {
        let chunk = match (chunk, left) {
            (Ok(mut chunk), Some(bytes)) if chunk.len() as u64 >= bytes => {
                left = None;
                let rest = chunk.split_off(usize::try_from(bytes).unwrap());
                return stream::iter([(false, Ok(chunk)), (true, Ok(rest))]).boxed();
            }
            (Ok(chunk), Some(bytes)) => {
                left = Some(bytes - chunk.len() as u64);
                Ok(chunk)
            }
            (chunk, _) => chunk,
        };
        stream::iter([(false, chunk)]).boxed()
    });
    let paused = split.then(move |(waits, chunk)| async move {
        if waits {
            tokio::time::sleep(wait).await;
        }
        chunk
    });
    paused.boxed()
}

/// A body in small chunks, each at its time.
pub(super) fn paced(body: ByteStream, rate: u64) -> ByteStream {
    const CHUNK: usize = 64 * 1024;
    let small = |chunk: Result<Bytes, BoxError>| {
        let chunks = match chunk {
            Ok(chunk) => (0..chunk.len())
                .step_by(CHUNK)
                .map(|at| Ok(chunk.slice(at..chunk.len().min(at + CHUNK))))
                .collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(chunks)
    };
    let mut due = tokio::time::Instant::now();
    let paced = body.flat_map(small).then(move |chunk| {
        let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
        due += Duration::from_nanos(length * 1_000_000_000 / rate);
        let at = due;
        async move {
            tokio::time::sleep_until(at).await;
            chunk
        }
    });
    paced.boxed()
}

/// A body with another first byte.
pub(crate) fn spoil(body: ByteStream) -> ByteStream {
    let mut first = true;
    let spoiled = body.map(move |chunk| {
        let chunk = chunk?;
        if !std::mem::take(&mut first) || chunk.is_empty() {
            return Ok(chunk);
        }
        let mut bytes = chunk.to_vec();
        bytes[0] ^= 1;
        Ok(Bytes::from(bytes))
    });
    spoiled.boxed()
}
