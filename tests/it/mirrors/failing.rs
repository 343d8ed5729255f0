//! Mirrors that are of no use: what they do not give comes from elsewhere, and soon.

use super::{APP, COPY, DST, ONE, SIZE, TWO, asked, copied, image_at, lab, mirrored};
use crate::lab::{Fault, Image, Lab, Ran};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(50);

/// Both mirrors have the image, and something is wrong with the first.
fn with(fault: Fault) -> (Lab, Image) {
    let lab = lab();
    let image = image_at(&lab, &[APP, ONE, TWO]);
    lab.fault("one", fault);
    (lab, image)
}

/// The copy succeeds with what `two` has, soon.
#[track_caller]
fn succeeds(lab: &Lab, image: &Image, options: &[&str]) -> Ran {
    let command = [&["copy", "--progress", "none"], &COPY[2..], options].concat();
    let ran = lab.run(command).stdout(copied(image)).any_stderr().code(0);
    lab.assert_holds(DST, image);
    assert_eq!(asked(lab, "src"), "");
    assert!(ran.elapsed < Duration::from_secs(12), "{ran}");
    ran
}

#[test]
fn a_mirror_that_refuses_is_asked_once_and_passed_over_in_silence() {
    for status in [400, 401, 403, 429, 500, 502, 503] {
        let (lab, image) = with(Fault::on("*", "/v2/").always().status(status));
        let ran = succeeds(&lab, &image, &[]);
        assert!(!ran.stderr.contains("one.lab"), "{ran}");
        let asked = lab.requests("one").of("GET", "manifests").count()
            + lab.requests("one").of("HEAD", "manifests").count();
        assert!(asked <= 2, "{status}: {}", lab.requests("one"));
        assert_eq!(lab.requests("one").count("GET", "blobs"), 0);
    }
}

#[test]
fn why_a_mirror_is_passed_over_is_said_to_who_wants_to_know() {
    let (lab, image) = with(Fault::on("*", "/v2/").always().status(403));
    let ran = succeeds(&lab, &image, &["-v"]);
    let told = "the mirror one.lab/cache/team/app is passed over: denied (403)\n";
    assert!(ran.stderr.contains(told), "{ran}");
}

#[test]
fn a_mirror_that_is_no_registry_is_warned_of() {
    let page = || Fault::on("*", "/v2/").always().html();
    let wrong = || Fault::on("GET", "/manifests/").always().spoil();
    for fault in [page(), wrong()] {
        let (lab, image) = with(fault);
        let ran = succeeds(&lab, &image, &[]);
        let told = "warning: the mirror one.lab/cache/team/app is passed over: ";
        assert!(ran.stderr.contains(told), "{ran}");
    }
}

#[test]
fn a_mirror_that_is_down_is_passed_over_at_once() {
    let lab = Lab::new().open("two");
    let image = image_at(&lab, &[APP, TWO]);
    let text = format!(
        "registries:\n  \"src.lab\":\n    mirrors: [\"{}\", two.lab]\n",
        nobody()
    );
    lab.home.user_settings(&lab.addressed(&text));
    let ran = succeeds(&lab, &image, &[]);
    assert!(ran.elapsed < Duration::from_secs(5), "{ran}");
    assert!(!ran.stderr.contains("mirror"), "{ran}");
}

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

#[test]
fn a_mirror_that_is_silent_is_given_up() {
    for part in ["/manifests/", "/blobs/"] {
        let (lab, image) = with(Fault::on("*", part).always().delay(LONG));
        succeeds(&lab, &image, &["--idle-timeout", "700ms"]);
    }
}

/// However patient the user is, a question is not waited for long where there is somebody else.
#[test]
fn a_mirror_that_never_answers_is_not_waited_for_as_long_as_a_registry() {
    let (lab, image) = with(Fault::on("*", "/v2/").always().delay(LONG));
    let ran = lab.run(COPY).stdout(copied(&image)).code(0);
    assert!(ran.elapsed < Duration::from_secs(25), "{ran}");
}

/// No byte is read twice.
#[test]
fn a_blob_that_breaks_off_goes_on_at_the_next_place() {
    let layer = |image: &Image| format!("/blobs/{}", image.blobs[1].digest);
    for reset in [false, true] {
        let (lab, image) = with(Fault::on("GET", "/v2/none"));
        let fault = Fault::on("GET", &layer(&image)).always();
        let fault = if reset {
            fault.cut_with_reset(1_500_000)
        } else {
            fault.cut(1_500_000)
        };
        lab.fault("one", fault);
        succeeds(&lab, &image, &[]);
        let two = lab.requests("two");
        let ranges: Vec<&str> = two
            .of("GET", "blobs")
            .map(|seen| seen.header("range"))
            .collect();
        assert_eq!(ranges.len(), 1, "{two}");
        assert!(ranges[0].starts_with("bytes=") && !ranges[0].starts_with("bytes=0-"));
        assert!(two.downloaded() < SIZE as u64, "{}", two.downloaded());
        assert_eq!(
            two.count("GET", "manifests") + two.count("HEAD", "manifests"),
            0
        );
    }
}

/// The bytes that are wrong are only known to be so at their end: then the registry itself is
/// asked, and no mirror.
#[test]
fn wrong_bytes_of_a_blob_are_read_where_they_are_right() {
    for blob in 0..2 {
        let (lab, image) = with(Fault::on("GET", "/v2/none"));
        let part = format!("/blobs/{}", image.blobs[blob].digest);
        lab.fault("one", Fault::on("GET", &part).always().spoil());
        let ran = lab
            .run([&["copy", "--progress", "none"], &COPY[2..]].concat())
            .stdout(copied(&image))
            .stderr_has(
                "warning: the mirror one.lab/cache/team/app is passed over: it sent other bytes",
            )
            .code(0);
        lab.assert_holds(DST, &image);
        let src = lab.requests("src");
        assert_eq!(src.to_string(), "GET blobs 1", "{ran}");
        lab.run(["check", APP]).any_stdout().any_stderr().code(0);
    }
}

/// A mirror that has the image and not all of its blobs.
#[test]
fn a_blob_that_the_mirror_has_lost_comes_from_the_next_place() {
    let (lab, image) = with(Fault::on("GET", "/v2/none"));
    let part = format!("/blobs/{}", image.blobs[1].digest);
    lab.fault(
        "one",
        Fault::on("GET", &part)
            .always()
            .refusal(404, "BLOB_UNKNOWN", "gone"),
    );
    succeeds(&lab, &image, &[]);
    assert_eq!(asked(&lab, "two"), "GET blobs 1");
}

#[test]
fn a_failed_mirror_is_not_asked_for_each_blob_again() {
    let (lab, image) = with(Fault::on("GET", "/v2/none"));
    lab.fault("one", Fault::on("GET", "/blobs/").always().status(500));
    succeeds(&lab, &image, &["-j", "1"]);
    // Those that are under way together hear the same.
    assert!(lab.requests("one").count("GET", "blobs") < image.blobs.len());
}

/// A connection that was kept may be gone when it is used again: that says nothing of the mirror.
#[test]
fn a_connection_that_ends_without_an_answer_is_tried_once_more() {
    for (method, part) in [("*", "/manifests/"), ("GET", "/blobs/")] {
        let (lab, image) = with(Fault::on(method, part).lose_answer());
        succeeds(&lab, &image, &[]);
        assert_eq!(asked(&lab, "two"), "");
    }
}

/// Behind a wall the mirror is all there is: then it is asked with patience.
#[test]
fn where_the_registry_cannot_be_reached_the_mirror_gets_a_second_chance() {
    for (method, part) in [("*", "/manifests/"), ("GET", "/blobs/")] {
        let lab = Lab::new().open("one");
        let image = image_at(&lab, &[ONE]);
        let origin = nobody();
        let text = format!("registries:\n  \"{origin}\":\n    mirrors: [one.lab/cache]\n");
        lab.home.user_settings(&lab.addressed(&text));
        lab.fault("one", Fault::on(method, part).status(503));
        lab.run([
            "copy",
            "-q",
            "--retries",
            "1",
            &format!("{origin}/team/app:v1"),
            DST,
        ])
        .stdout(copied(&image))
        .code(0);
        lab.assert_holds(DST, &image);
    }
}

#[test]
fn who_is_told_that_nothing_can_be_had_is_told_of_the_mirrors_too() {
    let lab = Lab::new().open("one");
    let origin = nobody();
    let text = format!("registries:\n  \"{origin}\":\n    mirrors: [one.lab/cache]\n");
    lab.home.user_settings(&lab.addressed(&text));
    let denied = Fault::on("*", "/v2/").always();
    lab.fault("one", denied.refusal(403, "DENIED", "not today"));
    let ran = lab
        .run(["digest", "--retries", "0", &format!("{origin}/team/app:v1")])
        .any_stderr()
        .code(7);
    let told = "warning: the mirror one.lab/cache/team/app is passed over: ";
    assert!(ran.stderr.contains(told), "{ran}");
    assert!(ran.stderr.contains("cannot connect"), "{ran}");
}

/// A registry that wants to be left alone is not got round.
#[test]
fn a_limit_of_the_registry_is_told_and_no_mirror_asked_again() {
    let lab = Lab::new().open("one").open("two");
    mirrored(&lab);
    lab.push(APP, &Image::small(1));
    lab.fault("src", Fault::on("*", "/v2/").always().status(429));
    lab.run(["digest", "--retries", "0", APP])
        .stderr_has("429")
        .code(7);
    assert_eq!(
        (lab.requests("one").len(), lab.requests("two").len()),
        (1, 1)
    );
}
