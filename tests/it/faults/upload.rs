//! The destination fails while blobs and manifests go up.

use super::{Bench, DST, SIZE, chunked};
use crate::lab::{Fault, Image, Lab};
use crossdock::server::{Mount, Options};
use crossdock::transport::ByteStream;
use http::{HeaderValue, Response, StatusCode};
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

#[test]
fn f16_the_destination_ends_in_the_middle_of_a_chunk() {
    for (after, reset) in [
        (0, false),
        (1, false),
        (1_500_000, false),
        (SIZE as u64 - 1, true),
    ] {
        let bench = chunked(SIZE);
        let cut = Fault::on("PATCH", "/uploads/");
        let cut = if reset {
            cut.cut_upload_with_reset(after)
        } else {
            cut.cut_upload(after)
        };
        let bench = bench.fault("dst", cut);
        bench.succeeds(&["-j", "1"]);
        let requests = bench.lab.requests("dst");
        assert_eq!(requests.count("GET", "uploads"), 1, "{requests}");
    }
}

#[test]
fn f17_the_destination_ends_in_the_middle_of_the_only_request() {
    for (after, reset) in [
        (0, false),
        (1, true),
        (1_500_000, false),
        (SIZE as u64 - 1, false),
    ] {
        let bench = Bench::new();
        let part = "/uploads/";
        let cut = Fault::on("PUT", part).after(0);
        let cut = if reset {
            cut.cut_upload_with_reset(after)
        } else {
            cut.cut_upload(after)
        };
        bench.fault("dst", cut).succeeds(&[]);
    }
}

#[test]
fn f18_everything_arrived_and_the_answer_is_lost() {
    let bench = Bench::new().fault("dst", Fault::on("PUT", "/uploads/").times(4).lose_answer());
    bench.succeeds(&[]);
    let uploaded = bench.lab.requests("dst").uploaded();
    assert_eq!(uploaded, bench.new.blob_bytes(), "nothing is sent again");
}

#[test]
fn f18_the_manifest_is_written_and_the_answer_is_lost() {
    let bench = Bench::new().fault("dst", Fault::on("PUT", "/manifests/").lose_answer());
    bench.succeeds(&[]);
}

#[test]
fn f19_the_upload_is_unknown_all_at_once() {
    let unknown = |fault: Fault| fault.refusal(404, "BLOB_UPLOAD_UNKNOWN", "unknown");
    Bench::new()
        .fault("dst", unknown(Fault::on("PUT", "/uploads/").times(2)))
        .succeeds(&[]);
    chunked(SIZE)
        .fault("dst", unknown(Fault::on("PATCH", "/uploads/")))
        .succeeds(&[]);
}

#[test]
fn f19_the_upload_is_unknown_each_time() {
    let fault = Fault::on("PUT", "/uploads/").always();
    let bench = Bench::new().fault("dst", fault.refusal(404, "BLOB_UPLOAD_UNKNOWN", "unknown"));
    bench.fails(&["--retries", "1"], 7);
}

/// All bytes are taken each time, which is no progress the second time.
#[test]
fn f19_an_upload_that_is_never_finished() {
    let fault = Fault::on("PUT", "/uploads/").after(1).always();
    let fault = fault.refusal(404, "BLOB_UPLOAD_UNKNOWN", "unknown");
    chunked(SIZE)
        .fault("dst", fault)
        .fails(&["--retries", "1"], 7);
}

#[test]
fn f20_a_chunk_that_does_not_fit() {
    chunked(SIZE)
        .fault("dst", Fault::on("PATCH", "/uploads/").status(416))
        .succeeds(&[]);
}

#[test]
fn f20_chunks_that_never_fit() {
    let bench = chunked(SIZE);
    let never = Fault::on("PATCH", "/uploads/").always().status(416);
    let bench = bench.fault("dst", never);
    bench.fails(&["--retries", "1"], 7);
}

/// What it took, it does not say: neither with the chunk, nor when it is asked.
#[test]
fn f21_a_registry_that_says_nothing_of_what_has_arrived() {
    for (method, cut) in [("PATCH", false), ("GET", true)] {
        let bench = chunked(SIZE);
        let silent = |answer: &mut http::Response<_>| drop(answer.headers_mut().remove("range"));
        let silent = Fault::on(method, "/uploads/").always().change(silent);
        let bench = bench.fault("dst", silent);
        let times = usize::from(cut);
        let cut = Fault::on("PATCH", "/uploads/").times(times);
        let bench = bench.fault("dst", cut.cut_upload(1_500_000));
        bench.succeeds(&["-j", "1"]);
    }
}

#[test]
fn f21_what_has_arrived_is_what_the_registry_says() {
    for size in [0, 1, 2, 70_000] {
        chunked(size).succeeds(&["-j", "1"]);
    }
}

/// Whatever the registry says that it has, it is believed only so often.
#[test]
fn f21_a_registry_that_cannot_count_is_given_up() {
    for range in ["0-9", "0-0", "0-99999999", "5-9"] {
        let bench = chunked(SIZE);
        let wrong = Fault::on("PATCH", "/uploads/").always();
        let bench = bench.fault("dst", wrong.answer(202, &[("range", range)], ""));
        let run = bench
            .copy(&["--retries", "1"])
            .patience(Duration::from_secs(15));
        assert_eq!(run.run().code, 7, "{range}");
        bench.lab.assert_holds(DST, &bench.old);
        let requests = bench.lab.requests("dst");
        assert!(
            requests.count("PATCH", "uploads") < 12,
            "{range}: {requests}"
        );
    }
}

#[test]
fn f37_a_mount_that_is_refused_becomes_an_upload() {
    for status in [202, 400, 403, 404, 405, 500] {
        let mount = if status == 202 {
            Mount::Ignored
        } else {
            Mount::Linked
        };
        let lab = Lab::empty().registry("dst", |_| Options {
            mount,
            ..Options::default()
        });
        let image = Image::sized(2, &[100_000]);
        lab.push("dst.lab/dev/app:v1", &image);
        if status != 202 {
            let refused = Fault::on("POST", "mount=").always();
            lab.fault(
                "dst",
                refused.refusal(status, "UNSUPPORTED", "no mounts here"),
            );
        }
        lab.run(["copy", "-q", "--retries", "0", "dst.lab/dev/app:v1", DST])
            .stdout(format!("{DST}@{}\n", image.digest()))
            .code(0);
        lab.assert_holds(DST, &image);
        assert_eq!(
            lab.requests("dst").uploaded(),
            image.blob_bytes(),
            "{status}"
        );
    }
}

#[test]
fn f46_the_destination_loses_a_blob_before_the_manifest() {
    let bench = Bench::new();
    let lost = format!("/v2/team/app/blobs/{}", bench.layer());
    let deed = move |registry: &crossdock::server::Registry| {
        use futures_util::{FutureExt as _, StreamExt as _};
        let body = futures_util::stream::empty().boxed();
        let request = http::Request::delete(&*lost).body(body).unwrap();
        let response = registry
            .handle(request)
            .now_or_never()
            .expect("nothing to wait for");
        assert_eq!(response.status(), 202);
    };
    let bench = bench.fault("dst", Fault::on("PUT", "/manifests/").first(deed));
    bench.succeeds(&[]);
    let again = bench.new.blob_bytes() + SIZE as u64;
    assert_eq!(
        bench.lab.requests("dst").uploaded(),
        again,
        "the lost blob alone is sent again"
    );
}

#[test]
fn f46_a_destination_that_loses_everything_each_time() {
    let lost = Fault::on("PUT", "/manifests/").always();
    let lost = lost.refusal(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
    let bench = Bench::on(Lab::new(), Image::small(2)).fault("dst", lost);
    bench.copy(&[]).stderr_has("MANIFEST_BLOB_UNKNOWN").code(1);
    assert_eq!(bench.lab.requests("dst").count("PUT", "manifests"), 2);
    bench.fails(&[], 1);
}

#[test]
fn f54_an_upload_s_location_may_be_absolute() {
    let absolute = |address: &str| Options {
        location: crossdock::server::LocationForm::Absolute(format!("http://{address}")),
        ..Options::default()
    };
    let lab = Lab::empty().open("src").registry("dst", absolute);
    Bench::on(lab, Image::small(2)).succeeds(&[]);
}

/// What is no number, or more than anybody has, asks for nothing: the blob goes in one part.
#[test]
fn f55_a_size_of_chunks_that_nobody_can_mean() {
    for wanted in [
        "0",
        "-1",
        "a lot",
        "",
        "1e9",
        "99999999999999999999",
        "1099511627776",
    ] {
        let says = move |answer: &mut http::Response<_>| {
            let header = http::HeaderName::from_static("oci-chunk-min-length");
            answer.headers_mut().insert(header, wanted.parse().unwrap());
        };
        let bench = chunked(SIZE);
        let bench = bench.fault("dst", Fault::on("POST", "/uploads/").always().change(says));
        bench.succeeds(&["-j", "1"]);
        let size = bench.new.blob_bytes();
        assert!(
            bench.lab.requests("dst").uploaded() <= 2 * size + 10,
            "{wanted}"
        );
    }
}

#[test]
fn f55_chunks_are_as_big_as_the_registry_wants_them() {
    for minimum in [1, 1 << 20, 100 << 20] {
        let wants = |_: &str| Options {
            chunk_min_length: Some(minimum),
            ..Options::default()
        };
        let lab = Lab::empty().open("src").registry("dst", wants);
        let bench = Bench::on(lab, Image::sized(2, &[SIZE, 10]));
        bench
            .fault("dst", Fault::on("PUT", "/uploads/").status(413))
            .succeeds(&[]);
    }
}

/// Amazon ECR says 201, and the end of the first part each time, and has them all: what is sent
/// again does not fit.
#[test]
fn f21_a_registry_whose_count_stands_still() {
    let ends: Mutex<HashMap<String, HeaderValue>> = Mutex::default();
    let stuck = move |response: &mut Response<ByteStream>| {
        if !response.status().is_success() {
            return;
        }
        *response.status_mut() = StatusCode::CREATED;
        let headers = response.headers_mut();
        let upload = headers["location"].to_str().unwrap().to_owned();
        let upload = upload.split('?').next().unwrap().to_owned();
        let end = headers["range"].clone();
        let first = ends.lock().unwrap().entry(upload).or_insert(end).clone();
        headers.insert("range", first);
    };
    let image = Image::sized(2, &[SIZE, SIZE]);
    let whole = Fault::on("PUT", "/uploads/").status(413);
    let large = Fault::on("PATCH", "/uploads/").with_body_over(1 << 20);
    let stuck = Fault::on("PATCH", "/uploads/").always().change(stuck);
    let bench = Bench::on(Lab::new(), image)
        .fault("dst", whole)
        .fault("dst", large.always().status(413))
        .fault("dst", stuck);
    bench.succeeds(&["-j", "1"]);
    let requests = bench.lab.requests("dst");
    // One for each blob, and one after the 413.
    let begun = requests.count("POST", "uploads");
    assert_eq!(begun, bench.new.blobs.len() + 1, "{requests}");
    let statuses: Vec<u16> = requests
        .of("PATCH", "uploads")
        .map(|seen| seen.status)
        .collect();
    assert!(
        statuses.iter().all(|status| [201, 413].contains(status)),
        "{requests}"
    );
    assert!(
        statuses.iter().filter(|status| **status == 201).count() > 4,
        "{requests}"
    );
}

/// Whether the blob has so many bytes or not: that nobody sent them is enough.
#[test]
fn f21_a_registry_that_says_it_has_more_than_was_sent() {
    for range in ["0-1999999", "0-3500000"] {
        // From the first layer on, parts have 1 MiB. The first one of the second breaks off.
        let image = Image::sized(2, &[SIZE, SIZE]);
        let whole = Fault::on("PUT", "/uploads/").status(413);
        let large = Fault::on("PATCH", "/uploads/").with_body_over(1 << 20);
        let cut = Fault::on("PATCH", "/uploads/").with_body_over(600_000);
        let more = Fault::on("GET", "/uploads/").after(1);
        let bench = Bench::on(Lab::new(), image)
            .fault("dst", whole)
            .fault("dst", large.always().status(413))
            .fault("dst", cut.after(3).cut_upload(500_000))
            .fault("dst", more.says("range", &[("range", range)]));
        bench.succeeds(&["-j", "1"]);
        let requests = bench.lab.requests("dst");
        assert_eq!(requests.count("GET", "uploads"), 2, "{range}: {requests}");
        // One for each blob, one after the 413 for a whole one, one after the wrong count.
        let begun = requests.count("POST", "uploads");
        assert_eq!(begun, bench.new.blobs.len() + 2, "{range}: {requests}");
        let ends = requests.of("PUT", "uploads").map(|seen| seen.status);
        let ends: Vec<u16> = ends.collect();
        assert_eq!(ends, [413, 201, 201, 201], "{range}: none before its time");
    }
}

#[test]
fn f16_a_destination_that_breaks_off_again_and_again_and_gets_on() {
    let bench = chunked(12_000_000);
    let cut = Fault::on("PATCH", "/uploads/").times(8);
    let bench = bench.fault("dst", cut.cut_upload(1_300_000));
    bench.succeeds(&["-j", "1", "--retries", "2"]);
    assert_eq!(bench.lab.requests("dst").count("GET", "uploads"), 8);
}

/// Of two uploads one is told to wait, and the other is being opened meanwhile.
#[test]
fn f25_a_destination_that_is_busy_is_left_alone_by_all_uploads() {
    let bench = Bench::on(Lab::new(), Image::sized(2, &[1000; 40]));
    let busy = Fault::on("PUT", "/uploads/");
    let slow = Fault::on("POST", "/uploads/").after(1);
    let bench = bench
        .fault("dst", busy.answer(429, &[("retry-after", "5")], ""))
        .fault("dst", slow.delay(Duration::from_secs(2)));
    bench.succeeds(&["-j", "2"]);
    let requests = bench.lab.requests("dst");
    let refused = requests.all().iter().find(|seen| seen.status == 429);
    let refused = refused.expect("one is refused").at;
    // What was on its way then may still come in the first second.
    let quiet = refused + Duration::from_secs(1)..refused + Duration::from_millis(4900);
    let loud = requests
        .all()
        .iter()
        .filter(|seen| quiet.contains(&seen.at));
    assert_eq!(loud.count(), 0, "{requests}");
    assert!(requests.all().iter().any(|seen| seen.at >= quiet.end));
    // Not so the question how much has arrived: it is asked only after the word to wait was heard.
    let early = requests.of("GET", "uploads");
    let early = early.filter(|seen| seen.at < quiet.end);
    assert_eq!(early.count(), 0, "{requests}");
}
