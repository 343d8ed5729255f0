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

/// A bench whose biggest layer takes its time while all others are there at once.
fn slow() -> (Lab, Image) {
    let lab = Lab::new();
    let image = Image::sized(1, &[200_000, 300_000, 4_000_000]);
    lab.push("src.lab/team/app:v1", &image);
    let last = Fault::on("GET", &image.blobs[3].digest);
    lab.fault("src", last.times(2).cut(1_000_000));
    let last = Fault::on("GET", &image.blobs[3].digest).always();
    lab.fault("src", last.delay(Duration::from_secs(20)));
    (lab, image)
}

fn until_there_is(what: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !what() {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_copy_that_is_stopped_leaves_nothing_unfinished() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (lab, _) = slow();
        let folder = folder(&lab, "one");
        let running = lab.run(COPY).any_stderr().start();
        until_there_is(|| {
            let all = fs::read_dir(&folder).into_iter().flatten().flatten();
            let mut sizes = all.filter_map(|entry| {
                let own = is_unfinished(&entry.file_name().into_string().unwrap());
                own.then(|| entry.metadata().map_or(0, |found| found.len()))
            });
            sizes.any(|size| size > 500_000)
        });
        running.signal(signal);
        running.code(code);
        assert_eq!(names(&folder), FILES);
        assert_whole(&folder);
        assert_eq!(tags(&folder), []);
    }
}

#[test]
fn a_copy_that_fails_leaves_nothing_unfinished() {
    let (lab, image) = slow();
    let denied = Fault::on("GET", &image.blobs[2].digest).always();
    lab.fault("src", denied.refusal(403, "DENIED", "not for you"));
    lab.run(COPY).stderr_has("not for you").code(4);
    assert_eq!(names(&folder(&lab, "one")), FILES);
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
    until_there_is(|| {
        let blobs = folder.join("blobs/sha256");
        blobs.exists() && names(&blobs).len() == 3
    });
    running.signal("KILL");
    running.wait();
    lab.heal();
    lab.run(COPY).any_stdout().code(0);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 1);
    assert_holds(&folder, &image);
}
