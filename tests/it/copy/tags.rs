//! Many tags of a repository: which, in which order, and their common work once.

use crate::lab::image::layer;
use crate::lab::{Fault, Image, Lab};
use serde_json::Value;
use std::time::Duration;

const SRC: &str = "src.lab/app";
const DST: &str = "dst.lab/app";

/// A source with these tags, each of an image of its own.
fn lab(tags: &[&str]) -> Lab {
    let lab = Lab::new();
    for (tag, seed) in tags.iter().zip(0..) {
        lab.push(&format!("{SRC}:{tag}"), &Image::small(seed));
    }
    lab
}

fn copy<'a>(options: &[&'a str]) -> Vec<&'a str> {
    [&["copy", "--progress", "none", SRC, DST][..], options].concat()
}

/// The tags that were copied, as they were printed.
fn tags(stdout: &str) -> Vec<&str> {
    let end = |line: &str| line.find('@').unwrap();
    let named = stdout.lines().map(|line| &line[..end(line)]);
    named
        .map(|name| name.strip_prefix("dst.lab/app:").unwrap())
        .collect()
}

const ALL: [&str; 5] = ["latest", "v1.0", "v1.1", "v1.1-rc1", "v2.0"];

#[test]
fn the_tags_that_are_asked_for() {
    for (options, wanted) in [
        (&["-a"][..], &ALL[..]),
        (&["--all-tags"], &ALL),
        (&["--tags", "v1.*"], &["v1.0", "v1.1", "v1.1-rc1"]),
        (&["--tags", "v2*", "--tags", "late*"], &["latest", "v2.0"]),
        (&["--tags", "v1.0"], &["v1.0"]),
        (
            &["-a", "--exclude", "*-rc*"],
            &["latest", "v1.0", "v1.1", "v2.0"],
        ),
        (
            &["--tags", "v1.*", "--exclude", "*-rc*", "--exclude", "*.0"],
            &["v1.1"],
        ),
        (&["-a", "--tags", "v2*"], &["v2.0"]),
    ] {
        let lab = lab(&ALL);
        let ran = lab.run(copy(options)).any_stdout().any_stderr().code(0);
        assert_eq!(tags(&ran.stdout), wanted, "{options:?}");
        let there = lab.node("dst").registry.tags("app");
        let there: Vec<&str> = there.iter().map(|(tag, _)| tag.as_str()).collect();
        assert_eq!(there, wanted, "{options:?}");
        for (tag, seed) in ALL.iter().zip(0..) {
            if wanted.contains(tag) {
                lab.assert_holds(&format!("{DST}:{tag}"), &Image::small(seed));
            }
        }
    }
}

#[test]
fn tags_that_are_up_to_date_take_a_question_to_each_side() {
    let lab = lab(&ALL);
    lab.run(copy(&["-a"]))
        .any_stdout()
        .stderr_has("5 tags: 5 copied, 0 up to date\n")
        .code(0);
    lab.heal();
    lab.run(copy(&["-a"]))
        .any_stdout()
        .stderr("5 tags: 0 copied, 5 up to date\n")
        .code(0);
    assert_eq!(
        lab.requests("src").to_string(),
        "GET tags 1, HEAD manifests 5"
    );
    let to_dst = lab.requests("dst").to_string();
    assert_eq!(to_dst, "GET tags 1, HEAD manifests 5");
    let moved = Image::small(77);
    lab.push("src.lab/app:v1.0", &moved);
    lab.heal();
    let ran = lab
        .run(copy(&["-a", "--json"]))
        .any_stdout()
        .any_stderr()
        .code(0);
    let rows = ran.json();
    let changed = rows
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["changed"] == true);
    let changed: Vec<_> = changed.map(|row| &row["destination"]).collect();
    assert_eq!(changed, ["dst.lab/app:v1.0"]);
    let written = "GET tags 1, HEAD manifests 5, POST uploads 3, PUT manifests 1, PUT uploads 3";
    assert_eq!(lab.requests("dst").to_string(), written);
    lab.assert_holds("dst.lab/app:v1.0", &moved);
}

/// Eight images on one base: started together, and one after the other.
#[test]
fn what_tags_share_crosses_once() {
    let base = || vec![layer(1, 3_000_000), layer(2, 50_000)];
    let images: Vec<Image> = (0..8)
        .map(|seed| Image::of(seed, [base(), vec![layer(100 + seed, 1000)]].concat()))
        .collect();
    for jobs in ["1", "48"] {
        let lab = Lab::empty().open("src").open("dst").open("far");
        for (image, seed) in images.iter().zip(0..) {
            lab.push(&format!("{SRC}:v{seed}"), image);
        }
        // Long enough for all to have begun.
        for node in ["dst", "far"] {
            let slow = Fault::on("PUT", "/uploads/")
                .with_body_over(10_000)
                .always();
            lab.fault(node, slow.delay(Duration::from_millis(200)));
        }
        lab.run(copy(&["far.lab/app", "-a", "-j", jobs]))
            .any_stdout()
            .any_stderr()
            .code(0);
        let blobs = 2 + 8 * 2;
        assert_eq!(
            lab.requests("src").count("GET", "blobs"),
            blobs,
            "-j {jobs}"
        );
        for node in ["dst", "far"] {
            assert_eq!(
                lab.requests(node).count("PUT", "uploads"),
                blobs,
                "-j {jobs}"
            );
            for (image, seed) in images.iter().zip(0..) {
                lab.assert_holds(&format!("{node}.lab/app:v{seed}"), image);
            }
        }
    }
}

#[test]
fn what_indexes_share_is_written_once() {
    let (one, two, three) = (Image::small(1), Image::small(2), Image::small(3));
    let indexes = [
        Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]),
        Image::index(&[("linux/amd64", &one), ("linux/arm64", &three)]),
        Image::index(&[("linux/amd64", &three), ("linux/arm64", &two)]),
    ];
    let lab = Lab::new();
    for (index, number) in indexes.iter().zip(1..) {
        lab.push(&format!("{SRC}:v{number}"), index);
    }
    let slow = Fault::on("PUT", "/manifests/sha256:").always();
    lab.fault("dst", slow.delay(Duration::from_millis(200)));
    let ran = lab
        .run(copy(&["-a", "--json"]))
        .any_stdout()
        .any_stderr()
        .code(0);
    let requests = lab.requests("dst");
    assert_eq!(requests.count("PUT", "manifests"), 3 + 3, "{requests}");
    let rows = ran.json();
    let rows = rows.as_array().unwrap().iter();
    let counted: u64 = rows.map(|row| row["manifests"].as_u64().unwrap()).sum();
    assert_eq!(counted, 3 + 3, "what is counted is what was written");
    for (index, number) in indexes.iter().zip(1..) {
        lab.assert_holds(&format!("{DST}:v{number}"), index);
    }
}

#[test]
fn no_clobber_leaves_tags_that_differ_alone() {
    let lab = lab(&["v1", "v2", "v3"]);
    let (same, other) = (Image::small(0), Image::small(50));
    lab.push("dst.lab/app:v1", &same);
    lab.push("dst.lab/app:v2", &other);
    let ran = lab
        .run(copy(&["-a", "-n"]))
        .any_stdout()
        .stderr_has(format!(
            "note: dst.lab/app:v2 points to {} already",
            other.digest()
        ))
        .stderr_has("3 tags: 1 copied, 1 up to date, 1 left alone\n")
        .code(0);
    assert_eq!(tags(&ran.stdout), ["v1", "v3"]);
    lab.assert_holds("dst.lab/app:v2", &other);
    lab.assert_holds("dst.lab/app:v3", &Image::small(2));
}

#[test]
fn a_dry_run_says_what_would_be_copied() {
    let lab = lab(&["v1", "v2"]);
    lab.push("dst.lab/app:v1", &Image::small(0));
    let ran = lab
        .run(copy(&["-a", "--dry-run"]))
        .any_stdout()
        .stderr_like(
            "dst.lab/app:v2: would write 1 image manifest [..]\n\
             2 tags: 1 to be copied, 1 up to date\n",
        )
        .code(0);
    assert_eq!(tags(&ran.stdout), ["v1", "v2"]);
    let to_dst = lab.requests("dst").to_string();
    assert_eq!(to_dst, "GET tags 1, HEAD manifests 1");
}

#[test]
fn a_tag_that_vanishes_fails_and_the_others_do_not() {
    let lab = lab(&["v1", "v2", "v3"]);
    let gone = Fault::on("HEAD", "/manifests/v2").always();
    lab.fault("src", gone.refusal(404, "MANIFEST_UNKNOWN", "gone"));
    let gone = Fault::on("GET", "/manifests/v2").always();
    lab.fault("src", gone.refusal(404, "MANIFEST_UNKNOWN", "gone"));
    let ran = lab
        .run(copy(&["-a"]))
        .any_stdout()
        .stderr_has("src.lab/app:v2")
        .stderr_has("error: 1 of 3 tags were not copied\n")
        .code(10);
    assert_eq!(tags(&ran.stdout), ["v1", "v3"]);
}

#[test]
fn where_all_tags_fail_alike_it_is_that_failure() {
    let lab = lab(&["v1", "v2"]);
    let denied = Fault::on("PUT", "/manifests/").always();
    lab.fault("dst", denied.refusal(403, "DENIED", "not for you"));
    lab.run(copy(&["-a"]))
        .stderr_has("error: 2 of 2 tags were not copied\n")
        .code(4);
}

#[test]
fn nothing_that_matches_is_a_warning() {
    let lab = lab(&["v1"]);
    for options in [&["--tags", "nightly*"][..], &["-a", "--exclude", "*"]] {
        lab.run(copy(options))
            .stderr("warning: nothing there, or nothing that matches\n")
            .code(0);
        let json = lab.run([&copy(options)[..], &["--json"]].concat());
        let ran = json.any_stdout().any_stderr().code(0);
        assert_eq!(ran.json(), Value::Array(Vec::new()));
    }
    assert_eq!(lab.requests("dst").count("PUT", "manifests"), 0);
}

/// What a destination has not got is known from its list of tags.
#[test]
fn tags_that_are_new_are_not_asked_for_one_by_one() {
    let lab = lab(&ALL);
    lab.run(copy(&["-q", "-a"])).any_stdout().code(0);
    for (node, method, wanted) in [("src", "HEAD", 0), ("src", "GET", 5), ("dst", "HEAD", 0)] {
        let asked = lab.requests(node).count(method, "manifests");
        assert_eq!(asked, wanted, "{method} at {node}");
    }
}

#[test]
fn a_repository_that_is_not_there_is_not_found() {
    let lab = lab(&["v1"]);
    lab.run(["copy", "-a", "src.lab/other", DST])
        .stderr_has("404")
        .code(3);
}

#[test]
fn lists_of_what_is_attached_are_left_out() {
    let lab = lab(&["v1"]);
    let subject = Image::small(0);
    let stem = subject.digest().replace(':', "-");
    lab.push(&format!("{SRC}:{stem}"), &Image::index(&[]));
    lab.push(&format!("{SRC}:{stem}.sig"), &Image::small(5));
    let ran = lab
        .run(copy(&["-a"]))
        .any_stdout()
        .stderr_has("note: 1 list of what is attached to images (`sha256-…`) left out")
        .code(0);
    let signature = format!("{stem}.sig");
    assert_eq!(tags(&ran.stdout), [signature.as_str(), "v1"]);
}

#[test]
fn what_makes_no_sense_is_a_mistake() {
    let lab = lab(&["v1"]);
    for (typed, told) in [
        (&[SRC, DST, "--exclude", "x"][..], "`--exclude` goes with"),
        (&["src.lab/app:v1", DST, "-a"], "src.lab/app:v1 is an image"),
        (
            &["src.lab/app:v1", DST, "--tags", "v*"],
            "src.lab/app:v1 is an image",
        ),
        (&[SRC, "dst.lab/app:v1", "-a"], "dst.lab/app is given a tag"),
        (&[SRC, DST, "--tags", "v[1"], "`--tags`"),
        (&[SRC, DST, "-a", "--exclude", "{"], "`--exclude`"),
    ] {
        lab.run([&["copy"][..], typed].concat())
            .stderr_has(told)
            .code(2);
    }
    assert_eq!(lab.requests("src").len() + lab.requests("dst").len(), 0);
}

#[test]
fn an_immutable_tag_is_left_alone_and_the_others_are_copied() {
    let lab = lab(&["latest", "v1", "v2"]);
    let old = Image::small(50);
    for tag in ["latest", "v1"] {
        lab.push(&format!("{DST}:{tag}"), &old);
    }
    lab.home.settings("immutable:\n  \"*\": [\"v*\"]\n");
    let ran = lab
        .run(copy(&["-a"]))
        .any_stdout()
        .stderr_has("dst.lab/app:v1 is immutable")
        .code(10);
    assert_eq!(tags(&ran.stdout), ["latest", "v2"]);
    lab.assert_holds("dst.lab/app:v1", &old);
    lab.assert_holds("dst.lab/app:latest", &Image::small(0));
}

#[test]
fn rows_come_in_the_source_s_order() {
    let lab = lab(&ALL);
    // The first is the last to be done.
    let slow = Fault::on("PUT", "/manifests/latest");
    lab.fault("dst", slow.delay(Duration::from_millis(500)));
    let ran = lab.run(copy(&["-a", "-q"])).any_stdout().code(0);
    assert_eq!(tags(&ran.stdout), ALL);
}

#[test]
fn the_array_is_closed_whatever_happens() {
    let lab = lab(&["v1", "v2", "v3"]);
    let denied = Fault::on("PUT", "/manifests/v2").always();
    lab.fault("dst", denied.refusal(403, "DENIED", "not for you"));
    let json = copy(&["-a", "--json"]);
    let ran = lab.run(&json).any_stdout().any_stderr().code(10);
    let rows = ran.json();
    let named = rows.as_array().unwrap().iter();
    let named: Vec<_> = named
        .map(|row| row["destination"].as_str().unwrap())
        .collect();
    assert_eq!(named, ["dst.lab/app:v1", "dst.lab/app:v3"]);
    for line in ran.stderr.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "{line}");
    }
    let lab = Lab::new();
    let ran = lab.run(&json).any_stdout().any_stderr().code(3);
    assert_eq!(ran.json(), Value::Array(Vec::new()));
}

#[test]
fn to_several_destinations_each_tag_is_read_once() {
    let lab = Lab::empty().open("src").open("dst").open("far");
    for (tag, seed) in ALL.iter().zip(0..) {
        lab.push(&format!("{SRC}:{tag}"), &Image::small(seed));
    }
    let denied = Fault::on("PUT", "/manifests/v1.0").always();
    lab.fault("far", denied.refusal(403, "DENIED", "not for you"));
    let ran = lab
        .run(copy(&["far.lab/app", "-a"]))
        .any_stdout()
        .stderr_has("far.lab/app:v1.0")
        .stderr_has("error: 1 of 10 tags were not copied\n")
        .code(10);
    assert_eq!(ran.stdout.lines().count(), 9);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 15);
    for (tag, seed) in ALL.iter().zip(0..) {
        lab.assert_holds(&format!("{DST}:{tag}"), &Image::small(seed));
    }
}
