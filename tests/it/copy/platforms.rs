//! Some of an index's platforms: one image, or a new index of several.

use crate::lab::{Fault, Image, Lab};
use serde_json::Value;

const SRC: &str = "src.lab/app:v1";
const DST: &str = "dst.lab/app:v1";
const THREE: [&str; 3] = ["amd64", "arm64", "s390x"];

/// An index of three platforms with an attestation each.
fn whole() -> Image {
    Image::attested_for(1, &THREE)
}

/// The image of the platform at this place.
fn one(place: u64) -> Image {
    Image::small(1 + place)
}

fn lab() -> Lab {
    let lab = Lab::new();
    lab.push(SRC, &whole());
    lab
}

fn copy<'a>(platforms: &[&'a str]) -> Vec<&'a str> {
    let flags = platforms
        .iter()
        .flat_map(|platform| ["--platform", platform]);
    ["copy", "--progress", "none", SRC, DST]
        .into_iter()
        .chain(flags)
        .collect()
}

/// The digests that the index at the destination lists.
fn listed(lab: &Lab, node: &str) -> Vec<String> {
    let reply = lab.node(node).call("GET", "/v2/app/manifests/v1", "", b"");
    assert_eq!(reply.status, 200);
    let index: Value = serde_json::from_slice(&reply.body).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["digest"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn one_platform_is_its_image() {
    for (platform, place) in [
        ("linux/amd64", 0),
        ("linux/arm64/v8", 1),
        ("linux/s390x", 2),
    ] {
        let (lab, image) = (lab(), one(place));
        lab.run(copy(&[platform]))
            .stdout(format!("{DST}@{}\n", image.digest()))
            .code(0);
        lab.assert_holds(DST, &image);
        assert_eq!(lab.node("dst").registry.manifest_count(), 1);
        assert_eq!(lab.requests("dst").uploaded(), image.blob_bytes());
    }
}

#[test]
fn local_is_the_platform_of_this_machine() {
    let place = match std::env::consts::ARCH {
        "x86_64" => 0,
        "aarch64" => 1,
        "s390x" => 2,
        _ => return,
    };
    let lab = lab();
    let ran = lab.run(copy(&["local"])).any_stdout().any_stderr().run();
    if std::env::consts::OS == "linux" {
        assert_eq!(ran.code, 0, "{ran}");
        lab.assert_holds(DST, &one(place));
    }
}

#[test]
fn several_platforms_are_a_new_index_with_their_attestations() {
    let lab = lab();
    let copy = copy(&["linux/s390x", "linux/amd64"]);
    let ran = lab
        .run([&copy[..], &["--json"]].concat())
        .any_stdout()
        .any_stderr()
        .code(0);
    let row = ran.json();
    let digest = lab.digest(DST).unwrap();
    assert_eq!(
        (&row["digest"], &row["chosen_from"]),
        (&digest.as_str().into(), &whole().digest().into())
    );
    assert_ne!(digest, whole().digest());
    let all = whole();
    let all: Vec<&str> = all
        .manifests
        .iter()
        .map(|part| part.digest.as_str())
        .collect();
    assert_eq!(
        listed(&lab, "dst"),
        [all[0], all[2], all[3], all[5]],
        "in the old order"
    );
    let reply = lab
        .node("dst")
        .call("GET", &format!("/v2/app/manifests/{}", all[1]), "", b"");
    assert_eq!(reply.status, 404);
    // The note, and once more: the same bytes, so that there is nothing to do.
    lab.heal();
    lab.run(&copy)
        .stdout(format!("{DST}@{digest}\n"))
        .stderr_has(format!(
            "note: {digest} is a new index: what signs {} does not cover it",
            whole().digest()
        ))
        .code(0);
    assert_eq!(lab.requests("dst").to_string(), "HEAD manifests 1");
    assert_eq!(lab.requests("src").to_string(), "GET manifests 1");
}

#[test]
fn the_platforms_of_a_wildcard_are_an_index() {
    let (windows, arm) = (Image::small(1), Image::small(2));
    let amd = Image::small(3);
    let index = Image::index(&[
        ("windows/amd64", &windows),
        ("linux/arm64", &arm),
        ("linux/amd64", &amd),
    ]);
    for (pattern, wanted) in [
        ("linux/*", &[&arm, &amd][..]),
        ("*/amd64", &[&windows, &amd]),
        ("windows/*", &[&windows]),
    ] {
        let lab = Lab::new();
        lab.push(SRC, &index);
        lab.run(copy(&[pattern])).any_stdout().any_stderr().code(0);
        let wanted: Vec<&str> = wanted.iter().map(|image| image.digest()).collect();
        assert_eq!(listed(&lab, "dst"), wanted, "{pattern}");
    }
}

#[test]
fn all_platforms_are_the_same_index() {
    for platforms in [
        &["linux/amd64", "linux/arm64", "linux/s390x"][..],
        &["linux/*"],
        &["*/*"],
    ] {
        let lab = lab();
        let ran = lab
            .run([&copy(platforms)[..], &["--json"]].concat())
            .any_stdout()
            .code(0);
        assert_eq!(ran.json().get("chosen_from"), None);
        lab.assert_holds(DST, &whole());
    }
}

#[test]
fn a_platform_that_is_not_there_names_those_that_are() {
    let lab = lab();
    for platforms in [
        &["linux/riscv64"][..],
        &["linux/amd64", "linux/riscv64"],
        &["plan9/*"],
    ] {
        let wanted = platforms.last().unwrap();
        lab.run(copy(platforms))
            .stderr_has(format!("there is no image for {wanted}"))
            .stderr_has("only for linux/amd64, linux/arm64, linux/s390x")
            .code(3);
    }
    assert_eq!(lab.digest(DST), None);
    assert_eq!(lab.requests("dst").count("POST", "uploads"), 0);
}

#[test]
fn what_is_no_platform_is_a_mistake() {
    let lab = lab();
    for typed in [
        "linux",
        "",
        "linux/amd64,linux/arm64",
        "linux/a*",
        "a/b/c/d",
    ] {
        lab.run(copy(&[typed])).any_stderr().code(2);
    }
    assert_eq!(lab.requests("src").len(), 0);
}

#[test]
fn an_image_without_an_index_is_its_platform_or_is_not() {
    let image = Image::small(1);
    let lab = Lab::new();
    lab.push(SRC, &image);
    lab.run(copy(&["linux/arm64"]))
        .stderr_has("there is no image for linux/arm64, only for linux/amd64")
        .code(3);
    assert_eq!(lab.digest(DST), None);
    for platforms in [&["linux/amd64"][..], &["linux/*"], &["*/*"]] {
        lab.run(copy(platforms))
            .stdout(format!("{DST}@{}\n", image.digest()))
            .any_stderr()
            .code(0);
    }
    lab.assert_holds(DST, &image);
}

#[test]
fn to_several_destinations_goes_the_same_index() {
    let lab = Lab::new().open("far");
    lab.push(SRC, &whole());
    let far = "far.lab/app:v1";
    let ran = lab
        .run([&copy(&["linux/amd64", "linux/arm64"])[..], &[far]].concat())
        .any_stdout()
        .any_stderr()
        .code(0);
    let digest = lab.digest(DST).unwrap();
    assert_eq!(ran.stdout, format!("{DST}@{digest}\n{far}@{digest}\n"));
    assert_eq!(ran.stderr.matches("is a new index").count(), 1);
    assert_eq!(lab.digest(far), Some(digest));
    assert_eq!(listed(&lab, "dst"), listed(&lab, "far"));
    assert_eq!(lab.requests("src").count("GET", "blobs"), 2 * 3 + 2 * 2);
}

#[test]
fn each_tag_is_narrowed_by_itself() {
    let lab = Lab::new();
    lab.push("src.lab/app:v1", &whole());
    lab.push("src.lab/app:v2", &Image::small(9));
    lab.push(
        "src.lab/app:v3",
        &Image::index(&[("linux/arm64", &Image::small(8))]),
    );
    lab.run([
        "copy",
        "-q",
        "-a",
        "--platform",
        "linux/amd64",
        "src.lab/app",
        "dst.lab/app",
    ])
    .any_stdout()
    .stderr_has("there is no image for linux/amd64, only for linux/arm64")
    .code(10);
    lab.assert_holds("dst.lab/app:v1", &one(0));
    lab.assert_holds("dst.lab/app:v2", &Image::small(9));
    assert_eq!(lab.digest("dst.lab/app:v3"), None);
}

/// A tag of the old index stays where it is if the new one cannot be written.
#[test]
fn a_new_index_that_is_refused_leaves_the_tag() {
    let lab = lab();
    let old = Image::small(50);
    lab.push(DST, &old);
    let refused = Fault::on("PUT", "/manifests/v1").always();
    lab.fault("dst", refused.refusal(403, "DENIED", "not for you"));
    lab.run(copy(&["linux/amd64", "linux/arm64"]))
        .any_stderr()
        .code(4);
    lab.assert_holds(DST, &old);
}

/// A source by digest alone is a digest there: that of what is chosen.
#[test]
fn a_choice_from_a_digest_is_written_under_its_own() {
    let src = format!("src.lab/app@{}", whole().digest());
    for to in ["dst.lab/app", "dst.lab/"] {
        for platforms in [&["linux/arm64"][..], &["linux/amd64", "linux/arm64"]] {
            let lab = lab();
            let mut copy = copy(platforms);
            (copy[3], copy[4]) = (&src, to);
            let ran = lab.run(&copy).any_stdout().any_stderr().code(0);
            let digest = ran.stdout.strip_prefix("dst.lab/app@").unwrap().trim_end();
            let reply =
                lab.node("dst")
                    .call("GET", &format!("/v2/app/manifests/{digest}"), "", b"");
            assert_eq!(reply.status, 200, "{ran}");
            assert_ne!(digest, whole().digest());
            let told = format!(
                "note: {digest} is a new index: what signs {} does not cover it\n",
                whole().digest()
            );
            match platforms.len() {
                1 => assert_eq!((digest, &*ran.stderr), (one(1).digest(), ""), "{ran}"),
                _ => assert_eq!(ran.stderr, told, "{ran}"),
            }
            assert!(lab.node("dst").registry.tags("app").is_empty());
            // The same once more is there.
            let again = lab.run(&copy).any_stdout().any_stderr().code(0);
            assert_eq!(again.stdout, ran.stdout);
        }
    }
}

/// What cosign puts beside an image is no image, and belongs to the whole index.
#[test]
fn tags_of_signatures_are_left_out_where_platforms_are_asked_for() {
    let lab = lab();
    let stem = whole().digest().replace(':', "-");
    for (end, seed) in [("sig", 10), ("att", 20), ("sbom", 30)] {
        let attached = Image::artifact(seed);
        lab.push(&format!("src.lab/app:{stem}.{end}"), &attached);
    }
    let all = ["copy", "-a", "--platform", "linux/amd64"];
    lab.run([&all[..], &["-q", "src.lab/app", "dst.lab/app"]].concat())
        .stdout(format!("{DST}@{}\n", one(0).digest()))
        .code(0);
    assert_eq!(lab.node("dst").registry.tags("app").len(), 1);
}

/// Who asks for platforms hears of what says none.
#[test]
fn entries_without_a_platform_are_a_note() {
    let (amd, arm) = (Image::small(1), Image::small(2));
    for (without, told) in [
        (&[3][..], "note: 1 entry of src.lab/app:v1 without"),
        (&[3, 4], "note: 2 entries of src.lab/app:v1 without"),
    ] {
        let lab = Lab::new();
        let without: Vec<Image> = without.iter().map(|seed| Image::small(*seed)).collect();
        let mut entries = vec![("linux/amd64", &amd), ("linux/arm64", &arm)];
        entries.extend(without.iter().map(|image| ("", image)));
        lab.push(SRC, &Image::index(&entries));
        lab.run(copy(&["linux/amd64", "linux/arm64"]))
            .any_stdout()
            .stderr_has(format!("{told} a platform left out\n"))
            .code(0);
        assert_eq!(listed(&lab, "dst"), [amd.digest(), arm.digest()]);
    }
}
