//! A transport that ends at a function instead of a network: what would be sent is written down
//! as it would be sent, and answered as a test likes.

use bytes::Bytes;
use http::{HeaderMap, Method};
use std::fmt;
use std::sync::Arc;
use url::Url;

/// A request, as it would go out.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// All its headers.
    pub headers: HeaderMap,
    /// The body, where it is not one that passes through.
    pub body: Bytes,
}

type Answer = dyn Fn(Sent) -> http::Response<Bytes> + Send + Sync;

/// Who answers.
#[derive(Clone)]
pub struct Script(Arc<Answer>);

impl Script {
    /// A script that answers with what `answer` returns.
    pub fn new(answer: impl Fn(Sent) -> http::Response<Bytes> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }

    pub(super) fn answer(&self, request: &reqwest::Request) -> reqwest::Response {
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let sent = Sent {
            method: request.method().clone(),
            url: request.url().clone(),
            headers: request.headers().clone(),
            body: body.map(Bytes::copy_from_slice).unwrap_or_default(),
        };
        (self.0)(sent).into()
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}
