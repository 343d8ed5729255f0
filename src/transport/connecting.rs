//! How long a connection may take to come about for a request that somebody else could answer.
//!
//! The general patience is a client's, and clients are shared: this one is a request's.

use super::BoxError;
use futures_util::future::BoxFuture;
use std::future::Future;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;

tokio::task_local! {
    /// Connectors are called in the task of the request that wants a connection.
    static WITHIN: Option<Duration>;
}

/// Runs a request whose connection has to be there within this time, where there is one.
pub(super) async fn within<F: Future>(limit: Option<Duration>, request: F) -> F::Output {
    WITHIN.scope(limit, request).await
}

/// Keeps to the time that the request allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit;

/// Connects in time, or not at all.
#[derive(Debug, Clone)]
pub(super) struct Connector<S>(S);

impl<S> Layer<S> for Limit {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector(inner)
    }
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let limit = WITHIN.try_with(Clone::clone).unwrap_or_default();
        let connecting = self.0.call(request);
        let Some(limit) = limit else {
            return Box::pin(connecting);
        };
        Box::pin(async move {
            let late = |_| {
                let what = format!("no connection within {} s", limit.as_secs_f32());
                io::Error::new(io::ErrorKind::TimedOut, what)
            };
            timeout(limit, connecting).await.map_err(late)?
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::time::Instant;

    /// Connects after a minute.
    #[derive(Clone)]
    struct Slow;

    impl Service<()> for Slow {
        type Response = ();
        type Error = BoxError;
        type Future = BoxFuture<'static, Result<(), BoxError>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            Box::pin(async {
                tokio::time::sleep(Duration::from_mins(1)).await;
                Ok(())
            })
        }
    }

    async fn connect(limit: Option<Duration>) -> (Result<(), String>, u64) {
        let start = Instant::now();
        let connected = within(limit, async { Limit.layer(Slow).call(()).await }).await;
        let connected = connected.map_err(|error| error.to_string());
        (connected, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_takes_no_longer_than_its_request_allows() {
        let limit = Some(Duration::from_secs(3));
        let late = Err("no connection within 3 s".to_owned());
        assert_eq!(connect(limit).await, (late, 3));
        assert_eq!(connect(None).await, (Ok(()), 60));
    }
}
