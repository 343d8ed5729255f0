//! What a registry was asked.

use http::request::Parts;
use http::{HeaderMap, Method};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// One request and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// When its head had come.
    pub(crate) at: Instant,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// What follows the `?`, empty where nothing does.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// The beginning of the request's body.
    pub(super) body: Arc<Mutex<Vec<u8>>>,
    /// Bytes of the request's body that arrived.
    pub(crate) received: Arc<AtomicU64>,
    /// Bytes of the answer's body that were handed to the connection.
    pub(crate) sent: Arc<AtomicU64>,
    /// The answer's status; 0 where there was no answer.
    pub(crate) status: u16,
}

impl Seen {
    pub(super) fn new(head: &Parts) -> Self {
        Self {
            at: Instant::now(),
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers.clone(),
            body: Arc::default(),
            received: Arc::default(),
            sent: Arc::default(),
            status: 0,
        }
    }

    /// The scheme of its authorization, if it has one.
    pub(crate) fn scheme(&self) -> Option<&str> {
        let value = self.headers.get(http::header::AUTHORIZATION)?;
        value.to_str().ok()?.split(' ').next()
    }

    /// A header as text, empty where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// Everything that was said: path, query, headers, and the body's beginning.
    pub(crate) fn told(&self) -> String {
        let mut told = format!("{} {}?{}", self.method, self.path, self.query);
        for (name, value) in &self.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            told.extend(["\n", name.as_str(), ": ", &*value]);
        }
        let body = self.body.lock().unwrap();
        told.push_str("\n\n");
        told.push_str(&String::from_utf8_lossy(&body));
        told
    }

    /// What it is about: `manifests`, `blobs`, `uploads`, `tags`, `token`, `catalog`, `base` or
    /// `referrers`.
    pub(crate) fn kind(&self) -> &'static str {
        const KINDS: [(&str, &str); 7] = [
            ("/blobs/uploads/", "uploads"),
            ("/blobs/", "blobs"),
            ("/manifests/", "manifests"),
            ("/tags/list", "tags"),
            ("/referrers/", "referrers"),
            ("/_catalog", "catalog"),
            ("/token", "token"),
        ];
        let found = KINDS.iter().find(|(part, _)| self.path.contains(part));
        found.map_or("base", |(_, kind)| kind)
    }
}

/// The requests that one registry has seen, in the order in which they came.
#[derive(Debug, Clone)]
pub(crate) struct Requests(pub(super) Vec<Seen>);

impl Requests {
    pub(crate) fn all(&self) -> &[Seen] {
        &self.0
    }

    /// Those with this method about this kind of thing.
    pub(crate) fn of<'a>(&'a self, method: &str, kind: &str) -> impl Iterator<Item = &'a Seen> {
        let wanted = (method.to_owned(), kind.to_owned());
        let matching =
            move |seen: &&Seen| (seen.method.as_str(), seen.kind()) == (&*wanted.0, &*wanted.1);
        self.0.iter().filter(matching)
    }

    pub(crate) fn count(&self, method: &str, kind: &str) -> usize {
        self.of(method, kind).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Bytes that came in the bodies of uploads.
    pub(crate) fn uploaded(&self) -> u64 {
        let uploads = self.0.iter().filter(|seen| seen.kind() == "uploads");
        uploads
            .map(|seen| seen.received.load(Ordering::SeqCst))
            .sum()
    }

    /// Bytes of blobs that were read.
    pub(crate) fn downloaded(&self) -> u64 {
        let blobs = self.of("GET", "blobs");
        blobs.map(|seen| seen.sent.load(Ordering::SeqCst)).sum()
    }
}

/// The counts, such as `GET blobs 6, HEAD manifests 1`, in the order of their names.
impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut counts = BTreeMap::<String, usize>::new();
        for seen in &self.0 {
            *counts
                .entry(format!("{} {}", seen.method, seen.kind()))
                .or_default() += 1;
        }
        let counts: Vec<String> = counts
            .iter()
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        f.write_str(&counts.join(", "))
    }
}
