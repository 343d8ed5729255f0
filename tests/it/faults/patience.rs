//! Registries that are busy, in trouble, silent, or none at all.

use super::{Bench, REPEATED, SRC};
use crate::lab::image::layer;
use crate::lab::{Fault, Image, Lab};
use std::time::Duration;

#[test]
fn f25_a_busy_registry_is_given_the_time_that_it_asks_for() {
    let bench = Bench::new();
    let busy = Fault::on("GET", "/manifests/").answer(429, &[("retry-after", "1")], "");
    let ran = bench.fault("src", busy).succeeds(&[]);
    assert!(ran.elapsed >= Duration::from_secs(1), "{ran}");
}

#[test]
fn f25_a_date_is_a_time_too_and_nonsense_is_none() {
    let soon = std::time::SystemTime::now() + Duration::from_secs(2);
    let soon = httpdate::fmt_http_date(soon);
    for (after, least) in [
        (soon.as_str(), 800),
        ("Fri, 20 Nov 2020 12:00:00 GMT", 350),
        ("soon", 350),
    ] {
        let bench = Bench::new();
        let busy = Fault::on("GET", "/manifests/").answer(429, &[("retry-after", after)], "");
        let ran = bench.fault("src", busy).succeeds(&[]);
        assert!(ran.elapsed >= Duration::from_millis(least), "{after} {ran}");
    }
}

#[test]
fn f25_more_time_than_anybody_has_ends_the_copy() {
    let busy =
        Fault::on("GET", "/manifests/")
            .always()
            .answer(429, &[("retry-after", "99999")], "");
    let bench = Bench::new().fault("src", busy);
    let ran = bench
        .copy(&[])
        .stderr_has("99999")
        .stderr_has("hint: ")
        .code(7);
    assert!(ran.elapsed < Duration::from_mins(1), "{ran}");
    assert_eq!(bench.lab.requests("src").count("GET", "manifests"), 1);
    bench.fails(&[], 7);
}

#[test]
fn f27_a_passing_trouble_is_waited_out() {
    for status in [500, 502, 503, 504, 408, 522, 499] {
        std::thread::scope(|scope| {
            for (side, method, part) in REPEATED {
                scope.spawn(move || {
                    let fault = Fault::on(method, part).status(status);
                    let bench = Bench::on(Lab::new(), Image::of(2, vec![layer(1, 1000)]));
                    let ran = bench.fault(side, fault).succeeds(&[]);
                    let waited = ran.elapsed > Duration::from_millis(350);
                    assert!(waited, "{status} {method} {ran}");
                });
            }
        });
    }
}

/// Four times in a row, and not a fifth time.
#[test]
fn f27_trouble_is_waited_out_four_times() {
    std::thread::scope(|scope| {
        for (side, method, part) in REPEATED {
            scope.spawn(move || {
                let image = || Image::of(2, vec![]);
                let trouble = |times| Fault::on(method, part).times(times).status(502);
                let bench = Bench::on(Lab::new(), image()).fault(side, trouble(4));
                let ran = bench.succeeds(&[]);
                assert!(
                    ran.elapsed > Duration::from_secs(6),
                    "{method} {part} {ran}"
                );
                let bench = Bench::on(Lab::new(), image()).fault(side, trouble(5));
                let ran = bench.copy(&[]).any_stderr().code(7);
                assert!(ran.stderr.contains("502"), "{method} {part} {ran}");
            });
        }
    });
}

#[test]
fn f27_trouble_that_stays_is_temporary_all_the_same() {
    std::thread::scope(|scope| {
        for (side, method, part) in REPEATED {
            scope.spawn(move || {
                let fault = Fault::on(method, part).always().status(503);
                let bench = Bench::on(Lab::new(), Image::of(2, vec![]));
                let ran = bench.fault(side, fault).fails(&["--retries", "1"], 7);
                assert!(ran.stderr.contains("503"), "{method} {part} {ran}");
            });
        }
    });
}

#[test]
fn f28_a_manifest_that_is_not_taken() {
    for (status, code) in [(400, 1), (404, 3), (405, 1), (413, 1), (415, 1)] {
        let fault = Fault::on("PUT", "/manifests/").always();
        let fault = fault.refusal(
            status,
            "MANIFEST_INVALID",
            "no \u{1b}[31msuch\u{1b}[0m feature",
        );
        let bench = Bench::on(Lab::new(), Image::of(2, vec![])).fault("dst", fault);
        let ran = bench.copy(&[]).stderr_has("such").code(code);
        assert!(!ran.stderr.contains('\u{1b}'), "{ran}");
        assert_eq!(bench.lab.requests("dst").count("PUT", "manifests"), 1);
        bench.fails(&[], code);
    }
}

#[test]
fn f30_a_registry_that_says_nothing() {
    let silent = Fault::on("GET", "/manifests/").delay(Duration::from_secs(20));
    let bench = Bench::new().fault("src", silent);
    let ran = bench.succeeds(&["--idle-timeout", "300ms"]);
    assert!(ran.elapsed < Duration::from_secs(5), "{ran}");
}

/// While the source is given the time that it asks for, there is nothing to send: whoever waits
/// for it at the other end is not to blame for the silence.
#[test]
fn f30_a_destination_waits_as_long_as_the_source_takes() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let busy = Fault::on("GET", &part).with_header("range");
    let bench = bench
        .fault("src", Fault::on("GET", &part).cut(1_000_000))
        .fault("src", busy.answer(503, &[("retry-after", "2")], ""));
    let ran = bench.succeeds(&["--idle-timeout", "500ms", "--retries", "1"]);
    assert!(ran.elapsed >= Duration::from_secs(2), "{ran}");
    let requests = bench.lab.requests("dst");
    assert_eq!(requests.count("PUT", "uploads"), bench.new.blobs.len());
    assert_eq!(requests.count("GET", "uploads"), 0, "{requests}");
    assert_eq!(requests.uploaded(), bench.new.blob_bytes());
}

#[test]
fn the_deadline_ends_everything() {
    let silent = Fault::on("GET", "/manifests/").delay(Duration::from_secs(20));
    let ran = Bench::new()
        .fault("src", silent)
        .fails(&["--deadline", "400ms"], 7);
    assert!(ran.elapsed < Duration::from_secs(12), "{ran}");
    assert!(ran.stderr.contains("--deadline"), "{ran}");
}

#[test]
fn f34_nobody_listens() {
    let lab = Lab::empty().open("src");
    lab.push(SRC, &Image::small(1));
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let nowhere = format!("{}/x:y", free.unwrap());
    lab.run(["copy", "-q", "--retries", "0", SRC, &nowhere])
        .stderr_has("hint: is a registry running at ")
        .code(7);
}

#[test]
fn f48_a_web_page_is_no_registry() {
    for (side, method, part) in REPEATED {
        let bench = Bench::on(Lab::new(), Image::of(2, vec![]));
        let bench = bench.fault(side, Fault::on(method, part).always().html());
        let ran = bench.copy(&["--retries", "1"]).any_stderr().code(8);
        assert!(!ran.stderr.contains("<html"), "{method} {part} {ran}");
        bench.fails(&[], 8);
    }
}
