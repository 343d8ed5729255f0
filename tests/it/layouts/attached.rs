//! What is attached to an image goes into a folder and out of it.

use super::{assert_holds, blob, folder, index, tags, write};
use crate::lab::{Image, Lab};
use serde_json::Value;
use std::fs;

const NOTE: &str = "application/x-note";

/// What a registry lists for an image.
fn listed(lab: &Lab, name: &str, image: &Image) -> Vec<String> {
    let target = format!("/v2/team/app/referrers/{}", image.digest());
    let reply = lab.node(name).call("GET", &target, "", b"");
    let list: Value = serde_json::from_slice(&reply.body).unwrap();
    let items = list["manifests"].as_array().unwrap().iter();
    let mut digests: Vec<String> = items
        .map(|item| item["digest"].as_str().unwrap().to_owned())
        .collect();
    digests.sort();
    digests
}

fn copy(lab: &Lab, from: &str, to: &str) {
    let copied = lab.run(["copy", "-q", "--referrers", from, to]);
    copied.any_stdout().code(0);
}

#[test]
fn what_is_attached_goes_through_folders_and_is_listed_again() {
    let lab = Lab::new();
    let image = Image::small(1);
    let notes = [2, 3, 4].map(|seed| Image::referrer(seed, NOTE, &image));
    let on_note = Image::referrer(5, NOTE, &notes[0]);
    lab.push("src.lab/team/app:v1", &image);
    for attached in notes.iter().chain([&on_note]) {
        lab.push("src.lab/team/app", attached);
    }
    copy(&lab, "src.lab/team/app:v1", "oci:one");
    copy(&lab, "oci:one:v1", "oci:two");
    copy(&lab, "oci:two:v1", "dst.lab/team/app");
    for name in ["one", "two"] {
        let folder = folder(&lab, name);
        for attached in notes.iter().chain([&on_note]) {
            assert_holds(&folder, attached);
        }
        // The image and two lists; what is attached is in these.
        let mut names: Vec<String> = tags(&folder).into_iter().map(|(tag, _)| tag).collect();
        names.sort();
        let list = |image: &Image| image.digest().replace(':', "-");
        let mut expected = vec![list(&image), list(&notes[0]), "v1".to_owned()];
        expected.sort();
        assert_eq!(names, expected, "{name}");
        lab.run(["ls", "-O", &format!("oci:{name}")])
            .stdout("v1\n")
            .code(0);
    }
    for image in [&image, &notes[0]] {
        assert_eq!(listed(&lab, "dst", image), listed(&lab, "src", image));
    }
    assert_eq!(listed(&lab, "dst", &image).len(), 3);
}

#[test]
fn copies_side_by_side_attach_to_one_image() {
    let lab = Lab::new();
    let image = Image::small(1);
    let runs: Vec<_> = (0..8)
        .map(|seed| {
            let place = format!("src.lab/team/app{seed}:v1");
            lab.push(&place, &image);
            let note = Image::referrer(10 + seed, NOTE, &image);
            lab.push(&format!("src.lab/team/app{seed}"), &note);
            let copied = lab.run(["copy", "-q", "--referrers", &place, "oci:one"]);
            copied.any_stdout().start()
        })
        .collect();
    for run in runs {
        run.code(0);
    }
    copy(&lab, "oci:one:v1", "dst.lab/team/app");
    assert_eq!(listed(&lab, "dst", &image).len(), 8);
}

/// Some tools list an attachment without a name, and keep no list of what is attached.
#[test]
fn what_is_listed_without_a_name_is_found_by_its_subject() {
    let lab = Lab::new();
    let (image, other) = (Image::small(1), Image::small(2));
    let (note, elsewhere) = (
        Image::referrer(3, NOTE, &image),
        Image::referrer(4, NOTE, &other),
    );
    let folder = folder(&lab, "one");
    let mut entries = Vec::new();
    for attached in [&note, &elsewhere] {
        write(&folder, attached, "none");
        entries.push(attached.root().descriptor());
    }
    write(&folder, &image, "v1");
    let mut listed = index(&folder);
    listed["manifests"].as_array_mut().unwrap().extend(entries);
    // One that is gone attaches nothing.
    let gone = Image::small(9).root().descriptor();
    listed["manifests"].as_array_mut().unwrap().push(gone);
    fs::write(folder.join("index.json"), listed.to_string()).unwrap();
    copy(&lab, "oci:one:v1", "dst.lab/team/app");
    assert_eq!(self::listed(&lab, "dst", &image), [note.digest()]);
    copy(&lab, "oci:one:v1", "oci:two");
    copy(&lab, "oci:two:v1", "dst.lab/team/again");
    assert_holds(&super::folder(&lab, "two"), &note);
}

#[test]
fn a_list_that_is_gone_lists_nothing_and_is_begun_anew() {
    let lab = Lab::new();
    let image = Image::small(1);
    let (lost, note) = (
        Image::referrer(3, NOTE, &image),
        Image::referrer(4, NOTE, &image),
    );
    lab.push("src.lab/team/app:v1", &image);
    lab.push("src.lab/team/app", &lost);
    copy(&lab, "src.lab/team/app:v1", "oci:one");
    let folder = folder(&lab, "one");
    let list = image.digest().replace(':', "-");
    let is_list = |(name, _): &(String, String)| *name == list;
    let (_, digest) = tags(&folder).into_iter().find(is_list).unwrap();
    fs::remove_file(blob(&folder, &digest)).unwrap();
    lab.run(["copy", "--referrers", "oci:one:v1", "dst.lab/team/app"])
        .any_stdout()
        .stderr_has(format!(
            "warning: oci:one: the list of referrers under {list} is not there"
        ))
        .code(0);
    assert_eq!(listed(&lab, "dst", &image), [""; 0]);
    lab.push("src.lab/team/other:v1", &image);
    lab.push("src.lab/team/other", &note);
    copy(&lab, "src.lab/team/other:v1", "oci:one");
    copy(&lab, "oci:one:v1", "dst.lab/team/app");
    assert_eq!(listed(&lab, "dst", &image), [note.digest()]);
}

#[test]
fn a_list_that_is_no_index_is_told() {
    let lab = Lab::new();
    let (image, other) = (Image::small(1), Image::small(2));
    let folder = folder(&lab, "one");
    let list = image.digest().replace(':', "-");
    write(&folder, &image, "v1");
    let entries = index(&folder)["manifests"].clone();
    write(&folder, &other, &list);
    let mut both = index(&folder);
    let all = both["manifests"].as_array_mut().unwrap();
    all.extend(entries.as_array().unwrap().iter().cloned());
    fs::write(folder.join("index.json"), both.to_string()).unwrap();
    lab.run(["copy", "--referrers", "oci:one:v1", "dst.lab/team/app"])
        .any_stdout()
        .stderr_has(format!("{list} should list referrers, and is no index"))
        .code(0);
}
