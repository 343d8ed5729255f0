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

/// Waits until all uploads are under way.
fn until_it_uploads(bench: &Bench) {
    let begun = Instant::now();
    while bench.lab.requests("dst").count("PUT", "uploads") < bench.new.blobs.len() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "not everything is uploaded"
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
    for (signal, code, told) in STOPS {
        let bench = slow();
        let running = bench.copy(&[]).stderr_has(told).start();
        until_it_uploads(&bench);
        let stopped = Instant::now();
        running.signal(signal);
        running.code(code);
        assert!(stopped.elapsed() < Duration::from_secs(15), "{signal}");
        bench.lab.assert_holds(DST, &bench.old);
        assert_eq!(bench.lab.node("dst").registry.upload_count(), 0, "{signal}");
        bench.lab.heal();
        bench.succeeds(&[]);
    }
}

/// What stops a copy.
const STOPS: [(&str, i32, &str); 3] = [
    ("INT", 130, "interrupted"),
    ("TERM", 143, "terminated"),
    #[cfg(target_os = "linux")]
    ("HUP", 143, "terminated"),
    #[cfg(not(target_os = "linux"))]
    ("TERM", 143, "terminated"),
];

/// Who insists does not wait for a registry that takes its time to give up the uploads.
#[test]
fn f41_a_copy_that_is_stopped_twice_ends_at_once() {
    let bench = slow();
    let late = Fault::on("DELETE", "/uploads/").always();
    let bench = bench.fault("dst", late.delay(Duration::from_secs(20)));
    let running = bench.copy(&[]).any_stderr().start();
    until_it_uploads(&bench);
    running.signal("INT");
    let begun = Instant::now();
    while bench.lab.requests("dst").count("DELETE", "uploads") == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "nothing is given up"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    let insisted = Instant::now();
    running.signal("INT");
    running.code(130);
    assert!(
        insisted.elapsed() < Duration::from_millis(1500),
        "{:?}",
        insisted.elapsed()
    );
    bench.lab.assert_holds(DST, &bench.old);
    bench.lab.heal();
    bench.succeeds(&[]);
}

/// As `nohup` has it.
#[cfg(target_os = "linux")]
#[test]
fn f41_a_copy_that_is_to_outlive_its_terminal_does() {
    let late = Fault::on("PUT", "/manifests/").delay(Duration::from_secs(2));
    let bench = Bench::new().fault("dst", late);
    let script = format!("trap '' HUP; exec crossdock copy -q {} {DST}", super::SRC);
    let running = bench.lab.shell(&script).any_stdout().start();
    let begun = Instant::now();
    while bench.lab.requests("dst").count("PUT", "manifests") == 0 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "no tag is written"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    running.signal("HUP");
    running.code(0);
    bench.lab.assert_holds(DST, &bench.new);
}

/// Whoever reads has seen enough: nothing is wrong, and what was begun is done.
#[test]
fn f41_nobody_reads_what_is_printed() {
    let bench = Bench::new();
    for tag in 0..300 {
        bench
            .lab
            .push(&format!("src.lab/team/app:t{tag}"), &bench.old);
    }
    let told = "{ crossdock COMMAND; echo \"ended with $?\" >&2; } | true";
    for (command, code) in [
        ("ls src.lab/team/app", 0),
        ("ls --json src.lab/team/app", 0),
        ("digest src.lab/team/app:v1", 0),
        ("inspect src.lab/team/app:v1", 0),
        ("copy -q src.lab/team/app:v1 dst.lab/team/app:v1", 0),
    ] {
        let script = told.replace("COMMAND", command);
        let ended = format!("ended with {code}\n");
        bench.lab.shell(&script).stderr(ended).code(0);
    }
    bench.lab.assert_holds(DST, &bench.new);
}

/// A bench where one blob is refused while the others are on their way.
fn refused() -> Bench {
    let put = || Fault::on("PUT", "/uploads/");
    Bench::new()
        .fault("dst", put().times(3).delay(Duration::from_secs(20)))
        .fault("dst", put().refusal(403, "DENIED", "no pushing"))
}

#[test]
fn a_copy_that_fails_leaves_no_upload_open() {
    let bench = refused();
    bench.copy(&[]).stderr_has("403").code(4);
    let dst = bench.lab.node("dst");
    assert_eq!(dst.registry.upload_count(), 0);
    assert!(bench.lab.requests("dst").count("DELETE", "uploads") > 1);
}

/// Nobody waits long for that, nor hears of it.
#[test]
fn uploads_that_cannot_be_given_up_change_nothing() {
    for delay in [0, 20] {
        let bench = refused();
        let fault = Fault::on("DELETE", "/uploads/").always();
        let bench = match delay {
            0 => bench.fault("dst", fault.refusal(403, "DENIED", "no cancelling")),
            delay => bench.fault("dst", fault.delay(Duration::from_secs(delay))),
        };
        let ran = bench.copy(&[]).stderr_has("no pushing").code(4);
        assert!(!ran.stderr.contains("no cancelling"), "{ran}");
        assert!(ran.elapsed < Duration::from_secs(5), "{ran}");
        bench.lab.assert_holds(DST, &bench.old);
    }
}
