//! `--referrers`: what is attached to an image, to its parts and to other attachments goes along,
//! and is found at the destination as it was at the source.

use crate::lab::image::{INDEX, layer};
use crate::lab::{Fault, Image, Lab};
use crossdock::server::Options;
use serde_json::Value;

pub(super) const SRC: &str = "src.lab/app:v1";
pub(super) const DST: &str = "dst.lab/app:v1";
pub(super) const COPY: [&str; 6] = ["copy", "--progress", "none", "--referrers", SRC, DST];
const SBOM: &str = "application/spdx+json";
const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

/// Two registries, with a list of referrers of their own or without.
pub(super) fn lab(source_lists: bool, destination_lists: bool) -> Lab {
    let options = |referrers| {
        move |_: &str| Options {
            referrers,
            ..Options::default()
        }
    };
    Lab::empty()
        .registry("src", options(source_lists))
        .registry("dst", options(destination_lists))
}

/// `sha256-HEX`.
pub(super) fn tag_of(subject: &Image) -> String {
    subject.digest().replace(':', "-")
}

/// Puts attachments of one subject into a registry, and the list where it keeps none.
fn attach(lab: &Lab, node: &str, subject: &Image, lists: bool, attached: &[&Image]) {
    for image in attached {
        lab.push(&format!("{node}.lab/app@{}", image.digest()), image);
    }
    if !lists {
        let entries: Vec<(&str, &Image)> = attached.iter().map(|image| ("", *image)).collect();
        let tag = tag_of(subject);
        lab.push(&format!("{node}.lab/app:{tag}"), &Image::index(&entries));
    }
}

/// What a registry without a list, or with one, lists of a subject; sorted.
pub(super) fn listed(lab: &Lab, node: &str, subject: &str, lists: bool) -> Vec<(String, String)> {
    let target = if lists {
        format!("/v2/app/referrers/{subject}")
    } else {
        format!("/v2/app/manifests/{}", subject.replace(':', "-"))
    };
    let reply = lab.node(node).call("GET", &target, "", b"");
    if reply.status != 200 {
        return Vec::new();
    }
    let index: Value = serde_json::from_slice(&reply.body).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = index["manifests"].as_array().unwrap().iter();
    let mut entries: Vec<_> = entries
        .map(|entry| (text(&entry["digest"]), text(&entry["artifactType"])))
        .collect();
    entries.sort();
    entries
}

fn entries(attached: &[(&Image, &str)]) -> Vec<(String, String)> {
    let entry = |(image, kind): &(&Image, &str)| (image.digest().to_owned(), (*kind).to_owned());
    let mut entries: Vec<_> = attached.iter().map(entry).collect();
    entries.sort();
    entries
}

pub(super) fn copied(image: &Image) -> String {
    format!("{DST}@{}\n", image.digest())
}

/// How many requests have written something.
pub(super) fn writes(lab: &Lab) -> usize {
    let requests = lab.requests("dst");
    let writes = requests.all().iter();
    writes
        .filter(|seen| ["PUT", "PATCH", "POST", "DELETE"].contains(&seen.method.as_str()))
        .count()
}

/// An index, what is attached to it, to one of its images, and to what is attached.
#[test]
fn all_that_is_attached_is_listed_at_the_destination() {
    for (source_lists, destination_lists) in
        [(true, true), (true, false), (false, true), (false, false)]
    {
        let lab = lab(source_lists, destination_lists);
        let child = Image::small(1);
        let image = Image::index(&[("linux/amd64", &child), ("linux/arm64", &Image::small(2))]);
        let sbom = Image::referrer(1, SBOM, &image);
        let of_child = Image::referrer(2, SBOM, &child);
        let signature = Image::referrer(3, SIGNATURE, &sbom);
        lab.push(SRC, &image);
        attach(&lab, "src", &image, source_lists, &[&sbom]);
        attach(&lab, "src", &child, source_lists, &[&of_child]);
        attach(&lab, "src", &sbom, source_lists, &[&signature]);
        lab.run(COPY).stdout(copied(&image)).code(0);
        lab.assert_holds(DST, &image);
        for (subject, referrer, kind) in [
            (&image, &sbom, SBOM),
            (&child, &of_child, SBOM),
            (&sbom, &signature, SIGNATURE),
        ] {
            lab.assert_holds(&format!("dst.lab/app@{}", referrer.digest()), referrer);
            let there = listed(&lab, "dst", subject.digest(), destination_lists);
            let case = format!("{source_lists} {destination_lists} {kind}");
            assert_eq!(there, entries(&[(referrer, kind)]), "{case}");
        }
        // All of it is there.
        lab.heal();
        lab.run(COPY).stdout(copied(&image)).any_stderr().code(0);
        assert_eq!(writes(&lab), 0, "{}", lab.requests("dst"));
    }
}

#[test]
fn without_the_option_nothing_attached_goes_along() {
    let lab = lab(true, true);
    let image = Image::small(1);
    lab.push(SRC, &image);
    attach(
        &lab,
        "src",
        &image,
        true,
        &[&Image::referrer(1, SBOM, &image)],
    );
    lab.run(["copy", "-q", SRC, DST])
        .stdout(copied(&image))
        .code(0);
    assert_eq!(lab.node("dst").registry.manifest_count(), 1);
    assert_eq!(lab.requests("src").count("GET", "referrers"), 0);
    // And goes along later, though the image is there.
    lab.run(COPY).stdout(copied(&image)).any_stderr().code(0);
    assert_eq!(listed(&lab, "dst", image.digest(), true).len(), 1);
}

#[test]
fn what_others_listed_at_the_destination_stays_listed() {
    let lab = lab(true, false);
    let image = Image::small(1);
    let (ours, theirs) = (
        Image::referrer(1, SBOM, &image),
        Image::referrer(2, SIGNATURE, &image),
    );
    lab.push(SRC, &image);
    lab.push("dst.lab/app:old", &image);
    attach(&lab, "src", &image, true, &[&ours]);
    attach(&lab, "dst", &image, false, &[&theirs]);
    lab.run(COPY).stdout(copied(&image)).code(0);
    // Who listed theirs did not say what it is.
    let there = listed(&lab, "dst", image.digest(), false);
    assert_eq!(there, entries(&[(&ours, SBOM), (&theirs, "")]));
}

/// The tag comes when all that is attached is listed: who sees the one finds the other.
#[test]
fn the_tag_is_written_last() {
    for lists in [true, false] {
        let lab = lab(true, lists);
        let image = Image::small(1);
        lab.push(SRC, &image);
        let about = Image::referrer(1, SBOM, &image);
        attach(&lab, "src", &image, true, &[&about]);
        let signature = Image::of(7, vec![layer(7, 100)]);
        lab.push(&format!("src.lab/app:{}.sig", tag_of(&image)), &signature);
        lab.run(COPY).stdout(copied(&image)).code(0);
        let requests = lab.requests("dst");
        let written: Vec<_> = requests
            .of("PUT", "manifests")
            .map(|seen| &seen.path)
            .collect();
        assert_eq!(written.len(), if lists { 3 } else { 4 }, "{written:?}");
        assert_eq!(written.last().unwrap().as_str(), "/v2/app/manifests/v1");
    }
}

#[test]
fn a_destination_that_does_not_take_an_attachment_gets_the_image() {
    for (status, code) in [(405, "UNSUPPORTED"), (400, "MANIFEST_INVALID")] {
        let lab = lab(true, true);
        let image = Image::small(1);
        let (refused, taken) = (
            Image::referrer(1, SBOM, &image),
            Image::referrer(2, SIGNATURE, &image),
        );
        lab.push(SRC, &image);
        attach(&lab, "src", &image, true, &[&refused, &taken]);
        let path = format!("/manifests/{}", refused.digest());
        let fault = Fault::on("PUT", &path).always();
        lab.fault("dst", fault.refusal(status, code, "no subjects here"));
        let warning = format!(
            "warning: dst.lab/app does not take the SPDX {}, which is left out: ",
            refused.digest()
        );
        lab.run(COPY)
            .stdout(copied(&image))
            .stderr_has(warning)
            .stderr_has("no subjects here")
            .code(0);
        lab.assert_holds(DST, &image);
        let there = listed(&lab, "dst", image.digest(), true);
        assert_eq!(there, entries(&[(&taken, SIGNATURE)]));
    }
}

/// What is refused for other reasons is a failure, and the tag is not written.
#[test]
fn a_destination_that_denies_an_attachment_fails() {
    for (status, code) in [(403, 4), (503, 7)] {
        let lab = lab(true, true);
        let image = Image::small(1);
        let about = Image::referrer(1, SBOM, &image);
        lab.push(SRC, &image);
        attach(&lab, "src", &image, true, &[&about]);
        let path = format!("/manifests/{}", about.digest());
        lab.fault("dst", Fault::on("PUT", &path).always().status(status));
        lab.run([&COPY[..], &["--retries", "0"]].concat())
            .stderr_has(status.to_string())
            .code(code);
        assert_eq!(lab.digest(DST), None);
    }
}

#[test]
fn a_list_that_names_what_is_gone_does_no_harm() {
    let lab = lab(false, true);
    let image = Image::small(1);
    let (gone, there) = (
        Image::referrer(1, SBOM, &image),
        Image::referrer(2, SBOM, &image),
    );
    lab.push(SRC, &image);
    attach(&lab, "src", &image, false, &[&gone, &there]);
    let path = format!("/v2/app/manifests/{}", gone.digest());
    assert_eq!(lab.node("src").call("DELETE", &path, "", b"").status, 202);
    lab.run(COPY).stdout(copied(&image)).code(0);
    let listed = listed(&lab, "dst", image.digest(), true);
    assert_eq!(listed, entries(&[(&there, SBOM)]));
}

/// Whoever writes a manifest with a subject lists it, where the registry does not.
#[test]
fn an_attachment_that_is_copied_by_itself_is_listed() {
    for lists in [true, false] {
        let lab = lab(true, lists);
        let image = Image::small(1);
        let about = Image::referrer(1, SBOM, &image);
        lab.push(SRC, &image);
        lab.push("dst.lab/app:v1", &image);
        attach(&lab, "src", &image, true, &[&about]);
        let from = format!("src.lab/app@{}", about.digest());
        lab.run(["copy", "-q", &from, "dst.lab/app"])
            .stdout(format!("dst.lab/app@{}\n", about.digest()))
            .code(0);
        let there = listed(&lab, "dst", image.digest(), lists);
        assert_eq!(there, entries(&[(&about, SBOM)]));
    }
}

#[test]
fn to_several_destinations_attachments_are_read_once() {
    let lab = lab(true, true).registry("far", |_| Options {
        referrers: false,
        ..Options::default()
    });
    let image = Image::small(1);
    let about = Image::referrer(1, SBOM, &image);
    lab.push(SRC, &image);
    attach(&lab, "src", &image, true, &[&about]);
    lab.run([&COPY[..], &["far.lab/app:v1"]].concat())
        .stdout(format!(
            "{}far.lab/app:v1@{}\n",
            copied(&image),
            image.digest()
        ))
        .code(0);
    for (node, lists) in [("dst", true), ("far", false)] {
        let there = listed(&lab, node, image.digest(), lists);
        assert_eq!(there, entries(&[(&about, SBOM)]), "{node}");
    }
    let blobs = image.blobs.len() + about.blobs.len();
    assert_eq!(lab.requests("src").count("GET", "blobs"), blobs);
}

/// With all tags, those of signatures come by themselves, and lists are made anew.
#[test]
fn all_tags_with_what_is_attached_to_them() {
    let lab = lab(false, false);
    for (tag, seed) in [("v1", 1), ("v2", 2)] {
        let image = Image::small(seed);
        lab.push(&format!("src.lab/app:{tag}"), &image);
        attach(
            &lab,
            "src",
            &image,
            false,
            &[&Image::referrer(seed, SBOM, &image)],
        );
        lab.push(
            &format!("src.lab/app:{}.sig", tag_of(&image)),
            &Image::of(10 + seed, Vec::new()),
        );
    }
    let ran = lab
        .run([
            "copy",
            "-q",
            "--referrers",
            "-a",
            "src.lab/app",
            "dst.lab/app",
        ])
        .any_stdout()
        .code(0);
    assert_eq!(ran.stdout.lines().count(), 2, "{ran}");
    for seed in [1, 2] {
        let image = Image::small(seed);
        let about = Image::referrer(seed, SBOM, &image);
        let there = listed(&lab, "dst", image.digest(), false);
        assert_eq!(there, entries(&[(&about, SBOM)]));
        let signature = format!("dst.lab/app:{}.sig", tag_of(&image));
        lab.assert_holds(&signature, &Image::of(10 + seed, Vec::new()));
    }
}

/// What is attached to a chosen image goes along with it, and what is attached to others does not.
#[test]
fn with_a_platform_only_what_is_attached_to_it() {
    let lab = lab(true, true);
    let (amd, arm) = (Image::small(1), Image::small(2));
    let image = Image::index(&[("linux/amd64", &amd), ("linux/arm64", &arm)]);
    lab.push(SRC, &image);
    for (subject, seed) in [(&image, 1), (&amd, 2), (&arm, 3)] {
        attach(
            &lab,
            "src",
            subject,
            true,
            &[&Image::referrer(seed, SBOM, subject)],
        );
    }
    lab.run([&COPY[..], &["--platform", "linux/arm64"]].concat())
        .stdout(copied(&arm))
        .code(0);
    assert_eq!(lab.node("dst").registry.manifest_count(), 2);
    assert_eq!(listed(&lab, "dst", arm.digest(), true).len(), 1);
}

/// An attachment that is an index brings its parts.
#[test]
fn an_attachment_may_be_an_index() {
    let lab = lab(true, true);
    let image = Image::small(1);
    lab.push(SRC, &image);
    let part = Image::small(5);
    let mut about = Image::index(&[("", &part)]);
    let root = about.manifests.last_mut().unwrap();
    let mut document: Value = serde_json::from_slice(&root.bytes).unwrap();
    document["subject"] = image.root().descriptor();
    document["artifactType"] = SBOM.into();
    *root = crate::lab::image::Part::new(INDEX, document.to_string());
    attach(&lab, "src", &image, true, &[&about]);
    lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds(&format!("dst.lab/app@{}", about.digest()), &about);
    assert_eq!(
        listed(&lab, "dst", image.digest(), true),
        entries(&[(&about, SBOM)])
    );
}

#[test]
fn a_dry_run_writes_nothing_attached_either() {
    let lab = lab(true, true);
    let image = Image::small(1);
    lab.push(SRC, &image);
    attach(
        &lab,
        "src",
        &image,
        true,
        &[&Image::referrer(1, SBOM, &image)],
    );
    lab.run([&COPY[..], &["--dry-run"]].concat())
        .stdout(copied(&image))
        .stderr_has("would write 2 image manifests")
        .code(0);
    assert_eq!(writes(&lab), 0);
}
