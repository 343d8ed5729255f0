//! What a copy asks for, and what it sends: everything once, and nothing that is there.

use super::{COPY, copied};
use crate::lab::image::layer;
use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Mount, Options};

#[test]
fn nothing_to_do_takes_a_question_to_each_side() {
    let lab = Lab::new();
    let image = Image::attested(1);
    lab.push("src.lab/team/app:v1", &image);
    lab.push("dst.lab/team/app:v1", &image);
    lab.run(COPY).stdout(copied(&image)).code(0);
    for side in ["src", "dst"] {
        assert_eq!(lab.requests(side).to_string(), "HEAD manifests 1", "{side}");
    }
}

#[test]
fn a_cold_copy_asks_for_nothing_twice() {
    let lab = Lab::new();
    let image = Image::sized(1, &[200_000, 100_000, 1000, 50, 1]);
    lab.push("src.lab/team/app:v1", &image);
    lab.run(COPY).stdout(copied(&image)).code(0);
    let read = "GET blobs 6, GET manifests 1, HEAD manifests 1";
    assert_eq!(lab.requests("src").to_string(), read);
    let written = "HEAD manifests 1, POST uploads 6, PUT manifests 1, PUT uploads 6";
    assert_eq!(lab.requests("dst").to_string(), written);
    assert_eq!(lab.requests("src").downloaded(), image.blob_bytes());
}

/// One connection asks whether a loopback host speaks TLS.
#[test]
fn no_connection_is_opened_ahead_that_is_not_used() {
    let copies = [COPY[0], "-q", "-j4", COPY[2], COPY[3]];
    let dry = [COPY[0], "-q", "--dry-run", COPY[2], COPY[3]];
    let lab = Lab::new();
    let image = Image::sized(1, &[100_000; 12]);
    lab.push("src.lab/team/app:v1", &image);
    let mut before = [0, 0];
    // A connection that was just used may not be back yet when the next request wants one: there
    // may be two more than are needed.
    for (args, most) in [(dry, [4, 4]), (copies, [9, 12]), (copies, [4, 4])] {
        lab.run(args).stdout(copied(&image)).code(0);
        let now = ["src", "dst"].map(|side| lab.node(side).connections());
        let opened = [now[0] - before[0], now[1] - before[1]];
        let fits = opened
            .iter()
            .zip(most)
            .all(|(opened, most)| *opened <= most);
        assert!(fits, "{args:?} opened {opened:?}");
        before = now;
    }
}

#[test]
fn within_a_registry_blobs_are_mounted() {
    let lab = Lab::empty().open("src");
    let image = Image::sized(1, &[200_000, 1000]);
    lab.push("src.lab/dev/app:v1", &image);
    lab.run(["copy", "-q", "src.lab/dev/app:v1", "src.lab/prod/app:v1"])
        .stdout(format!("src.lab/prod/app:v1@{}\n", image.digest()))
        .code(0);
    lab.assert_holds("src.lab/prod/app:v1", &image);
    let asked = "GET manifests 1, HEAD manifests 2, POST uploads 3, PUT manifests 1";
    let requests = lab.requests("src");
    assert_eq!(
        (requests.to_string().as_str(), requests.uploaded()),
        (asked, 0)
    );
}

#[test]
fn within_a_repository_only_the_manifest_is_written() {
    let lab = Lab::empty().open("src");
    let image = Image::attested(1);
    lab.push("src.lab/app:v1", &image);
    lab.run(["copy", "-q", "src.lab/app:v1", "src.lab/app:v2"])
        .stdout(format!("src.lab/app:v2@{}\n", image.digest()))
        .code(0);
    lab.assert_holds("src.lab/app:v2", &image);
    let asked = "GET manifests 1, HEAD manifests 2, PUT manifests 1";
    assert_eq!(lab.requests("src").to_string(), asked);
}

#[test]
fn a_registry_that_does_not_mount_gets_the_bytes() {
    for mount in [Mount::Ignored, Mount::Unknown] {
        let lab = Lab::empty().registry("src", |_| Options {
            mount,
            ..Options::default()
        });
        let image = Image::sized(1, &[100_000, 1000]);
        lab.push("src.lab/dev/app:v1", &image);
        lab.run(["copy", "-q", "src.lab/dev/app:v1", "src.lab/prod/app:v1"])
            .any_stdout()
            .code(0);
        lab.assert_holds("src.lab/prod/app:v1", &image);
        assert_eq!(
            lab.requests("src").uploaded(),
            image.blob_bytes(),
            "{mount:?}"
        );
    }
}

#[test]
fn blobs_that_are_there_are_not_sent_again() {
    let lab = Lab::new();
    let old = Image::of(1, vec![layer(1, 200_000), layer(2, 1000)]);
    let new = Image::of(2, vec![layer(1, 200_000), layer(3, 5000)]);
    lab.push("dst.lab/team/app:v1", &old);
    lab.push("src.lab/team/app:v1", &new);
    lab.run(COPY).stdout(copied(&new)).code(0);
    lab.assert_holds("dst.lab/team/app:v1", &new);
    let sent = new.blob_bytes() - 200_000;
    assert_eq!(lab.requests("dst").uploaded(), sent);
    assert_eq!(lab.requests("src").downloaded(), sent);
}

#[test]
fn so_many_blobs_at_once_as_the_user_says() {
    let lab = Lab::new();
    let image = Image::sized(1, &[1000; 12]);
    lab.push("src.lab/team/app:v1", &image);
    lab.fault(
        "dst",
        Fault::on("POST", "/uploads/")
            .always()
            .delay(std::time::Duration::from_millis(20)),
    );
    lab.run([&COPY[..], &["-j", "1"]].concat())
        .stdout(copied(&image))
        .code(0);
    let requests = lab.requests("dst");
    let uploads: Vec<&str> = requests
        .all()
        .iter()
        .filter(|seen| seen.kind() == "uploads")
        .map(|seen| seen.method.as_str())
        .collect();
    assert_eq!(uploads, ["POST", "PUT"].repeat(13));
}
