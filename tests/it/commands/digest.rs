//! `digest`: one HEAD, one line.

use crate::lab::{Fault, Image, Lab};
use crossdock::server::Options;
use serde_json::json;

#[test]
fn a_tag_is_resolved_without_being_read() {
    let lab = Lab::new();
    let image = Image::attested(1);
    lab.push("src.lab/team/app:v1", &image);
    lab.run(["digest", "src.lab/team/app:v1"])
        .stdout(format!("{}\n", image.digest()))
        .code(0);
    assert_eq!(lab.requests("src").to_string(), "HEAD manifests 1");
}

#[test]
fn several_come_in_their_order() {
    let lab = Lab::new();
    let images: Vec<Image> = (1..=3).map(Image::small).collect();
    for (image, tag) in images.iter().zip(["a", "b", "latest"]) {
        lab.push(&format!("src.lab/app:{tag}"), image);
    }
    lab.fault(
        "src",
        Fault::on("HEAD", "/manifests/b").delay(std::time::Duration::from_millis(100)),
    );
    let expected: String = [1, 0, 2]
        .map(|n: usize| format!("{}\n", images[n].digest()))
        .concat();
    lab.run(["digest", "src.lab/app:b", "src.lab/app:a", "src.lab/app"])
        .stdout(expected)
        .code(0);
}

#[test]
fn a_full_reference_is_pinned() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/team/app:v1", &image);
    lab.run(["digest", "--full-ref", "src.lab/team/app:v1"])
        .stdout(format!("src.lab/team/app@{}\n", image.digest()))
        .code(0);
}

#[test]
fn in_json_it_is_an_array_of_references_and_digests() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let document = lab
        .run(["digest", "--json", "src.lab/app:v1"])
        .any_stdout()
        .code(0)
        .json();
    assert_eq!(
        document,
        json!([{"reference": "src.lab/app:v1", "digest": image.digest()}])
    );
}

/// A list is closed even where it fails.
#[test]
fn what_fails_does_not_hold_up_the_others() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let digest = [
        "digest",
        "src.lab/app:v2",
        "src.lab/app:v1",
        "src.lab/none:v1",
    ];
    lab.run(digest)
        .stdout(format!("{}\n", image.digest()))
        .stderr_like(
            "error: [..]src.lab/app:v2[..]not found[..]\nhint: src.lab/app has v1\n\
             error: [..]src.lab/none:v1[..]not found[..]\n\
             error: 2 of 3 images have no digest\n",
        )
        .code(10);
    let ran = lab
        .run([&digest[..], &["--json"]].concat())
        .any_stdout()
        .any_stderr()
        .code(10);
    assert_eq!(ran.json().as_array().map(Vec::len), Some(1));
    for line in ran.stderr.lines() {
        assert!(
            serde_json::from_str::<serde_json::Value>(line).is_ok(),
            "{line}"
        );
    }
    lab.fault(
        "src",
        Fault::on("HEAD", "/none/").refusal(403, "DENIED", "no"),
    );
    lab.run([digest[0], digest[1], digest[3]])
        .any_stderr()
        .code(10);
}

#[test]
fn where_all_fail_alike_it_is_that_code() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.run(["digest", "src.lab/app:v2", "src.lab/none:v1"])
        .stderr_has("error: 2 of 2 images have no digest\n")
        .code(3);
}

#[test]
fn a_registry_that_names_no_digest_is_read_and_the_digest_computed() {
    let silent = |_: &str| Options {
        content_digest: false,
        ..Options::default()
    };
    let lab = Lab::empty().registry("src", silent);
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.run(["digest", "src.lab/app:v1"])
        .stdout(format!("{}\n", image.digest()))
        .code(0);
}

#[test]
fn the_tag_is_checked_where_that_is_wanted() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.push("src.lab/app:v1", &old);
    lab.push("src.lab/app:v1", &new);
    let typed = format!("src.lab/app:v1@{}", old.digest());
    lab.run(["digest", &typed])
        .stdout(format!("{}\n", old.digest()))
        .code(0);
    lab.run(["digest", "--check-tag", &typed])
        .stderr_has(new.digest())
        .code(5);
}
