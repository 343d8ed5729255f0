//! The lock of a folder: whoever holds it is waited for, and whoever is dead does not hold it.

use super::{FILES, folder, names, tags};
use crate::lab::{Image, Lab};
use std::fs::{self, File};
use std::time::Duration;

const COPY: [&str; 4] = ["copy", "-q", "src.lab/team/app:v1", "oci:one"];

fn lab() -> Lab {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    lab
}

/// The file stays when its holder is gone, with whatever is in it.
#[test]
fn f53_a_lock_that_a_dead_process_left_is_free() {
    let lab = lab();
    let folder = folder(&lab, "one");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(".crossdock.lock"), "4242\n").unwrap();
    let ran = lab.run(COPY).any_stdout().code(0);
    assert!(ran.elapsed < Duration::from_secs(20), "{ran}");
    assert_eq!(names(&folder), FILES);
    assert_eq!(tags(&folder).len(), 1);
}

#[test]
fn f53_a_lock_that_is_held_is_waited_for() {
    let lab = lab();
    let folder = folder(&lab, "one");
    fs::create_dir(&folder).unwrap();
    let held = File::create(folder.join(".crossdock.lock")).unwrap();
    held.lock().unwrap();
    let running = lab.run(COPY).any_stdout().start();
    std::thread::sleep(Duration::from_secs(2));
    assert!(!folder.join("index.json").exists(), "the lock is held");
    drop(held);
    running.code(0);
    assert_eq!(tags(&folder).len(), 1);
}
