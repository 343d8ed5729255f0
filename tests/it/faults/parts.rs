//! Destinations that do not take a blob in one request: it goes in parts.

use super::{Bench, DST, SIZE};
use crate::lab::{Fault, Image, Lab, Seen};
use crossdock::server::Options;
use std::collections::BTreeMap;
use std::time::Duration;

const MIB: u64 = 1 << 20;

/// A destination that takes so many bytes in one body, and what it says of the least.
fn limited(limit: u64, least: Option<u64>, image: Image) -> Bench {
    let wants = |_: &str| Options {
        chunk_min_length: least,
        ..Options::default()
    };
    let lab = Lab::empty().open("src").registry("dst", wants);
    let proxy = Fault::on("*", "/uploads/").with_body_over(limit).always();
    Bench::on(lab, image).fault("dst", proxy.status(413))
}

/// The parts that were taken, as begin and end, of each upload.
fn taken(bench: &Bench) -> BTreeMap<String, Vec<(u64, u64)>> {
    let requests = bench.lab.requests("dst");
    let mut uploads = BTreeMap::<String, Vec<_>>::new();
    for seen in requests
        .of("PATCH", "uploads")
        .filter(|seen| seen.status == 202)
    {
        uploads
            .entry(seen.path.clone())
            .or_default()
            .push(range(seen));
    }
    uploads
}

/// What has no range is everything.
fn range(seen: &Seen) -> (u64, u64) {
    match seen.header("content-range").split_once('-') {
        Some((first, last)) => (first.parse().unwrap(), last.parse::<u64>().unwrap() + 1),
        None => (0, seen.header("content-length").parse().unwrap()),
    }
}

/// How often each of the layers was opened at the source.
fn opened(bench: &Bench) -> Vec<usize> {
    let requests = bench.lab.requests("src");
    let layers = bench.new.blobs[1..].iter();
    let reads = |digest: &str| {
        let blobs = requests.of("GET", "blobs");
        blobs.filter(|seen| seen.path.contains(digest)).count()
    };
    layers.map(|layer| reads(&layer.digest)).collect()
}

/// A blob that is refused whole goes in the PATCH that follows, and so do all others.
#[test]
fn several_blobs_that_are_refused_whole_at_once() {
    for status in [400, 405, 411, 413, 415] {
        let bench = Bench::on(Lab::new(), Image::sized(2, &[100_000; 8]));
        // The last request of an upload has no body.
        let whole = Fault::on("PUT", "/uploads/").with_body_over(0).always();
        let bench = bench.fault("dst", whole.status(status));
        bench.succeeds(&[]);
        let requests = bench.lab.requests("dst");
        assert_eq!(
            requests.count("PATCH", "uploads"),
            9,
            "{status}: {requests}"
        );
    }
}

#[test]
fn parts_are_as_small_as_they_must_be_and_follow_each_other() {
    let bench = limited(MIB, None, Image::sized(2, &[SIZE]));
    bench.succeeds(&["-j", "1"]);
    let uploads = taken(&bench);
    let size = SIZE as u64;
    let expected = vec![(0, MIB), (MIB, 2 * MIB), (2 * MIB, size)];
    assert!(
        uploads.values().any(|parts| *parts == expected),
        "{uploads:?}"
    );
    // Whole, in one PATCH, and in parts: three attempts, and not one for each part.
    assert_eq!(opened(&bench), [3]);
}

/// What one blob has found out, another does not find out once more, and none makes parts smaller
/// for what it sent before it was known.
#[test]
fn several_blobs_that_are_too_large_at_once() {
    let bench = limited(MIB, None, Image::sized(2, &[SIZE; 8]));
    bench.succeeds(&["--retries", "0"]);
    for (upload, parts) in taken(&bench) {
        for (begin, end) in parts.into_iter().rev().skip(1) {
            assert_eq!(end - begin, MIB, "{upload}");
        }
    }
    assert!(
        opened(&bench).iter().all(|opened| *opened <= 3),
        "{:?}",
        opened(&bench)
    );
}

/// Who says so before it has read everything may hang up with the answer.
#[test]
fn a_destination_that_refuses_a_body_before_its_end() {
    let proxy = |_: &str| Options {
        body_limit: Some(MIB),
        ..Options::default()
    };
    let lab = Lab::empty().open("src").registry("dst", proxy);
    Bench::on(lab, Image::sized(2, &[SIZE; 2])).succeeds(&[]);
}

#[test]
fn no_part_but_the_last_is_smaller_than_the_registry_wants() {
    let (limit, least) = (900_000, 700_000);
    let bench = limited(limit, Some(least), Image::sized(2, &[SIZE]));
    bench.succeeds(&[]);
    let uploads = taken(&bench);
    let parts = uploads.values().find(|parts| parts.len() > 1).unwrap();
    let (last, others) = parts.split_last().unwrap();
    assert_eq!(last.1, SIZE as u64);
    for (begin, end) in others {
        assert_eq!(end - begin, least, "{parts:?}");
    }
}

#[test]
fn a_part_that_breaks_off_goes_on_where_it_broke() {
    let bench = limited(MIB, None, Image::sized(2, &[SIZE]));
    // What is too large is another fault's: the first part is the first that this one sees.
    let cut = Fault::on("PATCH", "/uploads/")
        .with_body_over(MIB - 1)
        .after(1)
        .cut_upload(300_000);
    let bench = bench.fault("dst", cut);
    bench.succeeds(&["-j", "1"]);
    let uploads = taken(&bench);
    let parts = uploads.values().find(|parts| parts.len() > 1).unwrap();
    let mut at = 0;
    for (number, (begin, end)) in parts.iter().enumerate() {
        let broken = number == 1;
        assert!(
            *begin == at || (broken && *begin > at && *begin <= at + 300_000),
            "{parts:?}"
        );
        at = *end;
    }
    assert_eq!(at, SIZE as u64, "{parts:?}");
    assert_eq!(opened(&bench), [4], "once more for the break");
}

#[test]
fn a_body_that_is_too_large_however_small_ends_the_copy() {
    for (limit, least) in [(500_000, None), (600_000, Some(MIB))] {
        let bench = limited(limit, least, Image::sized(2, &[SIZE]));
        let run = bench.copy(&[]).patience(Duration::from_secs(20));
        run.stderr_has("413").code(1);
        bench.lab.assert_holds(DST, &bench.old);
        let requests = bench.lab.requests("dst");
        assert!(requests.count("PATCH", "uploads") <= 8, "{requests}");
    }
}

/// An upload that breaks off and cannot be asked about begins anew, as often as any request is
/// repeated.
#[test]
fn f19_uploads_that_break_off_and_are_not_known_any_more() {
    for retries in [0, 1, 4] {
        let bench = Bench::on(Lab::new(), Image::sized(2, &[1000]));
        let part = "/uploads/";
        let busy = Fault::on("PUT", part).always();
        let busy = busy.answer(503, &[("retry-after", "0")], "");
        let unknown = Fault::on("GET", part).always();
        let unknown = unknown.refusal(404, "BLOB_UPLOAD_UNKNOWN", "unknown");
        let bench = bench.fault("dst", busy).fault("dst", unknown);
        let told = retries.to_string();
        bench
            .copy(&["--retries", &told, "-j", "1"])
            .stderr_has("503")
            .code(7);
        let attempts = bench.lab.requests("dst").count("PUT", "uploads");
        assert_eq!(attempts, retries + 1);
    }
}
