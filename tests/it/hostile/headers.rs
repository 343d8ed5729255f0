//! HDR: headers that say what is not so.

use super::{APP, each, ends, image, lab};
use crate::lab::{Fault, Image, Lab};
use std::sync::atomic::{AtomicUsize, Ordering};

const DIGEST: [&str; 2] = ["digest", APP];

/// Answers with these headers instead of the right ones, once the password was shown.
fn with(fault: Fault, status: u16, given: &[(&str, &str)], body: &[u8]) -> Fault {
    let fault = fault.with_header("authorization").always();
    fault.answer(status, given, body)
}

/// Answers the look at the manifest with these headers.
fn looked_at(lab: &Lab, status: u16, given: &[(&str, &str)]) {
    lab.fault(
        "reg",
        with(Fault::on("HEAD", "/manifests/"), status, given, b""),
    );
}

const OTHER: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// What is no digest answers nothing: the manifest is read, and named by its bytes.
#[test]
fn a_content_digest_that_is_none() {
    let none = "a `Docker-Content-Digest` that is none";
    let long = format!("sha256:{}", "0".repeat(100_000));
    let upper = OTHER.to_uppercase();
    let cut = &OTHER[..OTHER.len() - 1];
    each(
        [
            ("HDR-07 nothing", "", &[none][..]),
            ("HDR-07b a path upwards", "sha256:../../x", &[none]),
            ("HDR-07c another algorithm's length", "sha512:0", &[none]),
            ("HDR-07d upper case", &upper, &[none]),
            ("HDR-07e too short", cut, &[none]),
            ("HDR-07f without end", &long, &[none]),
            ("HDR-07g not ASCII", "\u{9b}31m", &[]),
            ("HDR-07h turned around", "\u{202e}", &[]),
        ],
        |(name, digest, told)| {
            let lab = lab();
            looked_at(&lab, 200, &[("docker-content-digest", digest)]);
            let ran = ends(&lab, name, &DIGEST, 0, told);
            assert_eq!(ran.stdout, format!("{}\n", image().digest()), "{name}");
        },
    );
    let lab = lab();
    let two = [
        ("docker-content-digest", OTHER),
        ("docker-content-digest", image().digest()),
    ]
    .map(|(name, digest)| (name, digest.to_owned()));
    let two: Vec<_> = two
        .iter()
        .map(|(name, digest)| (*name, digest.as_str()))
        .collect();
    looked_at(&lab, 200, &two);
    let ran = ends(&lab, "HDR-07i two of them", &DIGEST, 0, &[]);
    assert_eq!(ran.stdout, format!("{}\n", image().digest()));
}

#[test]
fn a_content_digest_of_something_else() {
    let lab = lab();
    looked_at(&lab, 200, &[("docker-content-digest", OTHER)]);
    let pinned = format!("reg.lab/team/app@{}", image().digest());
    let told = ["sent something else than was asked for", OTHER];
    ends(&lab, "HDR-08 by digest", &["digest", &pinned], 8, &told);
    let lab = super::lab();
    let nameless = Fault::on("HEAD", "/manifests/v1").with_header("authorization");
    lab.fault("reg", nameless.says("docker-content-digest", &[]));
    let media_type = image().root().media_type.clone();
    let bytes = image().root().bytes.clone();
    let given = [
        ("docker-content-digest", OTHER),
        ("content-type", &media_type),
    ];
    lab.fault(
        "reg",
        with(Fault::on("GET", "/manifests/"), 200, &given, &bytes),
    );
    let copy = ["copy", "--progress", "none", APP, "own.lab/app:v1"];
    let told = ["a wrong digest for team/app", OTHER, image().digest()].map(str::to_owned);
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    ends(&lab, "HDR-08b by tag", &copy, 0, &told);
    lab.assert_holds("own.lab/app:v1", &image());
}

/// A wait that is nonsense is none, and one without end is not waited for.
#[test]
fn waits_that_make_no_sense() {
    let long = "9".repeat(100_000);
    each(
        [
            ("HDR-10 negative", "-1", 2),
            ("HDR-10b a power", "1e9", 2),
            (
                "HDR-10c a date that is none",
                "Fri, 31 Feb 2026 11:59:00 GMT",
                2,
            ),
            (
                "HDR-10d a date that was",
                "Fri, 20 Nov 2020 12:00:00 GMT",
                2,
            ),
            ("HDR-10e a word", "soon", 2),
            ("HDR-10f a fraction", "0.5", 2),
            ("HDR-10g without end", &long, 2),
            ("HDR-10h not ASCII", "\u{9b}", 2),
            ("HDR-11 thirty years", "1000000000", 1),
            ("HDR-11b beyond all numbers", "99999999999999999999", 1),
            (
                "HDR-11c a date that is far",
                "Fri, 20 Nov 2099 12:00:00 GMT",
                1,
            ),
        ],
        |(name, after, attempts)| {
            for status in [429, 503] {
                let lab = lab();
                looked_at(&lab, status, &[("retry-after", after)]);
                let ran = lab
                    .run(["digest", "--retries", "1", APP])
                    .any_stderr()
                    .code(7);
                super::assert_harmless(&lab, name, &ran);
                let told = attempts == 2 || ran.stderr.contains(&format!("asks to wait: {after}"));
                assert!(told, "{name}: {ran}");
                let seconds = ran.elapsed.as_secs();
                assert!(seconds < 20, "{name}: {ran}");
                let requests = lab.requests("reg");
                let shown = requests.all().iter().filter(|seen| seen.scheme().is_some());
                assert_eq!(shown.count(), attempts, "{name}: {requests}");
            }
        },
    );
}

/// Nothing depends on a registry's clock.
#[test]
fn dates_that_are_off() {
    each(
        [
            ("HDR-12 two days ahead", "Mon, 23 Nov 2099 12:00:00 GMT"),
            ("HDR-12b long ago", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("HDR-12c none", "yesterday"),
            ("HDR-12d in another calendar", "\u{202e}"),
        ],
        |(name, date)| {
            let lab = lab();
            let image = image();
            looked_at(
                &lab,
                200,
                &[("date", date), ("docker-content-digest", image.digest())],
            );
            let ran = ends(&lab, name, &DIGEST, 0, &[]);
            assert_eq!(ran.stdout, format!("{}\n", image.digest()), "{name}");
        },
    );
}

#[test]
fn warnings_are_told_escaped_and_not_for_ever() {
    let long = format!("299 - \"{}\"", "x".repeat(100_000));
    let numbered: Vec<String> = (0..60)
        .map(|number| format!("299 - \"number {number}.\""))
        .collect();
    let numbered: Vec<&str> = numbered.iter().map(String::as_str).collect();
    each(
        [
            (
                "HDR-13 a warning",
                vec!["299 - \"going away\""],
                &["reg.lab: going away"][..],
            ),
            (
                "HDR-13b hostile characters",
                vec!["299 - \"\u{9b}31m\u{202e}evil\t\""],
                &[r"\u{9b}31m\u{202e}evil\u{9}"],
            ),
            ("HDR-13c without end", vec![&long], &["xxx"]),
            ("HDR-13d many", numbered, &["number 0.", "number 7."]),
            ("HDR-13e another code", vec!["199 - \"x\""], &[]),
            ("HDR-13f an agent", vec!["299 evil \"x\""], &[]),
            ("HDR-13g nothing", vec!["299 - \"\""], &[]),
        ],
        |(name, warnings, told)| {
            let lab = lab();
            let image = image();
            let digest = [("docker-content-digest", image.digest())];
            let warnings = warnings.iter().map(|warning| ("warning", *warning));
            let given: Vec<_> = warnings.chain(digest).collect();
            looked_at(&lab, 200, &given);
            let ran = ends(&lab, name, &DIGEST, 0, told);
            assert!(ran.stderr.lines().count() <= 8, "{name}: {ran}");
        },
    );
}

/// Whoever has others in each answer is heard for a while.
#[test]
fn warnings_without_end_are_not_told_without_end() {
    let lab = Lab::new();
    let image = Image::sized(1, &[1000; 12]);
    lab.push("src.lab/app:v1", &image);
    let number = AtomicUsize::new(0);
    let warned = Fault::on("*", "/").always().change(move |answer| {
        for _ in 0..8 {
            let number = number.fetch_add(1, Ordering::SeqCst);
            let warning = format!("299 - \"number {number}.\"").parse().unwrap();
            answer.headers_mut().append("warning", warning);
        }
    });
    lab.fault("src", warned);
    let ran = lab
        .run(["copy", "src.lab/app:v1", "dst.lab/app:v1"])
        .any_stdout()
        .any_stderr()
        .code(0);
    let told = ran.stderr.lines();
    let told: Vec<&str> = told.filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(told.len(), 51, "{ran}");
    let last = "warning: src.lab gives more warnings, which are not shown";
    assert_eq!(told[50], last, "{ran}");
}

/// A body is what its digest says, and never what somebody packed it into.
#[test]
fn content_that_comes_packed() {
    let told = "compressed";
    for (name, given) in [
        ("HDR-14 gzip", vec![("content-encoding", "gzip")]),
        ("HDR-14b another", vec![("content-encoding", "br")]),
        ("HDR-14c two in one", vec![("content-encoding", "gzip, br")]),
        (
            "HDR-14d two headers",
            vec![
                ("content-encoding", "identity"),
                ("content-encoding", "gzip"),
            ],
        ),
        ("HDR-14e not ASCII", vec![("content-encoding", "\u{9b}")]),
    ] {
        let copy = ["copy", "--progress", "none", APP, "own.lab/app:v1"];
        for (method, part, args) in [
            ("HEAD", "/manifests/", &DIGEST[..]),
            ("GET", "/tags/list", &["ls", "reg.lab/team/app"]),
            ("GET", "/manifests/", &copy),
            ("GET", "/blobs/", &copy),
        ] {
            let lab = lab();
            lab.fault(
                "reg",
                with(Fault::on(method, part), 200, &given, b"\x1f\x8b\x08"),
            );
            ends(&lab, &format!("{name} {part}"), args, 8, &[told]);
            assert_eq!(lab.digest("own.lab/app:v1"), None, "{name}");
        }
    }
    let lab = lab();
    let body = br#"{"tags":["one"]}"#;
    let given = [("content-encoding", "identity")];
    lab.fault(
        "reg",
        with(Fault::on("GET", "/tags/list"), 200, &given, body),
    );
    let ran = ends(
        &lab,
        "HDR-14f as it is",
        &["ls", "reg.lab/team/app"],
        0,
        &[],
    );
    assert_eq!(ran.stdout, "one\n");
}

/// A registry that takes note of another subject than the one it was told of has taken note of
/// none: the list under the tag is kept for it.
#[test]
fn a_subject_that_is_another_one() {
    let (subject, other) = (Image::small(3), Image::small(4));
    let note = Image::referrer(5, "application/vnd.example.note", &subject);
    each(
        [
            ("HDR-15 the right one", vec![subject.digest()], false),
            ("HDR-15b another one", vec![other.digest()], true),
            ("HDR-15c not ASCII", vec!["\u{9b}"], true),
            ("HDR-15d no digest", vec!["true"], true),
            (
                "HDR-15e two of them",
                vec![subject.digest(), other.digest()],
                true,
            ),
            ("HDR-15f none", vec![], true),
        ],
        |(name, told, listed)| {
            let lab = lab();
            lab.push("own.lab/app", &note);
            let told: Vec<_> = told.iter().map(|told| ("oci-subject", *told)).collect();
            let put = Fault::on("PUT", &format!("/manifests/{}", note.digest()));
            lab.fault("reg", put.says("oci-subject", &told));
            let from = format!("own.lab/app@{}", note.digest());
            ends(
                &lab,
                name,
                &["copy", "-q", &from, "reg.lab/new/app"],
                0,
                &[],
            );
            let list = format!("reg.lab/new/app:{}", subject.digest().replace(':', "-"));
            assert_eq!(lab.digest(&list).is_some(), listed, "{name}");
        },
    );
}

/// Only what is attached is listed, whatever the registry says that it left out.
#[test]
fn filters_that_were_not_asked_for() {
    let subject = image();
    let note = Image::referrer(5, "application/vnd.example.note", &subject);
    let lab = lab();
    lab.push("reg.lab/team/app", &note);
    let mut entry = note.root().descriptor();
    entry["artifactType"] = "application/vnd.example.note".into();
    let index = serde_json::json!({"schemaVersion": 2, "mediaType": crate::lab::image::INDEX, "manifests": [entry]});
    let given = [
        ("content-type", crate::lab::image::INDEX),
        ("oci-filters-applied", "artifactType, \u{202e}evil"),
    ];
    let list = Fault::on("GET", "/referrers/");
    lab.fault("reg", with(list, 200, &given, index.to_string().as_bytes()));
    let copy = ["copy", "-q", "--referrers", APP, "own.lab/app:v1"];
    ends(&lab, "HDR-16 filters", &copy, 0, &[]);
    lab.assert_holds("own.lab/app:v1", &subject);
    let there = format!("/v2/app/manifests/{}", note.digest());
    assert_eq!(lab.node("own").call("GET", &there, "", b"").status, 200);
}
