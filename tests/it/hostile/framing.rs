//! HDR: answers that are no HTTP, or HTTP that two readers could understand differently.

use super::{each, ends, lab};
use crate::lab::Fault;

const LIST: [&str; 2] = ["ls", "reg.lab/team/app"];
/// The list of tags: 27 bytes.
const BODY: &str = r#"{"name":"a","tags":["one"]}"#;

/// Answers the list with these bytes, once the password was shown.
fn answered(name: &str, answer: &[u8], code: i32, told: &[&str]) -> String {
    let lab = lab();
    let list = Fault::on("GET", "/tags/list").with_header("authorization");
    lab.fault("reg", list.always().raw(answer));
    ends(&lab, name, &LIST, code, told).stdout
}

fn head(headers: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}\r\n\r\n")
}

#[test]
fn lengths_that_are_no_lengths() {
    let not_http = "cannot be read as HTTP";
    each(
        [
            ("HDR-01 negative", "Content-Length: -1", not_http),
            ("HDR-01b a sign", "Content-Length: +27", not_http),
            ("HDR-02 a word", "Content-Length: abc", not_http),
            ("HDR-02b a fraction", "Content-Length: 27.0", not_http),
            ("HDR-02c hexadecimal", "Content-Length: 0x1b", not_http),
            ("HDR-02d nothing", "Content-Length:", not_http),
            (
                "HDR-02e beyond all numbers",
                "Content-Length: 99999999999999999999",
                not_http,
            ),
            (
                "HDR-03 two different",
                "Content-Length: 27\r\nContent-Length: 26",
                not_http,
            ),
            (
                "HDR-03b two different in one",
                "Content-Length: 27, 26",
                not_http,
            ),
        ],
        |(name, length, told)| {
            answered(name, (head(length) + BODY).as_bytes(), 8, &[told]);
        },
    );
}

#[test]
fn heads_that_are_none() {
    let large = format!("X-Large: {}", "x".repeat(1 << 20));
    let many = "X-Many: x\r\n".repeat(2000);
    let status =
        |status: &str| head("Content-Length: 27").replace("HTTP/1.1 200 OK", status) + BODY;
    let header = |header: &str| head(&format!("{header}\r\nContent-Length: 27")) + BODY;
    each(
        [
            ("HDR-05 a header of 1 MiB", header(&large).into_bytes()),
            (
                "HDR-05b thousands of headers",
                header(many.trim_end()).into_bytes(),
            ),
            (
                "HDR-05c a header without a colon",
                header("X-Evil").into_bytes(),
            ),
            (
                "HDR-05d a header without a name",
                header(": x").into_bytes(),
            ),
            (
                "HDR-05e a header with nothing in between",
                header("X-Evil: \0").into_bytes(),
            ),
            (
                "HDR-05f a header with an escape",
                header("X-Evil: \u{1b}[2J").into_bytes(),
            ),
            (
                "HDR-06 another protocol",
                b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
            ),
            (
                "HDR-06b an alert of TLS",
                b"\x15\x03\x01\x00\x02\x02\x46".to_vec(),
            ),
            (
                "HDR-06c only a terminal's commands",
                b"\x1b]0;evil\x07\x1b[2J\r\n\r\n".to_vec(),
            ),
            (
                "HDR-06d HTTP of another day",
                status("HTTP/3.0 200 OK").into_bytes(),
            ),
            (
                "HDR-06e a status that is none",
                status("HTTP/1.1 20 OK").into_bytes(),
            ),
            (
                "HDR-06f a status of four digits",
                status("HTTP/1.1 2000 OK").into_bytes(),
            ),
            (
                "HDR-06g a word for a status",
                status("HTTP/1.1 two hundred").into_bytes(),
            ),
        ],
        |(name, answer)| {
            answered(name, &answer, 8, &["cannot be read as HTTP"]);
        },
    );
}

/// Who breaks off may do better next time.
#[test]
fn answers_that_break_off() {
    let endless_continue = "HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000);
    let chunked = "Transfer-Encoding: chunked";
    each(
        [
            ("nothing", String::new()),
            ("half a head", "HTTP/1.1 200 OK\r\nContent-".to_owned()),
            ("half a body", head("Content-Length: 27") + &BODY[..9]),
            (
                "HDR-02f a length beyond all bodies",
                head("Content-Length: 9223372036854775807") + BODY,
            ),
            ("nothing but a hundred", endless_continue),
            ("half a chunk", head(chunked) + "1b\r\n{"),
            ("a chunk that is none", head(chunked) + "evil\r\n"),
            (
                "a chunk beyond all numbers",
                head(chunked) + "FFFFFFFFFFFFFFFFF\r\n{",
            ),
            (
                "a chunk with an endless remark",
                head(chunked) + "1b;" + &"x".repeat(1 << 20),
            ),
            (
                "chunks without an end",
                head(chunked) + "1b\r\n" + BODY + "\r\n",
            ),
        ],
        |(name, answer)| {
            answered(
                name,
                answer.as_bytes(),
                7,
                &["the connection to reg.lab broke"],
            );
        },
    );
}

/// A chunked body says by itself where it ends, so that a length beside it decides nothing (RFC
/// 9112, section 6.3); all readers of registries take it so.
#[test]
fn answers_that_are_read() {
    let chunked = "Transfer-Encoding: chunked";
    let chunks = format!("1b\r\n{BODY}\r\n0\r\n\r\n");
    each(
        [
            ("a length", head("Content-Length: 27") + BODY),
            (
                "HDR-03c twice the same",
                head("Content-Length: 27\r\nContent-Length: 27") + BODY,
            ),
            ("no length", head("Connection: close") + BODY),
            ("chunks", head(chunked) + &chunks),
            (
                "HDR-04 chunks and a length",
                head(&format!("Content-Length: 5\r\n{chunked}")) + &chunks,
            ),
            (
                "HDR-04b a length and chunks",
                head(&format!("{chunked}\r\nContent-Length: 5")) + &chunks,
            ),
            (
                "a hundred before",
                "HTTP/1.1 100 Continue\r\n\r\n".to_owned() + &head("Content-Length: 27") + BODY,
            ),
            (
                "hints before",
                "HTTP/1.1 103 Early Hints\r\nLink: <http://evil.lab/>\r\n\r\n".to_owned()
                    + &head("Content-Length: 27")
                    + BODY,
            ),
            (
                "something behind it",
                head("Content-Length: 27") + BODY + "HTTP/1.1 200 OK\r\n\r\n",
            ),
            (
                "a header in Latin-1",
                head("X-Odd: \u{9b}\r\nContent-Length: 27") + BODY,
            ),
        ],
        |(name, answer)| {
            assert_eq!(answered(name, answer.as_bytes(), 0, &[]), "one\n", "{name}");
        },
    );
}

/// No list is what breaks the list's own form.
#[test]
fn lists_that_are_none() {
    let deep = "[".repeat(10_000);
    let large = format!(r#"{{"tags":["{}"]}}"#, "x".repeat(9 << 20));
    let web = head("Content-Length: 5").replace("application/json", "text/html");
    each(
        [
            (
                "nothing",
                head("Content-Length: 0"),
                "is not the specified JSON",
            ),
            (
                "a list",
                head("Content-Length: 2") + "[]",
                "is not the specified JSON",
            ),
            (
                "numbers",
                head("Content-Length: 12") + r#"{"tags":[1]}"#,
                "is not the specified JSON",
            ),
            (
                "too deep",
                head("Connection: close") + &deep,
                "is not the specified JSON",
            ),
            (
                "too large",
                head("Connection: close") + &large,
                "more than 8388608 bytes",
            ),
            ("a web page", web + "<html", "web page"),
            (
                "nothing at all",
                head("Content-Length: 5").replace("200 OK", "204 No Content"),
                "204",
            ),
        ],
        |(name, answer, told)| {
            let code = if name == "nothing at all" { 1 } else { 8 };
            answered(name, answer.as_bytes(), code, &[told]);
        },
    );
}
