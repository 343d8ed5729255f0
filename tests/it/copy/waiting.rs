//! Destinations that never answer hold up no other, and what is printed keeps its order.

use super::several::{SRC, TO, all_hold, copy, lab, rows};
use crate::lab::{Fault, Image, Lab};
use serde_json::Value;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(50);

/// What a registry may never answer: the blobs, a manifest, or the tag.
const SILENCES: [&str; 2] = ["/uploads/", "/manifests/"];

/// A lab in which `us` never answers a PUT of this kind.
fn silent(image: &Image, part: &str) -> Lab {
    let lab = lab(image);
    lab.fault("us", Fault::on("PUT", part).always().delay(LONG));
    lab
}

/// The healthy destination and the silent one, in both orders.
const ORDERS: [[&str; 2]; 2] = [[TO[0], TO[1]], [TO[1], TO[0]]];

#[test]
fn what_is_done_is_told_when_the_time_is_used_up() {
    let image = Image::small(1);
    for part in SILENCES {
        for to in ORDERS {
            let lab = silent(&image, part);
            let copy = ["copy", "-q", "--deadline", "2s", SRC, to[0], to[1]];
            let ran = lab.run(copy).any_stdout().any_stderr().code(7);
            assert_eq!(ran.stdout, rows(&image, &TO[..1]), "{part} {to:?} {ran}");
            lab.assert_holds(TO[0], &image);
            assert_eq!(lab.digest(TO[1]), None);
        }
    }
}

/// Before it is over, as far as the order of the rows allows.
#[cfg(unix)]
#[test]
fn what_is_done_is_told_when_the_copy_is_interrupted() {
    let image = Image::small(1);
    for part in SILENCES {
        for to in ORDERS {
            let lab = silent(&image, part);
            let copy = ["copy", "--json", SRC, to[0], to[1]];
            let running = lab.run(copy).any_stdout().any_stderr().start();
            until(|| lab.digest(TO[0]).is_some());
            // The answer is still on its way to the command.
            std::thread::sleep(Duration::from_millis(300));
            running.signal("INT");
            let ran = running.code(130);
            assert_eq!(destinations(&ran.json()), [TO[0]], "{part} {to:?} {ran}");
            lab.assert_holds(TO[0], &image);
        }
    }
}

#[cfg(unix)]
fn until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never is so");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn destinations(rows: &Value) -> Vec<&str> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["destination"].as_str().unwrap())
        .collect()
}

/// A tag that hangs at one place is at the other, and other tags are at both.
#[test]
fn of_many_tags_what_is_done_is_told_when_the_time_is_used_up() {
    let lab = Lab::empty().open("src").open("eu").open("us");
    for (tag, seed) in [("v1", 1), ("v2", 2), ("v3", 3)] {
        lab.push(&format!("src.lab/app:{tag}"), &Image::small(seed));
    }
    lab.fault("us", Fault::on("PUT", "/manifests/v1").delay(LONG));
    let copy = ["copy", "-q", "-a", "--deadline", "3s", "src.lab/app"];
    let ran = lab
        .run([&copy[..], &["eu.lab/app", "us.lab/app"]].concat())
        .any_stdout()
        .any_stderr()
        .code(7);
    let row =
        |to: &str, tag: &str, seed| format!("{to}.lab/app:{tag}@{}\n", Image::small(seed).digest());
    for (tag, seed) in [("v2", 2), ("v3", 3)] {
        for to in ["eu", "us"] {
            assert!(ran.stdout.contains(&row(to, tag, seed)), "{ran}");
            lab.assert_holds(&format!("{to}.lab/app:{tag}"), &Image::small(seed));
        }
    }
    lab.assert_holds("eu.lab/app:v1", &Image::small(1));
    assert!(ran.stdout.contains(&row("eu", "v1", 1)), "{ran}");
}

/// Not even whether it has the image.
#[test]
fn a_destination_that_answers_nothing_holds_up_no_other() {
    let image = Image::small(1);
    let lab = lab(&image);
    lab.fault("us", Fault::on("HEAD", "/manifests/").always().delay(LONG));
    let copy = ["copy", "-q", "--deadline", "13s", SRC, TO[1], TO[0]];
    let ran = lab.run(copy).any_stdout().any_stderr().code(7);
    assert_eq!(ran.stdout, rows(&image, &TO[..1]), "{ran}");
    lab.assert_holds(TO[0], &image);
}

const LATE: Duration = Duration::from_secs(12);

/// And gets what they got, though the tag has moved meanwhile.
#[test]
fn a_destination_that_is_late_comes_after_the_others() {
    let image = Image::small(1);
    let lab = lab(&image);
    lab.fault("us", Fault::on("HEAD", "/manifests/").delay(LATE));
    let copy = lab
        .run(copy(&[]))
        .stdout(rows(&image, &TO))
        .stderr("note: us.lab/app takes long to answer, and comes after the others\n")
        .start();
    until(|| lab.digest(TO[0]).is_some());
    lab.push(SRC, &Image::small(2));
    copy.code(0);
    all_hold(&lab, &TO, &image);
}

#[test]
fn a_destination_that_is_late_is_not_written_against_its_rules() {
    let (image, other) = (Image::small(1), Image::small(2));
    let lab = lab(&image);
    lab.push(TO[1], &other);
    lab.fault("us", Fault::on("HEAD", "/manifests/").delay(LATE));
    let ran = lab.run(copy(&["-n"])).any_stderr().any_stdout().code(10);
    assert!(ran.stderr.contains("us.lab/app:v1 points to"), "{ran}");
    lab.assert_holds(TO[0], &image);
    lab.assert_holds(TO[1], &other);
}

#[test]
fn a_destination_that_is_late_and_refuses_fails_alone() {
    let image = Image::small(1);
    let lab = lab(&image);
    lab.fault("us", Fault::on("HEAD", "/manifests/").delay(LATE));
    let refused = Fault::on("PUT", "/manifests/").always();
    lab.fault("us", refused.refusal(403, "DENIED", "not here"));
    let ran = lab.run(copy(&[])).any_stdout().any_stderr().code(10);
    assert_eq!(ran.stdout, rows(&image, &[TO[0], TO[2]]), "{ran}");
    assert!(ran.stderr.contains("us.lab/app:v1"), "{ran}");
    assert!(ran.stderr.contains("not here"), "{ran}");
}

#[test]
fn of_many_tags_none_waits_for_a_destination_that_answers_nothing() {
    let lab = Lab::empty().open("src").open("eu").open("us");
    for (tag, seed) in [("v1", 1), ("v2", 2), ("v3", 3)] {
        lab.push(&format!("src.lab/app:{tag}"), &Image::small(seed));
    }
    for (method, part) in [("GET", "/tags/list"), ("HEAD", "/manifests/")] {
        lab.fault("us", Fault::on(method, part).always().delay(LONG));
    }
    let copy = ["copy", "-q", "-a", "--deadline", "23s", "src.lab/app"];
    let ran = lab
        .run([&copy[..], &["us.lab/app", "eu.lab/app"]].concat())
        .any_stdout()
        .any_stderr()
        .code(7);
    for (tag, seed) in [("v1", 1), ("v2", 2), ("v3", 3)] {
        let (image, reference) = (Image::small(seed), format!("eu.lab/app:{tag}"));
        lab.assert_holds(&reference, &image);
        let row = format!("{reference}@{}\n", image.digest());
        assert!(ran.stdout.contains(&row), "{ran}");
    }
}

/// Whatever is done first.
#[test]
fn rows_come_in_the_order_of_the_destinations() {
    let image = Image::small(1);
    for (slow, next) in [("eu", "us"), ("us", "asia"), ("asia", "eu")] {
        let lab = lab(&image);
        for (node, wait) in [(slow, 900), (next, 400)] {
            let late = Fault::on("PUT", "/manifests/");
            lab.fault(node, late.delay(Duration::from_millis(wait)));
        }
        lab.run([&["copy", "-q", SRC][..], &TO].concat())
            .stdout(rows(&image, &TO))
            .code(0);
    }
}

/// Tag by tag, and of each tag place by place.
#[test]
fn rows_of_many_tags_come_in_the_source_s_order_and_that_of_the_destinations() {
    let lab = Lab::empty().open("src").open("eu").open("us");
    let mut expected = Vec::new();
    for (tag, seed) in [("v1", 1), ("v2", 2), ("v3", 3)] {
        let image = Image::small(seed);
        lab.push(&format!("src.lab/app:{tag}"), &image);
        for to in ["eu", "us"] {
            expected.push(format!("{to}.lab/app:{tag}@{}\n", image.digest()));
        }
    }
    for (node, tag, wait) in [("eu", "v1", 900), ("us", "v2", 600), ("eu", "v3", 300)] {
        let late = Fault::on("PUT", &format!("/manifests/{tag}"));
        lab.fault(node, late.delay(Duration::from_millis(wait)));
    }
    let copy = [
        "copy",
        "-q",
        "-a",
        "src.lab/app",
        "eu.lab/app",
        "us.lab/app",
    ];
    lab.run(copy).stdout(expected.concat()).code(0);
}
