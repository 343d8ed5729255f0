//! Tags that move, or are not what they are said to be, while a copy is under way.

use super::{Bench, DST, SRC};
use crate::lab::image::Part;
use crate::lab::{Fault, Image, Lab};
use crossdock::server::Registry;

/// Points `team/app:v1` to a manifest that is there.
pub(super) fn move_tag(registry: &Registry, root: &Part) {
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
        let deed = move |registry: &Registry| move_tag(registry, &root);
        let bench = bench.fault("src", Fault::on("*", "").after(index).first(deed));
        bench.succeeds(&["-j", "1"]);
        assert_eq!(bench.lab.digest(SRC).as_deref(), Some(moved.digest()));
    }
}

/// A copy to a tag that is not there, and that somebody else writes in the middle of it.
fn overtaken(by: &Image) -> (Lab, Image) {
    let lab = Lab::new();
    let new = Image::sized(2, &[1000]);
    lab.push(SRC, &new);
    lab.push("dst.lab/team/app", by);
    let root = by.root().clone();
    let deed = move |registry: &Registry| move_tag(registry, &root);
    lab.fault("dst", Fault::on("PUT", "/uploads/").first(deed));
    (lab, new)
}

const IMMUTABLE: &str = "immutable:\n  \"*\": [\"v*\"]\n";

#[test]
fn f44_a_tag_that_is_not_to_be_moved_and_appears_in_the_middle_is_left_alone() {
    for (settings, options) in [("", &["-n"][..]), (IMMUTABLE, &[])] {
        let other = Image::small(7);
        let (lab, _) = overtaken(&other);
        lab.home.settings(settings);
        lab.run([&["copy", "-q", SRC, DST], options].concat())
            .stderr_has("moved meanwhile")
            .stderr_has(other.digest())
            .code(5);
        assert_eq!(lab.digest(DST).as_deref(), Some(other.digest()));
        let requests = lab.requests("dst");
        assert_eq!(requests.count("PUT", "manifests"), 0, "{requests}");
    }
}

#[test]
fn f44_a_tag_that_appears_in_the_middle_where_it_is_to_be_is_done() {
    for (settings, options) in [("", &["-n"][..]), (IMMUTABLE, &[])] {
        let lab = Lab::new();
        let new = Image::small(2);
        lab.push(SRC, &new);
        lab.push("dst.lab/team/app", &new);
        let root = new.root().clone();
        let deed = move |registry: &Registry| move_tag(registry, &root);
        lab.fault(
            "dst",
            Fault::on("HEAD", "/manifests/v1").after(1).first(deed),
        );
        lab.home.settings(settings);
        lab.run([&["copy", "-q", SRC, DST], options].concat())
            .stdout(format!("{DST}@{}\n", new.digest()))
            .code(0);
        let requests = lab.requests("dst");
        assert_eq!(requests.count("PUT", "manifests"), 0, "{requests}");
    }
}

#[test]
fn f44_a_tag_that_may_move_is_written_last() {
    let (lab, new) = overtaken(&Image::small(7));
    lab.run(["copy", "-q", SRC, DST])
        .stdout(format!("{DST}@{}\n", new.digest()))
        .code(0);
    lab.assert_holds(DST, &new);
}

/// Answers with this digest, whatever the tag points to.
fn lying(image: &Image) -> Fault {
    let headers = [
        ("docker-content-digest", image.digest()),
        ("content-type", &image.root().media_type),
    ];
    Fault::on("HEAD", "/manifests/v1")
        .always()
        .answer(200, &headers, "")
}

/// By tag, what was read is what counts.
#[test]
fn a_source_that_names_a_wrong_digest_is_copied_as_it_is() {
    let bench = Bench::on(Lab::new(), Image::attested(2));
    let bench = bench.fault("src", lying(&Image::small(7)));
    bench.succeeds(&[]);
    let before = bench.lab.requests("dst").count("PUT", "manifests");
    bench.succeeds(&[]);
    let after = bench.lab.requests("dst").count("PUT", "manifests");
    assert_eq!(before, after, "it is up to date");
}

/// What was read, and not what was told, is held against the rules.
#[test]
fn a_source_that_names_a_wrong_digest_moves_no_tag_that_is_not_to_be_moved() {
    for (settings, options) in [("", &["-n"][..]), (IMMUTABLE, &[])] {
        let bench = Bench::on(Lab::new(), Image::small(2));
        bench.lab.home.settings(settings);
        let bench = bench.fault("src", lying(&Image::small(7)));
        bench.copy(options).any_stderr().code(5);
        bench.lab.assert_holds(DST, &bench.old);
    }
}

/// Another manifest in the place of the one that was asked for is not taken for it.
#[test]
fn a_digest_that_is_answered_with_something_else_is_not_copied() {
    let bench = Bench::on(Lab::new(), Image::small(2));
    let root = bench.new.root();
    let body = format!("{} ", String::from_utf8_lossy(&root.bytes));
    let wrong = Fault::on("GET", "/manifests/").always();
    let wrong = wrong.answer(200, &[("content-type", &root.media_type)], &body);
    let bench = bench.fault("src", wrong);
    bench.copy(&[]).stderr_has(bench.new.digest()).code(8);
    bench.fails(&[], 8);
}
