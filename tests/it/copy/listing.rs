//! A list of tags that breaks while what it named is copied.

use crate::lab::image::MANIFEST;
use crate::lab::{Fault, Image, Lab};

const COPY: [&str; 8] = [
    "copy",
    "-a",
    "--progress",
    "none",
    "--retries",
    "0",
    "src.lab/app",
    "dst.lab/app",
];

/// A source whose list tells two tags, and that there are more.
fn lab() -> Lab {
    let lab = Lab::new();
    for (tag, seed) in [("v1", 1), ("v2", 2), ("v3", 3)] {
        lab.push(&format!("src.lab/app:{tag}"), &Image::small(seed));
    }
    let kind = ("content-type", "application/json");
    let next = ("link", "</v2/app/tags/list?last=v2>; rel=\"next\"");
    let page = r#"{"name":"app","tags":["v1","v2"]}"#;
    let first = Fault::on("GET", "/tags/list");
    lab.fault("src", first.answer(200, &[kind, next], page));
    lab
}

fn row(tag: &str, seed: u64) -> String {
    format!("dst.lab/app:{tag}@{}\n", Image::small(seed).digest())
}

/// How the next page breaks, and the exit code of that.
fn breaks() -> Vec<(Fault, i32)> {
    let next = || Fault::on("GET", "/tags/list").always();
    vec![
        (next().status(503), 7),
        (next().refusal(403, "DENIED", "no more for you"), 4),
        (next().answer(200, &[("content-type", MANIFEST)], "]"), 8),
        (next().html(), 8),
    ]
}

#[test]
fn what_was_named_is_copied_and_the_end_is_that_of_the_list() {
    for (number, (fault, code)) in breaks().into_iter().enumerate() {
        let lab = lab();
        lab.fault("src", fault);
        let ran = lab.run(COPY).any_stdout().stderr_has("error: ").run();
        assert_eq!(ran.code, code, "{number} {ran}");
        assert_eq!(ran.stdout, row("v1", 1) + &row("v2", 2), "{number}");
        assert!(!ran.stderr.contains("tags were not copied"), "{ran}");
        for (tag, seed) in [("v1", 1), ("v2", 2)] {
            lab.assert_holds(&format!("dst.lab/app:{tag}"), &Image::small(seed));
        }
    }
}

/// A tag that failed before is told too, and does not hide why there were no more.
#[test]
fn a_tag_that_failed_does_not_hide_that_the_list_broke() {
    let lab = lab();
    lab.fault("src", breaks().swap_remove(0).0);
    let denied = Fault::on("PUT", "/manifests/v1").always();
    lab.fault("dst", denied.refusal(403, "DENIED", "not this one"));
    let ran = lab
        .run(COPY)
        .stdout(row("v2", 2))
        .stderr_has("not this one")
        .code(7);
    let last = ran.stderr.lines().rfind(|line| line.starts_with("error: "));
    assert!(last.unwrap().contains("503"), "{ran}");
}

/// The array is closed.
#[test]
fn in_json_the_list_s_failure_is_the_last_object() {
    let lab = lab();
    lab.fault("src", breaks().swap_remove(0).0);
    let ran = lab
        .run([&COPY[..], &["--json"]].concat())
        .any_stdout()
        .any_stderr()
        .code(7);
    assert_eq!(ran.json().as_array().map(Vec::len), Some(2));
    assert_eq!(ran.json_error()["exit"], 7);
}
