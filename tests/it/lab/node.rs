//! One embedded registry on a loopback port, with a log and faults.

use super::fault::Fault;
use super::log::{Requests, Seen};
use super::wire::{self, Reset};
use bytes::Bytes;
use crossdock::server::{Access, Registry};
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::{HeaderMap, Request, Response};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use tokio::runtime::{Builder, Runtime};

/// What all registries of all tests run on.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// Waits for something that needs the registries' runtime.
pub(crate) fn wait_for<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

/// Lets something run beside the registries, to the end of all tests.
pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    RUNTIME.spawn(work);
}

/// A registry on a port.
pub(crate) struct Node {
    pub(crate) registry: Registry,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    access: Access,
    connections: AtomicUsize,
    log: Mutex<Vec<Seen>>,
    faults: Mutex<Vec<Fault>>,
}

/// Ends the registry with the value.
pub(super) struct Serving(tokio::task::AbortHandle);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Node {
    /// Opens a registry with what `options` makes of its address.
    pub(super) fn open(
        options: impl FnOnce(&str) -> crossdock::server::Options,
    ) -> (Arc<Self>, Serving) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let options = options(&address);
        let node = Arc::new(Self {
            access: options.access.clone(),
            registry: Registry::new(options),
            address,
            connections: AtomicUsize::new(0),
            log: Mutex::default(),
            faults: Mutex::default(),
        });
        let (serving, counting) = (Arc::clone(&node), Arc::clone(&node));
        let task = RUNTIME.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let handler = move |request, reset| {
                let node = Arc::clone(&serving);
                async move { node.answer(request, reset).await }
            };
            wire::serve(listener, &counting.connections, handler).await;
        });
        (node, Serving(task.abort_handle()))
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.faults.lock().unwrap().push(fault);
    }

    /// How many connections it has accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Everything works again.
    pub(super) fn heal(&self) {
        self.faults.lock().unwrap().clear();
    }

    pub(super) fn requests(&self) -> Requests {
        Requests(self.log.lock().unwrap().clone())
    }

    pub(super) fn forget(&self) {
        self.log.lock().unwrap().clear();
    }

    async fn answer(
        &self,
        request: Request<ByteStream>,
        reset: Reset,
    ) -> Result<Response<ByteStream>, BoxError> {
        let (head, body) = request.into_parts();
        let seen = Seen::new(&head);
        let (received, sent) = (Arc::clone(&seen.received), Arc::clone(&seen.sent));
        let kept = Arc::clone(&seen.body);
        let number = {
            let mut log = self.log.lock().unwrap();
            log.push(seen);
            log.len() - 1
        };
        let act = self
            .faults
            .lock()
            .unwrap()
            .iter_mut()
            .find_map(|fault| fault.take(&head));
        let body = keeping(counted(body, received), kept);
        let request = Request::from_parts(head, body);
        let answer = match act {
            Some(act) => act.run(request, self, &reset).await,
            None => Ok(self.registry.handle(request).await),
        };
        let response = answer?;
        if let Some(seen) = self.log.lock().unwrap().get_mut(number) {
            seen.status = response.status().as_u16();
        }
        Ok(response.map(|body| counted(body, sent)))
    }

    /// Asks the registry itself, past its log and its faults, as its first user.
    pub(crate) fn call(
        &self,
        method: &str,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Reply {
        wait_for(self.call_as_user(method, target, content_type, body))
    }

    async fn call_as_user(&self, method: &str, target: &str, kind: &str, body: &[u8]) -> Reply {
        let basic = self.basic();
        let authorization = match (&self.access, &basic) {
            (Access::Token(_), Some(basic)) => Some(self.token(method, target, basic).await),
            _ => basic,
        };
        self.plain(method, target, kind, authorization.as_deref(), body)
            .await
    }

    /// The credential of the first user.
    fn basic(&self) -> Option<String> {
        use base64::Engine as _;
        let users = match &self.access {
            Access::Open => return None,
            Access::Basic { users } => users,
            Access::Token(service) => &service.users,
        };
        let user = users.first()?;
        let pair = [user.name.as_bytes(), b":", user.password.expose()].concat();
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        Some(format!("Basic {pair}"))
    }

    async fn token(&self, method: &str, target: &str, basic: &str) -> String {
        let refused = self.plain(method, target, "", None, b"").await;
        let challenge = refused.headers["www-authenticate"].to_str().unwrap();
        let scope = challenge.split("scope=\"").nth(1).unwrap_or_default();
        let scope = scope.split('"').next().unwrap_or_default();
        let reply = self
            .plain(
                "GET",
                &format!("/token?scope={scope}"),
                "",
                Some(basic),
                b"",
            )
            .await;
        let document: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        format!("Bearer {}", document["token"].as_str().unwrap())
    }

    async fn plain(
        &self,
        method: &str,
        target: &str,
        kind: &str,
        authorization: Option<&str>,
        body: &[u8],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(target);
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let body = Bytes::copy_from_slice(body);
        let request = request.header("content-length", body.len());
        let request = request.body(stream::iter([Ok(body)]).boxed()).unwrap();
        let (head, body) = self.registry.handle(request).await.into_parts();
        let body: Vec<Bytes> = body.try_collect().await.unwrap();
        Reply {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.concat(),
        }
    }
}

/// What the registry itself says.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A body whose beginning is kept.
fn keeping(body: ByteStream, kept: Arc<Mutex<Vec<u8>>>) -> ByteStream {
    const KEPT: usize = 64 * 1024;
    let keeping = body.inspect_ok(move |chunk| {
        let mut kept = kept.lock().unwrap();
        let room = KEPT.saturating_sub(kept.len()).min(chunk.len());
        kept.extend_from_slice(&chunk[..room]);
    });
    keeping.boxed()
}

fn counted(body: ByteStream, count: Arc<AtomicU64>) -> ByteStream {
    let counted = body.inspect_ok(move |chunk| {
        count.fetch_add(chunk.len() as u64, Ordering::SeqCst);
    });
    counted.boxed()
}
