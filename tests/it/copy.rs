//! What a copy is: the same bytes under the same digest, asked for and sent once.

use crate::lab::image::{INDEX, layer};
use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Mount, Options};
use serde_json::json;

/// What copying the image that is at `src.lab/team/app:v1` prints.
fn copied(image: &Image) -> String {
    format!("dst.lab/team/app:v1@{}\n", image.digest())
}

const COPY: [&str; 4] = ["copy", "-q", "src.lab/team/app:v1", "dst.lab/team/app:v1"];

#[track_caller]
fn is_copied_unchanged(image: &Image) {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", image);
    lab.run(COPY).stdout(copied(image)).code(0);
    lab.assert_holds("dst.lab/team/app:v1", image);
    let uploaded = lab.requests("dst").uploaded();
    assert_eq!(uploaded, image.blob_bytes(), "each blob is sent once");
}

#[test]
fn an_image() {
    is_copied_unchanged(&Image::sized(1, &[10, 100_000, 1_000_000]));
}

#[test]
fn an_index_with_its_platforms() {
    let (amd, arm) = (Image::small(1), Image::small(2));
    is_copied_unchanged(&Image::index(&[
        ("linux/amd64", &amd),
        ("linux/arm64", &arm),
    ]));
}

#[test]
fn an_index_whose_children_share_layers() {
    let one = Image::of(1, vec![layer(1, 5000), layer(2, 500)]);
    let other = Image::of(2, vec![layer(1, 5000), layer(3, 500)]);
    is_copied_unchanged(&Image::index(&[
        ("linux/amd64", &one),
        ("linux/arm64", &other),
    ]));
}

#[test]
fn an_index_with_attestations() {
    is_copied_unchanged(&Image::attested(1));
}

#[test]
fn an_index_within_an_index() {
    let inner = Image::index(&[("linux/amd64", &Image::small(1))]);
    let outer = Image::index(&[("", &inner), ("linux/arm64", &Image::small(2))]);
    is_copied_unchanged(&Image::index(&[("", &outer), ("", &inner)]));
}

#[test]
fn an_index_of_nothing() {
    is_copied_unchanged(&Image::index(&[]));
}

#[test]
fn an_artifact_with_an_empty_config() {
    is_copied_unchanged(&Image::artifact(1));
}

#[test]
fn docker_s_own_formats() {
    is_copied_unchanged(&Image::docker(1));
    let list = [
        ("linux/amd64", &Image::docker(1)),
        ("linux/arm64", &Image::docker(2)),
    ];
    is_copied_unchanged(&Image::docker_list(&list));
}

#[test]
fn a_layer_of_no_bytes_and_one_twice() {
    is_copied_unchanged(&Image::of(
        1,
        vec![layer(1, 0), layer(2, 700), layer(2, 700)],
    ));
}

#[test]
fn a_layer_named_by_its_sha512() {
    is_copied_unchanged(&Image::of(
        1,
        vec![layer(1, 5000).by_sha512(), layer(2, 0).by_sha512()],
    ));
}

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
fn nothing_to_do_takes_a_question_to_each_side() {
    let lab = Lab::new();
    let image = Image::attested(1);
    lab.push("src.lab/team/app:v1", &image);
    lab.push("dst.lab/team/app:v1", &image);
    lab.run(COPY).stdout(copied(&image)).code(0);
    for side in ["src", "dst"] {
        assert_eq!(lab.requests(side).to_string(), "HEAD manifests 1", "{side}");
    }
}

#[test]
fn a_cold_copy_asks_for_nothing_twice() {
    let lab = Lab::new();
    let image = Image::sized(1, &[200_000, 100_000, 1000, 50, 1]);
    lab.push("src.lab/team/app:v1", &image);
    lab.run(COPY).stdout(copied(&image)).code(0);
    let read = "GET blobs 6, GET manifests 1, HEAD manifests 1";
    assert_eq!(lab.requests("src").to_string(), read);
    let written = "HEAD manifests 1, POST uploads 6, PUT manifests 1, PUT uploads 6";
    assert_eq!(lab.requests("dst").to_string(), written);
    assert_eq!(lab.requests("src").downloaded(), image.blob_bytes());
}

#[test]
fn within_a_registry_blobs_are_mounted() {
    let lab = Lab::empty().open("src");
    let image = Image::sized(1, &[200_000, 1000]);
    lab.push("src.lab/dev/app:v1", &image);
    lab.run(["copy", "-q", "src.lab/dev/app:v1", "src.lab/prod/app:v1"])
        .stdout(format!("src.lab/prod/app:v1@{}\n", image.digest()))
        .code(0);
    lab.assert_holds("src.lab/prod/app:v1", &image);
    let asked = "GET manifests 1, HEAD manifests 2, POST uploads 3, PUT manifests 1";
    let requests = lab.requests("src");
    assert_eq!(
        (requests.to_string().as_str(), requests.uploaded()),
        (asked, 0)
    );
}

#[test]
fn within_a_repository_only_the_manifest_is_written() {
    let lab = Lab::empty().open("src");
    let image = Image::attested(1);
    lab.push("src.lab/app:v1", &image);
    lab.run(["copy", "-q", "src.lab/app:v1", "src.lab/app:v2"])
        .stdout(format!("src.lab/app:v2@{}\n", image.digest()))
        .code(0);
    lab.assert_holds("src.lab/app:v2", &image);
    let asked = "GET manifests 1, HEAD manifests 2, PUT manifests 1";
    assert_eq!(lab.requests("src").to_string(), asked);
}

#[test]
fn a_registry_that_does_not_mount_gets_the_bytes() {
    for mount in [Mount::Ignored, Mount::Unknown] {
        let lab = Lab::empty().registry("src", |_| Options {
            mount,
            ..Options::default()
        });
        let image = Image::sized(1, &[100_000, 1000]);
        lab.push("src.lab/dev/app:v1", &image);
        lab.run(["copy", "-q", "src.lab/dev/app:v1", "src.lab/prod/app:v1"])
            .any_stdout()
            .code(0);
        lab.assert_holds("src.lab/prod/app:v1", &image);
        assert_eq!(
            lab.requests("src").uploaded(),
            image.blob_bytes(),
            "{mount:?}"
        );
    }
}

#[test]
fn blobs_that_are_there_are_not_sent_again() {
    let lab = Lab::new();
    let old = Image::of(1, vec![layer(1, 200_000), layer(2, 1000)]);
    let new = Image::of(2, vec![layer(1, 200_000), layer(3, 5000)]);
    lab.push("dst.lab/team/app:v1", &old);
    lab.push("src.lab/team/app:v1", &new);
    lab.run(COPY).stdout(copied(&new)).code(0);
    lab.assert_holds("dst.lab/team/app:v1", &new);
    let sent = new.blob_bytes() - 200_000;
    assert_eq!(lab.requests("dst").uploaded(), sent);
    assert_eq!(lab.requests("src").downloaded(), sent);
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

/// Strictness is for what is read, and nothing of what is wrong is written.
#[test]
fn an_index_whose_child_is_not_what_it_lists_is_not_copied() {
    let lab = Lab::new();
    let child = Image::small(1);
    let mut listed = child.root().descriptor();
    listed["size"] = json!(child.root().bytes.len() + 1);
    let document = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]});
    lab.push("src.lab/team/app:child", &child);
    let reply = lab.node("src").call(
        "PUT",
        "/v2/team/app/manifests/v1",
        INDEX,
        document.to_string().as_bytes(),
    );
    assert_eq!(reply.status, 201);
    lab.run(COPY).stderr_has(child.digest()).code(8);
    assert_eq!(lab.digest("dst.lab/team/app:v1"), None);
    assert_eq!(lab.requests("dst").count("POST", "uploads"), 0);
}

#[test]
fn so_many_blobs_at_once_as_the_user_says() {
    let lab = Lab::new();
    let image = Image::sized(1, &[1000; 12]);
    lab.push("src.lab/team/app:v1", &image);
    lab.fault(
        "dst",
        Fault::on("POST", "/uploads/")
            .always()
            .delay(std::time::Duration::from_millis(20)),
    );
    lab.run([&COPY[..], &["-j", "1"]].concat())
        .stdout(copied(&image))
        .code(0);
    let requests = lab.requests("dst");
    let uploads: Vec<&str> = requests
        .all()
        .iter()
        .filter(|seen| seen.kind() == "uploads")
        .map(|seen| seen.method.as_str())
        .collect();
    assert_eq!(uploads, ["POST", "PUT"].repeat(13));
}
