//! The source fails, or is not what it was.

use super::{Bench, SIZE, SRC};
use crate::lab::{Fault, Image};

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
fn f44_the_source_s_tag_moves_in_the_middle() {
    let requests = {
        let bench = Bench::new();
        bench.succeeds(&["-j", "1"]);
        bench.lab.requests("src").len()
    };
    for index in 1..requests {
        let bench = Bench::new();
        let moved = Image::small(9);
        bench.lab.push("src.lab/team/app:other", &moved);
        let root = moved.root().clone();
        let deed = move |registry: &crossdock::server::Registry| move_tag(registry, &root);
        let bench = bench.fault("src", Fault::on("*", "").after(index).first(deed));
        bench.succeeds(&["-j", "1"]);
        assert_eq!(bench.lab.digest(SRC).as_deref(), Some(moved.digest()));
    }
}

/// Points the source's tag to another image.
fn move_tag(registry: &crossdock::server::Registry, root: &crate::lab::image::Part) {
    let registry = registry.clone();
    let (bytes, kind) = (root.bytes.clone(), root.media_type.clone());
    let put = async move {
        use futures_util::StreamExt as _;
        let body = futures_util::stream::iter([Ok(bytes.into())]).boxed();
        let request = http::Request::put("/v2/team/app/manifests/v1").header("content-type", kind);
        let response = registry.handle(request.body(body).unwrap()).await;
        assert_eq!(response.status(), 201);
    };
    // The registry's runtime is busy with the request that this comes before.
    std::thread::spawn(|| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(put);
    })
    .join()
    .unwrap();
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
