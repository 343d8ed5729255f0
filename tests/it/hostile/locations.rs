//! LOC: where an upload goes on.

use super::{assert_unasked, each, ends, lab};
use crate::lab::{Fault, Image, Lab};

const COPY: [&str; 5] = [
    "copy",
    "--progress",
    "none",
    "own.lab/app:v1",
    "reg.lab/new/app:v1",
];

/// Begins each upload with these places to go on at.
fn begins(lab: &Lab, locations: &[&str]) {
    let locations: Vec<String> = locations.iter().map(|place| lab.addressed(place)).collect();
    let locations = locations.iter().map(|place| ("location", place.as_str()));
    let begun = Fault::on("POST", "/uploads/").with_header("authorization");
    lab.fault(
        "reg",
        begun
            .always()
            .answer(202, &locations.collect::<Vec<_>>(), ""),
    );
}

/// An image of a single blob, to be sent.
fn sent() -> Image {
    Image::of(2, vec![])
}

fn bench() -> Lab {
    let lab = lab();
    lab.push("own.lab/app:v1", &sent());
    lab
}

#[test]
fn places_at_the_registry() {
    let digest = sent().blobs[0].digest.replace(':', "%3A");
    let below = "/v2/new/app/blobs/uploads/";
    each(
        [
            ("LOC-03 relative", "up-1", format!("{below}up-1"), ""),
            ("LOC-04 a path", "/up-1", "/up-1".to_owned(), ""),
            (
                "LOC-04b a URL",
                "http://reg.lab/up-1",
                "/up-1".to_owned(),
                "",
            ),
            (
                "LOC-04c dots",
                "../../up-1",
                "/v2/new/app/up-1".to_owned(),
                "",
            ),
            (
                "LOC-12 a fragment",
                "/up-1#@evil.lab/",
                "/up-1".to_owned(),
                "",
            ),
            (
                "LOC-13 a digest",
                "/up-1?digest=sha256:0&x=1",
                "/up-1".to_owned(),
                "x=1&",
            ),
            (
                "LOC-13b a query",
                "/up-1?_state=a%2Bb+c%20d",
                "/up-1".to_owned(),
                "_state=a%2Bb+c%20d&",
            ),
        ],
        |(name, location, path, query)| {
            let lab = bench();
            begins(&lab, &[location]);
            lab.fault("reg", Fault::on("PUT", "up-1").always().status(201));
            lab.fault("reg", Fault::on("PUT", "/manifests/").always().status(201));
            ends(&lab, name, &COPY, 0, &[]);
            let requests = lab.requests("reg");
            let puts: Vec<_> = requests
                .all()
                .iter()
                .filter(|seen| seen.path.contains("up-1"))
                .collect();
            assert_eq!(puts.len(), 1, "{name}: {requests}");
            let put = (
                puts[0].path.as_str(),
                puts[0].query.as_str(),
                puts[0].scheme(),
            );
            let query = format!("{query}digest={digest}");
            assert_eq!(
                put,
                (path.as_str(), query.as_str(), Some("Basic")),
                "{name}"
            );
            assert_unasked(&lab, name);
        },
    );
}

#[test]
fn places_that_are_not() {
    let long = format!("/{}", "x".repeat(8 << 10));
    let elsewhere = "leads to another host";
    let controls = "control characters";
    let none = "no single `Location`";
    each(
        [
            ("LOC-01 none", &[][..], none),
            ("LOC-02 an empty one", &[""], none),
            ("LOC-05 no scheme", &["//evil.lab/up-1"], elsewhere),
            ("LOC-06 backslashes", &[r"\\evil.lab\up-1"], elsewhere),
            (
                "LOC-06b a slash and a backslash",
                &[r"/\evil.lab/up-1"],
                elsewhere,
            ),
            ("LOC-06c tabs in between", &["/\t/evil.lab/up-1"], controls),
            (
                "LOC-06d tabs in the scheme",
                &["ht\ttp://evil.lab/up-1"],
                controls,
            ),
            (
                "LOC-07 the registry as a user",
                &["http://reg.lab@evil.lab/up-1"],
                "a password of its own",
            ),
            (
                "LOC-07b somebody's password",
                &["http://eve:pw@reg.lab/up-1"],
                "a password of its own",
            ),
            (
                "LOC-07c a backslash before the host",
                &[r"http://evil.lab\@reg.lab/up-1"],
                elsewhere,
            ),
            (
                "LOC-08 the registry in front",
                &["http://reg.lab.evil.example/up-1"],
                "is not a URL",
            ),
            (
                "LOC-08b a name like it",
                &["http://127.0.0.1.evil.example/up-1"],
                elsewhere,
            ),
            ("LOC-09 another port", &["http://evil.lab/up-1"], elsewhere),
            (
                "LOC-09b another scheme",
                &["https://reg.lab/up-1"],
                elsewhere,
            ),
            ("LOC-11 a file", &["file:///etc/passwd"], elsewhere),
            ("LOC-11b data", &["data:,x"], elsewhere),
            ("LOC-11c a script", &["javascript:alert(1)"], elsewhere),
            ("LOC-14 nothing in between", &["/up-1%00"], controls),
            ("LOC-14b a new line", &["/up-1%0d%0aX-Evil:%201"], controls),
            ("LOC-15 8 KiB", &[&long], "too long"),
            ("LOC-16 two of them", &["/up-1", "/up-2"], none),
            ("LOC-16b not ASCII", &["/up-\u{202e}"], none),
            (
                "LOC-16c no port",
                &["http://reg.lab:99999/up-1"],
                "is not a URL",
            ),
        ],
        |(name, locations, told)| {
            let lab = bench();
            begins(&lab, locations);
            ends(&lab, name, &COPY, 8, &[told]);
            let requests = lab.requests("reg");
            let went_on = requests
                .all()
                .iter()
                .filter(|seen| seen.path.contains("up-"));
            assert_eq!(went_on.count(), 0, "{name}: {requests}");
            assert_unasked(&lab, name);
            assert_eq!(lab.digest(COPY[4]), None, "{name}");
        },
    );
}

/// Each answer on the way may name another place, and each is held to the same rules.
#[test]
fn places_that_change_on_the_way() {
    each(["PATCH", "GET"], |method| {
        let lab = bench();
        lab.fault(
            "reg",
            Fault::on("PUT", "/uploads/")
                .with_header("authorization")
                .status(413),
        );
        let to = lab.addressed("http://evil.lab/up-1");
        let moved = Fault::on(method, "/uploads/").always();
        lab.fault(
            "reg",
            moved.answer(202, &[("location", &to), ("range", "0-5")], ""),
        );
        if method == "GET" {
            lab.fault("reg", Fault::on("PATCH", "/uploads/").always().status(416));
        }
        let copy = [&COPY[..], &["--retries", "2"]].concat();
        ends(&lab, method, &copy, 8, &["leads to another host"]);
        assert_unasked(&lab, method);
    });
}

/// What begins an upload may be sent elsewhere at the registry, and the upload may not leave it.
#[test]
fn the_beginning_of_an_upload_redirected() {
    each([301, 302, 307, 308], |status| {
        let name = format!("LOC-17 the beginning redirected with {status}");
        let lab = bench();
        let to = "/v2/new/app/blobs/uploads/?again";
        let moved = Fault::on("POST", "/uploads/").with_header("authorization");
        lab.fault("reg", moved.answer(status, &[("location", to)], ""));
        ends(&lab, &name, &COPY, 0, &[]);
        let requests = lab.requests("reg");
        let again: Vec<_> = requests
            .all()
            .iter()
            .filter(|seen| seen.query == "again")
            .collect();
        assert_eq!(again.len(), 1, "{name}: {requests}");
        assert_eq!(
            (again[0].method.as_str(), again[0].scheme()),
            ("POST", Some("Basic"))
        );

        goes_nowhere_else(
            &name,
            status,
            ("POST", "/uploads/"),
            "/v2/new/app/blobs/uploads/",
        );
    });
}

/// What is written and redirected to `path` on another host ends the copy, and arrives nowhere.
fn goes_nowhere_else(name: &str, status: u16, (method, part): (&str, &str), path: &str) {
    let lab = bench();
    let to = lab.addressed(&format!("http://evil.lab{path}"));
    let moved = Fault::on(method, part)
        .with_header("authorization")
        .always();
    lab.fault("reg", moved.answer(status, &[("location", &to)], ""));
    ends(&lab, name, &COPY, 8, &["leads to another host"]);
    assert_unasked(&lab, name);
}

/// Bytes that are sent once are not sent anywhere else, nor turned into a question.
#[test]
fn the_bytes_of_an_upload_redirected() {
    each([301, 302, 303, 307, 308], |status| {
        let name = format!("LOC-18 the bytes redirected with {status}");
        let lab = bench();
        let to = lab.addressed("http://evil.lab/v2/new/app/blobs/uploads/1");
        let moved = Fault::on("PUT", "/uploads/").always();
        lab.fault("reg", moved.answer(status, &[("location", &to)], ""));
        ends(&lab, &name, &COPY, 8, &["redirect"]);
        assert_unasked(&lab, &name);
        assert_eq!(lab.digest(COPY[4]), None, "{name}");
    });
}

/// A manifest can be sent twice, to the registry: what another host takes is not written.
#[test]
fn a_manifest_redirected() {
    each([301, 302, 307, 308], |status| {
        let name = format!("LOC-19 the manifest redirected with {status}");
        let lab = bench();
        let to = "/v2/new/app/manifests/v1?again";
        let moved = Fault::on("PUT", "/manifests/").with_header("authorization");
        lab.fault("reg", moved.answer(status, &[("location", to)], ""));
        ends(&lab, &name, &COPY, 0, &[]);
        assert_eq!(
            lab.digest(COPY[4]).as_deref(),
            Some(sent().digest()),
            "{name}"
        );

        goes_nowhere_else(
            &name,
            status,
            ("PUT", "/manifests/"),
            "/v2/new/app/manifests/v1",
        );
    });
}

/// What is removed is removed at the registry, or not at all.
#[test]
fn a_removal_redirected() {
    each([301, 302, 307, 308], |status| {
        let name = format!("LOC-19b the removal redirected with {status}");
        let lab = lab();
        let to = lab.addressed("http://evil.lab/v2/team/app/manifests/v1");
        let moved = Fault::on("DELETE", "/manifests/").with_header("authorization");
        lab.fault(
            "reg",
            moved.always().answer(status, &[("location", &to)], ""),
        );
        ends(
            &lab,
            &name,
            &["rm", super::APP],
            8,
            &["leads to another host"],
        );
        assert_unasked(&lab, &name);
        assert!(lab.digest(super::APP).is_some(), "{name}");
    });
}
