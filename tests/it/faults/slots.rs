//! Few questions at once, by the user's wish or the registry's: nobody waits for a slot with one.

use super::{Bench, DST};
use crate::lab::{Fault, Image, Lab, Run};
use crossdock::server::{Anonymous, Options, User};
use std::time::Duration;

const APP: &str = "dst.lab/team/app:v1";

/// A registry that is asked one thing at a time, and gives tokens itself.
fn narrow(content_digest: bool) -> Lab {
    let options = |address: &str| Options {
        access: crate::lab::tokens(
            address,
            "dst",
            vec![User::new("ann", "apple")],
            Anonymous::Nothing,
        ),
        content_digest,
        ..Options::default()
    };
    let lab = Lab::empty().registry("dst", options);
    lab.docker_login(&[("dst.lab", "ann:apple")]);
    let settings = "registries:\n  \"dst.lab\": {concurrency: 1}\n";
    lab.home.user_settings(&lab.addressed(settings));
    lab.push(APP, &Image::sized(2, &[100_000, 1000, 10]));
    lab
}

/// Each command that talks to it in its own way.
#[track_caller]
fn all_end(lab: &Lab) {
    let digest = Image::sized(2, &[100_000, 1000, 10]).digest().to_owned();
    let copied = format!("dst.lab/prod/app:v1@{digest}\n");
    ends(lab.run(["digest", APP]))
        .stdout(format!("{digest}\n"))
        .code(0);
    ends(lab.run(["copy", "-q", APP, "dst.lab/prod/app:v1"]))
        .stdout(copied)
        .code(0);
    ends(lab.run(["tag", APP, "v2"]))
        .stdout("dst.lab/team/app:v2\n")
        .code(0);
    ends(lab.run(["ls", "dst.lab/team/app"]))
        .stdout("v1\nv2\n")
        .code(0);
    let pinned = format!("dst.lab/team/app@{digest}");
    ends(lab.run(["rm", &pinned])).stderr_has("v1, v2").code(5);
}

fn ends(run: Run) -> Run {
    run.patience(Duration::from_secs(10))
}

#[test]
fn no_slot_is_held_while_a_token_is_fetched() {
    all_end(&narrow(true));
}

#[test]
fn no_slot_is_held_while_a_token_is_asked_for_in_another_way() {
    let lab = narrow(true);
    lab.fault("dst", Fault::on("GET", "/token").always().status(405));
    all_end(&lab);
    assert!(lab.requests("dst").count("POST", "token") > 0);
}

#[test]
fn no_slot_is_held_while_a_manifest_is_read_that_a_head_did_not_describe() {
    all_end(&narrow(false));
    let lab = narrow(true);
    let deaf = Fault::on("HEAD", "/manifests/").with_header("authorization");
    lab.fault("dst", deaf.always().status(405));
    all_end(&lab);
}

#[test]
fn no_slot_is_held_while_a_registry_is_given_time() {
    let lab = narrow(true);
    for part in ["/manifests/", "/token", "/uploads/", "/tags/list"] {
        let busy = Fault::on("*", part).after(1);
        lab.fault("dst", busy.answer(503, &[("retry-after", "0")], ""));
        lab.fault("dst", Fault::on("*", part).after(2).status(500));
    }
    all_end(&lab);
}

/// Who waits before trying once more lets others ask meanwhile.
#[test]
fn no_slot_is_held_while_waiting_for_the_next_attempt() {
    let lab = narrow(true);
    let mut typed = vec!["digest".to_owned()];
    for tag in "abcdefghijklmnopqrstuvwxy".chars() {
        lab.push(&format!("dst.lab/team/app:{tag}"), &Image::small(1));
        typed.push(format!("dst.lab/team/app:{tag}"));
        let trouble = Fault::on("HEAD", &format!("/manifests/{tag}"));
        lab.fault("dst", trouble.with_header("authorization").status(500));
    }
    let ran = ends(lab.run(typed)).any_stdout().code(0);
    // All wait their half a second side by side.
    assert!(ran.elapsed < Duration::from_secs(8), "{ran}");
}

/// Those who hear together that it is too much slow down once, and get on.
#[test]
fn f26_a_burst_of_answers_that_it_is_too_much() {
    let bench = Bench::on(Lab::new(), Image::sized(2, &[1000; 60]));
    let busy = Fault::on("POST", "/uploads/").times(20);
    let slow = Fault::on("POST", "/uploads/").always();
    let bench = bench
        .fault("dst", busy.answer(429, &[("retry-after", "1")], ""))
        .fault("dst", slow.delay(Duration::from_millis(50)));
    let ran = bench.succeeds(&[]);
    let requests = bench.lab.requests("dst");
    // A look at the tag, the manifest, and a POST and a PUT for each blob.
    let needed = 2 + 2 * bench.new.blobs.len();
    assert!(requests.len() * 2 <= needed * 3, "{requests}");
    assert_eq!(
        requests.count("POST", "uploads"),
        20 + bench.new.blobs.len()
    );
    assert!(ran.elapsed >= Duration::from_secs(1), "{ran}");
    // One after the other they would have been waited for longer.
    assert!(ran.elapsed < Duration::from_secs(15), "{ran}");
    bench.lab.assert_holds(DST, &bench.new);
}

/// A registry that lets so many requests through each second, and an image with a thousand blobs:
/// nobody knocks in vain much more often than is needed to find out.
#[test]
fn f26_a_storm_of_refusals_on_a_thousand_blobs() {
    let bench = Bench::on(Lab::new(), Image::sized(2, &[100; 1000]));
    let limit = Fault::on("*", "")
        .always()
        .beyond(400, Duration::from_secs(1));
    let bench = bench.fault("dst", limit.answer(429, &[("retry-after", "1")], ""));
    bench.succeeds(&[]);
    let requests = bench.lab.requests("dst");
    let needed = 2 + 2 * bench.new.blobs.len();
    let storm = requests.all().iter().filter(|seen| seen.status == 429);
    let storm = storm.count();
    assert!(storm > 0, "{requests}");
    assert!(
        requests.len() * 10 <= needed * 12,
        "{storm} in vain: {requests}"
    );
}
