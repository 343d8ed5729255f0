//! Copies beside each other, and copies that are stopped.

use super::{Bench, DST};
use crate::lab::{Fault, Image, Lab};
use std::time::{Duration, Instant};

#[test]
fn f42_two_copies_to_one_tag() {
    let lab = Lab::new();
    let images = [Image::sized(1, &[1000, 10]), Image::sized(2, &[1000, 10])];
    lab.push("src.lab/a:v1", &images[0]);
    lab.push("src.lab/b:v1", &images[1]);
    for _ in 0..8 {
        std::thread::scope(|scope| {
            for from in ["src.lab/a:v1", "src.lab/b:v1"] {
                let run = lab.run(["copy", "-q", from, DST]);
                scope.spawn(move || run.any_stdout().code(0));
            }
        });
        let last = lab.digest(DST);
        let won = images
            .iter()
            .find(|image| last.as_deref() == Some(image.digest()));
        lab.assert_holds(DST, won.expect("one of the two"));
    }
}

#[test]
fn f43_two_copies_of_one_image() {
    let bench = Bench::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let run = bench.copy(&[]);
            scope.spawn(move || run.any_stdout().code(0));
        }
    });
    bench.lab.assert_holds(DST, &bench.new);
}

/// A bench whose big layer takes its time at the destination.
fn slow() -> Bench {
    let slow = Fault::on("PUT", "/uploads/")
        .always()
        .delay(Duration::from_secs(20));
    Bench::new().fault("dst", slow)
}

/// Waits until the first upload is under way.
fn until_it_uploads(bench: &Bench) {
    let begun = Instant::now();
    while bench.lab.requests("dst").count("PUT", "uploads") == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "nothing is uploaded"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(unix)]
#[test]
fn f01_a_copy_that_is_killed_leaves_the_tag_alone() {
    for wait in 0..12 {
        let bench = Bench::new();
        let running = bench.copy(&[]).start();
        std::thread::sleep(Duration::from_millis(5 * wait));
        running.signal("KILL");
        running.wait();
        let now = bench.lab.digest(DST);
        let whole = [&bench.old, &bench.new]
            .into_iter()
            .find(|image| now.as_deref() == Some(image.digest()));
        bench.lab.assert_holds(DST, whole.expect("one of the two"));
        bench.succeeds(&[]);
    }
}

#[cfg(unix)]
#[test]
fn f40_f41_a_copy_that_is_stopped_ends_at_once_and_leaves_the_tag_alone() {
    for (signal, code, told) in [("INT", 130, "interrupted"), ("TERM", 143, "terminated")] {
        let bench = slow();
        let running = bench.copy(&[]).stderr_has(told).start();
        until_it_uploads(&bench);
        let stopped = Instant::now();
        running.signal(signal);
        running.code(code);
        assert!(stopped.elapsed() < Duration::from_secs(2), "{signal}");
        bench.lab.assert_holds(DST, &bench.old);
        bench.lab.heal();
        bench.succeeds(&[]);
    }
}
