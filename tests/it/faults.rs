//! What a copy does when a registry, or the way to it, fails. Each test is named after its fault.
//!
//! One rule holds for all: the tag at the destination is the old image until everything is there,
//! and what did arrive is not sent again.

use crate::lab::image::layer;
use crate::lab::{Fault, Image, Lab, Ran};
use crossdock::server::{Access, Anonymous, Mount, Options, TokenService, User};
use std::time::Duration;

const SRC: &str = "src.lab/team/app:v1";
const DST: &str = "dst.lab/team/app:v1";
/// Big enough for a break in the middle to be one.
const SIZE: usize = 3_000_000;

/// An image to copy over another one that is there.
struct Bench {
    lab: Lab,
    old: Image,
    new: Image,
}

impl Bench {
    fn new() -> Self {
        Self::on(Lab::new(), Image::sized(2, &[SIZE, 50_000, 10]))
    }

    fn on(lab: Lab, new: Image) -> Self {
        let old = Image::small(1);
        lab.push(SRC, &new);
        lab.push(DST, &old);
        Self { lab, old, new }
    }

    fn fault(self, at: &str, fault: Fault) -> Self {
        self.lab.fault(at, fault);
        self
    }

    fn copy(&self, options: &[&str]) -> crate::lab::Run {
        self.lab.run([&["copy", "-q", SRC, DST], options].concat())
    }

    /// The copy succeeds in spite of it all.
    #[track_caller]
    fn succeeds(&self, options: &[&str]) -> Ran {
        let told = format!("{DST}@{}\n", self.new.digest());
        let ran = self.copy(options).stdout(told).code(0);
        self.lab.assert_holds(DST, &self.new);
        ran
    }

    /// The copy fails with this code, the tag is the old image, and once everything works again
    /// the copy succeeds with nothing sent but what is missing.
    #[track_caller]
    fn fails(&self, options: &[&str], code: i32) -> Ran {
        let ran = self.copy(options).any_stderr().code(code);
        self.lab.assert_holds(DST, &self.old);
        self.lab.heal();
        let there: Vec<bool> = self
            .new
            .blobs
            .iter()
            .map(|blob| self.has(&blob.digest))
            .collect();
        let missing = self.new.blobs.iter().zip(there).filter(|(_, there)| !there);
        let missing: u64 = missing.map(|(blob, _)| blob.bytes.len() as u64).sum();
        self.succeeds(&[]);
        assert_eq!(
            self.lab.requests("dst").uploaded(),
            missing,
            "only what is missing is sent"
        );
        ran
    }

    fn has(&self, digest: &str) -> bool {
        let target = format!("/v2/team/app/blobs/{digest}");
        self.lab.node("dst").call("HEAD", &target, "", b"").status == 200
    }

    /// The digest of the big layer.
    fn layer(&self) -> &str {
        &self.new.blobs[1].digest
    }
}

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

/// A proxy that lets no blob through in one request.
fn chunked(layer: usize) -> Bench {
    let bench = Bench::on(Lab::new(), Image::sized(2, &[layer]));
    bench.fault("dst", Fault::on("PUT", "/uploads/").status(413))
}

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

/// A registry with tokens that last until the test says otherwise, and who may use it.
fn with_tokens() -> Bench {
    let options = |address: &str| Options {
        access: Access::Token(TokenService {
            realm: format!("http://{address}/token"),
            service: "dst".to_owned(),
            users: vec![User::new("ann", "apple")],
            lifetime: Duration::from_secs(300),
            anonymous: Anonymous::Nothing,
            oauth2: true,
        }),
        ..Options::default()
    };
    let lab = Lab::empty().open("src").registry("dst", options);
    lab.docker_login(&[("dst.lab", "ann:apple")]);
    Bench::on(lab, Image::sized(2, &[SIZE, 10]))
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
fn f22_the_token_expires_before_the_only_request() {
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    let bench = with_tokens().fault("dst", Fault::on("PUT", "/uploads/").first(expire));
    bench.succeeds(&[]);
    let requests = bench.lab.requests("dst");
    let tokens = requests.count("GET", "token") + requests.count("POST", "token");
    assert!(tokens <= 3, "{requests}");
}

#[test]
fn f22_the_token_expires_in_the_middle_of_chunks() {
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    for method in ["PATCH", "PUT"] {
        let fault = Fault::on(method, "/uploads/").after(1).first(expire);
        let bench = with_tokens()
            .fault("dst", Fault::on("PUT", "/uploads/").status(413))
            .fault("dst", fault);
        bench.succeeds(&["-j", "1"]);
    }
}

#[test]
fn f22_the_token_expires_before_the_manifest() {
    let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
    with_tokens()
        .fault("dst", Fault::on("PUT", "/manifests/").first(expire))
        .succeeds(&[]);
}

#[test]
fn f23_a_token_that_is_never_good_enough() {
    for part in ["/uploads/", "/manifests/"] {
        let bench = with_tokens();
        let expire = |registry: &crossdock::server::Registry| registry.expire_tokens();
        let bench = bench.fault("dst", Fault::on("PUT", part).always().first(expire));
        let ran = bench.copy(&["-j", "1"]).any_stderr().code(4);
        assert!(ran.stderr.contains("hint: "), "{ran}");
        let requests = bench.lab.requests("dst");
        assert!(
            requests.count("PUT", part.trim_matches('/')) <= 4,
            "one refresh: {requests}"
        );
        bench.fails(&["-j", "1"], 4);
    }
}

#[test]
fn f24_denied_is_final() {
    for (method, part) in [
        ("POST", "/uploads/"),
        ("PUT", "/uploads/"),
        ("PUT", "/manifests/"),
    ] {
        let denied = Fault::on(method, part).always();
        let denied = denied.refusal(403, "DENIED", "token lacks write:packages");
        let bench = Bench::on(Lab::new(), Image::of(2, vec![])).fault("dst", denied);
        let ran = bench
            .copy(&[])
            .stderr_has("token lacks write:packages")
            .code(4);
        assert!(ran.elapsed < Duration::from_secs(2), "{ran}");
        bench.fails(&[], 4);
    }
}

#[test]
fn f25_a_busy_registry_is_given_the_time_that_it_asks_for() {
    let bench = Bench::new();
    let busy = Fault::on("GET", "/manifests/").answer(429, &[("retry-after", "1")], "");
    let ran = bench.fault("src", busy).succeeds(&[]);
    assert!(ran.elapsed >= Duration::from_secs(1), "{ran}");
    assert!(ran.elapsed < Duration::from_secs(3), "{ran}");
}

#[test]
fn f25_a_date_is_a_time_too_and_nonsense_is_none() {
    let soon = std::time::SystemTime::now() + Duration::from_secs(2);
    let soon = httpdate::fmt_http_date(soon);
    for (after, least) in [
        (soon.as_str(), 800),
        ("Fri, 20 Nov 2020 12:00:00 GMT", 350),
        ("soon", 350),
    ] {
        let bench = Bench::new();
        let busy = Fault::on("GET", "/manifests/").answer(429, &[("retry-after", after)], "");
        let ran = bench.fault("src", busy).succeeds(&[]);
        assert!(ran.elapsed >= Duration::from_millis(least), "{after} {ran}");
        assert!(ran.elapsed < Duration::from_secs(4), "{after} {ran}");
    }
}

#[test]
fn f25_more_time_than_anybody_has_ends_the_copy() {
    let busy =
        Fault::on("GET", "/manifests/")
            .always()
            .answer(429, &[("retry-after", "99999")], "");
    let bench = Bench::new().fault("src", busy);
    let ran = bench
        .copy(&[])
        .stderr_has("99999")
        .stderr_has("hint: ")
        .code(7);
    assert!(ran.elapsed < Duration::from_secs(2), "{ran}");
    assert_eq!(bench.lab.requests("src").count("GET", "manifests"), 1);
    bench.fails(&[], 7);
}

/// What is repeated, and on which side.
const REPEATED: [(&str, &str, &str); 7] = [
    ("src", "HEAD", "/manifests/"),
    ("src", "GET", "/manifests/"),
    ("src", "GET", "/blobs/"),
    ("dst", "HEAD", "/manifests/"),
    ("dst", "POST", "/uploads/"),
    ("dst", "PUT", "/uploads/"),
    ("dst", "PUT", "/manifests/"),
];

#[test]
fn f27_a_passing_trouble_is_waited_out() {
    let statuses = [500, 502, 503, 504, 408, 522, 499];
    std::thread::scope(|scope| {
        for (status, (side, method, part)) in statuses.into_iter().zip(REPEATED) {
            scope.spawn(move || {
                let fault = Fault::on(method, part).times(2).status(status);
                let bench = Bench::on(Lab::new(), Image::of(2, vec![layer(1, 1000)]));
                let ran = bench.fault(side, fault).succeeds(&[]);
                assert!(
                    ran.elapsed > Duration::from_millis(350),
                    "{status} {method} {ran}"
                );
            });
        }
    });
}

#[test]
fn f27_trouble_that_stays_is_temporary_all_the_same() {
    std::thread::scope(|scope| {
        for (side, method, part) in REPEATED {
            scope.spawn(move || {
                let fault = Fault::on(method, part).always().status(503);
                let bench = Bench::on(Lab::new(), Image::of(2, vec![]));
                let ran = bench.fault(side, fault).fails(&["--retries", "1"], 7);
                assert!(ran.stderr.contains("503"), "{method} {part} {ran}");
            });
        }
    });
}

#[test]
fn f28_a_manifest_that_is_not_taken() {
    for (status, code) in [(400, 1), (404, 3), (405, 1), (413, 1), (415, 1)] {
        let fault = Fault::on("PUT", "/manifests/").always();
        let fault = fault.refusal(
            status,
            "MANIFEST_INVALID",
            "no \u{1b}[31msuch\u{1b}[0m feature",
        );
        let bench = Bench::on(Lab::new(), Image::of(2, vec![])).fault("dst", fault);
        let ran = bench.copy(&[]).stderr_has("such").code(code);
        assert!(!ran.stderr.contains('\u{1b}'), "{ran}");
        assert_eq!(bench.lab.requests("dst").count("PUT", "manifests"), 1);
        bench.fails(&[], code);
    }
}

#[test]
fn f30_a_registry_that_says_nothing() {
    let silent = Fault::on("GET", "/manifests/").delay(Duration::from_secs(20));
    let bench = Bench::new().fault("src", silent);
    let ran = bench.succeeds(&["--idle-timeout", "300ms"]);
    assert!(ran.elapsed < Duration::from_secs(5), "{ran}");
}

#[test]
fn the_deadline_ends_everything() {
    let silent = Fault::on("GET", "/manifests/").delay(Duration::from_secs(20));
    let ran = Bench::new()
        .fault("src", silent)
        .fails(&["--deadline", "400ms"], 7);
    assert!(ran.elapsed < Duration::from_secs(2), "{ran}");
    assert!(ran.stderr.contains("--deadline"), "{ran}");
}

#[test]
fn f34_nobody_listens() {
    let lab = Lab::empty().open("src");
    lab.push(SRC, &Image::small(1));
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let nowhere = format!("{}/x:y", free.unwrap());
    lab.run(["copy", "-q", "--retries", "0", SRC, &nowhere])
        .stderr_has("hint: is a registry running at ")
        .code(7);
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
fn f42_two_copies_to_one_tag() {
    let lab = Lab::new();
    let images = [Image::sized(1, &[1000, 10]), Image::sized(2, &[1000, 10])];
    lab.push("src.lab/a:v1", &images[0]);
    lab.push("src.lab/b:v1", &images[1]);
    for _ in 0..8 {
        std::thread::scope(|scope| {
            for from in ["src.lab/a:v1", "src.lab/b:v1"] {
                let run = lab.run(["copy", "-q", from, DST]);
                scope.spawn(move || run.any_stdout().code(0));
            }
        });
        let last = lab.digest(DST);
        let won = images
            .iter()
            .find(|image| last.as_deref() == Some(image.digest()));
        lab.assert_holds(DST, won.expect("one of the two"));
    }
}

#[test]
fn f43_two_copies_of_one_image() {
    let bench = Bench::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let run = bench.copy(&[]);
            scope.spawn(move || run.any_stdout().code(0));
        }
    });
    bench.lab.assert_holds(DST, &bench.new);
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
fn f48_a_web_page_is_no_registry() {
    for (side, method, part) in REPEATED {
        let bench = Bench::on(Lab::new(), Image::of(2, vec![]));
        let bench = bench.fault(side, Fault::on(method, part).always().html());
        let ran = bench.copy(&["--retries", "1"]).any_stderr().code(8);
        assert!(!ran.stderr.contains("<html"), "{method} {part} {ran}");
        bench.fails(&[], 8);
    }
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
