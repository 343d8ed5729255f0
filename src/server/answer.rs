//! Making responses.

use crate::server::problem::Problem;
use crate::transport::ByteStream;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::Value;

/// What every endpoint gives back.
pub(super) type Answer = Result<Response<ByteStream>, Problem>;

pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
pub(super) const CHUNK_MIN_LENGTH: HeaderName = HeaderName::from_static("oci-chunk-min-length");
pub(super) const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
pub(super) const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
pub(super) const UPLOAD_ID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// A response without a body.
pub(super) fn empty(status: StatusCode) -> Response<ByteStream> {
    let mut response = Response::new(stream::empty().boxed());
    *response.status_mut() = status;
    // RFC 9110, 8.6: a 204 and a 304 have no Content-Length of their own.
    if status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED {
        set(&mut response, CONTENT_LENGTH, "0");
    }
    response
}

/// A response whose body is at hand.
pub(super) fn whole(status: StatusCode, content_type: &str, body: Bytes) -> Response<ByteStream> {
    let length = body.len() as u64;
    let body = stream::once(async move { Ok(body) }).boxed();
    streamed(status, content_type, length, body)
}

/// A response whose body comes as it is read; `length` in bytes.
pub(super) fn streamed(
    status: StatusCode,
    content_type: &str,
    length: u64,
    body: ByteStream,
) -> Response<ByteStream> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, content_type);
    set(&mut response, CONTENT_LENGTH, &length.to_string());
    response
}

/// A JSON document.
pub(super) fn json(status: StatusCode, body: &Value) -> Response<ByteStream> {
    whole(status, "application/json", Bytes::from(body.to_string()))
}

/// Sets a header. A value that cannot be one is left out: all of them are made of validated names,
/// digests and numbers.
pub(super) fn set(response: &mut Response<ByteStream>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}
