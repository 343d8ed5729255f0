//! Where bulk arrives: what is uploaded is hashed and thrown away, and what is wrong is counted.

use super::bulk::{Bulk, manifest};
use bytes::Bytes;
use crossdock::transport::ByteStream;
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// One repository that things are copied to.
#[derive(Debug, Default)]
pub(super) struct Dock {
    arrived: Mutex<Arrived>,
    sessions: Mutex<HashMap<String, Session>>,
    numbers: AtomicU64,
    /// Bytes of uploads that came.
    pub(super) received: AtomicU64,
    /// Uploads that were ended with bytes that are not what their digest says.
    pub(super) wrong: AtomicU64,
}

#[derive(Debug, Default)]
struct Arrived {
    blobs: HashSet<String>,
    manifests: HashMap<String, Bytes>,
    tags: BTreeMap<String, String>,
}

/// An upload that is not ended.
#[derive(Debug, Default, Clone)]
struct Session {
    hash: Sha256,
    at: u64,
}

impl Dock {
    /// Answers a request about a path below the repository's name, `base`.
    pub(super) async fn answer(
        &self,
        request: Request<ByteStream>,
        base: &str,
        path: &str,
    ) -> Response<ByteStream> {
        let (head, body) = request.into_parts();
        if let Some(session) = path.strip_prefix("blobs/uploads/") {
            return self.upload(&head, body, base, session).await;
        }
        if let Some(wanted) = path.strip_prefix("manifests/") {
            return self.manifest(&head, body, wanted).await;
        }
        if path == "tags/list" {
            return self.list();
        }
        let digest = path.strip_prefix("blobs/").unwrap_or_default();
        if self.arrived.lock().unwrap().blobs.contains(digest) {
            return status(StatusCode::OK);
        }
        status(StatusCode::NOT_FOUND)
    }

    fn list(&self) -> Response<ByteStream> {
        let tags: Vec<String> = self.arrived.lock().unwrap().tags.keys().cloned().collect();
        let list = serde_json::json!({"name": "soak", "tags": tags}).to_string();
        answer(
            StatusCode::OK,
            &[("content-type", "application/json")],
            list.into(),
        )
    }

    async fn manifest(&self, head: &Parts, body: ByteStream, wanted: &str) -> Response<ByteStream> {
        if head.method != Method::PUT {
            let arrived = self.arrived.lock().unwrap();
            let digest = arrived.tags.get(wanted).map_or(wanted, String::as_str);
            let found = arrived.manifests.get(digest);
            return found.map_or_else(
                || status(StatusCode::NOT_FOUND),
                |bytes| manifest(head, digest, bytes),
            );
        }
        let chunks: Vec<_> = body.collect().await;
        let Ok(chunks) = chunks.into_iter().collect::<Result<Vec<Bytes>, _>>() else {
            return status(StatusCode::BAD_REQUEST);
        };
        let bytes = Bytes::from(chunks.concat());
        let digest = digest_of(Sha256::new_with_prefix(&bytes));
        let mut arrived = self.arrived.lock().unwrap();
        arrived.tags.insert(wanted.to_owned(), digest.clone());
        arrived.manifests.insert(digest.clone(), bytes);
        answer(
            StatusCode::CREATED,
            &[("docker-content-digest", &digest)],
            Bytes::new(),
        )
    }

    async fn upload(
        &self,
        head: &Parts,
        body: ByteStream,
        base: &str,
        session: &str,
    ) -> Response<ByteStream> {
        match head.method {
            Method::POST => {
                let name = self.numbers.fetch_add(1, Ordering::SeqCst).to_string();
                self.sessions
                    .lock()
                    .unwrap()
                    .insert(name.clone(), Session::default());
                told(
                    StatusCode::ACCEPTED,
                    &format!("{base}/blobs/uploads/{name}"),
                    0,
                )
            }
            Method::DELETE => {
                self.sessions.lock().unwrap().remove(session);
                status(StatusCode::NO_CONTENT)
            }
            Method::GET => match self.sessions.lock().unwrap().get(session) {
                Some(found) => told(StatusCode::NO_CONTENT, head.uri.path(), found.at),
                None => status(StatusCode::NOT_FOUND),
            },
            _ => self.fill(head, body, session).await,
        }
    }

    /// PATCH and PUT.
    async fn fill(&self, head: &Parts, mut body: ByteStream, name: &str) -> Response<ByteStream> {
        let Some(mut session) = self.sessions.lock().unwrap().remove(name) else {
            return status(StatusCode::NOT_FOUND);
        };
        let first = head.headers.get("content-range").and_then(first);
        let fits = first.is_none_or(|first| first == session.at);
        let mut whole = fits;
        while let Some(chunk) = body.next().await {
            let (Ok(chunk), true) = (chunk, fits) else {
                whole = false;
                break;
            };
            self.received
                .fetch_add(chunk.len() as u64, Ordering::SeqCst);
            session.at += chunk.len() as u64;
            session.hash.update(&chunk);
        }
        let at = session.at;
        if head.method == Method::PUT && whole {
            return self.end(head, session);
        }
        self.sessions
            .lock()
            .unwrap()
            .insert(name.to_owned(), session);
        if whole {
            return told(StatusCode::ACCEPTED, head.uri.path(), at);
        }
        status(StatusCode::RANGE_NOT_SATISFIABLE)
    }

    fn end(&self, head: &Parts, session: Session) -> Response<ByteStream> {
        let query = head.uri.query().unwrap_or_default();
        let named = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("digest="));
        let named = named.unwrap_or_default().replace("%3A", ":");
        if digest_of(session.hash) != named {
            self.wrong.fetch_add(1, Ordering::SeqCst);
            return status(StatusCode::BAD_REQUEST);
        }
        self.arrived.lock().unwrap().blobs.insert(named);
        status(StatusCode::CREATED)
    }

    /// Holds all that `bulk` has, and under the same tags.
    #[track_caller]
    pub(super) fn assert_holds(&self, bulk: &Bulk) {
        let arrived = self.arrived.lock().unwrap();
        for (tag, (digest, bytes)) in &bulk.tags {
            assert_eq!(arrived.tags.get(tag), Some(digest), "{tag}");
            assert_eq!(arrived.manifests.get(digest), Some(bytes), "{tag}");
        }
        for digest in bulk.blobs.keys() {
            assert!(arrived.blobs.contains(digest), "{digest} is missing");
        }
    }
}

fn first(range: &HeaderValue) -> Option<u64> {
    range.to_str().ok()?.split('-').next()?.parse().ok()
}

/// Where an upload goes on, and what of it is there.
fn told(code: StatusCode, location: &str, at: u64) -> Response<ByteStream> {
    let range = format!("0-{}", at.saturating_sub(1));
    answer(
        code,
        &[("location", location), ("range", &range)],
        Bytes::new(),
    )
}

/// An answer without a body.
pub(super) fn status(code: StatusCode) -> Response<ByteStream> {
    let mut response = Response::new(stream::empty().boxed());
    *response.status_mut() = code;
    response
}

pub(super) fn answer(
    code: StatusCode,
    headers: &[(&'static str, &str)],
    body: Bytes,
) -> Response<ByteStream> {
    let mut response = status(code);
    if code != StatusCode::NO_CONTENT {
        response
            .headers_mut()
            .insert("content-length", body.len().into());
    }
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    *response.body_mut() = stream::iter([Ok(body)]).boxed();
    response
}

pub(super) fn digest_of(hash: Sha256) -> String {
    use std::fmt::Write as _;
    let start = "sha256:".to_owned();
    hash.finalize().iter().fold(start, |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
