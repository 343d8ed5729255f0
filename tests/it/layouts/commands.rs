//! `ls`, `digest`, `tag` and `rm` of folders.

use super::{blob, folder, index, tags, write};
use crate::lab::{Image, Lab};
use serde_json::json;
use std::fs;

/// A folder with one image under `v1`.
fn bench() -> (Lab, Image) {
    let (lab, image) = (Lab::empty(), Image::small(1));
    write(&folder(&lab, "one"), &image, "v1");
    (lab, image)
}

#[test]
fn tags_are_listed_in_the_order_of_the_index() {
    let (lab, _) = bench();
    lab.run(["tag", "-q", "oci:one:v1", "b", "a"])
        .stdout("oci:one:b\noci:one:a\n")
        .code(0);
    let list = || lab.run(["ls", "oci:one"]).any_stdout().code(0).stdout;
    let mut listed: Vec<String> = list().lines().map(str::to_owned).collect();
    assert_eq!(listed[0], "v1");
    listed.sort();
    assert_eq!(listed, ["a", "b", "v1"]);
    for place in ["ocidir:one", "oci:./one", "oci:one/", "ocidir://one"] {
        lab.run(["ls", "--sort", "name", place])
            .stdout("a\nb\nv1\n")
            .code(0);
    }
    let listed = lab
        .run(["ls", "--json", "--filter", "v*", "oci:one"])
        .any_stdout()
        .code(0);
    assert_eq!(listed.json()[0]["reference"], "oci:one:v1");
}

#[test]
fn a_folder_that_looks_like_a_host_is_a_folder() {
    let (lab, image) = (Lab::empty(), Image::small(1));
    for name in ["example.com", "localhost", "a.b/c"] {
        write(&folder(&lab, name), &image, "v1");
        lab.run(["ls", &format!("oci:{name}")])
            .stdout("v1\n")
            .code(0);
        lab.run(["ls", &format!("oci:{name}/")])
            .stdout("v1\n")
            .code(0);
    }
}

#[test]
fn the_digest_of_the_only_image_needs_no_name() {
    let (lab, image) = bench();
    let digest = image.digest();
    for name in ["oci:one", "oci:one:v1", &format!("oci:one@{digest}")] {
        lab.run(["digest", name])
            .stdout(format!("{digest}\n"))
            .code(0);
    }
    let ran = lab
        .run(["digest", "--json", "oci:one:v1"])
        .any_stdout()
        .code(0);
    let expected = json!([{"reference": "oci:one:v1", "digest": digest}]);
    assert_eq!(ran.json(), expected);
}

#[test]
fn of_several_images_latest_is_meant_or_one_must_be_named() {
    let (lab, image) = bench();
    let names: Vec<String> = (10..20).map(|number| format!("v{number}")).collect();
    lab.run(
        ["tag", "-q", "oci:one:v1"]
            .into_iter()
            .chain(names.iter().map(String::as_str)),
    )
    .any_stdout()
    .code(0);
    let ran = lab
        .run(["digest", "oci:one"])
        .stderr_has("oci:one holds several images: v1, ")
        .code(2);
    assert!(ran.stderr.contains(", 3 more"), "{ran}");
    lab.run(["tag", "-q", "oci:one:v1", "latest"])
        .any_stdout()
        .code(0);
    lab.run(["digest", "oci:one"])
        .stdout(format!("{}\n", image.digest()))
        .code(0);
}

#[test]
fn a_tag_that_is_not_there_is_answered_with_those_that_are() {
    let (lab, _) = bench();
    lab.run(["digest", "oci:one:v2"])
        .stderr("error: cannot read oci:one:v2: there is no such tag\nhint: oci:one has v1\n")
        .code(3);
}

#[test]
fn a_tag_moves_and_the_old_entry_goes() {
    let lab = Lab::new();
    let (old, new) = (Image::small(1), Image::small(2));
    write(&folder(&lab, "one"), &old, "v1");
    lab.push("src.lab/team/app:v1", &new);
    lab.run(["copy", "-q", "src.lab/team/app:v1", "oci:one"])
        .any_stdout()
        .code(0);
    let folder = folder(&lab, "one");
    assert_eq!(tags(&folder), [("v1".to_owned(), new.digest().to_owned())]);
    // Its bytes stay, so that it is found by digest.
    let pinned = format!("oci:one@{}", old.digest());
    lab.run(["digest", &pinned])
        .stdout(format!("{}\n", old.digest()))
        .code(0);
}

#[test]
fn a_tag_that_is_there_is_left_alone_where_that_is_wanted() {
    let lab = Lab::new();
    write(&folder(&lab, "one"), &Image::small(1), "v1");
    lab.push("src.lab/team/app:v1", &Image::small(2));
    lab.run(["copy", "-q", "-n", "src.lab/team/app:v1", "oci:one"])
        .stderr_has("is left alone")
        .code(5);
}

#[test]
fn a_tag_is_removed_alone_and_an_image_with_its_manifest() {
    let (lab, image) = bench();
    let (digest, folder) = (image.digest(), folder(&lab, "one"));
    lab.run(["tag", "-q", "oci:one:v1", "v2"])
        .any_stdout()
        .code(0);
    lab.run(["rm", "oci:one:v1"])
        .stdout(format!("oci:one:v1@{digest}\n"))
        .code(0);
    assert_eq!(tags(&folder), [("v2".to_owned(), digest.to_owned())]);
    let pinned = format!("oci:one@{digest}");
    lab.run(["rm", &pinned]).stderr_has("v2").code(5);
    lab.run(["rm", "--force", &pinned])
        .stdout(format!("{pinned} (v2)\n"))
        .code(0);
    assert_eq!(tags(&folder), []);
    assert!(!blob(&folder, digest).exists());
    assert!(blob(&folder, &image.blobs[1].digest).exists());
    lab.run(["rm", &pinned]).any_stderr().code(3);
}

/// What is cut short is not missing.
#[test]
fn a_file_of_a_folder_that_was_cut_has_another_size() {
    let (lab, image) = (Lab::empty(), Image::small(1));
    let folder = folder(&lab, "one");
    write(&folder, &image, "v1");
    let cut = &image.blobs[1].digest;
    fs::File::options()
        .write(true)
        .open(blob(&folder, cut))
        .and_then(|file| file.set_len(5))
        .unwrap();
    for check in [
        &["check", "oci:one:v1"][..],
        &["check", "--fast", "oci:one:v1"],
    ] {
        lab.run(check)
            .stdout(format!(
                "oci:one:v1@{} incomplete\n  {cut} wrong size: 5 bytes, listed with 1000 (layer 1)\n",
                image.digest()
            ))
            .stderr_has("hint: `crossdock copy --deep SRC DST` from where it is complete puts it right")
            .code(8);
    }
}

#[test]
fn what_is_listed_without_a_tag_keeps_what_it_needs() {
    let lab = Lab::empty();
    let parts = [Image::small(1), Image::small(2)];
    let all = Image::index(&[("linux/amd64", &parts[0]), ("linux/arm64", &parts[1])]);
    let folder = folder(&lab, "one");
    write(&folder, &all, "v1");
    let mut listed = index(&folder);
    listed["manifests"][0]["annotations"] = json!({});
    fs::write(folder.join("index.json"), listed.to_string()).unwrap();
    let pinned = format!("oci:one@{}", parts[0].digest());
    lab.run(["rm", &pinned])
        .stderr_has(format!("is part of {}", all.digest()))
        .code(5);
    // Itself it is kept by nothing.
    lab.run(["rm", &format!("oci:one@{}", all.digest())])
        .any_stdout()
        .code(0);
    lab.run(["rm", &pinned]).any_stdout().code(0);
}

#[test]
fn a_name_that_is_no_tag_is_a_use_too() {
    let (lab, image) = (Lab::empty(), Image::small(1));
    let name = "docker.io/library/x:v1";
    write(&folder(&lab, "one"), &image, name);
    let pinned = format!("oci:one@{}", image.digest());
    lab.run(["rm", &pinned]).stderr_has(name).code(5);
    lab.run(["rm", "--force", &pinned]).any_stdout().code(0);
    assert_eq!(tags(&folder(&lab, "one")), []);
}
