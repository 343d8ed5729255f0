//! One source, several destinations: one read, and each on its own.

use crate::lab::image::layer;
use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Mount, Options};
use std::time::Duration;

pub(super) const SRC: &str = "src.lab/app:v1";
pub(super) const TO: [&str; 3] = ["eu.lab/app:v1", "us.lab/app:v1", "asia.lab/app:v1"];
/// More than two windows and the buffers of a connection hold.
const LARGE: usize = 24 << 20;

/// A source with an image, and three destinations.
pub(super) fn lab(image: &Image) -> Lab {
    let lab = Lab::empty().open("src").open("eu").open("us").open("asia");
    lab.push(SRC, image);
    lab
}

/// A copy to all of them.
pub(super) fn copy<'a>(options: &[&'a str]) -> Vec<&'a str> {
    let copy = ["copy", "--progress", "none", "--retries", "1", SRC];
    [&copy[..], &TO, options].concat()
}

pub(super) fn rows(image: &Image, to: &[&str]) -> String {
    let row = |to: &&str| format!("{to}@{}\n", image.digest());
    to.iter().map(row).collect()
}

#[track_caller]
pub(super) fn all_hold(lab: &Lab, to: &[&str], image: &Image) {
    for to in to {
        lab.assert_holds(to, image);
    }
}

#[track_caller]
fn is_read_once(lab: &Lab, image: &Image) {
    let requests = lab.requests("src");
    assert_eq!(requests.count("GET", "blobs"), image.blobs.len());
    assert_eq!(requests.downloaded(), image.blob_bytes());
}

#[test]
fn each_blob_is_read_once_and_is_everywhere() {
    let image = Image::sized(1, &[3_000_000, 100_000, 1000, 10]);
    let lab = lab(&image);
    lab.run(copy(&[])).stdout(rows(&image, &TO)).code(0);
    is_read_once(&lab, &image);
    assert_eq!(lab.requests("src").count("GET", "manifests"), 1);
    for to in TO {
        lab.assert_holds(to, &image);
        let node = to.split('.').next().unwrap();
        assert_eq!(lab.requests(node).uploaded(), image.blob_bytes(), "{to}");
    }
}

#[test]
fn a_slow_destination_sets_the_pace_and_nothing_is_read_twice() {
    let image = Image::sized(1, &[LARGE, 1000]);
    let lab = lab(&image);
    for method in ["POST", "PUT"] {
        let slow = Fault::on(method, "/uploads/").always();
        lab.fault("us", slow.delay(Duration::from_millis(700)));
    }
    lab.run(copy(&[])).stdout(rows(&image, &TO)).code(0);
    is_read_once(&lab, &image);
    all_hold(&lab, &TO, &image);
}

/// The others wait for ten seconds, and then go on without it.
#[test]
fn a_destination_that_takes_nothing_reads_by_itself_in_the_end() {
    let image = Image::of(1, vec![layer(1, LARGE)]);
    let lab = lab(&image);
    let stalled = Fault::on("PUT", "/uploads/").with_body_over(1 << 20);
    lab.fault("us", stalled.delay(Duration::from_secs(13)));
    let ran = lab
        .run(copy(&[]))
        .stdout(rows(&image, &TO))
        .stderr(format!(
            "note: {} is read once more, for us.lab/app alone\n",
            image.blobs[1].digest
        ))
        .code(0);
    assert!(ran.elapsed < Duration::from_secs(20), "{ran}");
    all_hold(&lab, &TO, &image);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 3);
}

#[test]
fn an_upload_that_starts_over_does_not_disturb_the_others() {
    let image = Image::of(1, vec![layer(1, LARGE)]);
    let broken = || Fault::on("PUT", "/uploads/").with_body_over(1 << 20);
    for fault in [
        broken().cut_upload(9 << 20),
        broken().cut_upload_with_reset(2 << 20),
        broken().status(500),
    ] {
        let lab = lab(&image);
        lab.fault("us", fault);
        let ran = lab.run(copy(&["--json"])).any_stdout().any_stderr().code(0);
        let again = |row: &serde_json::Value| row["read_again"].as_u64();
        let rows = ran.json();
        let again: Vec<_> = rows.as_array().unwrap().iter().map(again).collect();
        assert_eq!(again, [None, Some(1), None]);
        let note = format!("{} is read once more", image.blobs[1].digest);
        assert!(ran.stderr.contains(&note), "{ran}");
        assert_eq!(lab.requests("src").count("GET", "blobs"), 3);
        for node in ["eu", "asia"] {
            assert_eq!(lab.requests(node).uploaded(), image.blob_bytes());
        }
        all_hold(&lab, &TO, &image);
    }
}

#[test]
fn several_tags_of_a_repository_take_one_manifest_each_and_the_blobs_once() {
    let image = Image::sized(1, &[200_000, 1000]);
    let lab = lab(&image);
    let to = ["eu.lab/app:v1", "eu.lab/app:1", "eu.lab/app:stable"];
    let copy = [&["copy", "--json", SRC][..], &to].concat();
    let ran = lab.run(&copy).any_stdout().code(0);
    let written = "HEAD manifests 3, POST uploads 3, PUT manifests 3, PUT uploads 3";
    assert_eq!(lab.requests("eu").to_string(), written);
    all_hold(&lab, &to, &image);
    let rows = ran.json();
    let counts = |row: &serde_json::Value| {
        (
            row["sent"].as_u64(),
            row["manifests"].as_u64(),
            row["changed"].as_bool(),
        )
    };
    let rows: Vec<_> = rows.as_array().unwrap().iter().map(counts).collect();
    let other = (Some(0), Some(0), Some(true));
    assert_eq!(rows, [(Some(3), Some(1), Some(true)), other, other]);
    let again = lab.run(&copy).any_stdout().any_stderr().code(0).json();
    assert_eq!(again[0]["changed"], false);
}

#[test]
fn the_second_repository_of_a_registry_is_linked_from_the_first() {
    let image = Image::sized(1, &[200_000, 1000]);
    let lab = lab(&image);
    let to = ["eu.lab/a:v1", "eu.lab/b:v1", "eu.lab/c:v1"];
    let ran = lab
        .run([&["copy", "--json", SRC][..], &to].concat())
        .any_stdout()
        .code(0);
    is_read_once(&lab, &image);
    assert_eq!(lab.requests("eu").uploaded(), image.blob_bytes());
    all_hold(&lab, &to, &image);
    let rows = ran.json();
    for (row, (sent, mounted)) in [(0, (3, 0)), (1, (0, 3)), (2, (0, 3))] {
        assert_eq!(
            (&rows[row]["sent"], &rows[row]["mounted"]),
            (&sent.into(), &mounted.into())
        );
    }
}

/// That they are not linked shows with the first blob; the others share a read.
#[test]
fn where_nothing_is_linked_what_is_read_again_is_counted() {
    // A refusal may also end a read that was made ready in the hope of another answer.
    for (mount, given_up) in [(Mount::Ignored, 0), (Mount::Unknown, 1)] {
        let lab = Lab::empty().open("src").registry("eu", |_| Options {
            mount,
            ..Options::default()
        });
        let image = Image::sized(1, &[100_000; 12]);
        lab.push(SRC, &image);
        let to = ["eu.lab/a:v1", "eu.lab/b:v1"];
        let copy = ["copy", "--json", "-j", "1", SRC, to[0], to[1]];
        let ran = lab.run(copy).any_stdout().any_stderr().code(0);
        all_hold(&lab, &to, &image);
        let rows = ran.json();
        assert_eq!(rows[1]["read_again"], 1, "{mount:?}");
        let reads = lab.requests("src").count("GET", "blobs");
        let again = reads - image.blobs.len();
        assert!((1..=1 + given_up).contains(&again), "{mount:?} {again}");
        assert_eq!(lab.requests("eu").uploaded(), 2 * image.blob_bytes());
    }
}

/// A folder is a place like any other.
#[test]
fn a_registry_and_a_folder_share_a_read() {
    let image = Image::sized(1, &[3_000_000, 1000]);
    let lab = lab(&image);
    let to = ["oci:images:v1", TO[0], "oci:others:v1"];
    lab.run([&["copy", "-q", SRC][..], &to].concat())
        .stdout(rows(&image, &to))
        .code(0);
    is_read_once(&lab, &image);
    lab.assert_holds(TO[0], &image);
    lab.heal();
    lab.run(["copy", "-q", "oci:others:v1", TO[1], "oci:images:v2"])
        .stdout(rows(&image, &[TO[1], "oci:images:v2"]))
        .code(0);
    lab.assert_holds(TO[1], &image);
}

#[test]
fn on_the_source_s_registry_blobs_are_linked_and_elsewhere_sent() {
    let image = Image::sized(1, &[200_000, 1000]);
    let lab = lab(&image);
    let to = ["src.lab/prod:v1", "eu.lab/prod:v1"];
    lab.run([&["copy", "-q", SRC][..], &to].concat())
        .stdout(rows(&image, &to))
        .code(0);
    is_read_once(&lab, &image);
    assert_eq!(lab.requests("src").uploaded(), 0);
    all_hold(&lab, &to, &image);
}

#[test]
fn a_tag_beside_the_source_and_a_copy_elsewhere() {
    let image = Image::attested(1);
    let lab = lab(&image);
    let to = ["src.lab/app:stable", "eu.lab/app:stable"];
    lab.run([&["copy", "-q", SRC][..], &to].concat())
        .stdout(rows(&image, &to))
        .code(0);
    all_hold(&lab, &to, &image);
    assert_eq!(lab.requests("src").count("PUT", "manifests"), 1);
    assert_eq!(lab.requests("src").count("POST", "uploads"), 0);
}

#[test]
fn a_destination_that_is_named_twice_is_a_mistake() {
    let lab = lab(&Image::small(1));
    for to in ["eu.lab/app:v1", "eu.lab/app", "docker://eu.lab/app:v1"] {
        lab.run(["copy", SRC, "eu.lab/app:v1", TO[1], to])
            .stderr_has("`eu.lab/app:v1` is named twice")
            .code(2);
    }
    assert_eq!(lab.requests("src").len() + lab.requests("us").len(), 0);
}

#[test]
fn those_that_have_it_are_not_sent_it() {
    let image = Image::sized(1, &[200_000, 1000]);
    let lab = lab(&image);
    lab.push(TO[1], &image);
    lab.run(copy(&["-q"])).stdout(rows(&image, &TO)).code(0);
    is_read_once(&lab, &image);
    assert_eq!(lab.requests("us").to_string(), "HEAD manifests 1");
    lab.heal();
    lab.run(copy(&["-q"])).stdout(rows(&image, &TO)).code(0);
    for node in ["src", "eu", "us", "asia"] {
        assert_eq!(lab.requests(node).to_string(), "HEAD manifests 1", "{node}");
    }
}

#[test]
fn in_json_one_destination_is_an_object_and_several_are_an_array() {
    let image = Image::small(1);
    let lab = lab(&image);
    let copy = |to: &[&'static str]| {
        let copy = [&["copy", "--json", SRC][..], to].concat();
        lab.run(copy).any_stdout().any_stderr()
    };
    let one = copy(&TO[..1]).code(0).json();
    assert_eq!(one["destination"], "eu.lab/app:v1");
    let several = copy(&TO).code(0).json();
    let named = several.as_array().unwrap().iter();
    let named: Vec<_> = named
        .map(|row| row["destination"].as_str().unwrap())
        .collect();
    assert_eq!(named, TO);
    let denied = Fault::on("HEAD", "/manifests/").always();
    lab.fault("eu", denied.refusal(401, "UNAUTHORIZED", "who are you?"));
    let ran = copy(&TO).code(10);
    assert_eq!(ran.json().as_array().map(Vec::len), Some(2));
    let first = ran.stderr.lines().find(|line| line.contains("error"));
    let first: serde_json::Value = serde_json::from_str(first.unwrap()).unwrap();
    assert_eq!(first["error"]["exit"], 4, "{ran}");
    assert_eq!(ran.json_error()["exit"], 10);
}

#[test]
fn a_dry_run_names_each_place_and_writes_nothing() {
    let image = Image::small(1);
    let lab = lab(&image);
    lab.push(TO[2], &image);
    lab.run(["copy", "--dry-run", SRC, TO[0], TO[1], TO[2]])
        .stdout(rows(&image, &TO))
        .stderr_like(
            "eu.lab/app:v1: would write 1 image manifest [..]\n\
             us.lab/app:v1: would write 1 image manifest [..]\n",
        )
        .code(0);
    for node in ["eu", "us"] {
        assert_eq!(lab.requests(node).to_string(), "HEAD manifests 1");
    }
}
