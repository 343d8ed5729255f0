//! Single HTTP requests to a registry on loopback, for what no other program can push.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A request with all of its body.
pub(super) struct Request<'a> {
    method: &'a str,
    /// Path and query.
    target: &'a str,
    content_type: Option<&'a str>,
    accept: Option<&'a str>,
    body: &'a [u8],
}

impl<'a> Request<'a> {
    pub(super) fn new(method: &'a str, target: &'a str) -> Self {
        Self {
            method,
            target,
            content_type: None,
            accept: None,
            body: &[],
        }
    }

    pub(super) fn accept(mut self, accept: &'a str) -> Self {
        self.accept = Some(accept);
        self
    }

    pub(super) fn body(mut self, content_type: &'a str, body: &'a [u8]) -> Self {
        self.content_type = Some(content_type);
        self.body = body;
        self
    }

    /// HTTP/1.0: the answer ends with the connection and is never chunked.
    fn head(&self, host: &str) -> String {
        let Self {
            method,
            target,
            body,
            ..
        } = self;
        let mut head = format!("{method} {target} HTTP/1.0\r\nHost: {host}\r\n");
        let length = body.len().to_string();
        let fields = [
            ("Content-Type", self.content_type),
            ("Accept", self.accept),
            ("Content-Length", Some(length.as_str())),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                head.extend([name, ": ", value, "\r\n"]);
            }
        }
        head + "\r\n"
    }
}

/// An answer with all of its body.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    head: String,
    pub(super) body: Vec<u8>,
}

impl Response {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("an answer has a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        Self {
            status,
            head,
            body: bytes[end + 4..].to_vec(),
        }
    }

    /// A header's value.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    /// Fails unless it has this status.
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}\n{}",
            self.head,
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

/// Sends a request to `host`, an address with its port, and reads the answer.
pub(super) fn send(host: &str, request: &Request) -> Response {
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    stream.write_all(request.head(host).as_bytes()).unwrap();
    stream.write_all(request.body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    Response::parse(&answer)
}

/// Puts a blob into a repository.
pub(super) fn put_blob(host: &str, repository: &str, digest: &str, bytes: &[u8]) {
    let begin = format!("/v2/{repository}/blobs/uploads/");
    let begun = send(host, &Request::new("POST", &begin)).expect(202);
    let location = begun.header("Location").expect("an upload has a location");
    let path = location.split_once(host).map_or(location, |(_, path)| path);
    let end = format!("{path}&digest={digest}");
    send(
        host,
        &Request::new("PUT", &end).body("application/octet-stream", bytes),
    )
    .expect(201);
}

/// Puts a manifest under a tag or its digest.
pub(super) fn put_manifest(
    host: &str,
    repository: &str,
    target: &str,
    media_type: &str,
    bytes: &[u8],
) {
    let path = format!("/v2/{repository}/manifests/{target}");
    send(host, &Request::new("PUT", &path).body(media_type, bytes)).expect(201);
}
