//! Copies into a folder that are killed.

use super::{FILES, assert_holds, assert_whole, folder, names, tags};
use crate::lab::{Fault, Image, Lab};
use std::fs;
use std::time::Duration;

const COPY: [&str; 4] = ["copy", "-q", "src.lab/team/app:v1", "oci:one"];

#[test]
fn fs05_a_killed_copy_leaves_no_torn_blob_and_the_next_run_cleans_up() {
    let mut torn = 0;
    let image = Image::sized(1, &[4_000_000, 20_000, 30_000]);
    for _ in 0..20 {
        let lab = Lab::new();
        lab.push("src.lab/team/app:v1", &image);
        // Its big layer breaks off a few times, so that there is time to be killed in.
        let slow = Fault::on("GET", "/blobs/").times(3).cut(1_000_000);
        lab.fault("src", slow);
        let running = lab.run(COPY).start();
        std::thread::sleep(Duration::from_millis(fastrand::u64(5..500)));
        running.signal("KILL");
        running.wait();
        let folder = folder(&lab, "one");
        if folder.join("blobs/sha256").exists() {
            assert_whole(&folder);
        }
        if folder.exists() {
            torn += names(&folder)
                .iter()
                .filter(|name| is_unfinished(name))
                .count();
        }
        if folder.join("index.json").exists() && !tags(&folder).is_empty() {
            assert_holds(&folder, &image);
        }
        lab.heal();
        lab.run(COPY).any_stdout().code(0);
        assert_holds(&folder, &image);
        assert_eq!(names(&folder), FILES);
        assert_eq!(tags(&folder).len(), 1);
    }
    assert!(torn > 0, "no run was killed while it wrote");
}

fn is_unfinished(name: &str) -> bool {
    name.starts_with(".crossdock-")
}

#[test]
fn only_what_is_left_over_is_cleaned_up() {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let folder = folder(&lab, "one");
    fs::create_dir(&folder).unwrap();
    let live = folder.join(".crossdock-1-00000000000000aa");
    let held = fs::File::create(&live).unwrap();
    held.lock().unwrap();
    for name in [".crossdock-1-00000000000000bb", ".crossdock-notes", "notes"] {
        fs::write(folder.join(name), "").unwrap();
    }
    lab.run(COPY).any_stdout().code(0);
    let left: Vec<String> = names(&folder)
        .into_iter()
        .filter(|name| !FILES.contains(&name.as_str()))
        .collect();
    assert_eq!(
        left,
        [".crossdock-1-00000000000000aa", ".crossdock-notes", "notes"]
    );
}

/// What was written before is not read again.
#[test]
fn a_killed_copy_started_again_reads_only_what_is_missing() {
    let lab = Lab::new();
    let image = Image::sized(1, &[200_000, 300_000, 400_000]);
    lab.push("src.lab/team/app:v1", &image);
    let last = Fault::on("GET", &image.blobs[3].digest).always();
    lab.fault("src", last.delay(Duration::from_secs(20)));
    let running = lab.run(COPY).start();
    let folder = folder(&lab, "one");
    let begun = std::time::Instant::now();
    while !folder.join("blobs/sha256").exists() || names(&folder.join("blobs/sha256")).len() < 3 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    running.signal("KILL");
    running.wait();
    lab.heal();
    lab.run(COPY).any_stdout().code(0);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 1);
    assert_holds(&folder, &image);
}
