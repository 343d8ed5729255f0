//! Configs that are not as they should be.

use super::{full, image, with_bytes};
use crate::lab::image::noise;
use crate::lab::{Fault, Lab};
use serde_json::{Value, json};

#[test]
fn a_config_that_cannot_be_shown_is_a_remark() {
    let lab = Lab::new();
    for (config, remark) in [
        (b"\x1f\x8b\x08".to_vec(), "the document is not UTF-8"),
        (
            b"{\"os\":1,\"os\":2}".to_vec(),
            "the name `os` is there twice in one object",
        ),
        (b"".to_vec(), "the document is empty"),
        (b"null".to_vec(), "the document is no JSON object"),
        (b"[]".to_vec(), "the document is no JSON object"),
    ] {
        lab.push("src.lab/app:v1", &with_bytes(config));
        let warning = format!("warning: the config cannot be shown: {remark}\n");
        lab.run(["inspect", "src.lab/app:v1"])
            .any_stdout()
            .stderr(warning)
            .code(0);
        let run = lab.run(["--json", "inspect", "-q", "src.lab/app:v1"]);
        let document = run.any_stdout().code(0).json();
        assert_eq!(document["config"]["problem"], remark);
    }
    lab.push("src.lab/app:v1", &with_bytes("{}"));
    lab.run(["inspect", "src.lab/app:v1"]).any_stdout().code(0);
}

#[test]
fn a_config_that_is_not_there_or_too_large_is_a_remark() {
    let lab = Lab::new();
    let image = image(&full());
    lab.push("src.lab/app:v1", &image);
    let blob = format!("/blobs/{}", image.blobs[0].digest);
    lab.fault(
        "src",
        Fault::on("GET", &blob)
            .always()
            .refusal(404, "BLOB_UNKNOWN", "no"),
    );
    lab.run(["inspect", "src.lab/app:v1"])
        .stdout_like("...\nsize: [..]\n...\n[..]SIZE  LAYER[..]\n...")
        .stderr("warning: the config cannot be shown: it is not there\n")
        .code(0);
    lab.run(["inspect", "--config", "src.lab/app:v1"])
        .stderr_has("404 BLOB_UNKNOWN")
        .code(3);

    let large = with_bytes(noise(1, (8 << 20) + 1));
    lab.push("src.lab/app:large", &large);
    lab.run(["inspect", "src.lab/app:large"])
        .any_stdout()
        .stderr("warning: the config cannot be shown: it has more than 8388608 bytes\n")
        .code(0);
    lab.run(["inspect", "--config", "src.lab/app:large"])
        .stderr_has("which is too large")
        .code(8);
}

#[test]
fn a_config_that_breaks_off_is_read_again() {
    let lab = Lab::new();
    let image = image(&full());
    lab.push("src.lab/app:v1", &image);
    lab.fault("src", Fault::on("GET", "/blobs/").cut(20));
    lab.run(["inspect", "src.lab/app:v1"]).any_stdout().code(0);
    lab.fault("src", Fault::on("GET", "/blobs/").always().cut(20));
    lab.run(["inspect", "src.lab/app:v1"]).any_stderr().code(7);
}

#[test]
fn what_does_not_match_its_digest_is_never_shown() {
    let lab = Lab::new();
    let image = image(&full());
    lab.push("src.lab/app:v1", &image);
    let blob = format!("/blobs/{}", image.blobs[0].digest);
    lab.fault("src", Fault::on("GET", &blob).always().spoil());
    for command in ["inspect", "config"] {
        lab.run([command, "src.lab/app:v1"])
            .stderr_has("the bytes are not those of its digest")
            .code(8);
    }
    lab.heal();
    let pinned = format!("src.lab/app@{}", image.digest());
    lab.fault("src", Fault::on("GET", "/manifests/").always().spoil());
    lab.run(["inspect", &pinned]).any_stderr().code(8);
}

#[test]
fn a_time_that_was_not_meant_is_not_set() {
    let lab = Lab::new();
    for (created, shown) in [
        ("0001-01-01T00:00:00Z", "not set"),
        ("1970-01-01T00:00:00Z", "not set"),
        ("2024-02-30T00:00:00Z", "2024-02-30T00:00:00Z (not a time)"),
        ("1980-01-01T00:00:01Z", "1980-01-01T00:00:01Z"),
    ] {
        lab.push("src.lab/app:v1", &image(&json!({"created": created})));
        let ran = lab.run(["inspect", "src.lab/app:v1"]).any_stdout().code(0);
        let line = ran
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("created: "));
        assert_eq!(line.map(str::trim), Some(shown));
        let run = lab.run(["--json", "inspect", "src.lab/app:v1"]);
        let document = run.any_stdout().code(0).json();
        let meant = (shown == created).then_some(created);
        assert_eq!(document.get("created").and_then(Value::as_str), meant);
    }
}
