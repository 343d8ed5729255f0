//! `WWW-Authenticate`: what is read, written again, is read as the same.

use crate::target::Target;
use crossdock::auth::challenge::{Bearer, Challenge};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, HeaderValue};

pub(crate) const TARGET: Target = Target {
    name: "challenge",
    longest: 2048,
    seeds: SEEDS,
    words: &[
        "Bearer ",
        "Basic ",
        "Negotiate",
        "Digest ",
        "realm=\"",
        "service=\"",
        "scope=\"",
        "error=\"",
        "https://",
        "repository:",
        ":pull,push",
        "\\\"",
        "realm=",
        ", ",
    ],
    check,
};

/// Each line is a header of its own.
fn check(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        headers.append(WWW_AUTHENTICATE, value);
    }
    match Challenge::read(&headers) {
        Ok(Some(challenge)) => {
            let written = written(&challenge);
            let again = HeaderMap::from_iter([(WWW_AUTHENTICATE, written)]);
            assert_eq!(Challenge::read(&again), Ok(Some(challenge)));
        }
        Ok(None) => panic!("a header was there, and is neither understood nor refused"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn written(challenge: &Challenge) -> HeaderValue {
    let text = match challenge {
        Challenge::Basic => "Basic".to_owned(),
        Challenge::Bearer(bearer) => bearer_text(bearer),
    };
    HeaderValue::from_str(&text).unwrap()
}

fn bearer_text(bearer: &Bearer) -> String {
    assert!(!bearer.realm.is_empty());
    let quoted = |text: &str| {
        assert!(text.is_ascii());
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    };
    let mut text = format!("Bearer realm={}", quoted(&bearer.realm));
    for (name, value) in [
        ("service", &bearer.service),
        ("scope", &bearer.scope),
        ("error", &bearer.error),
    ] {
        if let Some(value) = value {
            text = format!("{text},{name}={}", quoted(value));
        }
    }
    text
}

#[test]
fn challenge() {
    crate::inputs::replay("challenge");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b"Bearer",
    b"Bearer realm=",
    b"Bearer realm=\"\"",
    b"Bearer realm=token",
    b"Bearer realm='x'",
    b"Bearer realm=\"/t\",service=\"a \\\"b\\\"\"",
    b"Bearer realm=\"x",
    b"Bearer realm=\"https://t/\",service=\"s\",scope=\"repository:a/b:pull,push\"",
    b"Basic realm=\"x\", Bearer realm=\"y\"",
    b"Basic realm=\"x\"\nBearer realm=\"y\"",
    b"bearer realm=\"y\"",
    b"Negotiate",
    b"Negotiate\nBearer realm=\"y\"",
    b"Digest realm=\"x\"",
    b"Bearer realm=\"x\",realm=\"y\"",
    b"Bearer realm=\"ftp://x\"",
    b"Bearer realm=\"file:///etc\"",
    b"Bearer realm=\"https://169.254.169.254/\"",
    b"Bearer realm=\"https://me:pw@t/\"",
    b"Bearer realm=\"https://t/?a=b\"",
    b"BASIC realm=Sonatype",
    b"Basic, Basic, Basic",
    b"Bearer realm=\"x\",scope=\"a\",scope=\"b\"",
    b"Bearer realm=\"\xe9\"",
    b"Basic\tabc",
    b"Bearer realm=\"x\", error=\"insufficient_scope\"",
    b"Basic dTpw",
    b",,,Bearer realm=x,,",
];
