//! Copies to, from and between folders.

use super::{FILES, NAME, assert_holds, folder, index, names, tags, write};
use crate::lab::{Image, Lab};
use serde_json::json;

/// Every shape of image that the bench can make.
fn shapes() -> Vec<Image> {
    let (one, other) = (Image::small(1), Image::small(2));
    let inner = Image::index(&[("linux/arm64", &other)]);
    let mut sha512 = Image::small(3).blobs;
    let by_sha512 = sha512.remove(1).by_sha512();
    vec![
        Image::small(4),
        Image::sized(5, &[0, 1, 3_000_000]),
        Image::index(&[("linux/amd64", &one), ("linux/arm64", &other)]),
        Image::index(&[("linux/amd64", &one), ("", &inner)]),
        Image::attested(6),
        Image::artifact(7),
        Image::docker(8),
        Image::docker_list(&[("linux/amd64", &Image::docker(9))]),
        Image::of(10, vec![by_sha512]),
    ]
}

#[test]
fn every_shape_goes_through_a_folder_and_is_the_same() {
    for (number, image) in shapes().iter().enumerate() {
        let lab = Lab::new();
        lab.push("src.lab/team/app:v1", image);
        let digest = image.digest();
        for (from, to) in [
            ("src.lab/team/app:v1", "oci:one"),
            ("oci:one", "ocidir:two:v1"),
            ("oci:two:v1", "dst.lab/team/app"),
            ("dst.lab/team/app:v1", "src.lab/other/app:v1"),
        ] {
            let ran = lab.run(["copy", "-q", from, to]).any_stdout().code(0);
            assert!(
                ran.stdout.ends_with(&format!(":v1@{digest}\n")),
                "{number}: {ran}"
            );
        }
        lab.assert_holds("src.lab/other/app:v1", image);
        for name in ["one", "two"] {
            let folder = folder(&lab, name);
            assert_holds(&folder, image);
            assert_eq!(names(&folder), FILES);
            // Children are not listed.
            assert_eq!(tags(&folder), [("v1".to_owned(), digest.to_owned())]);
        }
    }
}

#[test]
fn a_copy_again_reads_and_writes_nothing() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let copy = || {
        lab.run(["copy", "--progress=none", "src.lab/team/app:v1", "oci:one"])
            .any_stdout()
    };
    copy().any_stderr().code(0);
    lab.heal();
    copy().stderr("oci:one:v1 is up to date\n").code(0);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 0);
}

#[test]
fn only_missing_blobs_are_moved_into_a_folder() {
    let lab = Lab::new();
    let (old, new) = (Image::sized(1, &[5000]), Image::sized(1, &[5000, 6000]));
    lab.push("src.lab/team/app:v1", &old);
    lab.run(["copy", "-q", "src.lab/team/app:v1", "oci:one"])
        .any_stdout()
        .code(0);
    lab.push("src.lab/team/app:v2", &new);
    lab.heal();
    lab.run(["copy", "-q", "src.lab/team/app:v2", "oci:one"])
        .any_stdout()
        .code(0);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 1);
    assert_holds(&folder(&lab, "one"), &new);
}

#[test]
fn a_copy_by_digest_is_listed_without_a_tag() {
    let lab = Lab::new();
    let image = Image::attested(1);
    let digest = image.digest();
    lab.push("src.lab/team/app:v1", &image);
    lab.run([
        "copy",
        "-q",
        &format!("src.lab/team/app@{digest}"),
        "oci:one",
    ])
    .stdout(format!("oci:one@{digest}\n"))
    .code(0);
    let folder = folder(&lab, "one");
    assert_eq!(tags(&folder), [(String::new(), digest.to_owned())]);
    // It is the only image, so that nobody has to name it.
    lab.run(["digest", "oci:one"])
        .stdout(format!("{digest}\n"))
        .code(0);
    let child = &image.manifests[0].digest;
    lab.run(["digest", &format!("oci:one@{child}")])
        .stdout(format!("{child}\n"))
        .code(0);
}

#[test]
fn what_others_wrote_into_the_index_is_kept() {
    let lab = Lab::new();
    let (theirs, ours) = (Image::small(1), Image::small(2));
    let folder = folder(&lab, "one");
    write(&folder, &theirs, "docker.io/library/x:v1");
    let mut before = index(&folder);
    before["manifests"][0]["platform"] = json!({"os": "linux", "architecture": "amd64"});
    before["com.example"] = json!({"b": [1, 2.0], "a": null});
    std::fs::write(folder.join("index.json"), before.to_string()).unwrap();
    lab.push("src.lab/team/app:v2", &ours);
    lab.run(["copy", "-q", "src.lab/team/app:v2", "oci:one"])
        .any_stdout()
        .code(0);
    let mut after = index(&folder);
    let added = after["manifests"].as_array_mut().unwrap().pop().unwrap();
    assert_eq!(after.to_string(), before.to_string());
    assert_eq!(added["annotations"][NAME], "v2");
    assert_eq!(added["digest"], ours.digest());
    lab.run(["ls", "oci:one"])
        .stdout("v2\n")
        .stderr("note: 1 name is no tag there, and not listed\n")
        .code(0);
}

#[test]
fn a_spoiled_read_does_not_get_into_a_folder() {
    let lab = Lab::new();
    let image = Image::sized(1, &[400_000]);
    lab.push("src.lab/team/app:v1", &image);
    lab.fault(
        "src",
        crate::lab::Fault::on("GET", "/blobs/").always().spoil(),
    );
    lab.run(["copy", "-q", "src.lab/team/app:v1", "oci:one"])
        .stderr_has("do not match")
        .code(8);
    let folder = folder(&lab, "one");
    assert_eq!(names(&folder.join("blobs/sha256")), [""; 0]);
    assert_eq!(tags(&folder), []);
}

#[test]
fn a_source_that_says_no_is_what_failed() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let denied = crate::lab::Fault::on("GET", "/blobs/").always();
    lab.fault("src", denied.refusal(403, "DENIED", "not for you"));
    lab.run(["copy", "-q", "src.lab/team/app:v1", "oci:one"])
        .stderr_has("cannot read from src.lab/team/app")
        .stderr_has("not for you")
        .code(4);
}
