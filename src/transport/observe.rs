//! Who is told what goes over the wire.

use super::redact::Redacted;
use http::{Method, StatusCode};
use std::time::Duration;

/// One request and what became of it. Holds no secret.
#[derive(Debug)]
pub struct Exchange<'a> {
    /// The method.
    pub method: &'a Method,
    /// The URL, redacted.
    pub url: Redacted,
    /// The answer's status, or `None` where there was no answer.
    pub status: Option<StatusCode>,
    /// What went wrong, where there was no answer.
    pub error: Option<String>,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// From sending to the answer's headers.
    pub elapsed: Duration,
    /// Whether a credential or token went along.
    pub authorized: bool,
    /// The protocol's name, e.g. `HTTP/1.1`.
    pub version: Option<http::Version>,
}

/// Is told about each exchange, each wait and each warning of a registry.
pub trait Observer: Send + Sync {
    /// A request was answered, or failed.
    fn exchange(&self, exchange: &Exchange<'_>);
    /// The next attempt at `host` comes after `wait`, because of `reason`.
    fn waiting(&self, host: &str, reason: &str, wait: Duration);
    /// A registry sent a `Warning` header (RFC 7234, distribution spec "Warnings"), or something
    /// else is worth a line.
    fn warning(&self, host: &str, text: &str);
}

impl Observer for () {
    fn exchange(&self, _: &Exchange<'_>) {}
    fn waiting(&self, _: &str, _: &str, _: Duration) {}
    fn warning(&self, _: &str, _: &str) {}
}
