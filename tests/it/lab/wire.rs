//! Connections that can be broken off in either way: politely, or with a reset.

use bytes::{Buf as _, Bytes};
use crossdock::transport::{BoxError, ByteStream};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyDataStream, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Whether a connection ends with a reset, and what comes on it in the place of the next answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reset {
    armed: Arc<AtomicBool>,
    raw: Arc<Mutex<Option<Bytes>>>,
}

impl Reset {
    /// Makes the connection's end a reset.
    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Sends these bytes in the place of the next answer, and then ends the connection.
    pub(super) fn send_instead(&self, bytes: Bytes) {
        *self.raw() = Some(bytes);
    }

    fn is_armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
    }

    fn raw(&self) -> MutexGuard<'_, Option<Bytes>> {
        self.raw.lock().unwrap()
    }
}

/// Answers every connection with `handler`, for ever, and counts them. A handler's `Err`, and one in an answer's
/// body, ends the connection there.
pub(crate) async fn serve<H, F>(listener: TcpListener, accepted: &AtomicUsize, handler: H)
where
    H: Fn(Request<ByteStream>, Reset) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Response<ByteStream>, BoxError>> + Send + 'static,
{
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        accepted.fetch_add(1, Ordering::SeqCst);
        let _ = stream.set_nodelay(true);
        let reset = Reset::default();
        let (handler, wire) = (
            handler.clone(),
            Wire {
                stream,
                reset: reset.clone(),
            },
        );
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = handler(request.map(incoming), reset.clone());
            async move {
                answer
                    .await
                    .map(|response| response.map(outgoing))
                    .map_err(Cut)
            }
        });
        connections.spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            let _ = builder.serve_connection(TokioIo::new(wire), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

fn incoming(body: Incoming) -> ByteStream {
    BodyDataStream::new(body).map_err(BoxError::from).boxed()
}

fn outgoing(body: ByteStream) -> StreamBody<BoxStream<'static, Result<Frame<Bytes>, Cut>>> {
    StreamBody::new(body.map_ok(Frame::data).map_err(Cut).boxed())
}

/// Why a connection ends.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Cut(BoxError);

struct Wire {
    stream: TcpStream,
    reset: Reset,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.reset.is_armed() {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, reset } = &mut *self;
        let mut raw = reset.raw();
        let Some(raw) = raw.as_mut() else {
            return Pin::new(stream).poll_write(cx, bytes);
        };
        while !raw.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, raw))?;
            raw.advance(written);
        }
        ready!(Pin::new(stream).poll_shutdown(cx))?;
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.is_armed() {
            // The end that a shutdown sends would come before the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
