//! WWW: what a 401 wants to see.

use super::{APP, assert_unasked, each, ends, image, lab_of};
use crate::lab::{Fault, Lab};
use crossdock::server::{Anonymous, User};

/// A registry with a token service of its own, which gives anybody a token to read with.
fn lab() -> Lab {
    lab_of(|address, password| {
        crate::lab::tokens(
            address,
            "reg",
            vec![User::new("ann", password)],
            Anonymous::Pull,
        )
    })
}

/// Asks with these challenges, and with nothing else, as long as no authorization is shown.
pub(super) fn asks(lab: &Lab, challenges: &[&str]) {
    let challenges: Vec<String> = challenges.iter().map(|text| lab.addressed(text)).collect();
    let asked = challenges
        .iter()
        .map(|text| ("www-authenticate", text.as_str()));
    let ask = Fault::on("*", "/v2/").without_header("authorization");
    lab.fault(
        "reg",
        ask.always().answer(401, &asked.collect::<Vec<_>>(), ""),
    );
}

const GOOD: &str =
    r#"Bearer realm="http://reg.lab/token",service="reg",scope="repository:team/app:pull""#;
const MALFORMED: &str = "its `WWW-Authenticate` header is malformed";

#[test]
fn challenges_that_are_understood() {
    let lower = GOOD.replace("Bearer", "bearer");
    let comma = GOOD.replace(":pull", ":pull,push");
    let both = format!(r#"Basic realm="x", {GOOD}"#);
    let escaped = GOOD.replace("\"reg\"", r#""r\eg""#);
    let query = GOOD.replace("/token", "/token?account=of-the-realm");
    let wider = GOOD.replace("repository:team/app:pull", "repository:other/app:push");
    let broad = GOOD.replace(":pull", ":pull,push,delete");
    each(
        [
            ("WWW plain", &[GOOD][..]),
            ("WWW-07 a quoted pair", &[&escaped]),
            ("WWW-09 a comma inside quotes", &[&comma]),
            ("WWW-10 two challenges in one header", &[&both]),
            ("WWW-11 two headers", &[r#"Basic realm="x""#, GOOD]),
            ("WWW-11b another scheme first", &["Negotiate", GOOD]),
            ("WWW-12 lower case", &[&lower]),
            ("WWW-20 a realm with a query", &[&query]),
            ("WWW-22 a scope of another repository", &[&wider]),
            ("WWW-22b a wider scope", &[&broad]),
            (
                "WWW-22c no scope",
                &[r#"Bearer realm="http://reg.lab/token",service=reg"#],
            ),
        ],
        |(name, challenges)| {
            let lab = lab();
            asks(&lab, challenges);
            let ran = ends(&lab, name, &["digest", APP], 0, &[]);
            assert_eq!(ran.stdout, format!("{}\n", image().digest()), "{name}");
            let requests = lab.requests("reg");
            let tokens: Vec<_> = requests.of("GET", "token").collect();
            assert_eq!(tokens.len(), 1, "{name}: {requests}");
            let (query, scheme) = (&tokens[0].query, tokens[0].scheme());
            assert_eq!(scheme, Some("Basic"), "{name}");
            assert!(
                query.contains("scope=repository%3Ateam%2Fapp%3Apull"),
                "{name}: {query}"
            );
            assert!(!query.contains("other"), "{name}: {query}");
            let kept = name.contains("realm with a query");
            assert_eq!(
                query.contains("account=of-the-realm"),
                kept,
                "{name}: {query}"
            );
        },
    );
}

#[test]
fn challenges_that_make_no_sense() {
    let long = GOOD.replace(
        "service=\"reg\"",
        &format!("service=\"{}\"", "x".repeat(64 << 10)),
    );
    let many = [r#"Basic realm="x", "#; 1000].concat() + GOOD;
    let spread = [r#"Basic realm="x""#; 20];
    each(
        [
            ("WWW-01 none", &[][..], 4, "does not say which"),
            ("WWW-02 empty", &[""], 8, MALFORMED),
            ("WWW-03 no realm", &["Bearer"], 8, MALFORMED),
            (
                "WWW-03b a service without a realm",
                &[r#"Bearer service="reg""#],
                8,
                MALFORMED,
            ),
            ("WWW-04 an empty realm", &["Bearer realm="], 8, MALFORMED),
            (
                "WWW-04b an empty realm in quotes",
                &[r#"Bearer realm="""#],
                8,
                MALFORMED,
            ),
            (
                "WWW-06 single quotes",
                &["Bearer realm='http://reg.lab/token'"],
                8,
                MALFORMED,
            ),
            (
                "WWW-08 no end of the quotes",
                &[r#"Bearer realm="http://reg.lab/token"#],
                8,
                MALFORMED,
            ),
            (
                "WWW-13 Negotiate",
                &["Negotiate"],
                4,
                "only offers `Negotiate`",
            ),
            (
                "WWW-13b Digest",
                &[r#"Digest realm="x", nonce="1""#],
                4,
                "only offers `Digest`",
            ),
            (
                "WWW-14 a parameter twice",
                &[&format!(r#"{GOOD},realm="http://evil.lab/token""#)],
                8,
                MALFORMED,
            ),
            (
                "WWW-14b the same in other letters",
                &[&format!(r#"{GOOD},Realm="http://evil.lab/token""#)],
                8,
                MALFORMED,
            ),
            ("WWW-23 64 KiB", &[&long], 8, "too long"),
            ("WWW-24 a thousand challenges", &[&many], 8, MALFORMED),
            ("WWW-24b twenty headers", &spread, 8, "too many schemes"),
            (
                "WWW-25 not ASCII",
                &["Bearer realm=\"http://r\u{e9}g/\""],
                8,
                "not ASCII",
            ),
            (
                "WWW-25b control characters of Latin-1",
                &["Bearer realm=\"\u{9b}31m\""],
                8,
                "not ASCII",
            ),
            (
                "WWW-25c a scheme that turns text around",
                &["\u{202e}evil"],
                8,
                "not ASCII",
            ),
        ],
        |(name, challenges, code, told)| {
            let lab = lab();
            asks(&lab, challenges);
            ends(&lab, name, &["digest", APP], code, &[told]);
            let requests = lab.requests("reg");
            let sent = requests.all().iter().filter(|seen| seen.scheme().is_some());
            assert_eq!(sent.count(), 0, "{name}: {requests}");
            assert_unasked(&lab, name);
        },
    );
}
