//! `check` where connections break off and registries are in trouble: no verdict on the image.

use super::{CHECK, IMAGE, incomplete, lab};
use crate::lab::{Fault, Image};

#[test]
fn a_blob_that_breaks_off_is_read_on_from_there() {
    let image = Image::sized(1, &[100_000]);
    let lab = lab(&image, &[]);
    let at = |header| Fault::on("GET", &image.blobs[1].digest).with_header(header);
    for knows_ranges in [true, false] {
        lab.fault("src", at("host").cut(60_000));
        if !knows_ranges {
            lab.fault("src", at("range").ignore_range());
        }
        lab.run(CHECK).any_stdout().any_stderr().code(0);
        let requests = lab.requests("src");
        assert_eq!(requests.count("GET", "blobs"), 3);
        let most = image.blob_bytes() + 10_000;
        assert_eq!(requests.downloaded() < most, knows_ranges, "read on");
        lab.heal();
    }
}

#[test]
fn what_cannot_be_read_is_no_verdict_and_keeps_nothing_else_from_being_found() {
    let image = Image::small(1);
    let (busy, lost) = (&image.blobs[2].digest, &image.blobs[1]);
    let lab = lab(&image, &[lost]);
    let fault =
        |part: &str, status| lab.fault("src", Fault::on("GET", part).always().status(status));
    let check = [&CHECK[..], &["--retries", "0"]].concat();
    let unchecked = format!("{busy} not checked (layer 2)");
    fault(busy, 503);
    let problem = format!("{} missing (layer 1)", lost.digest);
    lab.run(&check)
        .stdout(incomplete(&image, &[problem, unchecked.clone()]))
        .stderr_has("1 of 4 parts is missing or wrong")
        .code(8);
    lab.push(IMAGE, &image);
    let ran = lab
        .run(&check)
        .stdout(format!(
            "{IMAGE}@{} unknown\n  {unchecked}\n",
            image.digest()
        ))
        .stderr_has("503")
        .code(7);
    assert!(ran.stderr.contains("try again later"), "{ran}");
    lab.heal();
    fault("/blobs/", 403);
    lab.run(&check).any_stdout().stderr_has("403").code(4);
    lab.heal();
    fault("/manifests/v1", 503);
    lab.run(&check).stderr_has("503").code(7);
}

/// A registry that is gone is not asked for every part of a big image.
#[test]
fn where_much_cannot_be_read_the_rest_is_not_tried() {
    let image = Image::sized(1, &[100; 60]);
    let lab = lab(&image, &[]);
    lab.fault("src", Fault::on("GET", "/blobs/").always().status(503));
    let check = [&CHECK[..], &["--retries", "0", "-j", "1"]].concat();
    lab.run(&check).any_stdout().any_stderr().code(7);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 8);
}
