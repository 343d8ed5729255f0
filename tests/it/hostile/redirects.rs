//! LOC: where a question is sent on to.

use super::{APP, assert_unasked, each, ends, image, lab};
use crate::lab::{Fault, Lab};

const DIGEST: [&str; 2] = ["digest", APP];

/// Sends who asks for the manifest on to these places.
fn moved(lab: &Lab, status: u16, locations: &[&str]) {
    let port = lab.address("evil").rsplit(':').next().unwrap();
    let locations = locations
        .iter()
        .map(|place| lab.addressed(place).replace("EVIL", port));
    let locations: Vec<String> = locations.collect();
    let locations = locations.iter().map(|place| ("location", place.as_str()));
    let asked = Fault::on("*", "/manifests/v1").with_header("authorization");
    lab.fault(
        "reg",
        asked
            .always()
            .answer(status, &locations.collect::<Vec<_>>(), ""),
    );
}

#[test]
fn places_at_the_registry_are_gone_to_with_the_secret() {
    let digest = image().digest().to_owned();
    let relative = format!("./{digest}");
    let by_digest = format!("/v2/team/app/manifests/{digest}");
    let absolute = format!("http://reg.lab{by_digest}#x");
    each(
        [
            ("LOC-20 301", 301, by_digest.as_str()),
            ("LOC-20b 302", 302, &relative),
            ("LOC-20c 303", 303, &by_digest),
            ("LOC-20d 307", 307, &absolute),
            ("LOC-20e 308", 308, &by_digest),
        ],
        |(name, status, location)| {
            let lab = lab();
            moved(&lab, status, &[location]);
            let ran = ends(&lab, name, &DIGEST, 0, &[]);
            assert_eq!(ran.stdout, format!("{digest}\n"), "{name}");
            let requests = lab.requests("reg");
            let last = requests.all().last().unwrap();
            let last = (last.method.as_str(), last.path.as_str(), last.scheme());
            assert_eq!(last, ("HEAD", by_digest.as_str(), Some("Basic")), "{name}");
        },
    );
}

#[test]
fn places_elsewhere_are_gone_to_without_it() {
    each([301, 302, 303, 307, 308], |status| {
        let name = format!("LOC-09 another port with {status}");
        let lab = lab();
        lab.push("evil.lab/team/app:v1", &image());
        moved(&lab, status, &["http://evil.lab/v2/team/app/manifests/v1"]);
        let ran = ends(&lab, &name, &DIGEST, 0, &[]);
        assert_eq!(ran.stdout, format!("{}\n", image().digest()), "{name}");
        assert_eq!(lab.requests("evil").len(), 1, "{name}");
    });
}

#[test]
fn places_that_are_not_gone_to() {
    let long = format!("/{}", "x".repeat(8 << 10));
    let password = "brings a password of its own";
    let not_http = "leads to something that is not HTTP";
    let link_local = "link-local";
    let none = "names no single place";
    let row = "more than 5 redirects in a row";
    each(
        [
            ("LOC-01 none", &[][..], none),
            ("LOC-02 an empty one", &[""], row),
            (
                "LOC-07 the registry as a user",
                &["http://reg.lab@evil.lab/"],
                password,
            ),
            (
                "LOC-07b somebody's password",
                &["http://eve:pw@evil.lab/"],
                password,
            ),
            ("LOC-11 a file", &["file:///etc/passwd"], not_http),
            ("LOC-11b data", &["data:,x"], not_http),
            ("LOC-11c a script", &["javascript:alert(1)"], not_http),
            ("LOC-11d ftp", &["ftp://evil.lab/"], not_http),
            ("LOC-15 8 KiB", &[&long], "is longer than"),
            ("LOC-16 two of them", &["/v2/a", "http://evil.lab/"], none),
            ("LOC-16b not ASCII", &["/v2/\u{202e}"], none),
            ("LOC-16c no port", &["http://evil.lab:99999/"], "not a URL"),
            (
                "LOC-21 the same again and again",
                &["/v2/team/app/manifests/v1"],
                row,
            ),
            (
                "LOC-22 metadata",
                &["http://169.254.169.254/latest"],
                link_local,
            ),
            (
                "LOC-22b in six",
                &["http://[::ffff:169.254.169.254]/"],
                link_local,
            ),
            (
                "LOC-22c by NAT64",
                &["http://[64:ff9b::169.254.169.254]/"],
                link_local,
            ),
            ("LOC-22d as a number", &["http://2852039166/"], link_local),
            (
                "LOC-22e no address",
                &["http://0.0.0.0:EVIL/"],
                "is no address",
            ),
            (
                "LOC-22f no address in six",
                &["http://[::]:EVIL/"],
                "is no address",
            ),
        ],
        |(name, locations, told)| {
            for status in [302, 307] {
                let lab = lab();
                moved(&lab, status, locations);
                ends(&lab, name, &DIGEST, 8, &[told]);
                assert_unasked(&lab, name);
                assert!(lab.requests("reg").len() <= 8, "{name}");
            }
        },
    );
}

/// So many are followed, and no more, also where they go round.
#[test]
fn rows_of_redirects() {
    for (name, hops, code) in [("LOC-23 five hops", 5, 0), ("LOC-23b six hops", 6, 8)] {
        let lab = lab();
        for hop in 0..hops {
            let from = if hop == 0 {
                "/manifests/v1".to_owned()
            } else {
                format!("/hop/{hop}.")
            };
            let to = if hop + 1 == hops {
                format!("/v2/team/app/manifests/{}", image().digest())
            } else {
                format!("/hop/{}.", hop + 1)
            };
            let asked = Fault::on("HEAD", &from)
                .with_header("authorization")
                .always();
            lab.fault("reg", asked.redirect(&to));
        }
        let told: &[&str] = if code == 0 {
            &[]
        } else {
            &["more than 5 redirects in a row"]
        };
        ends(&lab, name, &DIGEST, code, told);
    }
    let lab = lab();
    for (from, to) in [
        ("/manifests/v1", "/there"),
        ("/there", "/v2/team/app/manifests/v1"),
    ] {
        let asked = Fault::on("HEAD", from)
            .with_header("authorization")
            .always();
        lab.fault("reg", asked.redirect(to));
    }
    ends(
        &lab,
        "LOC-21b a loop of two",
        &DIGEST,
        8,
        &["more than 5 redirects in a row"],
    );
}

/// Only a redirect is one.
#[test]
fn a_location_without_a_redirect_is_not_looked_at() {
    let lab = lab();
    let to = lab.addressed("http://evil.lab/");
    let (image, asked) = (
        image(),
        Fault::on("HEAD", "/manifests/v1").with_header("authorization"),
    );
    let headers = [
        ("location", to.as_str()),
        ("docker-content-digest", image.digest()),
    ];
    lab.fault("reg", asked.answer(200, &headers, ""));
    let ran = ends(&lab, "LOC-24 200 with a place", &DIGEST, 0, &[]);
    assert_eq!(ran.stdout, format!("{}\n", image.digest()));
    for status in [300, 304, 305, 306, 399] {
        let lab = super::lab();
        moved(&lab, status, &["http://evil.lab/"]);
        let ran = lab
            .run([&DIGEST[..], &super::ONCE].concat())
            .any_stderr()
            .run();
        assert_ne!(ran.code, 0, "{status}: {ran}");
        super::assert_harmless(&lab, "LOC-24b", &ran);
        assert_unasked(&lab, "LOC-24b");
    }
}
