//! Copies that are killed or interrupted.

use super::{Bench, DST};
use crate::lab::Fault;
use std::time::{Duration, Instant};

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
