//! `--deadline` ends a copy wherever it stands.

use super::{Bench, DST, SRC};
use crate::lab::{Fault, Image, Lab, Ran};
use crossdock::server::{Anonymous, Options, User};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Longer than anybody waits.
const LONG: Duration = Duration::from_secs(50);
const DEADLINE: &str = "1s";

/// It ended for that reason, and soon.
#[track_caller]
fn is_over(ran: &Ran) {
    assert!(ran.stderr.contains("--deadline"), "{ran}");
    assert!(ran.elapsed < Duration::from_secs(10), "{ran}");
}

/// What may never be answered, and by whom.
fn silences(bench: &Bench) -> Vec<(&'static str, Fault)> {
    let layer = format!("/blobs/{}", bench.layer());
    let busy = [("retry-after", "100")];
    let on = |method, part: &str| Fault::on(method, part).always();
    vec![
        ("src", on("GET", "/manifests/").delay(LONG)),
        ("src", on("HEAD", "/manifests/").delay(LONG)),
        ("src", on("GET", &layer).delay(LONG)),
        ("src", on("GET", &layer).pause(1_000_000, LONG)),
        ("src", on("GET", "/manifests/").answer(429, &busy, "")),
        ("src", on("GET", &layer).answer(503, &busy, "")),
        ("src", on("GET", &layer).cut(0)),
        ("dst", on("HEAD", "/manifests/").delay(LONG)),
        ("dst", on("POST", "/uploads/").delay(LONG)),
        ("dst", on("PUT", "/uploads/").delay(LONG)),
        ("dst", on("PUT", "/uploads/").late(LONG)),
        ("dst", on("PUT", "/uploads/").answer(429, &busy, "")),
        ("dst", on("PUT", "/manifests/").late(LONG)),
    ]
}

/// The tag may be written where only the answer is missing.
#[test]
fn a_deadline_ends_every_silence_of_a_registry() {
    let count = silences(&Bench::new()).len();
    std::thread::scope(|scope| {
        for number in 0..count {
            scope.spawn(move || {
                let bench = Bench::new();
                let (side, fault) = silences(&bench).swap_remove(number);
                let bench = bench.fault(side, fault);
                let ran = bench
                    .copy(&["--deadline", DEADLINE, "--retries", "100"])
                    .any_stderr()
                    .code(7);
                is_over(&ran);
                let last = number == count - 1;
                bench
                    .lab
                    .assert_holds(DST, if last { &bench.new } else { &bench.old });
                bench.lab.heal();
                bench.succeeds(&[]);
            });
        }
    });
}

#[test]
fn a_deadline_ends_the_wait_for_a_token() {
    let tokens = |address: &str| Options {
        access: crate::lab::tokens(
            address,
            "dst",
            vec![User::new("ann", "apple")],
            Anonymous::Nothing,
        ),
        ..Options::default()
    };
    let lab = Lab::empty().open("src").registry("dst", tokens);
    lab.docker_login(&[("dst.lab", "ann:apple")]);
    let bench = Bench::on(lab, Image::small(2));
    let bench = bench.fault("dst", Fault::on("GET", "/token").always().delay(LONG));
    is_over(&bench.fails(&["--deadline", DEADLINE], 7));
}

/// A port that takes connections and says nothing: to a machine that speaks TLS that is a
/// handshake that does not go on.
#[test]
fn a_deadline_ends_the_wait_for_a_handshake() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    copies_to(silent.local_addr().unwrap());
}

/// A port whose queue is full, so that no connection comes about.
#[cfg(target_os = "linux")]
#[test]
fn a_deadline_ends_the_wait_for_a_connection() {
    let full = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = full.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        held.push(stream);
        assert!(held.len() < 10_000, "the queue has no end");
    }
    copies_to(address);
}

fn copies_to(address: SocketAddr) {
    let lab = Lab::empty().open("src");
    lab.push(SRC, &Image::small(1));
    let to = format!("{address}/app:v1");
    let copy = ["copy", "-q", "--deadline", DEADLINE, SRC, &to];
    is_over(&lab.run(copy).any_stderr().code(7));
}

/// While another writer has the folder. Nothing is left there but what may be.
#[cfg(unix)]
#[test]
fn a_deadline_ends_the_wait_for_a_lock() {
    let lab = Lab::new();
    lab.push(SRC, &Image::small(1));
    lab.run(["copy", "-q", SRC, "oci:one"]).any_stdout().code(0);
    lab.push("src.lab/team/app:v2", &Image::small(2));
    let folder = crate::layouts::folder(&lab, "one");
    let held = std::fs::File::open(folder.join(".crossdock.lock")).unwrap();
    held.lock().unwrap();
    let copy = [
        "copy",
        "-q",
        "--deadline",
        DEADLINE,
        "src.lab/team/app:v2",
        "oci:one",
    ];
    is_over(&lab.run(copy).any_stderr().code(7));
    let tags = crate::layouts::tags(&folder);
    assert_eq!(tags.len(), 1, "{tags:?}");
    drop(held);
    lab.run(["copy", "-q", "src.lab/team/app:v2", "oci:one"])
        .any_stdout()
        .code(0);
    assert_eq!(crate::layouts::names(&folder), crate::layouts::FILES);
}

/// Words of a header that come, and no more of it.
#[test]
fn a_deadline_ends_the_wait_for_the_rest_of_a_header() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = socket.accept() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-");
            held.push(stream);
        }
    });
    copies_to(address);
}
