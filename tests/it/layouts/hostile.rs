//! Folders that are broken, or made to lead elsewhere.

use super::{blob, folder, index, write};
use crate::lab::{Image, Lab, Run};
use serde_json::json;
use std::fs;
use std::path::Path;

/// A folder with an image, which `spoil` does something to.
fn bench(spoil: impl FnOnce(&Path, &Image)) -> Lab {
    let lab = Lab::new();
    let (folder, image) = (folder(&lab, "one"), Image::sized(1, &[1000, 300_000]));
    write(&folder, &image, "v1");
    spoil(&folder, &image);
    lab
}

fn copy(lab: &Lab) -> Run {
    lab.run(["copy", "-q", "oci:one:v1", "dst.lab/team/app:v1"])
}

#[test]
fn no_folder_and_no_layout_are_told_apart() {
    let lab = Lab::new();
    fs::create_dir(folder(&lab, "empty")).unwrap();
    fs::write(folder(&lab, "file"), "").unwrap();
    for (place, why) in [
        ("none", "the folder does not exist"),
        ("empty", "the folder is there and has no `oci-layout`"),
        ("file", "it is no folder"),
    ] {
        for command in ["ls", "digest"] {
            lab.run([command, &format!("oci:{place}")])
                .stderr(format!("error: there is no OCI layout at {place}: {why}\n"))
                .any_stdout()
                .code(3);
        }
    }
    assert_eq!(super::names(&folder(&lab, "empty")), [""; 0]);
}

#[test]
fn a_layout_of_another_version_is_refused() {
    for (marker, told) in [
        (
            r#"{"imageLayoutVersion": "2.0.0"}"#,
            "is `2.0.0`, and only `1.0.0` is known",
        ),
        ("{}", "is none, and only `1.0.0` is known"),
        ("[]", "is none"),
        ("", "the document is empty"),
    ] {
        let lab = bench(|folder, _| fs::write(folder.join("oci-layout"), marker).unwrap());
        copy(&lab).stderr_has(told).code(8);
        lab.push("src.lab/team/app:v2", &Image::small(2));
        lab.run(["copy", "-q", "src.lab/team/app:v2", "oci:one"])
            .stderr_has(told)
            .code(8);
        assert_eq!(super::tags(&folder(&lab, "one")).len(), 1);
    }
    let lab = bench(|folder, _| fs::remove_file(folder.join("oci-layout")).unwrap());
    copy(&lab).stderr_has("it has no `oci-layout`").code(8);
}

#[test]
fn wrong_bytes_are_refused() {
    for (part, told) in [
        (0, "oci:one"),
        (1, "do not match its digest"),
        (2, "do not match its digest"),
    ] {
        let lab = bench(|folder, image| {
            let part = image
                .manifests
                .iter()
                .chain(&image.blobs[1..])
                .nth(part)
                .unwrap();
            let mut bytes = part.bytes.clone();
            bytes[part.bytes.len() / 2] ^= 1;
            fs::write(blob(folder, &part.digest), bytes).unwrap();
        });
        copy(&lab).stderr_has(told).code(8);
        assert_eq!(lab.digest("dst.lab/team/app:v1"), None);
    }
}

#[test]
fn a_blob_of_another_size_is_refused_unread() {
    let lab = bench(|folder, image| {
        let file = fs::File::options()
            .write(true)
            .open(blob(folder, &image.blobs[1].digest));
        file.unwrap().set_len(1 << 40).unwrap();
    });
    copy(&lab)
        .stderr_has("it has 1099511627776 bytes instead of 1000")
        .code(8);
}

#[test]
fn a_missing_blob_is_said_to_be_missing() {
    for part in [0, 1] {
        let lab = bench(|folder, image| {
            let parts = [image.root(), &image.blobs[1]];
            fs::remove_file(blob(folder, &parts[part].digest)).unwrap();
        });
        copy(&lab)
            .stderr_has("oci:one does not have sha256:")
            .code(3);
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_opened() {
    let replace = |what: &'static str| {
        move |path: &Path| {
            let elsewhere = path.with_extension("elsewhere");
            fs::rename(path, &elsewhere).unwrap();
            match what {
                "a symbolic link" => std::os::unix::fs::symlink(&elsewhere, path).unwrap(),
                "a folder" => fs::create_dir(path).unwrap(),
                _ => {
                    let made = std::process::Command::new("mkfifo").arg(path).status();
                    assert!(made.unwrap().success());
                }
            }
        }
    };
    for what in ["a symbolic link", "a folder", "no regular file"] {
        for name in ["layer", "manifest", "index.json", "oci-layout"] {
            let lab = bench(|folder, image| {
                let path = match name {
                    "layer" => blob(folder, &image.blobs[1].digest),
                    "manifest" => blob(folder, image.digest()),
                    file => folder.join(file),
                };
                replace(what)(&path);
            });
            copy(&lab).stderr_has(format!("is {what}")).code(8);
        }
    }
    for name in ["blobs", "blobs/sha256"] {
        let lab = bench(|folder, _| replace("a symbolic link")(&folder.join(name)));
        copy(&lab)
            .stderr_has(format!("`{name}` is a symbolic link"))
            .code(8);
        lab.push("src.lab/team/app:v2", &Image::small(2));
        lab.run(["copy", "-q", "src.lab/team/app:v2", "oci:one"])
            .stderr_has(format!("`{name}` is a symbolic link"))
            .code(8);
    }
}

#[test]
fn an_index_that_readers_could_read_differently_is_refused() {
    let entry = Image::small(1).root().descriptor();
    for (text, told) in [
        ("{}".to_owned(), "`schemaVersion` is not the number 2"),
        ("{".to_owned(), "the document is not JSON"),
        (
            r#"{"schemaVersion":2,"manifests":[],"manifests":[]}"#.to_owned(),
            "the name `manifests` is there twice",
        ),
        (
            json!({"schemaVersion": 2, "Manifests": [entry]}).to_string(),
            "the name `Manifests` is `manifests` for some readers",
        ),
    ] {
        let lab = bench(|folder, _| fs::write(folder.join("index.json"), &text).unwrap());
        copy(&lab).stderr_has(told).code(8);
    }
    let lab = bench(|folder, _| {
        let file = fs::File::create(folder.join("index.json")).unwrap();
        file.set_len(1 << 30).unwrap();
    });
    copy(&lab).stderr_has("`index.json` has more than").code(8);
}

#[test]
fn two_entries_of_one_tag_must_agree() {
    let other = Image::small(2);
    let lab = bench(|folder, _| {
        let mut index = index(folder);
        let mut second = index["manifests"][0].clone();
        second["digest"] = other.digest().into();
        index["manifests"].as_array_mut().unwrap().push(second);
        fs::write(folder.join("index.json"), index.to_string()).unwrap();
    });
    copy(&lab).stderr_has("lists both sha256:").code(8);
    lab.run(["ls", "oci:one"]).stdout("v1\n").code(0);
}

#[test]
fn a_name_that_is_no_tag_is_not_shown() {
    for name in ["\u{1b}[2J", "../v1", "v1\nv2", ""] {
        let lab = Lab::new();
        write(&folder(&lab, "one"), &Image::small(1), name);
        lab.run(["ls", "oci:one"])
            .stderr("warning: nothing there, or nothing that matches\nnote: 1 name is no tag there, and not listed\n")
            .code(0);
        // There is one image nevertheless.
        let digest = Image::small(1).digest().to_owned();
        lab.run(["digest", "oci:one"]).stdout(digest + "\n").code(0);
    }
}

#[test]
fn where_nothing_can_be_written_is_a_failure_of_the_machine() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    fs::write(folder(&lab, "file"), "").unwrap();
    lab.run(["copy", "-q", "src.lab/team/app:v1", "oci:file/below"])
        .stderr_has("cannot write to oci:file/below")
        .code(9);
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_read_and_not_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let lab = bench(|folder, _| {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    });
    let folder = folder(&lab, "one");
    let writable = fs::write(folder.join("probe"), "").is_ok();
    copy(&lab).any_stdout().code(0);
    // Whoever may do everything has no folder that is read-only.
    if !writable {
        lab.run(["tag", "oci:one:v1", "v2"])
            .stderr_has("cannot write to oci:one: Permission denied")
            .code(9);
        assert_eq!(super::tags(&folder).len(), 1);
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Ways in which the entry of a tag can be of no use, and what is left beside it.
fn broken_entries() -> [Lab; 3] {
    let spoilt = |spoil: &dyn Fn(&Path, &Image)| {
        bench(|folder, image| {
            let other = Image::small(2);
            let tagged = index(folder);
            write(folder, &other, "other");
            let mut both = index(folder);
            let entries = both["manifests"].as_array_mut().unwrap();
            entries.insert(0, tagged["manifests"][0].clone());
            fs::write(folder.join("index.json"), both.to_string()).unwrap();
            spoil(folder, image);
        })
    };
    [
        spoilt(&|folder, _| {
            let mut index = index(folder);
            let mut second = index["manifests"][0].clone();
            second["digest"] = Image::small(3).digest().into();
            index["manifests"].as_array_mut().unwrap().push(second);
            fs::write(folder.join("index.json"), index.to_string()).unwrap();
        }),
        spoilt(&|folder, image| fs::remove_file(blob(folder, image.digest())).unwrap()),
        spoilt(&|folder, image| {
            let length = image.root().bytes.len();
            fs::write(blob(folder, image.digest()), vec![b' '; length]).unwrap();
        }),
    ]
}

#[test]
fn a_broken_entry_can_be_removed() {
    for lab in broken_entries() {
        lab.run(["rm", "-q", "oci:one:v1"]).any_stdout().code(0);
        let other = Image::small(2).digest().to_owned();
        assert_eq!(
            super::tags(&folder(&lab, "one")),
            [("other".to_owned(), other)]
        );
    }
}

#[test]
fn a_broken_entry_can_be_replaced() {
    for (copies, lab) in broken_entries()
        .into_iter()
        .map(|lab| (true, lab))
        .chain(broken_entries().into_iter().map(|lab| (false, lab)))
    {
        let new = if copies {
            Image::small(4)
        } else {
            Image::small(2)
        };
        if copies {
            lab.push("src.lab/team/app:v1", &new);
            lab.run(["copy", "-q", "src.lab/team/app:v1", "oci:one"])
                .any_stdout()
                .code(0);
        } else {
            lab.run(["tag", "-q", "oci:one:other", "v1"])
                .any_stdout()
                .code(0);
        }
        let folder = folder(&lab, "one");
        let there: Vec<_> = super::tags(&folder)
            .into_iter()
            .filter(|(tag, _)| tag == "v1")
            .collect();
        assert_eq!(there, [("v1".to_owned(), new.digest().to_owned())]);
        lab.run(["digest", "oci:one:v1"]).any_stdout().code(0);
    }
}

#[test]
fn beside_a_broken_entry_others_can_be_removed() {
    for lab in broken_entries() {
        let pinned = format!("oci:one@{}", Image::small(2).digest());
        lab.run(["rm", &pinned]).stderr_has("other").code(5);
        lab.run(["rm", "-q", "--force", &pinned])
            .any_stdout()
            .code(0);
        let left = super::tags(&folder(&lab, "one"));
        assert!(left.iter().all(|(tag, _)| tag == "v1"));
    }
}

#[test]
fn a_layout_without_its_index_is_broken_to_readers_and_made_whole_by_writers() {
    let lab = bench(|folder, _| fs::remove_file(folder.join("index.json")).unwrap());
    for command in ["ls", "digest"] {
        lab.run([command, "oci:one"])
            .any_stdout()
            .stderr_has("cannot read oci:one: it has no `index.json`")
            .code(8);
    }
    lab.push("src.lab/team/app:v2", &Image::small(2));
    lab.run(["copy", "-q", "src.lab/team/app:v2", "oci:one"])
        .any_stdout()
        .code(0);
    assert_eq!(super::tags(&folder(&lab, "one")).len(), 1);
}
