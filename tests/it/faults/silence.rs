//! Registries that go silent in the middle of something: within the idle time they are given up,
//! and what they were about is done once more.

use super::{Bench, DST, SRC};
use crate::lab::{Fault, Image, Lab, Ran};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(50);
const IDLE: [&str; 2] = ["--idle-timeout", "700ms"];

#[track_caller]
fn soon(ran: &Ran) {
    assert!(ran.elapsed >= Duration::from_millis(700), "{ran}");
    assert!(ran.elapsed < Duration::from_secs(20), "{ran}");
}

#[test]
fn f30_silence_before_the_answer() {
    for (side, method, part) in super::REPEATED {
        let bench = Bench::new().fault(side, Fault::on(method, part).delay(LONG));
        soon(&bench.succeeds(&IDLE));
    }
}

#[test]
fn f30_silence_that_stays_is_temporary() {
    for (side, method, part) in super::REPEATED {
        let bench = Bench::on(Lab::new(), Image::of(2, vec![]));
        let bench = bench.fault(side, Fault::on(method, part).always().delay(LONG));
        let ran = bench.fails(&[&IDLE[..], &["--retries", "1"]].concat(), 7);
        soon(&ran);
    }
}

/// The blob is read on from where it stood still.
#[test]
fn f30_silence_in_a_blob() {
    for after in [0, 1, 1_500_000] {
        let bench = Bench::new();
        let layer = format!("/blobs/{}", bench.layer());
        let bench = bench.fault("src", Fault::on("GET", &layer).pause(after, LONG));
        soon(&bench.succeeds(&IDLE));
        let downloaded = bench.lab.requests("src").downloaded();
        assert_eq!(downloaded, bench.new.blob_bytes(), "no byte is read twice");
    }
}

#[test]
fn f30_silence_in_a_manifest() {
    let bench = Bench::new();
    let manifest = Fault::on("GET", "/manifests/").pause(20, LONG);
    soon(&bench.fault("src", manifest).succeeds(&IDLE));
}

/// All bytes arrived, and are not sent again.
#[test]
fn f30_silence_after_an_upload() {
    let bench = Bench::new().fault("dst", Fault::on("PUT", "/uploads/").times(4).late(LONG));
    soon(&bench.succeeds(&IDLE));
    let uploaded = bench.lab.requests("dst").uploaded();
    assert_eq!(uploaded, bench.new.blob_bytes(), "nothing is sent again");
}

#[test]
fn f30_silence_after_the_tag() {
    let bench = Bench::new().fault("dst", Fault::on("PUT", "/manifests/").late(LONG));
    soon(&bench.succeeds(&IDLE));
}

/// The first requests are answered with the beginning of a header.
#[test]
fn f30_silence_in_a_header() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push(SRC, &image);
    let address = before(lab.address("src").to_owned(), 2);
    let from = format!("{address}/team/app:v1");
    let copy = ["copy", "-q", IDLE[0], IDLE[1], &from, DST];
    let told = format!("{DST}@{}\n", image.digest());
    soon(&lab.run(copy).stdout(told).code(0));
    lab.assert_holds(DST, &image);
}

/// A port that passes on what comes to it, but for its first requests: those are answered with
/// half a header.
fn before(registry: String, silent: usize) -> String {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let silent = Arc::new(AtomicUsize::new(silent));
    std::thread::spawn(move || {
        while let Ok((client, _)) = socket.accept() {
            let (registry, silent) = (registry.clone(), Arc::clone(&silent));
            std::thread::spawn(move || pass(client, &registry, &silent));
        }
    });
    address
}

fn pass(mut client: TcpStream, registry: &str, silent: &AtomicUsize) {
    let mut first = [0];
    let asks = client.peek(&mut first).is_ok() && first[0].is_ascii_uppercase();
    let one_less = |left: usize| left.checked_sub(1);
    if asks
        && silent
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok()
    {
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\nContent-Le");
        // Until the other side has had enough.
        let mut rest = [0; 1024];
        while client.read(&mut rest).is_ok_and(|read| read > 0) {}
        return;
    }
    let Ok(server) = TcpStream::connect(registry) else {
        return;
    };
    std::thread::scope(|scope| {
        scope.spawn(|| pour(&client, &server));
        pour(&server, &client);
    });
}

fn pour(mut from: &TcpStream, mut to: &TcpStream) {
    let mut bytes = [0; 16 * 1024];
    loop {
        match from.read(&mut bytes) {
            Ok(0) => break,
            Ok(read) if to.write_all(&bytes[..read]).is_ok() => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// While the source is silent the destination has nothing to read, and hangs up: what it has is
/// asked for, and the rest sent.
#[test]
fn f31_a_destination_that_hangs_up_while_the_source_is_silent() {
    let bench = Bench::new();
    let layer = format!("/blobs/{}", bench.layer());
    let still = Duration::from_millis(2500);
    let bench = bench
        .fault("src", Fault::on("GET", &layer).pause(2_000_000, still))
        .fault(
            "dst",
            Fault::on("*", "/uploads/")
                .always()
                .hang_up(Duration::from_millis(800)),
        );
    let ran = bench.succeeds(&["--idle-timeout", "20s", "--retries", "1"]);
    assert!(ran.elapsed >= Duration::from_millis(800), "{ran}");
    let (src, dst) = (bench.lab.requests("src"), bench.lab.requests("dst"));
    assert_eq!(dst.count("GET", "uploads"), 1, "it hung up once: {dst}");
    let size = bench.new.blob_bytes();
    assert!(
        dst.uploaded() < size + 1_100_000,
        "{} of {size}",
        dst.uploaded()
    );
    assert!(
        src.downloaded() < 2 * size,
        "{} of {size}",
        src.downloaded()
    );
}

/// What is small is asked for once more from its beginning.
#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    for after in [0, 1, 40] {
        for reset in [false, true] {
            let cut = |part: &str| {
                let fault = Fault::on("GET", part);
                if reset {
                    fault.cut_with_reset(after)
                } else {
                    fault.cut(after)
                }
            };
            let bench = Bench::new().fault("src", cut("/manifests/"));
            bench.succeeds(&[]);
            assert_eq!(bench.lab.requests("src").count("GET", "manifests"), 2);
            let bench = Bench::new().fault("src", cut("/tags/list"));
            bench
                .lab
                .run(["ls", "src.lab/team/app"])
                .stdout("v1\n")
                .code(0);
        }
    }
}

#[test]
fn an_answer_that_always_breaks_off_is_temporary() {
    let cut = Fault::on("GET", "/manifests/").always().cut(40);
    let bench = Bench::new().fault("src", cut);
    bench.fails(&["--retries", "1"], 7);
}
