//! What helpers print, and what is made of it.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::auth::key::Key;
use proptest::prelude::*;

fn password(username: &str, password: &str) -> Answer {
    Answer::Found(Credential::password(username, Secret::new(password)).unwrap())
}

#[test]
fn answers_that_are_understood() {
    let token = Answer::Found(Credential::Identity(Secret::new("t")));
    for (printed, expected) in [
        (
            r#"{"ServerURL":"x","Username":"u","Secret":"p"}"#,
            password("u", "p"),
        ),
        (
            "\n {\"Username\":\"u\",\"Secret\":\"p\",\"More\":[1]}\n",
            password("u", "p"),
        ),
        (
            r#"{"ServerURL":"other.io","Username":"u","Secret":""}"#,
            password("u", ""),
        ),
        (r#"{"Username":"<token>","Secret":"t"}"#, token),
        (
            r#"{"ServerURL":"","Username":"","Secret":""}"#,
            Answer::Nothing,
        ),
        ("{}", Answer::Nothing),
        ("null", Answer::Nothing),
    ] {
        assert_eq!(answer(printed.as_bytes()).unwrap(), expected, "{printed}");
    }
}

#[test]
fn answers_that_are_refused_are_not_shown() {
    for printed in [
        "",
        "CANARY",
        r#"{"Username":"u","Secret":"CANARY""#,
        r#"{"Username":"u","Secret":"CANARY"} CANARY"#,
        r#"{"CANARY":1,"CANARY":2}"#,
        r#"{"Secret":"CANARY","Secret":"CANARY"}"#,
        r#"["CANARY"]"#,
        r#""CANARY""#,
        r#"{"Username":["CANARY"],"Secret":"CANARY"}"#,
        r#"{"Username":"u","Secret":5}"#,
        r#"{"Username":"","Secret":"CANARY"}"#,
        r#"{"Username":"CANARY\r\nx","Secret":"CANARY"}"#,
        r#"{"Username":"CANARY:x","Secret":"CANARY"}"#,
        r#"{"Username":"<token>","Secret":"CANARY\n"}"#,
        r#"{"Username":"<token>","Secret":""}"#,
    ] {
        let failure = answer(printed.as_bytes()).unwrap_err();
        let shown = format!("{failure} {failure:?}");
        assert!(!shown.contains("CANARY"), "{shown}");
    }
}

#[test]
fn lists_are_read() {
    let listed = list(br#"{"https://index.docker.io/v1/":"ann","b.io":"<token>"}"#).unwrap();
    let names: Vec<_> = listed
        .iter()
        .map(|l| (&*l.server, l.username.as_deref()))
        .collect();
    assert_eq!(
        names,
        [("https://index.docker.io/v1/", Some("ann")), ("b.io", None)]
    );
    assert_eq!(list(b"null").unwrap(), []);
    for bad in [&b""[..], b"[]", br#"{"a":1}"#, br#"{"a":"u","a":"v"}"#] {
        assert!(list(bad).is_err());
    }
}

#[test]
fn a_credential_is_no_list() {
    for printed in [
        r#"{"ServerURL":"a.io","Username":"u","Secret":"CANARY"}"#,
        r#"{"secret":"CANARY"}"#,
        r#"{"SERVERURL":"CANARY","a.io":"u"}"#,
        r#"{"a.io":"u","username":"CANARY"}"#,
    ] {
        let failure = list(printed.as_bytes()).unwrap_err();
        assert!(!format!("{failure} {failure:?}").contains("CANARY"));
    }
    for (server, is_listed) in [
        ("a.io", true),
        ("a.io/team", true),
        ("registry:5000", true),
        ("localhost", true),
        ("[::1]", true),
        ("https://registry", true),
        ("registry", false),
        ("Token", false),
        ("Token/a.io", false),
        ("a b.io", false),
        ("", false),
    ] {
        let printed = json!({server: "CANARY"}).to_string();
        let listed = list(printed.as_bytes()).unwrap();
        assert_eq!(!listed.is_empty(), is_listed, "{server}");
    }
}

#[test]
fn only_one_sentence_means_nothing() {
    for (printed, nothing) in [
        ("credentials not found in native keychain", true),
        ("credentials not found in native keychain\r\n", true),
        ("Credentials not found in native keychain", false),
        ("error: credentials not found in native keychain", false),
        ("no credentials server URL", false),
        ("", false),
    ] {
        assert_eq!(is_nothing(printed.as_bytes()), nothing, "{printed}");
    }
}

#[test]
fn what_a_failing_helper_says_is_shown_and_what_it_was_told_is_not() {
    let told = Secret::new("p\"w");
    for (stdout, stderr, shown) in [
        ("", "", "exit code 1"),
        ("locked\n", "", "exit code 1: locked"),
        ("locked\n", "locked\n", "exit code 1: locked"),
        ("a\n\n b ", "c", "exit code 1: a; b; c"),
        (
            "cannot keep p\"w",
            "{\"Password\":\"p\\\"w\"}",
            "exit code 1: cannot keep ***; {\"Password\":\"***\"}",
        ),
        (r#"{"Username":"u"}"#, "oops", "exit code 1: oops"),
        (
            r#"{"Username":"u","Secret":"s"}"#,
            "oops",
            "exit code 1: (not shown: it holds a secret); oops",
        ),
        (
            "found {\"secret\": \"s\"}\nand failed",
            "level=debug got=\"{\\\"Secret\\\":\\\"s\\\"}\"",
            "exit code 1: (not shown: it holds a secret)",
        ),
        (
            "oops",
            "{'SECRET': 's'}",
            "exit code 1: oops; (not shown: it holds a secret)",
        ),
        (
            "no Secret Service: the secret is locked",
            "",
            "exit code 1: no Secret Service: the secret is locked",
        ),
    ] {
        let said = complaint(
            "exit code 1",
            stdout.as_bytes(),
            stderr.as_bytes(),
            Some(&told),
        );
        assert_eq!(said, shown);
    }
    let long = complaint("exit code 1", &vec![b'x'; 60_000], b"", None);
    assert!(long.len() < 2100);
}

#[test]
fn what_is_stored_is_json() {
    let credential = Credential::password("u", Secret::new("p\"\n")).unwrap();
    let text = entry("https://index.docker.io/v1/", &credential).unwrap();
    let expected =
        json!({"ServerURL": "https://index.docker.io/v1/", "Username": "u", "Secret": "p\"\n"});
    assert_eq!(
        serde_json::from_slice::<Value>(text.expose()).unwrap(),
        expected
    );
    assert_eq!(answer(text.expose()).unwrap(), Answer::Found(credential));
    for unfit in [
        Credential::password("u", Secret::new([0xff])).unwrap(),
        Credential::Registry(Secret::new("t")),
    ] {
        assert!(matches!(entry("a.io", &unfit), Err(Failure::Unfit(_))));
    }
}

#[test]
fn a_server_is_one_line_of_plain_characters() {
    for server in [
        "a.io",
        "a.io:5000/team",
        "https://index.docker.io/v1/",
        "[::1]:5000",
    ] {
        assert!(check(server).is_ok(), "{server}");
    }
    for server in [
        "",
        "a.io\n",
        "a.io\rb.io",
        "a.io b.io",
        "a.io\0",
        "\u{e9}.io",
        "a.io\u{2028}",
    ] {
        assert!(check(server).is_err(), "{server:?}");
    }
}

proptest! {
    /// Whatever is a key is one line of plain characters, also after docker's spelling.
    #[test]
    fn no_key_can_say_two_things(text in "[a-z.:/\\[\\] \r\n\\PC\0]{1,24}") {
        if let Ok(key) = text.parse::<Key>() {
            prop_assert!(check(&key.server()).is_ok());
        }
    }

    #[test]
    fn no_answer_panics(printed in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = (answer(&printed), list(&printed), complaint("x", &printed, &printed, None));
    }
}
