//! Of several destinations one fails, or all do, or the source.

use super::several::{SRC, TO, all_hold, copy, lab, rows};
use crate::lab::image::layer;
use crate::lab::{Fault, Image};

/// An address at which nobody listens.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// What one destination may do, and the exit code if all do.
fn failures() -> Vec<(Fault, i32)> {
    let wrong = format!("sha256:{}", "0".repeat(64));
    let wrong = [("docker-content-digest", wrong.as_str())];
    let denied = |fault: Fault| fault.always().refusal(403, "DENIED", "not for you");
    vec![
        (
            Fault::on("HEAD", "/manifests/")
                .always()
                .refusal(401, "UNAUTHORIZED", "who are you?"),
            4,
        ),
        (Fault::on("HEAD", "/manifests/").always().status(503), 7),
        (denied(Fault::on("POST", "/uploads/")), 4),
        (denied(Fault::on("PUT", "/uploads/")), 4),
        (denied(Fault::on("PUT", "/manifests/")), 4),
        (Fault::on("PUT", "/uploads/").always().status(507), 7),
        (
            Fault::on("PUT", "/manifests/")
                .always()
                .answer(201, &wrong, ""),
            8,
        ),
    ]
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let image = Image::sized(1, &[2_000_000, 1000]);
    for (number, (fault, _)) in failures().into_iter().enumerate() {
        let lab = lab(&image);
        lab.fault("us", fault);
        let ran = lab.run(copy(&[])).any_stdout().any_stderr().run();
        assert_eq!(ran.code, 10, "{number} {ran}");
        assert_eq!(ran.stdout, rows(&image, &[TO[0], TO[2]]), "{number}");
        let told = |line: &&str| line.starts_with("error: ");
        let errors: Vec<&str> = ran.stderr.lines().filter(told).collect();
        assert_eq!(errors.len(), 2, "{number} {ran}");
        assert!(errors[0].contains("us.lab/app"), "{number} {ran}");
        assert_eq!(
            errors[1], "error: 1 of 3 destinations were not written",
            "{number} {ran}"
        );
        lab.assert_holds(TO[0], &image);
        lab.assert_holds(TO[2], &image);
    }
}

#[test]
fn where_all_fail_alike_it_is_that_failure() {
    let image = Image::sized(1, &[2_000_000, 1000]);
    let count = failures().len();
    for number in 0..count {
        let lab = lab(&image);
        let mut code = 0;
        for node in ["eu", "us", "asia"] {
            let (fault, of_all) = failures().swap_remove(number);
            lab.fault(node, fault);
            code = of_all;
        }
        let ran = lab.run(copy(&[])).any_stderr().run();
        assert_eq!(ran.code, code, "{number} {ran}");
        let last = ran.stderr.lines().rfind(|line| line.starts_with("error: "));
        assert_eq!(
            last,
            Some("error: 3 of 3 destinations were not written"),
            "{number} {ran}"
        );
    }
}

#[test]
fn one_that_is_not_there_does_not_stop_the_others() {
    let image = Image::small(1);
    let lab = lab(&image);
    let gone = format!("{}/app:v1", nobody());
    lab.run([
        "copy",
        "--progress",
        "none",
        "--retries",
        "0",
        SRC,
        &gone,
        TO[0],
    ])
    .stdout(rows(&image, &TO[..1]))
    .stderr_has(&gone)
    .code(10);
}

/// Where the source fails, that is what is said, and of each destination.
#[test]
fn a_source_that_fails_fails_for_all() {
    let image = Image::sized(1, &[2_000_000, 1000]);
    let lab = lab(&image);
    let part = format!("/blobs/{}", image.blobs[1].digest);
    let denied = Fault::on("GET", &part).always();
    lab.fault("src", denied.refusal(403, "DENIED", "not this one"));
    let ran = lab.run(copy(&[])).any_stderr().code(4);
    assert_eq!(ran.stderr.matches("not this one").count(), 3, "{ran}");
    for to in TO {
        assert_eq!(lab.digest(to), None);
    }
}

/// What a destination says of itself is not put down to a source that fails too.
#[test]
fn a_destination_is_not_blamed_for_the_source_nor_the_other_way_round() {
    let image = Image::of(1, vec![layer(1, 2_000_000)]);
    let lab = lab(&image);
    let denied = Fault::on("POST", "/uploads/").always();
    lab.fault("us", denied.refusal(403, "DENIED", "not for you"));
    let part = format!("/blobs/{}", image.blobs[1].digest);
    lab.fault("src", Fault::on("GET", &part).always().spoil());
    let ran = lab.run(copy(&["-j", "1"])).any_stderr().code(10);
    assert!(ran.stderr.contains("not for you"), "{ran}");
    let spoilt = ran
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: "));
    let spoilt = spoilt.filter(|line| line.contains("do not match its digest"));
    assert_eq!(spoilt.count(), 2, "{ran}");
}

#[test]
fn a_blob_that_is_wrong_once_is_read_once_more_for_all() {
    let image = Image::of(1, vec![layer(1, 2_000_000)]);
    let lab = lab(&image);
    let part = format!("/blobs/{}", image.blobs[1].digest);
    lab.fault("src", Fault::on("GET", &part).spoil());
    lab.run(copy(&[]))
        .stdout(rows(&image, &TO))
        .stderr_like("note: [..] do not match its digest; reading it once more\n")
        .code(0);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 3);
    all_hold(&lab, &TO, &image);
}

/// Only bytes can have been spoilt on their way: an answer that brings none is as good as it gets.
#[test]
fn an_answer_that_is_no_blob_is_not_asked_for_once_more() {
    let image = Image::of(1, vec![layer(1, 2_000_000)]);
    let part = format!("/blobs/{}", image.blobs[1].digest);
    let read = || Fault::on("GET", &part).always();
    for (number, fault) in [
        read().answer(200, &[("content-encoding", "gzip")], "packed"),
        read().redirect("ftp://src.lab/blob"),
        read().redirect("http://169.254.169.254/blob"),
    ]
    .into_iter()
    .enumerate()
    {
        let lab = lab(&image);
        lab.fault("src", fault);
        let ran = lab.run(copy(&[])).any_stderr().code(8);
        assert!(!ran.stderr.contains("once more"), "{number} {ran}");
        let reads = lab.requests("src");
        let reads = reads
            .of("GET", "blobs")
            .filter(|seen| seen.path.contains(&part));
        // The first may be one that only made ready.
        assert!(reads.count() <= 2, "{number} {ran}");
    }
    // Its length says that the bytes that come would be others.
    let lab = lab(&image);
    lab.fault("src", read().answer(200, &[], "short"));
    lab.run(copy(&[]))
        .stderr_has("reading it once more")
        .code(8);
}

#[test]
fn a_blob_that_stays_wrong_is_nowhere() {
    let image = Image::of(1, vec![layer(1, 2_000_000)]);
    let lab = lab(&image);
    let part = format!("/blobs/{}", image.blobs[1].digest);
    lab.fault("src", Fault::on("GET", &part).always().spoil());
    let ran = lab.run(copy(&[])).any_stderr().code(8);
    let reads = lab.requests("src");
    let reads = reads
        .of("GET", "blobs")
        .filter(|seen| seen.path.contains(&part));
    assert_eq!(reads.count(), 2, "{ran}");
    for node in ["eu", "us", "asia"] {
        assert_eq!(lab.requests(node).count("PUT", "manifests"), 0);
        let there = lab
            .node(node)
            .call("HEAD", &format!("/v2/app{part}"), "", b"");
        assert_eq!(there.status, 404);
    }
}

#[test]
fn each_tag_of_a_repository_that_is_refused_is_told() {
    let image = Image::small(1);
    let tags = ["eu.lab/app:v1", "eu.lab/app:stable"];
    let denied = || Fault::on("PUT", "/manifests/").always();
    let denied = || denied().refusal(403, "DENIED", "not for you");
    let lab = lab(&image);
    lab.fault("eu", denied());
    let copy = ["copy", "-q", SRC];
    let ran = lab
        .run([&copy[..], &tags].concat())
        .stderr_has("not for you")
        .code(4);
    assert_eq!(ran.stderr.matches("not for you").count(), 2, "{ran}");
    lab.run([&copy[..], &tags, &TO[1..2]].concat())
        .stdout(rows(&image, &TO[1..2]))
        .stderr_has("not for you")
        .code(10);
}

/// The others are there, and are told of in their order.
#[test]
fn a_tag_of_a_repository_that_is_refused_does_not_stop_its_others() {
    let image = Image::small(1);
    let tags = ["eu.lab/app:v1", "eu.lab/app:1", "eu.lab/app:stable"];
    for refused in 0..tags.len() {
        let lab = lab(&image);
        let (_, tag) = tags[refused].rsplit_once(':').unwrap();
        let path = format!("/manifests/{tag}");
        let fault = Fault::on("PUT", &path).always();
        lab.fault("eu", fault.refusal(403, "DENIED", "not for you"));
        let mut others = tags.to_vec();
        others.remove(refused);
        let ran = lab
            .run([&["copy", "--progress", "none", SRC][..], &tags].concat())
            .stdout(rows(&image, &others))
            .stderr_has(tags[refused])
            .stderr_has("not for you")
            .stderr_has("error: 1 of 3 destinations were not written\n")
            .code(10);
        assert_eq!(ran.stderr.matches("not for you").count(), 1, "{ran}");
        all_hold(&lab, &others, &image);
        assert_eq!(lab.digest(tags[refused]), None);
    }
}

#[test]
fn an_immutable_tag_at_one_of_them_is_left_alone() {
    let (old, new) = (Image::small(1), Image::small(2));
    let lab = lab(&new);
    lab.push(TO[0], &old);
    lab.home
        .settings(&lab.addressed("immutable:\n  \"eu.lab/app\": [\"v*\"]\n"));
    let ran = lab
        .run(copy(&[]))
        .stdout(rows(&new, &TO[1..]))
        .any_stderr()
        .code(10);
    assert!(ran.stderr.contains("eu.lab/app:v1 is immutable"), "{ran}");
    lab.assert_holds(TO[0], &old);
    assert_eq!(lab.requests("eu").to_string(), "HEAD manifests 1");
    lab.assert_holds(TO[1], &new);
    lab.assert_holds(TO[2], &new);
}

#[test]
fn no_clobber_leaves_one_alone_and_writes_the_others() {
    let (old, new) = (Image::small(1), Image::small(2));
    let lab = lab(&new);
    lab.push(TO[1], &old);
    lab.run(copy(&["-n"]))
        .stdout(rows(&new, &[TO[0], TO[2]]))
        .stderr_has(format!("us.lab/app:v1 points to {} already", old.digest()))
        .code(10);
    lab.assert_holds(TO[1], &old);
    assert_eq!(lab.requests("us").count("POST", "uploads"), 0);
}
