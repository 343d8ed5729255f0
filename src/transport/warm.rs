//! Connections that are opened before there is a request for them.
//!
//! A request that insists on HTTP/2, given to a client that speaks HTTP/1.1 alone, makes that
//! client connect, TLS and proxy included, and is then refused by the client itself. Nothing is
//! sent, and the connection waits with the idle ones: it is subject to whatever that client's
//! other connections are, and to nothing else.

use super::client::{Clients, Settings};
use super::origin::Origin;
use super::request::Lane;
use http::{Method, Version};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use url::Url;

/// So long at most does a request wait for a connection that is on its way to it, before it sees
/// for itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was opened ahead, by where it leads.
#[derive(Debug, Default)]
pub(super) struct Warm {
    hosts: Mutex<HashMap<Origin, Host>>,
}

#[derive(Debug, Default)]
struct Host {
    /// So many were opened ahead, ever: a copy of many images does not begin again with each.
    opened: usize,
    /// Those that nobody has claimed; they resolve when they are there, or will never be.
    coming: VecDeque<oneshot::Receiver<()>>,
}

/// Connections to open: each sender is dropped when its connection is there.
pub(super) struct Order(Vec<oneshot::Sender<()>>);

impl Warm {
    /// What is missing of `count` connections to `origin`; nothing where requests of this lane
    /// share one connection.
    pub(super) fn order(&self, origin: &Origin, lane: Lane, count: usize) -> Option<Order> {
        if origin.is_secure() && lane == Lane::Questions {
            return None;
        }
        let mut hosts = self.lock();
        let host = hosts.entry(origin.clone()).or_default();
        let missing = count.saturating_sub(host.opened);
        host.opened += missing;
        let (done, coming): (Vec<_>, Vec<_>) = (0..missing).map(|_| oneshot::channel()).unzip();
        host.coming.extend(coming);
        (missing > 0).then_some(Order(done))
    }

    /// Waits for a connection that is on its way, where a request like this would else open one
    /// beside it. An upload goes over the connection that its question came back on, unless
    /// questions have one of their own.
    pub(super) async fn claim(&self, origin: &Origin, lane: Lane, method: &Method) {
        if lane == Lane::Questions || !(origin.is_secure() || *method == Method::GET) {
            return;
        }
        let next = || self.lock().get_mut(origin)?.coming.pop_front();
        if let Some(coming) = next() {
            let _ = tokio::time::timeout(PATIENCE, coming).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Origin, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    /// Opens them, side by side. What goes wrong goes wrong again for whoever needs one, and is
    /// told then.
    pub(super) fn open(self, clients: &Clients, settings: &Settings, url: &Url) {
        let Some(origin) = Origin::of(url) else {
            return;
        };
        let Ok(client) = clients.get(settings, &origin, Lane::Bulk) else {
            return;
        };
        for done in self.0 {
            let mut request = reqwest::Request::new(Method::HEAD, url.clone());
            *request.version_mut() = Version::HTTP_2;
            let client = client.clone();
            tokio::spawn(async move {
                let _ = client.execute(request).await;
                drop(done);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::transport::{Request, Transport};
    use std::sync::Arc;
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
        // The third finds two that are idle.
        assert!(counts.now().0 <= 3, "{:?}", counts.now());
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

    #[test]
    fn questions_over_tls_share_a_connection() {
        let origin = Origin::of(&"https://reg.example/".parse().unwrap()).unwrap();
        let warm = Warm::default();
        assert!(warm.order(&origin, Lane::Questions, 4).is_none());
        assert!(warm.order(&origin, Lane::Bulk, 4).is_some());
        assert!(warm.order(&origin, Lane::Bulk, 4).is_none());
    }
}
