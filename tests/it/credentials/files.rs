//! What is wrong with a credential file, and what comes of it: §3b, AUT.

use super::{DIGEST, FILE, KEEP, asked, basic, install};
use crate::lab::{Lab, Run};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The credential is used.
const USED: (i32, &str) = (0, "");
/// There is none for this registry, and that is no fault.
const NOBODY: (i32, &str) = (4, "hint: log in with `crossdock login dst.lab`\n");

fn with_file(lab: &Lab, content: impl AsRef<[u8]>) -> Run {
    lab.home.write(FILE, content);
    lab.run(DIGEST).any_stdout()
}

#[track_caller]
fn ends(run: Run, case: &str, (code, told): (i32, &str)) {
    let ran = run.any_stderr().run();
    assert_eq!(ran.code, code, "{case}: {ran}");
    let silent = told.is_empty() && ran.stderr.is_empty();
    assert!(
        silent || !told.is_empty() && ran.stderr.contains(told),
        "{case}: {ran}"
    );
    let control = |c: char| c.is_control() && c != '\n';
    assert!(
        !ran.stderr.contains("CANARY") && !ran.stderr.contains(control),
        "{case}: {ran}"
    );
}

/// What is made in the place of the file, and what comes of it.
type Case = (&'static str, fn(&Path), (i32, &'static str));

/// `{"auths": {KEY: {"auth": base64(PAIR)}}}`
fn entry(key: &str, pair: &[u8]) -> String {
    format!(
        r#"{{"auths": {{"{key}": {{"auth": "{}"}}}}}}"#,
        STANDARD.encode(pair)
    )
}

#[test]
fn the_text_of_the_file() {
    let lab = basic();
    let good = lab.addressed(&entry("dst.lab", b"ann:apple"));
    for (case, content, expected) in [
        ("{}", "{}".to_owned(), NOBODY),
        (
            "null fields",
            r#"{"auths": null, "credsStore": null}"#.to_owned(),
            NOBODY,
        ),
        ("good", good.clone(), USED),
        ("empty", String::new(), NOBODY),
        ("blank", " \n".to_owned(), NOBODY),
        (
            "truncated",
            good[..good.len() - 3].to_owned(),
            (2, "EOF while parsing"),
        ),
        (
            "trailing comma",
            good.replace("}}}", "},}}"),
            (2, "trailing comma"),
        ),
        (
            "more behind",
            format!("{good} {{}}"),
            (2, "trailing characters"),
        ),
        (
            "byte order mark",
            format!("\u{feff}{good}"),
            (2, "expected value"),
        ),
        ("a list", "[]".to_owned(), (2, "not a JSON object")),
        (
            "auths is a list",
            r#"{"auths": []}"#.to_owned(),
            (2, "`auths` is not an object"),
        ),
        (
            "twice",
            r#"{"auths": {}, "auths": {}}"#.to_owned(),
            (2, "the key `auths` is given twice"),
        ),
        (
            "twice within",
            r#"{"auths": {"a.io": {}, "a.io": {}}}"#.to_owned(),
            (2, "the key `a.io` is given twice"),
        ),
        ("deep", "[".repeat(10_000), (2, "recursion limit")),
    ] {
        ends(with_file(&lab, content), case, expected);
    }
    ends(
        with_file(&lab, b"{\"auths\": {\"\xff\": {}}}"),
        "not UTF-8",
        (2, "~/.docker/config.json"),
    );
}

#[test]
fn the_credential_in_an_entry() {
    let lab = basic();
    let auth = |pair: &[u8]| entry("dst.lab", pair);
    let fields = |fields: &str| format!(r#"{{"auths": {{"dst.lab": {{{fields}}}}}}}"#);
    for (case, content, expected) in [
        ("trailing NULs", auth(b"ann:apple\0\0"), USED),
        (
            "user and password",
            fields(r#""username": "ann", "password": "apple""#),
            USED,
        ),
        (
            "they agree",
            fields(r#""auth": "YW5uOmFwcGxl", "username": "ann", "password": "apple""#),
            USED,
        ),
        (
            "they disagree",
            fields(r#""auth": "YW5uOmFwcGxl", "username": "bob", "password": "CANARY""#),
            (2, "(dst.lab): `auth` disagrees"),
        ),
        (
            "not base64",
            fields(r#""auth": "CANARY!!!""#),
            (2, "(dst.lab): `auth` is not base64"),
        ),
        ("no colon", auth(b"CANARY"), (2, "has no colon")),
        ("no user", auth(b":CANARY"), (2, "the user name is empty")),
        (
            "CR in the user",
            auth(b"an\rn:CANARY"),
            (2, "control character"),
        ),
        (
            "LF in the user",
            auth(b"an\nn:CANARY"),
            (2, "control character"),
        ),
        (
            "colon in the user",
            fields(r#""username": "a:nn", "password": "CANARY""#),
            (2, "contains a colon"),
        ),
        (
            "an identity token goes first",
            fields(r#""auth": "YW5uOmFwcGxl", "identitytoken": "CANARY""#),
            NOBODY,
        ),
        (
            "a number",
            fields(r#""auth": 5"#),
            (2, "`auth` is not a string"),
        ),
        ("empty", fields(""), NOBODY),
        (
            "another's is broken",
            r#"{"auths": {"b.example": {"auth": 5}, "c.example": "x", "dst.lab": {"auth": "YW5uOmFwcGxl"}}}"#.to_owned(),
            USED,
        ),
    ] {
        ends(with_file(&lab, lab.addressed(&content)), case, expected);
    }
}

#[test]
fn the_key_of_an_entry() {
    let lab = basic();
    let (_, port) = lab.address("dst").split_once(':').unwrap();
    for (key, expected) in [
        ("http://dst.lab", USED),
        ("https://dst.lab/", USED),
        ("https://dst.lab/v1/", USED),
        ("dst.lab/app", USED),
        ("dst.lab/ap", NOBODY),
        ("dst.lab/app2", NOBODY),
        ("dst.lab/app/sub", NOBODY),
        ("127.0.0.1", NOBODY),
        (&format!("127.0.0.1.evil.example:{port}"), NOBODY),
        (&format!("evil.example/127.0.0.1:{port}"), NOBODY),
        ("not a key", NOBODY),
    ] {
        let content = lab.addressed(&entry(key, b"ann:apple"));
        ends(with_file(&lab, content), key, expected);
    }
    let two = r#"{"auths": {"https://dst.lab/v2/": {"auth": "eDp5"}, "dst.lab": {"auth": "YW5uOmFwcGxl"}}}"#;
    let told = "note: ~/.docker/config.json has different entries for one registry: `dst.lab` is used, `https://dst.lab/v2/` is not\n";
    ends(with_file(&lab, lab.addressed(two)), "two keys", (0, told));
    let longest =
        r#"{"auths": {"dst.lab": {"auth": "eDp5"}, "dst.lab/app": {"auth": "YW5uOmFwcGxl"}}}"#;
    ends(
        with_file(&lab, lab.addressed(longest)),
        "the longest path",
        USED,
    );
}

#[test]
fn the_other_fields() {
    let lab = basic();
    install(&lab, "keep", KEEP);
    let good = lab.addressed(&entry("dst.lab", b"ann:apple"));
    let with = |field: &str| format!("{{{field}, {}", &good[1..]);
    for name in ["../../x", "a b", " ", "$(id)", "-x", "keep\\n"] {
        let told = "`credsStore` is not the name of a credential helper";
        ends(
            with_file(&lab, with(&format!(r#""credsStore": "{name}""#))),
            name,
            (2, told),
        );
        let helpers = with(&format!(r#""credHelpers": {{"reg.io": "{name}"}}"#));
        ends(
            with_file(&lab, helpers),
            name,
            (2, "`credHelpers` names no usable helper for reg.io"),
        );
    }
    for (field, expected) in [
        (r#""HttpHeaders": {"User-Agent": "x"}"#, USED),
        (
            r#""HttpHeaders": {"Authorization": "CANARY"}"#,
            (2, "`HttpHeaders` must not set `Authorization`"),
        ),
        (
            r#""HttpHeaders": {"X": "CANARY\r\nY: z"}"#,
            (2, "not one line of text"),
        ),
        (
            r#""proxies": {"default": {"httpsProxy": "http://u:CANARY@proxy:1"}}"#,
            USED,
        ),
        (r#""credHelpers": {"other.example": "keep"}"#, USED),
        (r#""plugins": {}, "psFormat": 5"#, USED),
        (r#""credsStore": """#, USED),
        (
            r#""credsStore": "keep", "credHelpers": {"dst.lab": ""}"#,
            USED,
        ),
    ] {
        let content = lab.addressed(&with(field));
        ends(with_file(&lab, content), field, expected);
    }
    assert!(asked(&lab).is_empty());
}

/// Basic is bytes.
#[test]
fn a_password_that_is_not_utf_8_is_sent_as_it_is() {
    let lab = basic();
    let pair = b"ann:\xff\xfe";
    let run = with_file(&lab, lab.addressed(&entry("dst.lab", pair)));
    run.any_stderr().code(4);
    let sent = format!("Basic {}", STANDARD.encode(pair));
    let requests = lab.requests("dst");
    assert!(
        requests
            .all()
            .iter()
            .any(|seen| seen.header("authorization") == sent),
        "{requests}"
    );
}

#[test]
fn the_file_itself() {
    let lab = basic();
    let path = lab.home.path(FILE);
    fs::create_dir(path.parent().unwrap()).unwrap();
    let make: [Case; 5] = [
        (
            "a folder",
            |path| fs::create_dir(path).unwrap(),
            (2, "not a regular file"),
        ),
        (
            "a pipe",
            |path| {
                let made = std::process::Command::new("mkfifo").arg(path).status();
                assert!(made.unwrap().success());
            },
            (2, "not a regular file"),
        ),
        (
            "a loop",
            |path| symlink(path, path).unwrap(),
            (9, "cannot read"),
        ),
        (
            "a link to nothing",
            |path| symlink("none", path).unwrap(),
            NOBODY,
        ),
        (
            "16 MiB",
            |path| fs::File::create(path).unwrap().set_len(16 << 20).unwrap(),
            (2, "16 MiB or larger"),
        ),
    ];
    for (case, make, expected) in make {
        make(&path);
        ends(lab.run(DIGEST).any_stdout(), case, expected);
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
    }
    ends(lab.run(DIGEST).any_stdout(), "nothing", NOBODY);
    let nowhere = lab.run(DIGEST).env("DOCKER_CONFIG", "/dev/null");
    ends(nowhere.any_stdout(), "a path through a file", NOBODY);
}
