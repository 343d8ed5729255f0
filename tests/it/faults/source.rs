//! The source fails, or is not what it was.

use super::{Bench, SIZE};
use crate::lab::{Fault, Image, body};
use crossdock::server::Options;
use std::time::Duration;

#[test]
fn f04_the_source_ends_in_the_middle_of_a_blob() {
    for after in [0, 1, SIZE as u64 / 2, SIZE as u64 - 1] {
        let bench = Bench::new();
        let part = format!("/blobs/{}", bench.layer());
        let bench = bench.fault("src", Fault::on("GET", &part).cut(after));
        bench.succeeds(&[]);
        goes_on_from_where_it_broke(&bench, after);
    }
}

#[test]
fn f05_the_source_resets_in_the_middle_of_a_blob() {
    for after in [0, 1, SIZE as u64 / 2, SIZE as u64 - 1] {
        let bench = Bench::new();
        let part = format!("/blobs/{}", bench.layer());
        let bench = bench.fault("src", Fault::on("GET", &part).cut_with_reset(after));
        bench.succeeds(&[]);
        let requests = bench.lab.requests("src");
        assert!(requests.of("GET", "blobs").count() <= 5, "{requests}");
    }
}

#[track_caller]
fn goes_on_from_where_it_broke(bench: &Bench, after: u64) {
    let requests = bench.lab.requests("src");
    let mut reads = requests
        .of("GET", "blobs")
        .filter(|seen| seen.path.contains(bench.layer()));
    assert_eq!(
        reads.next().map(|first| first.header("range").to_owned()),
        Some(String::new())
    );
    let again = reads.next().map(|again| again.header("range").to_owned());
    let expected = match after {
        0 => String::new(),
        after => format!("bytes={after}-{}", SIZE - 1),
    };
    assert_eq!(again, Some(expected));
    assert_eq!(reads.count(), 0);
    assert_eq!(
        requests.downloaded(),
        bench.new.blob_bytes(),
        "no byte is read twice"
    );
}

#[test]
fn f07_the_source_ends_without_getting_on() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let bench = bench.fault("src", Fault::on("GET", &part).always().cut(0));
    bench
        .copy(&["--retries", "2"])
        .stderr_has("3 times without getting on")
        .code(7);
    let reads = bench.lab.requests("src");
    let reads = reads
        .of("GET", "blobs")
        .filter(|seen| seen.path.contains(bench.layer()));
    assert_eq!(reads.count(), 3);
    bench.fails(&["--retries", "1"], 7);
}

#[test]
fn f08_the_source_knows_no_ranges() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let bench = bench
        .fault("src", Fault::on("GET", &part).cut(1_000_000))
        .fault(
            "src",
            Fault::on("GET", &part)
                .with_header("range")
                .always()
                .ignore_range(),
        );
    bench.succeeds(&[]);
    assert_eq!(bench.lab.requests("dst").uploaded(), bench.new.blob_bytes());
}

#[test]
fn f10_a_range_that_is_not_satisfiable() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let bench = bench
        .fault("src", Fault::on("GET", &part).cut(1_000_000))
        .fault(
            "src",
            Fault::on("GET", &part).with_header("range").status(416),
        );
    bench.succeeds(&[]);
}

#[test]
fn f12_a_blob_that_is_wrong_once_is_read_once_more() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let bench = bench.fault("src", Fault::on("GET", &part).spoil());
    bench.succeeds(&[]);
}

#[test]
fn f12_a_blob_that_stays_wrong_is_never_at_the_destination() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let bench = bench.fault("src", Fault::on("GET", &part).always().spoil());
    bench
        .copy(&[])
        .stderr_has(bench.layer())
        .stderr_has("do not match its digest")
        .code(8);
    let reads = bench.lab.requests("src");
    let reads = reads
        .of("GET", "blobs")
        .filter(|seen| seen.path.contains(bench.layer()));
    assert_eq!(reads.count(), 2);
    assert!(!bench.has(bench.layer()));
    bench.fails(&[], 8);
}

#[test]
fn f13_a_blob_that_says_that_it_is_shorter() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let short = Fault::on("GET", &part).always().answer(200, &[], "short");
    bench.fault("src", short).fails(&[], 8);
}

#[test]
fn f45_a_blob_of_the_source_is_gone() {
    let bench = Bench::new();
    let gone = Fault::on("GET", &format!("/blobs/{}", bench.layer())).always();
    let bench = bench.fault(
        "src",
        gone.refusal(404, "BLOB_UNKNOWN", "blob unknown to registry"),
    );
    bench.copy(&[]).stderr_has(bench.layer()).code(3);
    bench.fails(&[], 3);
}

#[test]
fn f45_a_manifest_of_the_source_is_gone() {
    let bench = Bench::on(crate::lab::Lab::new(), Image::attested(5));
    let child = bench.new.manifests[1].digest.clone();
    let gone = Fault::on("*", &format!("/manifests/{child}")).always();
    let gone = gone.refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
    let bench = bench.fault("src", gone);
    bench.copy(&[]).stderr_has(&child).code(3);
    bench.fails(&[], 3);
}

#[test]
fn f06_a_source_that_breaks_off_again_and_again_and_gets_on() {
    let bench = Bench::on(
        crate::lab::Lab::new(),
        Image::sized(2, &[25 * 1_060_000; 4]),
    );
    let bench = bench.fault("src", Fault::on("GET", "/blobs/").always().cut(1_060_000));
    bench.succeeds(&["--retries", "1"]);
    assert!(bench.lab.requests("src").count("GET", "blobs") > 100);
    assert_eq!(
        bench.lab.requests("src").downloaded(),
        bench.new.blob_bytes()
    );
}

#[test]
fn f09_a_part_that_is_another_one_is_not_taken_for_it() {
    let right = ("content-range", "bytes 1000000-2999999/3000000");
    for ranges in [
        &[("content-range", "bytes 0-9/3000000")][..],
        &[("content-range", "bytes 1000000-2999999/4000000")],
        &[("content-range", "bytes 5-1/9")],
        &[("content-range", "nonsense")],
        &[],
        &[right, ("content-range", "bytes 0-1999999/3000000")],
    ] {
        let bench = Bench::new();
        let part = format!("/blobs/{}", bench.layer());
        let other = Fault::on("GET", &part).with_header("range").always();
        let bench = bench
            .fault("src", Fault::on("GET", &part).cut(1_000_000))
            .fault("src", other.answer(206, ranges, "0123456789"));
        bench.succeeds(&[]);
    }
}

#[test]
fn f11_the_right_part_with_wrong_bytes() {
    let bench = Bench::new();
    let part = format!("/blobs/{}", bench.layer());
    let bench = bench
        .fault("src", Fault::on("GET", &part).cut(1_000_000))
        .fault(
            "src",
            Fault::on("GET", &part)
                .with_header("range")
                .always()
                .spoil(),
        );
    bench.succeeds(&[]);
}

/// The storage has other bytes under the same name from some moment on, and says so by its mark.
/// Nobody asks for the mark: the digest is the better one.
#[test]
fn f15_a_blob_that_changes_between_two_parts() {
    type Body = crossdock::transport::ByteStream;
    let changed = |mark: &'static str, change: fn(Body) -> Body| {
        move |answer: &mut http::Response<Body>| {
            answer.headers_mut().insert("etag", mark.parse().unwrap());
            let body =
                std::mem::replace(answer.body_mut(), Box::pin(futures_util::stream::empty()));
            *answer.body_mut() = change(body);
        }
    };
    for times in [1, usize::MAX] {
        let bench = Bench::new();
        let part = format!("/blobs/{}", bench.layer());
        let old = Fault::on("GET", &part);
        let old = old.change(changed("\"old\"", |whole| {
            body::cut(whole, 1_000_000, None)
        }));
        let new = Fault::on("GET", &part).times(times);
        let new = new.change(changed("\"new\"", body::spoil));
        let bench = bench.fault("src", old).fault("src", new);
        if times == 1 {
            bench.succeeds(&[]);
            continue;
        }
        bench
            .copy(&[])
            .stderr_has("do not match its digest")
            .code(8);
        assert!(!bench.has(bench.layer()), "nothing wrong is there");
        bench.fails(&[], 8);
    }
}

#[test]
fn f14_a_blob_without_end() {
    let bench = Bench::new();
    let endless = Fault::on("GET", &format!("/blobs/{}", bench.layer())).always();
    let endless = endless.answer_with(|_| {
        let chunk = bytes::Bytes::from(vec![7; 65_536]);
        let body = futures_util::stream::repeat_with(move || Ok(chunk.clone()));
        http::Response::new(Box::pin(body))
    });
    let bench = bench.fault("src", endless);
    let ran = bench.fails(&[], 8);
    assert!(ran.elapsed < Duration::from_secs(30), "{ran}");
}

#[test]
fn f36_a_source_that_answers_no_questions_is_read() {
    let bench = Bench::new();
    let deaf = Fault::on("HEAD", "/manifests/").always().status(404);
    bench.fault("src", deaf).succeeds(&[]);
}

/// Neither length nor kind, at either side.
#[test]
fn f36_registries_whose_heads_say_little() {
    for side in ["src", "dst"] {
        let little = |answer: &mut http::Response<_>| {
            answer.headers_mut().remove("content-length");
            answer.headers_mut().remove("content-type");
        };
        let heads = Fault::on("HEAD", "").always().change(little);
        let bench = Bench::on(crate::lab::Lab::new(), Image::attested(5)).fault(side, heads);
        bench.succeeds(&[]);
        bench.succeeds(&[]);
    }
}

#[test]
fn f36_a_source_that_names_no_digests_is_read() {
    let nameless = |_: &str| Options {
        content_digest: false,
        ..Options::default()
    };
    let lab = crate::lab::Lab::empty()
        .registry("src", nameless)
        .registry("dst", nameless);
    let bench = Bench::on(lab, Image::attested(5));
    bench.succeeds(&[]);
    bench.succeeds(&[]);
}

/// A digest in a header may say that nothing is to be done. It never names bytes that were read.
#[test]
fn a_digest_in_a_header_names_no_bytes() {
    let other = Image::small(7);
    for (side, method, code) in [("src", "GET", 0), ("src", "HEAD", 0), ("dst", "PUT", 8)] {
        let bench = Bench::on(crate::lab::Lab::new(), Image::of(2, vec![]));
        let root = bench.new.root().clone();
        let kind = [
            ("docker-content-digest", other.digest()),
            ("content-type", &root.media_type),
        ];
        let body = String::from_utf8(root.bytes).unwrap();
        let lie = Fault::on(method, "/manifests/")
            .always()
            .answer(200, &kind, &body);
        let bench = bench.fault(side, lie);
        if code == 0 {
            bench.succeeds(&[]);
        } else {
            bench.fails(&[], code);
        }
    }
}

#[test]
fn a_manifest_that_is_not_what_its_digest_says_is_not_copied() {
    let bench = Bench::on(crate::lab::Lab::new(), Image::of(2, vec![]));
    let bench = bench.fault("src", Fault::on("GET", "/manifests/").always().spoil());
    bench.copy(&[]).stderr_has(bench.new.digest()).code(8);
    bench.fails(&[], 8);
}
