//! What a registry says when it refuses: on the terminal it moves no cursor, hides and reorders
//! nothing, and passes for no line of ours.

use crate::target::Target;
use crossdock::auth::token::complaint;
use crossdock::registry::problem::Problem;
use crossdock::term::exit::{Kinds, report};
use crossdock::term::output::{Output, Settings};
use http::StatusCode;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

pub(crate) const TARGET: Target = Target {
    name: "error_body",
    longest: 4096,
    seeds: SEEDS,
    words: &[
        "{\"errors\":[{\"code\":\"",
        "\"message\":\"",
        "\"detail\":",
        "DENIED",
        "\\u001b[2J",
        "\\u009b",
        "\\u202e",
        "\\n",
        "\\r",
        "\nhint: ",
        "\nerror: ",
        "\\\\u{1b}",
        "<html>",
        "\"error_description\":\"",
        "\"details\":\"",
    ],
    check,
};

/// The input's first byte says which status it has, and who says it; the rest is the body.
const STATUSES: [u16; 8] = [400, 401, 403, 404, 429, 500, 503, 418];

fn check(bytes: &[u8]) {
    let Some((first, body)) = bytes.split_first() else {
        return;
    };
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let mut problem = Problem::of(StatusCode::from_u16(status).unwrap(), body);
    problem.retry_after = std::str::from_utf8(body).ok().map(str::to_owned);
    printed(&anyhow::Error::new(problem).context("cannot push reg.io/app:v1"));
    if let Some(said) = complaint(body) {
        printed(&anyhow::Error::msg(said));
    }
    if let Ok(name) = std::str::from_utf8(body) {
        printed(&anyhow::Error::msg(name.to_owned()).context(name.to_owned()));
    }
}

fn printed(error: &anyhow::Error) {
    let told = told(error, Settings::default());
    let hostile = told.chars().find(|c| *c != '\n' && is_hostile(*c));
    assert_eq!(hostile, None, "{told:?}");
    let (first, rest) = told.split_once('\n').unwrap();
    assert!(first.starts_with("error: "), "{told:?}");
    let mut rest: Vec<&str> = rest.lines().collect();
    if rest.last().is_some_and(|line| line.starts_with("hint: ")) {
        rest.pop();
    }
    assert!(rest.iter().all(|line| line.starts_with("  ")), "{told:?}");
    let json = Settings {
        json: true,
        ..Settings::default()
    };
    let told = self::told(error, json);
    assert!(
        !told.trim_end_matches('\n').contains(is_hostile),
        "{told:?}"
    );
    let document: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert!(document["error"]["message"].is_string());
}

/// The controls of Unicode, and what reorders text: written down here once more, because this is
/// what the program is judged by.
fn is_hostile(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// What goes to stderr.
fn told(error: &anyhow::Error, settings: Settings) -> String {
    let kept = Kept::default();
    let output = Output::new(io::sink(), kept.clone(), settings);
    let _ = report(error, &Kinds::default(), &output);
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn error_body() {
    crate::inputs::replay("error_body");
}

const SEEDS: &[&[u8]] = &[
    b"0",
    br#"2{"errors":[{"code":"DENIED","message":"token lacks write:packages"}]}"#,
    br#"3{"errors":[{"code":"NAME_UNKNOWN"}]}"#,
    b"3404 page not found\n",
    b"6<html>busy</html>",
    br#"0{"errors":[]}"#,
    br#"0{"errors":"odd"}"#,
    b"0\x1b[2Jno\nhint: run this",
    b"0a\r\nb",
    br#"1{"errors":[{"code":"\u001b[31m","message":"\u009b2J\u202eabc\nerror: x"}]}"#,
    br#"1{"error":"invalid_grant","error_description":"bad\u0007"}"#,
    b"0\xc2\x9b2J",
    br#"1{"details":"incorrect\u2028username"}"#,
    br#"0{"errors":[{"message":"\\u{1b}"}]}"#,
    br#"0{"errors":[{"code":null}]}"#,
    br#"0{"errors":[{"detail":{"a":["\u001b"]}}]}"#,
    b"0\xe2\x80\xae\xe2\x81\xa6abc",
    b"0\xef\xbb\xbfx",
    b"0\n\n\nx",
    b"0\x7f",
    b"0\xff",
];
