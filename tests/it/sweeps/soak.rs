//! Gigabytes through a network in which one request of a hundred fails, and one MiB: no byte is
//! wrong, nothing is given up, and the process holds no more at its end than in its middle.

use super::bulk::Bulk;
use super::chaos::Chaos;
use super::dock::{Dock, status};
use super::sampled::Sampler;
use super::{number, random, tell};
use crate::lab::wire::{self, Reset};
use crate::lab::{Home, crossdock, spawn};
use crossdock::transport::{BoxError, ByteStream};
use http::{Request, Response, StatusCode};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const GIB: u64 = 1024 * 1024 * 1024;
/// One process moves so much at the most.
const BATCH: u64 = 4 * GIB;
/// What is moved unless the environment says otherwise.
const SHORT: u64 = 384 * 1024 * 1024;
/// What 48 blobs that are under way at once may have in memory, in KiB. It is the same whatever
/// their sizes and their number.
const CEILING: u64 = 96 * 1024;
const REPOSITORY: &str = "/v2/soak/";

/// Both registries, and what lies between.
struct Between {
    source: Bulk,
    dock: Dock,
    chaos: Chaos,
    /// Requests by what they were.
    requests: Mutex<BTreeMap<String, u64>>,
    accepted: AtomicUsize,
}

impl Between {
    async fn answer(
        self: Arc<Self>,
        request: Request<ByteStream>,
        reset: Reset,
        source: bool,
    ) -> Result<Response<ByteStream>, BoxError> {
        self.count(&request, source);
        let registry = async |request: Request<ByteStream>| {
            let path = request.uri().path().to_owned();
            let Some(path) = path.strip_prefix(REPOSITORY) else {
                return status(StatusCode::OK);
            };
            if source {
                return self.source.answer(&request.into_parts().0, path);
            }
            self.dock
                .answer(request, REPOSITORY.trim_end_matches('/'), path)
                .await
        };
        self.chaos.pass(request, reset, registry).await
    }

    fn count(&self, request: &Request<ByteStream>, source: bool) {
        let path = request.uri().path();
        let kinds = ["/uploads/", "/blobs/", "/manifests/", "/tags/list"];
        let kind = kinds.iter().find(|kind| path.contains(**kind));
        let side = if source { "from" } else { "to" };
        let what = format!("{side} {} {}", request.method(), kind.unwrap_or(&path));
        *self.requests.lock().unwrap().entry(what).or_default() += 1;
    }

    /// Opens one of the registries and says where.
    fn open(self: &Arc<Self>, source: bool) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let between = Arc::clone(self);
        spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let accepted = Arc::clone(&between);
            let handler = move |request, reset| Arc::clone(&between).answer(request, reset, source);
            wire::serve(listener, &accepted.accepted, handler).await;
        });
        address
    }
}

/// Moves so many bytes in one process.
fn batch(number: u64, bytes: u64, random: &mut fastrand::Rng) -> u64 {
    let between = Arc::new(Between {
        source: Bulk::of(bytes, random),
        dock: Dock::default(),
        chaos: Chaos::new(random),
        requests: Mutex::default(),
        accepted: AtomicUsize::new(0),
    });
    let (from, to) = (between.open(true), between.open(false));
    let (from, to) = (format!("{from}/soak"), format!("{to}/soak"));
    let home = Home::new();
    let begun = Instant::now();
    let running = crossdock(
        &home,
        [
            "copy",
            "-a",
            "-vv",
            "--progress=none",
            "--idle-timeout=3s",
            &from,
            &to,
        ],
    )
    .patience(Duration::from_hours(1))
    .any_stdout()
    .any_stderr()
    .start();
    let sampler = Sampler::of(running.id());
    let ran = running.wait();
    let (held, elapsed) = (sampler.end(), begun.elapsed().as_secs_f64());
    let (dock, source) = (&between.dock, &between.source);
    let received = dock.received.load(Ordering::SeqCst);
    let repeated = ran
        .stderr
        .lines()
        .filter(|line| line.contains(", attempt "));
    let told = format!(
        "process {number}: {} tags with {} blobs, {} bytes in {elapsed:.1} s, {received} received; \
         {} requests were repeated as they were; {} connections; held {held}; requests {:?}; \
         faults {:?}",
        source.tags.len(),
        source.blobs.len(),
        source.bytes(),
        repeated.count(),
        between.accepted.load(Ordering::SeqCst),
        between.requests.lock().unwrap(),
        between.chaos.injected.lock().unwrap(),
    );
    tell("soak", &told);
    let last: Vec<&str> = ran.stderr.lines().rev().take(20).collect();
    assert_eq!(ran.code, 0, "{last:#?}");
    assert_eq!(dock.wrong.load(Ordering::SeqCst), 0, "wrong bytes");
    dock.assert_holds(source);
    assert!(
        held.peak() <= CEILING,
        "{} KiB, {} files",
        held.peak(),
        held.most_files()
    );
    held.assert_level();
    source.bytes()
}

#[test]
fn nothing_is_wrong_after_gigabytes_with_faults() {
    let mut random = random("soak");
    let mut left = number::<u64>("CROSSDOCK_TEST_SOAK").map_or(SHORT, |gib| gib * GIB);
    let mut moved = 0;
    for process in 1.. {
        if left == 0 {
            break;
        }
        let bytes = left.min(BATCH);
        left -= bytes;
        moved += batch(process, bytes, &mut random);
    }
    tell("soak", &format!("{moved} bytes in all"));
}
