//! Folders on a disk that takes no more.
//!
//! A disk cannot be filled without rights that not everybody who runs the tests has. So it is the
//! system's limit on the size of a file that ends a write in its middle, as a full disk does; in
//! which words the latter is told, is tested beside the folder.

use super::{FILES, assert_holds, assert_whole, blob, folder, index, names, tags};
use crate::lab::{Fault, Image, Lab};
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Copies `v2` where no file may have more than so many blocks of 512 bytes. Ignoring the signal
/// makes the write fail instead.
fn copy(lab: &Lab, blocks: usize) -> crate::lab::Run {
    let copy = "exec crossdock copy -q src.lab/team/app:v2 oci:one";
    lab.shell(&format!("trap '' XFSZ && ulimit -f {blocks} && {copy}"))
}

/// A bench with an image in a folder, and one that is to be written to it.
fn bench(new: &Image) -> (Lab, Image) {
    let (lab, old) = (Lab::new(), Image::sized(1, &[1000]));
    lab.push("src.lab/team/app:v1", &old);
    lab.push("src.lab/team/app:v2", new);
    lab.run(["copy", "-q", "src.lab/team/app:v1", "oci:one"])
        .any_stdout()
        .code(0);
    lab.heal();
    (lab, old)
}

/// The folder is as it was, with what is finished beside, and nothing unfinished.
#[track_caller]
fn assert_as_before(folder: &Path, old: &Image, list: &[u8]) {
    assert_holds(folder, old);
    assert_whole(folder);
    assert_eq!(names(folder), FILES);
    assert!(fs::read(folder.join("index.json")).unwrap() == list);
}

/// Once there is room, the same command moves what is missing.
#[track_caller]
fn assert_mended(lab: &Lab, new: &Image, missing: u64) {
    lab.heal();
    lab.run(["copy", "-q", "src.lab/team/app:v2", "oci:one"])
        .any_stdout()
        .code(0);
    assert_holds(&folder(lab, "one"), new);
    assert_eq!(lab.requests("src").downloaded(), missing);
}

#[test]
fn a_blob_for_which_there_is_no_room_leaves_the_folder_as_it_was() {
    let new = Image::sized(2, &[20_000, 3_000_000]);
    let (lab, old) = bench(&new);
    let folder = folder(&lab, "one");
    let list = fs::read(folder.join("index.json")).unwrap();
    let large = &new.blobs[2];
    let late = Fault::on("GET", &large.digest).delay(Duration::from_secs(1));
    lab.fault("src", late);
    copy(&lab, 2000)
        .stderr_has("cannot write to oci:one: ")
        .code(9);
    assert_as_before(&folder, &old, &list);
    assert!(!blob(&folder, &large.digest).exists());
    assert!(
        blob(&folder, &new.blobs[1].digest).exists(),
        "it is finished"
    );
    assert_mended(&lab, &new, large.bytes.len() as u64);
}

/// All blobs are there, and the list cannot be written.
#[test]
fn a_list_for_which_there_is_no_room_is_the_list_as_it_was() {
    let new = Image::sized(2, &[5000]);
    let (lab, old) = bench(&new);
    let folder = folder(&lab, "one");
    let mut list = index(&folder);
    list["annotations"] = json!({"note": "x".repeat(30_000)});
    fs::write(folder.join("index.json"), list.to_string()).unwrap();
    copy(&lab, 20)
        .stderr_has("cannot write to oci:one: ")
        .code(9);
    assert_as_before(&folder, &old, list.to_string().as_bytes());
    assert_eq!(tags(&folder).len(), 1);
    assert_mended(&lab, &new, 0);
    assert_eq!(tags(&folder).len(), 2);
}
