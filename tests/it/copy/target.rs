//! Where a copy goes, what it leaves alone, and what it says.

use super::{COPY, copied};
use crate::lab::{Fault, Image, Lab};
use serde_json::json;

#[test]
fn a_copy_says_what_it_did_on_stderr() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/team/app:v1", &image);
    let copy = ["copy", "src.lab/team/app:v1", "dst.lab/team/app:v1"];
    let summary = "...\n3 blobs: 3 sent ([..]); 1 manifest\n";
    lab.run(copy)
        .stdout(copied(&image))
        .stderr_like(summary)
        .code(0);
    lab.run(copy)
        .stdout(copied(&image))
        .stderr("dst.lab/team/app:v1 is up to date\n")
        .code(0);
}

#[test]
fn a_dry_run_reads_and_writes_nothing() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.push("dst.lab/team/app:v1", &old);
    lab.push("src.lab/team/app:v1", &new);
    lab.run([
        "copy",
        "--dry-run",
        "src.lab/team/app:v1",
        "dst.lab/team/app:v1",
    ])
    .stdout(copied(&new))
    .stderr_like("would write 1 image manifest[..]\n[..]points to sha256:[..] now\n")
    .code(0);
    assert_eq!(
        lab.requests("src").to_string(),
        "GET manifests 1, HEAD manifests 1"
    );
    assert_eq!(lab.requests("dst").to_string(), "HEAD manifests 1");
    assert_eq!(
        lab.digest("dst.lab/team/app:v1").as_deref(),
        Some(old.digest())
    );
}

#[test]
fn no_clobber_leaves_another_image_alone() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.push("dst.lab/team/app:v1", &old);
    lab.push("src.lab/team/app:v1", &new);
    let copy = ["copy", "-n", "src.lab/team/app:v1", "dst.lab/team/app:v1"];
    lab.run(copy)
        .stderr_has(format!(
            "dst.lab/team/app:v1 points to {} already",
            old.digest()
        ))
        .code(5);
    assert_eq!(
        lab.digest("dst.lab/team/app:v1").as_deref(),
        Some(old.digest())
    );
    lab.push("src.lab/team/app:v1", &old);
    lab.run(copy).stdout(copied(&old)).any_stderr().code(0);
}

#[test]
fn an_immutable_tag_is_not_moved_unless_that_is_spelled_out() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.home
        .settings(&lab.addressed("immutable:\n  \"dst.lab/team/*\": [\"v*\"]\n"));
    lab.push("src.lab/team/app:v1", &old);
    lab.run(COPY).stdout(copied(&old)).code(0);
    lab.run(COPY).stdout(copied(&old)).code(0);
    lab.push("src.lab/team/app:v1", &new);
    lab.run(COPY)
        .stderr_has("immutable")
        .stderr_has(old.digest())
        .code(5);
    let forbidden = [("CROSSDOCK_FORCE_IMMUTABLE", "1"), ("CROSSDOCK_FORCE", "1")];
    let armed = forbidden
        .iter()
        .fold(lab.run(COPY), |run, (name, value)| run.env(name, *value));
    armed.any_stderr().code(5);
    assert_eq!(
        lab.digest("dst.lab/team/app:v1").as_deref(),
        Some(old.digest())
    );
    lab.run([&COPY[..], &["--force-immutable"]].concat())
        .stdout(copied(&new))
        .code(0);
    lab.assert_holds("dst.lab/team/app:v1", &new);
}

#[test]
fn a_destination_takes_over_what_it_does_not_say() {
    let image = Image::small(1);
    let pinned = format!("src.lab/team/app@{}", image.digest());
    let tagged = format!("src.lab/team/app:v1@{}", image.digest());
    for (from, to, expected) in [
        ("src.lab/team/app:v1", "dst.lab/x", "x:v1"),
        ("src.lab/team/app:v1", "dst.lab/x:y", "x:y"),
        ("src.lab/team/app:v1", "dst.lab/", "team/app:v1"),
        (
            "src.lab/team/app:v1",
            "dst.lab/mirror/",
            "mirror/team/app:v1",
        ),
        ("docker://src.lab/team/app:v1", "docker://dst.lab/x", "x:v1"),
        ("src.lab/team/app", "dst.lab/x", "x:latest"),
        (&pinned, "dst.lab/x:y", "x:y"),
        (&pinned, "dst.lab/x", "x"),
        (&tagged, "dst.lab/x", "x:v1"),
    ] {
        let lab = Lab::new();
        lab.push("src.lab/team/app:v1", &image);
        lab.push("src.lab/team/app:latest", &image);
        let expected = format!("dst.lab/{expected}@{}\n", image.digest());
        lab.run(["copy", "-q", from, to]).stdout(&expected).code(0);
        let at = expected.split('@').next().unwrap_or_default();
        lab.assert_holds(at, &image);
        let tags = usize::from(at.contains(':'));
        let repository = at["dst.lab/".len()..].split(':').next().unwrap_or_default();
        assert_eq!(
            lab.node("dst").registry.tags(repository).len(),
            tags,
            "{from} {to}"
        );
    }
}

#[test]
fn a_source_with_a_tag_and_a_digest_is_the_digest() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.push("src.lab/team/app:v1", &old);
    lab.push("src.lab/team/app:v1", &new);
    let from = format!("src.lab/team/app:v1@{}", old.digest());
    lab.run(["copy", "-q", &from, "dst.lab/team/app:v1"])
        .stdout(copied(&old))
        .code(0);
    let checked = ["copy", "-q", "--check-tag", &from, "dst.lab/team/app:v2"];
    lab.run(checked).stderr_has(new.digest()).code(5);
    assert_eq!(lab.digest("dst.lab/team/app:v2"), None);
}

#[test]
fn a_tag_that_is_not_there_is_answered_with_the_nearest() {
    let lab = Lab::new();
    for tag in ["v1.0", "v1.1", "nightly"] {
        lab.push(&format!("src.lab/team/app:{tag}"), &Image::small(1));
    }
    lab.run(["copy", "src.lab/team/app:v1.2", "dst.lab/team/app"])
        .stderr_like(
            "error: [..]src.lab/team/app:v1.2[..]not found[..](404 MANIFEST_UNKNOWN)[..]\n\
             hint: src.lab/team/app has v1.0, v1.1, nightly\n",
        )
        .code(3);
    assert_eq!(lab.requests("dst").count("POST", "uploads"), 0);
}

/// `team/app` is how `team/app2` begins, and has the tag that is copied.
#[test]
fn what_the_destination_lacks_is_not_looked_for_at_the_source() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let unknown = Fault::on("POST", "/uploads/").always();
    lab.fault(
        "src",
        unknown.refusal(404, "NAME_UNKNOWN", "no such project"),
    );
    lab.run(["copy", "-q", "src.lab/team/app:v1", "src.lab/team/app2"])
        .stderr_like("error: [..]src.lab/team/app2 [..]no such project[..]\n")
        .code(3);
}

#[test]
fn a_digest_or_a_repository_that_is_not_there_is_not_found() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let pinned = format!("src.lab/team/app@{}", Image::small(2).digest());
    for from in [pinned.as_str(), "src.lab/team/other:v1"] {
        lab.run(["copy", from, "dst.lab/x"])
            .stderr_has("404")
            .code(3);
    }
}

#[test]
fn in_json_a_copy_is_one_object() {
    let lab = Lab::new();
    let image = Image::sized(1, &[1000, 2000]);
    lab.push("src.lab/team/app:v1", &image);
    let copy = [
        "copy",
        "--json",
        "src.lab/team/app:v1",
        "dst.lab/team/app:v1",
    ];
    let first = lab.run(copy).any_stdout().any_stderr().code(0).json();
    let again = lab.run(copy).any_stdout().any_stderr().code(0).json();
    let bytes = image.blob_bytes();
    let document = |changed, manifests, sent, bytes| {
        json!({
            "source": "src.lab/team/app:v1", "destination": "dst.lab/team/app:v1",
            "digest": image.digest(), "changed": changed, "dry_run": false,
            "manifests": manifests, "sent": sent, "sent_bytes": bytes, "mounted": 0, "present": 0,
        })
    };
    assert_eq!(first, document(true, 1, 3, bytes));
    assert_eq!(again, document(false, 0, 0, 0));
}

#[test]
fn in_json_an_error_is_one_object_with_its_class() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1.0", &Image::small(1));
    let copy = ["copy", "--json", "src.lab/team/app:v1.1", "dst.lab/x"];
    let error = lab.run(copy).any_stderr().code(3).json_error();
    assert_eq!(
        (error["class"].as_str(), error["exit"].as_i64()),
        (Some("not_found"), Some(3))
    );
    assert_eq!(error["hint"], "src.lab/team/app has v1.0");
}

/// It compares a tag with a digest: without both there is nothing to compare.
#[test]
fn a_check_of_the_tag_wants_a_tag_and_a_digest() {
    let lab = Lab::new();
    let image = Image::small(1);
    lab.push("src.lab/app:v1", &image);
    let pinned = format!("src.lab/app:v1@{}", image.digest());
    let by_digest = format!("src.lab/app@{}", image.digest());
    for (src, more) in [
        ("src.lab/app:v1", &[][..]),
        ("src.lab/app", &[]),
        (&by_digest, &[]),
        ("src.lab/app", &["-a"]),
        ("src.lab/app", &["--tags", "v*"]),
        (&pinned, &["-a"]),
    ] {
        let copy = ["copy", "--check-tag", src, "dst.lab/app"];
        lab.run([&copy[..], more].concat())
            .stderr_has("`--check-tag` wants a source with a tag and a digest")
            .code(2);
    }
    assert_eq!(lab.requests("src").len() + lab.requests("dst").len(), 0);
    lab.run(["copy", "-q", "--check-tag", &pinned, "dst.lab/app"])
        .stdout(format!("dst.lab/app:v1@{}\n", image.digest()))
        .code(0);
}
