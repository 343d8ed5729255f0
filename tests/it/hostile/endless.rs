//! What does not end: the words of a refusal, and lists that go on and on, up to the very limits.

use super::{each, ends, lab, lab_of};
use crate::lab::{Fault, Image, Lab};
use bytes::Bytes;
use crossdock::server::{Anonymous, User};
use crossdock::transport::{BoxError, ByteStream};
use futures_util::{StreamExt as _, stream};
use http::{Response, StatusCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// An error body is read no further.
const READ: usize = 64 << 10;
/// So many pages of a list are read, and so many names.
const PAGES: usize = 10_000;
const NAMES: usize = 1_000_000;

/// Refuses with a body that begins with `first`, and then goes on as `rest` does.
fn refusing(on: Fault, status: u16, first: impl Into<Bytes>, rest: fn() -> ByteStream) -> Fault {
    let first = first.into();
    on.answer_with(move |_| {
        let first = first.clone();
        let body = stream::iter([Ok(first)]).chain(rest()).boxed();
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    })
}

/// The same eight KiB for ever.
fn for_ever(filler: &'static str) -> ByteStream {
    let chunk = Bytes::from(filler.repeat(8192 / filler.len()));
    stream::repeat_with(move || Ok::<_, BoxError>(chunk.clone())).boxed()
}

/// Nothing, and no end either.
fn silence() -> ByteStream {
    stream::pending().boxed()
}

/// The list of tags, once the password was shown.
fn asked() -> Fault {
    let asked = Fault::on("GET", "/tags/list").with_header("authorization");
    asked.always()
}

/// Its name, the refusal's status, how its body begins and goes on, the run's code, and what is told.
type Row = (
    &'static str,
    u16,
    &'static str,
    fn() -> ByteStream,
    i32,
    &'static str,
);

const LIST: [&str; 2] = ["ls", "reg.lab/team/app"];

#[test]
fn refusals_that_do_not_end_are_told_in_their_first_words() {
    let document = r#"{"errors":[{"code":"DENIED","message":"read the manual"}]}"#;
    let message = r#"{"errors":[{"code":"DENIED","message":"read the manual"#;
    let rows: [Row; 7] = [
        (
            "words",
            403,
            "read the manual ",
            || for_ever("x"),
            4,
            "denied (403): read the manual xxx",
        ),
        (
            "words that are cut within a character",
            403,
            "read the manual: ",
            || for_ever("é"),
            4,
            "denied (403): read the manual: ééé",
        ),
        (
            "a document, and blanks",
            403,
            document,
            || for_ever(" "),
            4,
            "denied (403 DENIED): read the manual",
        ),
        (
            "an endless message",
            403,
            message,
            || for_ever("x"),
            4,
            "denied (403)",
        ),
        (
            "an endless page",
            403,
            "<html>",
            || for_ever("x"),
            4,
            "denied (403)",
        ),
        (
            "of a registry in trouble",
            500,
            "read the manual ",
            || for_ever("x"),
            7,
            "(500): read the manual xxx",
        ),
        (
            "bytes that are no text",
            404,
            "",
            || for_ever("\0"),
            3,
            "(404)",
        ),
    ];
    each(rows, |(name, status, first, rest, code, told)| {
        let lab = lab();
        lab.fault("reg", refusing(asked(), status, first, rest));
        let ran = ends(&lab, name, &LIST, code, &[told]);
        assert!(ran.elapsed < Duration::from_secs(30), "{name}: {ran}");
    });
}

#[test]
fn refusals_of_a_token_service_that_do_not_end() {
    let lab = lab_of(|address, password| {
        let users = vec![User::new("ann", password)];
        crate::lab::tokens(address, "reg", users, Anonymous::Nothing)
    });
    let document = r#"{"errors":[{"code":"DENIED","message":"read the manual"}]}"#;
    let asked = Fault::on("*", "/token").always();
    lab.fault("reg", refusing(asked, 403, document, || for_ever(" ")));
    let ran = ends(&lab, "a token", &LIST, 4, &["read the manual"]);
    assert!(ran.elapsed < Duration::from_secs(30), "{ran}");
}

/// What comes after 64 KiB is not waited for, and what comes before is.
#[test]
fn refusals_are_read_so_far_and_no_further() {
    let words = |size: usize| "x".repeat(size);
    let told = "denied (403): xxx";
    let lab = lab();
    lab.fault("reg", refusing(asked(), 403, words(READ), silence));
    let ran = ends(&lab, "the limit", &LIST, 4, &[told]);
    assert!(ran.elapsed < Duration::from_secs(30), "{ran}");
    lab.heal();
    lab.fault("reg", refusing(asked(), 403, words(READ - 1), silence));
    let impatient = [LIST.as_slice(), &["--idle-timeout", "2s"]].concat();
    let ran = ends(&lab, "one byte less", &impatient, 4, &[told]);
    assert!(ran.elapsed >= Duration::from_secs(2), "{ran}");
}

/// Counts itself while it lives.
struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The connection that a refusal goes on and on over is not left open: while the copy to the other
/// place is still under way, it is gone.
#[test]
fn a_connection_over_which_a_refusal_does_not_end_is_ended() {
    let lab = Lab::new().open("other");
    lab.push("src.lab/team/app:v1", &Image::small(1));
    let (alive, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&alive);
    let refused = Fault::on("POST", "/uploads/").always();
    let refused = refused.answer_with(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        let alive = Alive(Arc::clone(&counted));
        let body = for_ever("x").inspect(move |_| {
            let _ = &alive;
        });
        let mut response = Response::new(body.boxed());
        *response.status_mut() = StatusCode::FORBIDDEN;
        response
    });
    lab.fault("dst", refused);
    lab.fault(
        "other",
        Fault::on("POST", "/uploads/")
            .always()
            .delay(Duration::from_secs(2)),
    );
    let (at_the_end, told) = (Arc::clone(&alive), Arc::clone(&seen));
    let last = move |_: &crossdock::server::Registry| {
        told.store(1 + at_the_end.load(Ordering::SeqCst), Ordering::SeqCst);
    };
    lab.fault("other", Fault::on("PUT", "/manifests/").first(last));
    lab.run([
        "copy",
        "-q",
        "src.lab/team/app:v1",
        "dst.lab/team/app:v1",
        "other.lab/team/app:v1",
    ])
    .any_stdout()
    .stderr_has("denied (403): xxx")
    .code(10);
    lab.assert_holds("other.lab/team/app:v1", &Image::small(1));
    assert!(lab.requests("dst").count("POST", "uploads") > 0);
    assert_eq!(seen.load(Ordering::SeqCst), 1, "none is open at the end");
}

/// Gives so many pages of a list, with these names on each of them.
fn pages(lab: &Lab, most: usize, names: impl Fn(usize) -> Vec<String> + Send + Sync + 'static) {
    let given = AtomicUsize::new(0);
    let page = asked().answer_with(move |_| {
        let number = given.fetch_add(1, Ordering::SeqCst);
        let page = serde_json::json!({"name": "team/app", "tags": names(number)});
        let body = stream::iter([Ok(Bytes::from(page.to_string()))]).boxed();
        let mut response = Response::new(body);
        if number + 1 < most {
            let link = format!("<?last={number}>; rel=next");
            response.headers_mut().insert("link", link.parse().unwrap());
        }
        response
    });
    lab.fault("reg", page);
}

/// All that came is told, and then that it is not all.
#[test]
fn a_list_has_so_many_pages_and_no_more() {
    each([(PAGES, 0), (PAGES + 1, 8)], |(most, code)| {
        let lab = lab();
        pages(&lab, most, |number| vec![format!("v{number}")]);
        let run = lab.run(LIST).any_stdout().any_stderr();
        let ran = run.patience(Duration::from_mins(5)).code(code);
        assert_eq!(ran.stdout.lines().count(), PAGES, "{most}");
        let more = "its list has more than 10000 pages";
        assert_eq!(ran.stderr.contains(more), code != 0, "{}", ran.stderr);
        let asked = lab.requests("reg");
        let asked = asked
            .of("GET", "tags")
            .filter(|seen| seen.scheme().is_some());
        assert_eq!(asked.count(), PAGES);
    });
}

#[test]
fn a_list_has_so_many_names_and_no_more() {
    const PAGE: usize = 250_000;
    each([(NAMES, 0), (NAMES + 1, 8)], |(most, code)| {
        let lab = lab();
        let names = move |page: usize| {
            let names = page * PAGE..most.min((page + 1) * PAGE);
            names.map(|number| format!("v{number}")).collect()
        };
        pages(&lab, most.div_ceil(PAGE), names);
        let run = lab.run(LIST).any_stdout().any_stderr();
        let ran = run.patience(Duration::from_mins(5)).code(code);
        assert_eq!(ran.stdout.lines().count(), NAMES, "{most}");
        let more = "its list has more than 1000000 items";
        assert_eq!(ran.stderr.contains(more), code != 0, "{}", ran.stderr);
        assert!(ran.peak < 128 << 20, "{} bytes of memory", ran.peak);
    });
}
