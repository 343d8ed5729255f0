//! `ls -l`, `--untagged` and `--sort time`, where the registry knows no more than its images do.

use crate::lab::image::{CONFIG, Part, layer};
use crate::lab::{Fault, Image, Lab};
use serde_json::{Value, json};

/// An image of one layer of 1,000 bytes that was made at this time.
fn made(seed: u64, created: &str) -> Image {
    let config = json!({
        "architecture": "arm64", "os": "linux", "created": created,
        "rootfs": {"type": "layers", "diff_ids": []},
        "config": {"Labels": {"seed": seed.to_string()}},
    });
    let config = Part::new(CONFIG, config.to_string());
    Image::assembled(
        "application/vnd.oci.image.manifest.v1+json",
        config,
        vec![layer(seed, 1000)],
        &json!({}),
    )
}

fn rows(lab: &Lab, args: &[&str]) -> Vec<Value> {
    let ran = lab
        .run([&["ls", "--json"], args].concat())
        .any_stdout()
        .code(0);
    ran.json().as_array().unwrap().clone()
}

fn names(rows: &[Value]) -> Vec<&str> {
    rows.iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect()
}

#[test]
fn what_an_image_says_of_itself_is_listed() {
    let lab = Lab::new();
    let image = made(1, "2026-01-02T03:04:05Z");
    lab.push("src.lab/app:v1", &image);
    let rows = rows(&lab, &["-l", "src.lab/app"]);
    let row = &rows[0];
    assert_eq!(row["name"], "v1");
    assert_eq!(row["digest"], image.digest());
    assert_eq!(row["time"], "2026-01-02T03:04:05Z");
    assert_eq!(row["clock"], "created");
    assert_eq!(row["pushed"], Value::Null);
    assert_eq!(row["platforms"], json!(["linux/arm64"]));
    assert_eq!(row["size"], image.blob_bytes());
    let ran = lab.run(["ls", "-l", "src.lab/app"]).any_stdout().code(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let titles: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(
        titles,
        ["NAME", "SIZE", "TIME", "CLOCK", "FOR", "DIGEST", "LOCK"]
    );
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells[0], "v1");
    assert_eq!(
        cells[3..],
        [
            "2026-01-02T03:04:05Z",
            "created",
            "linux/arm64",
            image.digest()
        ]
    );
}

/// A time that only stands for none is unknown, and comes last.
#[test]
fn the_newest_comes_first_and_times_that_lie_last() {
    let lab = Lab::new();
    for (tag, created) in [
        ("old", "2024-01-01T00:00:00Z"),
        ("epoch", "1970-01-01T00:00:00Z"),
        ("year-one", "0001-01-01T00:00:00Z"),
        ("reproducible", "1980-01-01T00:00:00Z"),
        ("future", "2199-01-01T00:00:00Z"),
        ("new", "2026-01-01T00:00:00Z"),
    ] {
        let seed = tag.len() as u64;
        lab.push(&format!("src.lab/app:{tag}"), &made(seed, created));
    }
    let sorted = rows(&lab, &["src.lab/app", "--sort", "time"]);
    let expected = ["new", "old", "epoch", "future", "reproducible", "year-one"];
    assert_eq!(names(&sorted), expected);
    assert!(
        sorted[2..]
            .iter()
            .all(|row| row["time"].is_null() && row["clock"].is_null())
    );
    lab.run(["ls", "src.lab/app", "--sort", "time", "--limit", "1"])
        .stdout("new\n")
        .code(0);
}

/// One manifest and one config, however many tags point to them.
#[test]
fn an_image_is_read_once_for_all_its_tags() {
    let lab = Lab::new();
    let image = made(1, "2026-01-02T03:04:05Z");
    for number in 0..20 {
        lab.push(&format!("src.lab/app:v{number}"), &image);
    }
    assert_eq!(rows(&lab, &["-l", "src.lab/app"]).len(), 20);
    let asked = lab.requests("src");
    assert_eq!(asked.count("GET", "manifests"), 1);
    assert_eq!(asked.count("GET", "blobs"), 1);
    assert_eq!(asked.count("HEAD", "manifests"), 20);
}

/// Of an index each blob counts once, and the time is that of one of its images.
#[test]
fn an_index_is_listed_with_its_platforms() {
    let lab = Lab::new();
    let (one, two) = (
        made(1, "2026-01-02T03:04:05Z"),
        made(2, "2026-01-02T03:04:05Z"),
    );
    let index = Image::index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    lab.push("src.lab/app:v1", &index);
    let rows = rows(&lab, &["-l", "src.lab/app"]);
    assert_eq!(rows[0]["platforms"], json!(["linux/amd64", "linux/arm64"]));
    assert_eq!(rows[0]["size"], one.blob_bytes() + two.blob_bytes());
    assert_eq!(rows[0]["time"], "2026-01-02T03:04:05Z");
}

/// What is broken is listed too, and nothing is known of it.
#[test]
fn a_broken_image_does_not_end_the_list() {
    let lab = Lab::new();
    let (good, bad) = (
        made(1, "2026-01-02T03:04:05Z"),
        made(2, "2026-01-02T03:04:05Z"),
    );
    lab.push("src.lab/app:bad", &bad);
    lab.push("src.lab/app:good", &good);
    let path = format!("/manifests/{}", bad.digest());
    lab.fault("src", Fault::on("GET", &path).spoil().always());
    let rows = rows(&lab, &["-l", "src.lab/app", "--sort", "name"]);
    assert_eq!(names(&rows), ["bad", "good"]);
    assert_eq!(rows[0]["size"], Value::Null);
    assert_eq!(rows[0]["digest"], bad.digest());
    assert_eq!(rows[1]["clock"], "created");
}

/// Only a registry's own API lists what has no tag; a folder does.
#[test]
fn images_without_a_tag_are_not_listed_everywhere() {
    let lab = Lab::new();
    let image = made(1, "2026-01-02T03:04:05Z");
    lab.push("src.lab/app:v1", &image);
    lab.run(["ls", "--untagged", "src.lab/app"])
        .stderr_has("does not list images without a tag")
        .code(1);
    let by_digest = format!("src.lab/app@{}", image.digest());
    lab.run(["copy", "-q", &by_digest, "oci:images"])
        .any_stdout()
        .code(0);
    lab.run(["copy", "-q", "src.lab/app:v1", "oci:images:v1"])
        .any_stdout()
        .code(0);
    let other = made(2, "2026-01-02T03:04:05Z");
    lab.push("src.lab/app:v2", &other);
    let by_digest = format!("src.lab/app@{}", other.digest());
    lab.run(["copy", "-q", &by_digest, "oci:images"])
        .any_stdout()
        .code(0);
    lab.run(["ls", "--untagged", "oci:images"])
        .stdout(format!("{}\n", other.digest()))
        .code(0);
}

#[test]
fn only_images_are_listed_at_length() {
    let lab = Lab::new();
    for flag in [&["-l"][..], &["--untagged"], &["--sort", "time"]] {
        lab.run([&["ls", "src.lab/"], flag].concat())
            .stderr_has("is for the images of one repository")
            .code(2);
    }
}
