//! `rm`: what was named, and nothing else.

use crate::lab::{Image, Lab};
use crossdock::server::{Options, TagDelete};
use serde_json::json;

fn that_deletes_tags(tag_delete: TagDelete) -> Lab {
    Lab::empty().registry("src", |_| Options {
        tag_delete,
        ..Options::default()
    })
}

#[test]
fn a_tag_is_removed_and_not_what_others_share() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.push("src.lab/app:stable", &image);
    lab.run(["rm", "src.lab/app:v1"])
        .stdout(format!("src.lab/app:v1@{}\n", image.digest()))
        .code(0);
    assert_eq!(lab.digest("src.lab/app:v1"), None);
    lab.assert_holds("src.lab/app:stable", &image);
}

#[test]
fn an_image_that_a_tag_points_to_wants_force() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.push("src.lab/app:v2", &image);
    let pinned = format!("src.lab/app@{}", image.digest());
    lab.run(["rm", &pinned])
        .stderr_like("error: [..]v1, v2[..]\nhint: `--force`[..]\n")
        .code(5);
    lab.assert_holds("src.lab/app:v1", &image);
    lab.run(["rm", "--force", &pinned])
        .stdout(format!("{pinned} (v1, v2)\n"))
        .code(0);
    assert_eq!(lab.node("src").registry.tags("app"), []);
    assert_eq!(lab.node("src").registry.manifest_count(), 0);
}

#[test]
fn an_image_that_nothing_points_to_is_removed() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app", &image);
    let pinned = format!("src.lab/app@{}", image.digest());
    lab.run(["rm", &pinned])
        .stdout(format!("{pinned}\n"))
        .code(0);
    assert_eq!(lab.node("src").registry.manifest_count(), 0);
    lab.run(["rm", &pinned]).stderr_has("404").code(3);
}

#[test]
fn a_child_of_a_tagged_index_wants_force() {
    let lab = Lab::new();
    let child = Image::small(1);
    let inner = Image::index(&[("linux/amd64", &child)]);
    lab.push("src.lab/app:v1", &Image::index(&[("", &inner)]));
    let pinned = format!("src.lab/app@{}", child.digest());
    lab.run(["rm", &pinned]).stderr_has("is part of v1").code(5);
    assert_eq!(lab.node("src").registry.manifest_count(), 3);
}

#[test]
fn a_registry_that_cannot_untag_loses_the_image_only_where_no_other_tag_has_it() {
    for kind in [TagDelete::Invalid, TagDelete::Unsupported] {
        let lab = that_deletes_tags(kind);
        let (alone, shared) = (Image::small(1), Image::small(2));
        lab.push("src.lab/app:alone", &alone);
        lab.push("src.lab/app:v1", &shared);
        lab.push("src.lab/app:v2", &shared);
        let removed = format!("src.lab/app:alone@{}\n", alone.digest());
        lab.run(["rm", "src.lab/app:alone"]).stdout(removed).code(0);
        assert_eq!(lab.digest("src.lab/app:alone"), None);
        lab.run(["rm", "src.lab/app:v1"])
            .stderr_has("v2")
            .stderr_has("hint: `crossdock rm --force src.lab/app@sha256:")
            .code(5);
        lab.assert_holds("src.lab/app:v1", &shared);
        lab.assert_holds("src.lab/app:v2", &shared);
    }
}

#[test]
fn a_registry_that_deletes_nothing_says_so() {
    let lab = Lab::empty().registry("src", |_| Options {
        delete: false,
        ..Options::default()
    });
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.run(["rm", "src.lab/app:v1"])
        .stderr_has("405")
        .stderr_has("switched off")
        .code(1);
    let pinned = format!("src.lab/app@{}", image.digest());
    lab.run(["rm", "--force", &pinned])
        .stderr_has("switched off")
        .code(1);
    lab.assert_holds("src.lab/app:v1", &image);
}

#[test]
fn an_immutable_tag_stays_unless_that_is_spelled_out() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.home.settings("immutable:\n  \"*\": [\"v*\"]\n");
    lab.push("src.lab/app:v1", &image);
    let pinned = format!("src.lab/app@{}", image.digest());
    for typed in [&["rm", "src.lab/app:v1"][..], &["rm", "--force", &pinned]] {
        lab.run(typed)
            .stderr_has("src.lab/app:v1 is immutable")
            .code(5);
    }
    lab.assert_holds("src.lab/app:v1", &image);
    lab.run(["rm", "--force-immutable", "src.lab/app:v1"])
        .any_stdout()
        .code(0);
    assert_eq!(lab.digest("src.lab/app:v1"), None);
}

#[test]
fn a_dry_run_removes_nothing() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.run(["rm", "--dry-run", "src.lab/app:v1"])
        .stdout(format!("src.lab/app:v1@{}\n", image.digest()))
        .code(0);
    lab.assert_holds("src.lab/app:v1", &image);
    assert_eq!(lab.requests("src").count("DELETE", "manifests"), 0);
}

#[test]
fn neither_tag_nor_digest_or_both_is_no_target() {
    let lab = Lab::new();
    lab.push("src.lab/app:latest", &Image::small(1));
    let both = format!("src.lab/app:latest@{}", Image::small(1).digest());
    lab.run(["rm", "src.lab/app"])
        .stderr_has("src.lab/app:latest")
        .code(2);
    lab.run(["rm", &both]).stderr_has("one of them").code(2);
    lab.run(["rm"]).any_stderr().code(2);
    assert_eq!(lab.requests("src").len(), 0);
}

#[test]
fn several_are_removed_and_what_fails_is_told() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    lab.push("src.lab/app:v2", &image);
    let rm = [
        "rm",
        "--json",
        "src.lab/app:v1",
        "src.lab/app:v3",
        "src.lab/app:v2",
    ];
    let ran = lab.run(rm).any_stdout().any_stderr().code(10);
    let row = |tag: &str| {
        json!({
            "reference": format!("src.lab/app:{tag}"), "digest": image.digest(),
            "tags": [tag], "dry_run": false,
        })
    };
    assert_eq!(ran.json(), json!([row("v1"), row("v2")]));
    assert_eq!(lab.node("src").registry.tags("app"), []);
}
