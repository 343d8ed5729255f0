//! A token service's reply: a token that a header can hold, for a time within reason.

use crate::target::Target;
use crossdock::auth::token::read_reply;
use serde_json::Value;
use std::time::Duration;

pub(crate) const TARGET: Target = Target {
    name: "token_reply",
    longest: 2048,
    seeds: SEEDS,
    words: &[
        "{\"token\":\"",
        "\"access_token\":\"",
        "\"expires_in\":",
        "\"issued_at\":\"",
        "1e18",
        "null",
        "-1",
        "\\r\\n",
        "\\u0000",
        "\"60\"",
        "\"NaN\"",
        "\"inf\"",
    ],
    check,
};

fn check(bytes: &[u8]) {
    let (token, lifetime) = match read_reply(bytes) {
        Ok(read) => read,
        Err(reason) => return assert!(!reason.is_empty()),
    };
    assert!(!token.expose().is_empty());
    assert!(token.expose().iter().all(u8::is_ascii_graphic));
    assert!(lifetime >= Duration::from_mins(1));
    assert!(lifetime <= Duration::from_hours(24));
    // It is one of the two that the reply has, the first of them where both are there.
    let Ok(reply) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let said = |name: &str| reply.get(name)?.as_str().filter(|text| !text.is_empty());
    let expected = said("token").or(said("access_token"));
    if reply.is_object() {
        assert_eq!(expected, token.expose_str());
    }
}

#[test]
fn token_reply() {
    crate::inputs::replay("token_reply");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b"{}",
    b"[]",
    b"null",
    br#"{"token":""}"#,
    br#"{"token":"a"}"#,
    br#"{"access_token":"b"}"#,
    br#"{"token":"a","access_token":"b","expires_in":300,"issued_at":"2026-11-20T12:00:00Z"}"#,
    br#"{"token":"","access_token":"b"}"#,
    br#"{"token":"a\r\nX: y"}"#,
    br#"{"token":null}"#,
    br#"{"token":"a","expires_in":-1}"#,
    br#"{"token":"a","expires_in":0}"#,
    br#"{"token":"a","expires_in":"60"}"#,
    br#"{"token":"a","expires_in":1e18}"#,
    br#"{"token":"a","expires_in":300.5}"#,
    br#"{"token":"a","expires_in":"soon"}"#,
    br#"{"token":"a","expires_in":"inf"}"#,
    br#"{"token":"a","expires_in":{}}"#,
    br#"{"token":5}"#,
    br#"{"token":"a","token":"b"}"#,
    br#"{"token":"\u00e9"}"#,
    br#"["a","b",1]"#,
    br#"{"token":"a"}{"#,
];
