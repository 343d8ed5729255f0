//! `tag`: more names, no data.

use crate::lab::{Fault, Image, Lab};
use serde_json::json;

#[test]
fn tags_are_written_and_nothing_else_is_moved() {
    let lab = Lab::new();
    let image = Image::attested(1);
    lab.push("src.lab/team/app:v1", &image);
    lab.run(["tag", "src.lab/team/app:v1", "stable", "1"])
        .stdout("src.lab/team/app:stable\nsrc.lab/team/app:1\n")
        .code(0);
    lab.assert_holds("src.lab/team/app:stable", &image);
    lab.assert_holds("src.lab/team/app:1", &image);
    assert_eq!(
        lab.requests("src").to_string(),
        "GET manifests 1, HEAD manifests 2, PUT manifests 2"
    );
}

#[test]
fn a_digest_can_be_given_a_tag() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app", &image);
    let pinned = format!("src.lab/app@{}", image.digest());
    lab.run(["tag", &pinned, "v1"])
        .stdout("src.lab/app:v1\n")
        .code(0);
    lab.assert_holds("src.lab/app:v1", &image);
}

#[test]
fn in_json_it_is_an_array() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let document = lab
        .run(["--json", "tag", "src.lab/app:v1", "v2"])
        .any_stdout()
        .code(0)
        .json();
    assert_eq!(
        document,
        json!([{"reference": "src.lab/app:v2", "digest": image.digest()}])
    );
}

#[test]
fn where_one_tag_is_immutable_none_is_written() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.home.settings("immutable:\n  \"*\": [\"1.*\"]\n");
    lab.push("src.lab/app:1.0", &old);
    lab.push("src.lab/app:new", &new);
    lab.run(["tag", "src.lab/app:new", "latest", "1.0"])
        .stderr_has("src.lab/app:1.0 is immutable")
        .code(5);
    assert_eq!(lab.digest("src.lab/app:latest"), None);
    assert_eq!(lab.digest("src.lab/app:1.0").as_deref(), Some(old.digest()));
    lab.run(["tag", "src.lab/app:new", "1.1"])
        .stdout("src.lab/app:1.1\n")
        .code(0);
    lab.run(["tag", "src.lab/app:new", "1.1"])
        .stdout("src.lab/app:1.1\n")
        .code(0);
    let forced = ["tag", "--force-immutable", "src.lab/app:new", "1.0"];
    lab.run(forced).stdout("src.lab/app:1.0\n").code(0);
    assert_eq!(lab.digest("src.lab/app:1.0").as_deref(), Some(new.digest()));
}

#[test]
fn what_fails_does_not_hold_up_the_others() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    lab.fault(
        "src",
        Fault::on("PUT", "/manifests/b")
            .always()
            .refusal(403, "DENIED", "no"),
    );
    lab.run(["tag", "src.lab/app:v1", "a", "b", "c"])
        .stdout("src.lab/app:a\nsrc.lab/app:c\n")
        .stderr_has("1 of 3 tags were not written")
        .code(10);
}

#[test]
fn nothing_is_sent_for_a_tag_that_is_none() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    for (tags, told) in [
        (&["-x"][..], "-x"),
        (&["src.lab/app:v2"], "a tag alone is wanted"),
        (&["a", "a"], "named twice"),
        (&[], "TAG"),
    ] {
        let typed = [&["tag", "src.lab/app:v1"], tags].concat();
        lab.run(typed).stderr_has(told).code(2);
    }
    assert_eq!(lab.requests("src").len(), 0);
}
