//! Connections that are opened before there is a request for them.
//!
//! A client that keeps none makes them, TLS and proxy included, for requests that are never sent:
//! what it has connected is laid aside here, and its request fails. The client that has the same
//! settings takes what it finds here whenever it would connect anew.

use super::BoxError;
use super::guard::{self, Rule};
use super::origin::Origin;
use futures_util::future::BoxFuture;
use futures_util::task::noop_waker_ref;
use http::Method;
use hyper::rt::{Read, ReadBuf};
use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

/// So long at most does a request wait for a connection that is on its way to it, before it opens
/// one itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// So long is a connection kept that nobody takes.
const KEPT: Duration = Duration::from_secs(10);

/// A connection, whatever the client calls its type.
type Connection = Box<dyn Any + Send>;

/// What a request means to the connections below it.
#[derive(Debug, Clone)]
enum Role {
    /// It may take one to this origin that was laid aside.
    Takes(Origin),
    /// What is connected for it is laid aside.
    Opens(Arc<Mutex<Option<oneshot::Sender<Connection>>>>),
}

tokio::task_local! {
    /// Connectors are called in the task of the request that wants a connection.
    static ROLE: Role;
}

/// What was opened ahead for one client, by where it leads.
#[derive(Debug, Clone, Default)]
pub(super) struct Warm {
    hosts: Arc<Mutex<HashMap<Origin, Host>>>,
}

#[derive(Debug, Default)]
struct Host {
    /// So many were opened ahead, ever: a copy of many images does not begin again with each.
    opened: usize,
    /// Those that nobody has taken, there or on their way, by their numbers.
    coming: VecDeque<(usize, oneshot::Receiver<Connection>)>,
}

#[derive(Debug, thiserror::Error)]
#[error("the connection is laid aside")]
struct LaidAside;

/// Runs a request to `origin` that may use what was opened ahead.
pub(super) async fn taking<F: Future>(origin: &Origin, request: F) -> F::Output {
    ROLE.scope(Role::Takes(origin.clone()), request).await
}

/// Connections that are to be opened.
pub(super) struct Order {
    warm: Warm,
    url: Url,
    origin: Origin,
    places: Vec<(usize, oneshot::Sender<Connection>)>,
}

impl Warm {
    /// Orders what is missing of `count` connections to the origin of `url`. Whoever wants one
    /// waits for them from now on.
    pub(super) fn order(&self, url: &Url, count: usize) -> Option<Order> {
        let origin = Origin::of(url)?;
        let mut hosts = self.lock();
        let host = hosts.entry(origin.clone()).or_default();
        let mut places = Vec::new();
        for number in host.opened..count {
            let (sender, receiver) = oneshot::channel();
            places.push((number, sender));
            host.coming.push_back((number, receiver));
        }
        host.opened = host.opened.max(count);
        (!places.is_empty()).then(|| Order {
            warm: self.clone(),
            url: url.clone(),
            origin,
            places,
        })
    }

    fn next(&self, origin: &Origin) -> Option<oneshot::Receiver<Connection>> {
        let mut hosts = self.lock();
        let (_, receiver) = hosts.get_mut(origin)?.coming.pop_front()?;
        Some(receiver)
    }

    fn forget(&self, origin: &Origin, number: usize) {
        if let Some(host) = self.lock().get_mut(origin) {
            host.coming.retain(|(other, _)| *other != number);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Origin, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    /// Opens them, side by side. What goes wrong goes wrong again for whoever needs one, and is
    /// told then.
    pub(super) fn open(self, opener: &reqwest::Client) {
        for (number, sender) in self.places {
            let role = Role::Opens(Arc::new(Mutex::new(Some(sender))));
            let request = reqwest::Request::new(Method::HEAD, self.url.clone());
            let request = opener.execute(request);
            let request = {
                let origin = self.origin.clone();
                async move { guard::under(Rule::Any, &origin, request).await }
            };
            let (warm, origin) = (self.warm.clone(), self.origin.clone());
            tokio::spawn(async move {
                // It fails, in this way or in another.
                let _ = ROLE.scope(role, request).await;
                tokio::time::sleep(KEPT).await;
                warm.forget(&origin, number);
            });
        }
    }
}

impl<S> Layer<S> for Warm {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector {
            inner,
            warm: self.clone(),
        }
    }
}

/// Connects, or finds that somebody has.
#[derive(Debug, Clone)]
pub(super) struct Connector<S> {
    inner: S,
    warm: Warm,
}

impl<S, R> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError> + Clone + Send + 'static,
    S::Response: Read + Unpin + Send + 'static,
    S::Future: Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        match ROLE.try_with(Clone::clone) {
            Ok(Role::Opens(place)) => {
                let connecting = self.inner.call(request);
                Box::pin(async move { Err(lay_aside(connecting.await?, &place)) })
            }
            Ok(Role::Takes(origin)) => {
                // The one that is ready is called, its copy takes its place.
                let copy = self.inner.clone();
                let mut ready = std::mem::replace(&mut self.inner, copy);
                let warm = self.warm.clone();
                Box::pin(async move {
                    while let Some(coming) = warm.next(&origin) {
                        let Ok(Ok(laid)) = timeout(PATIENCE, coming).await else {
                            break;
                        };
                        if let Some(connection) = usable(laid) {
                            return Ok(connection);
                        }
                    }
                    ready.call(request).await
                })
            }
            Err(_) => Box::pin(self.inner.call(request)),
        }
    }
}

fn lay_aside<C: Send + 'static>(
    connection: C,
    place: &Mutex<Option<oneshot::Sender<Connection>>>,
) -> BoxError {
    let place = place.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(sender) = place {
        let _ = sender.send(Box::new(connection));
    }
    LaidAside.into()
}

/// A connection that was laid aside, unless its peer has closed it meanwhile.
fn usable<C: Read + Unpin + 'static>(laid: Connection) -> Option<C> {
    let mut connection = *laid.downcast::<C>().ok()?;
    let mut byte = [0];
    let mut buffer = ReadBuf::new(&mut byte);
    let mut context = Context::from_waker(noop_waker_ref());
    // Nobody has asked anything: whatever there is to read is the end, or leads to it.
    let heard = Pin::new(&mut connection).poll_read(&mut context, buffer.unfilled());
    heard.is_pending().then_some(connection)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::transport::client::Settings;
    use crate::transport::{Lane, Request, Transport};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    /// A server that counts.
    #[derive(Default)]
    struct Counts {
        connections: AtomicUsize,
        requests: AtomicUsize,
    }

    impl Counts {
        fn now(&self) -> (usize, usize) {
            let read = |count: &AtomicUsize| count.load(Ordering::SeqCst);
            (read(&self.connections), read(&self.requests))
        }
    }

    /// Answers everything with `answer`; the first `deaf` connections are closed at once.
    async fn server(answer: &'static str, deaf: usize) -> (Url, Arc<Counts>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v2/", listener.local_addr().unwrap());
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if counted.connections.fetch_add(1, Ordering::SeqCst) >= deaf {
                    tokio::spawn(converse(stream, answer, Arc::clone(&counted)));
                }
            }
        });
        (url.parse().unwrap(), counts)
    }

    async fn converse(mut stream: TcpStream, answer: &str, counts: Arc<Counts>) {
        let mut heard = Vec::new();
        while stream.read_buf(&mut heard).await.is_ok_and(|read| read > 0) {
            if heard.ends_with(b"\r\n\r\n") {
                counts.requests.fetch_add(1, Ordering::SeqCst);
                heard.clear();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    }

    const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const BUSY: &str = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";

    fn transport() -> Arc<Transport> {
        let mut settings = Settings::default();
        settings.retry.attempts = 2;
        settings.retry.base = Duration::from_millis(1);
        Arc::new(Transport::new(settings, Arc::new(())))
    }

    async fn ask(transport: &Transport, url: &Url, lane: Lane) -> u16 {
        let request = Request::new(Method::GET, url.clone()).lane(lane);
        let response = transport.send(request).await.unwrap();
        let status = response.status().as_u16();
        response.bytes(1000).await.unwrap();
        status
    }

    async fn settled(counts: &Counts, connections: usize) -> (usize, usize) {
        for _ in 0..200 {
            if counts.now().0 >= connections {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        counts.now()
    }

    #[tokio::test]
    async fn connections_are_there_before_the_requests_and_nothing_was_sent() {
        let (url, counts) = server(FINE, 0).await;
        let transport = transport();
        transport.warm(&url, Lane::Bulk, 4);
        assert_eq!(settled(&counts, 4).await, (4, 0));
        let asked = (0..4).map(|_| ask(&transport, &url, Lane::Bulk));
        assert_eq!(futures_util::future::join_all(asked).await, [200; 4]);
        assert_eq!(counts.now(), (4, 4));
    }

    #[tokio::test]
    async fn idle_connections_are_no_reason_not_to_open_more() {
        let (url, counts) = server(FINE, 0).await;
        let transport = transport();
        ask(&transport, &url, Lane::Questions).await;
        transport.warm(&url, Lane::Bulk, 3);
        assert_eq!(settled(&counts, 4).await, (4, 1));
        let asked = (0..4).map(|_| ask(&transport, &url, Lane::Bulk));
        assert_eq!(futures_util::future::join_all(asked).await, [200; 4]);
        assert_eq!(counts.now(), (4, 5));
    }

    #[tokio::test]
    async fn requests_wait_for_connections_that_are_on_their_way() {
        let (url, counts) = server(FINE, 0).await;
        let transport = transport();
        transport.warm(&url, Lane::Bulk, 4);
        let asked = (0..4).map(|_| ask(&transport, &url, Lane::Bulk));
        futures_util::future::join_all(asked).await;
        assert_eq!(settled(&counts, 4).await, (4, 4));
    }

    #[tokio::test]
    async fn what_was_opened_is_not_opened_again() {
        let (url, counts) = server(FINE, 0).await;
        let transport = transport();
        for count in [2, 1, 2, 3] {
            transport.warm(&url, Lane::Bulk, count);
            settled(&counts, count).await;
        }
        assert_eq!(counts.now(), (3, 0));
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_meanwhile_is_no_error() {
        let (url, counts) = server(FINE, 4).await;
        let transport = transport();
        transport.warm(&url, Lane::Bulk, 4);
        settled(&counts, 4).await;
        assert_eq!(ask(&transport, &url, Lane::Bulk).await, 200);
        assert_eq!(counts.now(), (5, 1));
    }

    #[tokio::test]
    async fn a_host_that_asked_for_patience_is_left_alone() {
        let (url, counts) = server(BUSY, 0).await;
        let transport = transport();
        assert_eq!(ask(&transport, &url, Lane::Bulk).await, 429);
        let before = counts.now();
        transport.warm(&url, Lane::Bulk, 4);
        assert_eq!(settled(&counts, before.0 + 1).await, before);
    }

    #[tokio::test]
    async fn where_nobody_is_the_request_says_so() {
        let url: Url = "http://127.0.0.1:1/v2/".parse().unwrap();
        let transport = transport();
        transport.warm(&url, Lane::Bulk, 4);
        let request = Request::new(Method::GET, url).lane(Lane::Bulk);
        let error = transport.send(request).await.unwrap_err();
        assert_eq!(error.kind(), crate::transport::Kind::Refused);
    }
}
