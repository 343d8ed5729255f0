//! A handler on a socket: HTTP/1.1, and HTTP/2 for clients that know that it is spoken here.

use crate::transport::{BoxError, ByteStream};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyDataStream, StreamBody};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 1024;
const STREAMS: u32 = 128;
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long requests that are under way may take after the shutdown began.
const DRAIN: Duration = Duration::from_secs(30);
/// A blob fills the default window of 64 KiB many times; these bytes keep it moving.
const STREAM_WINDOW: u32 = 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

/// Answers every connection with `handler` until `shutdown` is done, then lets what is under way
/// finish for half a minute. Dropping the future ends everything at once.
///
/// A handler's `Err` closes the connection without an answer, and an `Err` within the body of an
/// answer breaks the connection off there: the client sees that the body is not complete. On
/// HTTP/2 that is the stream instead.
pub async fn serve<H, F>(listener: TcpListener, handler: H, shutdown: impl Future<Output = ()>)
where
    H: Fn(Request<ByteStream>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Response<ByteStream>, BoxError>> + Send + 'static,
{
    let handler = Arc::new(handler);
    let (stop, stopping) = watch::channel(());
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = accept(&listener, &slots) => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let (handler, stopping) = (Arc::clone(&handler), stopping.clone());
        connections.spawn(async move {
            let (stream, _slot) = accepted;
            connection(stream, handler, stopping).await;
        });
    }
    drop(listener);
    drop(stop);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, drained).await;
}

type Slot = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, Option<Slot>) {
    // The semaphore is never closed, so that there is always a slot to wait for.
    let slot = Arc::clone(slots).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            // Out of file descriptors, or a client that went away: neither is the end.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// One connection, from its first byte to its last.
async fn connection<H, F>(stream: TcpStream, handler: Arc<H>, mut stopping: watch::Receiver<()>)
where
    H: Fn(Request<ByteStream>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Response<ByteStream>, BoxError>> + Send + 'static,
{
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = handler(request.map(incoming));
        async move {
            answer
                .await
                .map(|response| response.map(outgoing))
                .map_err(Cut)
        }
    });
    let builder = builder();
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let stopped = tokio::select! {
        // How a connection ended is the client's business.
        _ = connection.as_mut() => false,
        _ = stopping.changed() => true,
    };
    if stopped {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    builder
}

fn incoming(body: Incoming) -> ByteStream {
    BodyDataStream::new(body).map_err(BoxError::from).boxed()
}

fn outgoing(body: ByteStream) -> StreamBody<BoxStream<'static, Result<Frame<Bytes>, Cut>>> {
    StreamBody::new(body.map_ok(Frame::data).map_err(Cut).boxed())
}

/// Why an answer ends before its end. A type of its own, because the compiler cannot prove that a
/// boxed error converts into itself within a spawned task.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Cut(BoxError);
