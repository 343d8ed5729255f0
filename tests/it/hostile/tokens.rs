//! WWW: where a challenge sends its reader for a token, and what is had there.

use super::challenges::asks;
use super::{APP, assert_unasked, each, ends, image, lab_of};
use crate::lab::{Fault, Lab};
use crossdock::server::Access;

/// A registry that takes any token, and asks for one from this realm.
fn lab(realm: &str) -> Lab {
    let lab = lab_of(|_, _| Access::Open);
    let realm = disguised(&lab, realm);
    asks(&lab, &[&format!(r#"Bearer realm="{realm}",service="reg""#)]);
    lab
}

/// `REG` and `EVIL` are the ports of the two.
fn disguised(lab: &Lab, realm: &str) -> String {
    let port = |name: &str| lab.address(name).rsplit(':').next().unwrap().to_owned();
    let realm = realm.replace("REG", &port("reg"));
    realm.replace("EVIL", &port("evil"))
}

/// Answers whoever asks for a token.
fn gives(lab: &Lab, at: &str, status: u16, body: &str) {
    let headers = [("content-type", "application/json")];
    let token = Fault::on("*", "/token").always();
    lab.fault(at, token.answer(status, &headers, body));
}

const TOKEN: &str = r#"{"token":"abc"}"#;

#[test]
fn realms_that_get_no_password() {
    each(
        [
            ("WWW-16 ftp", "ftp://evil.lab/token", "is not HTTP"),
            ("WWW-16b a file", "file:///etc/passwd", "is not HTTP"),
            ("WWW-16c a script", "javascript:alert(1)", "is not HTTP"),
            ("WWW-16d data", "data:,x", "is not HTTP"),
            (
                "WWW-18 metadata",
                "https://169.254.169.254/latest",
                "link-local",
            ),
            (
                "WWW-18b in six",
                "https://[::ffff:169.254.169.254]/",
                "link-local",
            ),
            ("WWW-18c as a number", "https://2852039166/", "link-local"),
            ("WWW-18d no address", "https://0/", "link-local"),
            ("WWW-18e no address in six", "https://[::]/", "link-local"),
            (
                "WWW-18f no address and a port",
                "http://0.0.0.0:EVIL/token",
                "link-local",
            ),
            (
                "WWW-18g this machine as a number",
                "http://2130706433:EVIL/token",
                "evil.lab",
            ),
            (
                "WWW-18h this machine in six",
                "https://[::ffff:127.0.0.1]:EVIL/token",
                "[::ffff:7f00:1]",
            ),
            (
                "WWW-18i this machine by its name",
                "https://localhost.:EVIL/token",
                "localhost.",
            ),
            (
                "WWW-18j in full-width digits",
                "http://①②⑦.0.0.1:EVIL/token",
                "",
            ),
            (
                "WWW-19 a password of its own",
                "http://eve:pw@reg.lab/token",
                "a password of its own",
            ),
            (
                "WWW-19b the registry as a user",
                "http://reg.lab@evil.lab/token",
                "a password of its own",
            ),
            ("WWW-21 another port", "http://evil.lab/token", "evil.lab"),
            ("WWW-21b no scheme", "//evil.lab/token", "evil.lab"),
            ("WWW-21c backslashes", r"\\\\evil.lab\\token", "evil.lab"),
            (
                "WWW-21d a neighbour by its look",
                "https://reg.lab.evil.example/token",
                "evil.example",
            ),
        ],
        |(name, realm, told)| {
            let lab = lab(realm);
            let code = if name.contains("full-width") { 8 } else { 4 };
            let ran = ends(
                &lab,
                name,
                &["-vv", "digest", APP],
                code,
                &[told, "error: "],
            );
            let asked = ran.stderr.lines().filter(|line| line.starts_with("GET "));
            let elsewhere = asked.filter(|line| !line.contains("://reg.lab/v2/"));
            assert_eq!(elsewhere.count(), 0, "{name}: {ran}");
            assert_unasked(&lab, name);
            let requests = lab.requests("reg");
            assert_eq!(requests.count("GET", "token"), 0, "{name}: {requests}");
        },
    );
}

#[test]
fn realms_that_are_the_registry_s_own() {
    each(
        [
            ("WWW-15 relative", "/token"),
            ("WWW-15b relative to the question", "token"),
            ("WWW-05 not quoted", "unquoted"),
            (
                "another spelling of the registry",
                "http://2130706433:REG/token",
            ),
            ("a fragment", "http://reg.lab/token#x"),
        ],
        |(name, realm)| {
            let lab = lab(realm);
            if realm == "unquoted" {
                lab.heal();
                asks(&lab, &["Bearer realm=token"]);
            }
            gives(&lab, "reg", 200, TOKEN);
            let ran = ends(&lab, name, &["digest", APP], 0, &[]);
            assert_eq!(ran.stdout, format!("{}\n", image().digest()));
            let requests = lab.requests("reg");
            let asked: Vec<_> = requests
                .all()
                .iter()
                .map(crate::lab::Seen::scheme)
                .collect();
            assert_eq!(asked, [None, Some("Basic"), Some("Bearer")], "{name}");
        },
    );
}

/// Who has no password has none to lose.
#[test]
fn a_realm_elsewhere_is_asked_by_those_without_a_password() {
    each(
        [
            ("WWW-21e another port", "http://evil.lab/token", 0, ""),
            (
                "WWW-18k metadata",
                "https://169.254.169.254/token",
                4,
                "link-local",
            ),
            (
                "WWW-18l no address and a port",
                "http://0.0.0.0:EVIL/token",
                4,
                "link-local",
            ),
            ("WWW-16e a file", "file:///etc/passwd", 4, "is not HTTP"),
        ],
        |(name, realm, code, told)| {
            let lab = lab(realm);
            lab.home.docker_config(&serde_json::json!({}));
            gives(&lab, "evil", 200, TOKEN);
            let told: &[&str] = if told.is_empty() { &[] } else { &[told] };
            ends(&lab, name, &["digest", APP], code, told);
            let asked = lab.requests("evil").len();
            assert_eq!(asked, usize::from(code == 0), "{name}");
        },
    );
}

#[test]
fn replies_that_hold_no_token() {
    let large = format!(r#"{{"token":"a","x":"{}"}}"#, "x".repeat(1 << 20));
    each(
        [
            ("WWW-26 nothing", "", "is not a token reply"),
            ("WWW-26b no token", "{}", "holds no token"),
            ("WWW-26c an empty one", r#"{"token":""}"#, "holds no token"),
            ("WWW-26d null", r#"{"token":null}"#, "holds no token"),
            ("WWW-26e a number", r#"{"token":5}"#, "is not a token reply"),
            ("WWW-26f a list", r#"["abc"]"#, "is not a token reply"),
            (
                "WWW-26g two of one name",
                r#"{"token":"a","token":"b"}"#,
                "is not a token reply",
            ),
            (
                "WWW-26h a new line",
                r#"{"token":"a\r\nX-Evil: 1"}"#,
                "characters that no header",
            ),
            (
                "WWW-26i an escape",
                r#"{"token":"\u001b[2J"}"#,
                "characters that no header",
            ),
            (
                "WWW-26j other letters",
                r#"{"token":"é"}"#,
                "characters that no header",
            ),
            (
                "WWW-26k a page",
                "<html>Please sign in</html>",
                "is not a token reply",
            ),
            (
                "WWW-26l more than anybody needs",
                &large,
                "more than 1048576 bytes",
            ),
            (
                "WWW-26m too deep",
                &format!("{}{}", "[".repeat(9999), "]".repeat(9999)),
                "is not a token reply",
            ),
        ],
        |(name, body, told)| {
            let lab = lab("/token");
            gives(&lab, "reg", 200, body);
            ends(&lab, name, &["digest", APP], 8, &[told]);
            let requests = lab.requests("reg");
            let sent = requests
                .all()
                .iter()
                .filter(|seen| seen.scheme() == Some("Bearer"));
            assert_eq!(sent.count(), 0, "{name}: {requests}");
        },
    );
}

/// A lifetime that makes no sense is a minute, so that what follows at once needs no other token.
#[test]
fn replies_that_hold_one() {
    each(
        [
            ("a token", TOKEN, "abc"),
            ("by its other name", r#"{"access_token":"xyz"}"#, "xyz"),
            ("both", r#"{"access_token":"xyz","token":"abc"}"#, "abc"),
            (
                "the first is empty",
                r#"{"access_token":"xyz","token":""}"#,
                "xyz",
            ),
            ("negative", r#"{"token":"abc","expires_in":-1}"#, "abc"),
            ("at once", r#"{"token":"abc","expires_in":0}"#, "abc"),
            ("a text", r#"{"token":"abc","expires_in":"60"}"#, "abc"),
            (
                "beyond all clocks",
                r#"{"token":"abc","expires_in":1e18}"#,
                "abc",
            ),
            (
                "beyond all numbers",
                r#"{"token":"abc","expires_in":1e308}"#,
                "abc",
            ),
            ("null", r#"{"token":"abc","expires_in":null}"#, "abc"),
            ("an object", r#"{"token":"abc","expires_in":{}}"#, "abc"),
            (
                "of tomorrow",
                r#"{"token":"abc","issued_at":"2999-01-01T00:00:00Z"}"#,
                "abc",
            ),
            ("of no day", r#"{"token":"abc","issued_at":5}"#, "abc"),
        ],
        |(name, body, token)| {
            let lab = lab("/token");
            gives(&lab, "reg", 200, body);
            ends(&lab, name, &["digest", APP, APP], 0, &[]);
            let requests = lab.requests("reg");
            assert_eq!(requests.count("GET", "token"), 1, "{name}: {requests}");
            let sent = requests.of("HEAD", "manifests").last().unwrap();
            assert_eq!(
                sent.header("authorization"),
                format!("Bearer {token}"),
                "{name}"
            );
        },
    );
}

/// What a token service says is told, escaped, and it sends nobody with a password elsewhere.
#[test]
fn refusals_of_a_token_service() {
    let shown = r#"{"details":"\u001b[31mno\u202e\u009b such user"}"#;
    let endless = format!(r#"{{"message":"{}"}}"#, "x".repeat(60_000));
    each(
        [
            (
                "refused",
                401,
                shown,
                4,
                r"\u{1b}[31mno\u{202e}\u{9b} such user",
            ),
            ("denied", 403, shown, 4, r"\u{1b}[31mno"),
            ("in trouble", 500, "", 7, "500"),
            ("an endless message", 403, &endless, 4, "xxx"),
            ("a page", 403, "<html>no</html>", 4, "403"),
        ],
        |(name, status, body, code, told)| {
            let lab = lab("/token");
            gives(&lab, "reg", status, body);
            ends(&lab, name, &["digest", APP], code, &[told]);
        },
    );
    each([301, 302, 303, 307, 308], |status| {
        let name = format!("WWW-27 redirected with {status}");
        let lab = lab("/token");
        gives(&lab, "evil", 200, TOKEN);
        let to = lab.addressed("http://evil.lab/token");
        let redirect = Fault::on("*", "/token").always();
        lab.fault("reg", redirect.answer(status, &[("location", &to)], ""));
        ends(
            &lab,
            &name,
            &["digest", APP],
            4,
            &["redirects, and no password is sent on"],
        );
        assert_unasked(&lab, &name);
    });
}
