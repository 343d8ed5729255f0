//! The image for a platform.

use super::{manifests, with_bytes};
use crate::lab::{Image, Lab};

#[test]
fn the_image_for_a_platform_is_selected() {
    let lab = Lab::new();
    let index = Image::attested(1);
    lab.push("src.lab/app:v1", &index);
    let inspect = [
        "--json",
        "inspect",
        "--platform",
        "linux/arm64",
        "src.lab/app:v1",
    ];
    let document = lab.run(inspect).any_stdout().code(0).json();
    assert_eq!(document["digest"], *index.manifests[1].digest);
    assert_eq!(document["index"], index.digest());
    assert_eq!(manifests(&lab), 2);

    lab.run(["inspect", "--platform", "linux/s390x", "src.lab/app:v1"])
        .stderr(format!(
            "error: cannot choose from src.lab/app@{}: there is no image for linux/s390x, \
             only for linux/amd64, linux/arm64\n",
            index.digest()
        ))
        .code(3);
    lab.run(["inspect", "--platform", "arm64", "src.lab/app:v1"])
        .stderr_has("`arm64`")
        .code(2);
    lab.run(["inspect", "--platform", "linux/*", "src.lab/app:v1"])
        .stderr_has("`linux/*` may be several platforms, and one is wanted")
        .code(2);
}

/// A single image is for the platform that its config names.
#[test]
fn an_image_is_selected_where_it_is_for_that_platform() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &Image::small(1));
    let inspect = |platform| lab.run(["inspect", "--platform", platform, "src.lab/app:v1"]);
    inspect("linux/amd64").any_stdout().code(0);
    inspect("linux/arm64")
        .stderr_has("there is no image for linux/arm64, only for linux/amd64")
        .code(3);
    lab.push("src.lab/app:v1", &with_bytes("no JSON"));
    inspect("linux/arm64")
        .stderr_has(
            "its platform is not known, as its config cannot be read: the document is not JSON",
        )
        .code(3);
}

#[test]
fn entries_without_a_platform_are_said_to_be_there() {
    let lab = Lab::new();
    let (one, other) = (Image::small(1), Image::small(2));
    lab.push("src.lab/app:v1", &Image::index(&[("", &one), ("", &other)]));
    for command in [
        &["inspect", "--platform", "linux/amd64"][..],
        &["config"][..],
    ] {
        lab.run([command, &["src.lab/app:v1"]].concat())
            .stderr_has("2 entries say no platform, and REPO@DIGEST takes one")
            .code(3);
    }
}

/// As `copy` writes it.
#[test]
fn an_entry_that_is_an_index_is_shown_as_one() {
    let lab = Lab::new();
    let inner = Image::index(&[("linux/arm64", &Image::small(1))]);
    lab.push("src.lab/app:v1", &Image::index(&[("linux/amd64", &inner)]));
    let platform = ["--platform", "linux/amd64", "src.lab/app:v1"];
    let run = lab.run([&["--json", "inspect"][..], &platform].concat());
    let document = run.any_stdout().code(0).json();
    assert_eq!(document["digest"], inner.digest());
    assert_eq!(document["platforms"][0]["architecture"], "arm64");
    lab.run(
        [
            &["copy", "-q", "--platform", "linux/amd64", "src.lab/app:v1"][..],
            &["dst.lab/app"],
        ]
        .concat(),
    )
    .stdout(format!("dst.lab/app:v1@{}\n", inner.digest()))
    .code(0);
    lab.run([&["config"][..], &platform].concat())
        .stderr_has("is an index, and has no config")
        .code(3);
}

#[test]
fn the_config_of_an_index_is_that_of_one_platform() {
    let lab = Lab::new();
    let (one, other) = (Image::small(1), Image::small(2));
    let both = Image::index(&[("linux/amd64", &one), ("linux/arm64", &other)]);
    lab.push("src.lab/app:v1", &both);
    let config = |image: &Image| String::from_utf8(image.blobs[0].bytes.clone()).unwrap();
    lab.run(["config", "--platform", "linux/arm64", "src.lab/app:v1"])
        .stdout(config(&other))
        .code(0);
    let own = match std::env::consts::ARCH {
        "x86_64" => &one,
        "aarch64" => &other,
        _ => return,
    };
    lab.run(["config", "src.lab/app:v1"])
        .stdout(config(own))
        .code(0);
    lab.push("src.lab/app:v2", &Image::index(&[("linux/riscv64", &one)]));
    lab.run(["config", "src.lab/app:v2"])
        .stderr_has(", only for linux/riscv64")
        .code(3);
}
