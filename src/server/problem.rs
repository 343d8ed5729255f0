//! What the registry answers when it refuses: the error document and its statuses.
//!
//! Source: OCI distribution-spec 1.1, "Error Codes"; the statuses are those that CNCF distribution
//! gives them.

use crate::server::answer;
use crate::transport::ByteStream;
use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// A code of the error document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    BlobUnknown,
    BlobUploadUnknown,
    Denied,
    DigestInvalid,
    ManifestBlobUnknown,
    ManifestInvalid,
    ManifestUnknown,
    NameInvalid,
    NameUnknown,
    PaginationNumberInvalid,
    Precondition,
    RangeInvalid,
    SizeInvalid,
    TagInvalid,
    Unauthorized,
    Unavailable,
    Unknown,
    Unsupported,
}

impl Code {
    fn text(self) -> &'static str {
        match self {
            Self::BlobUnknown => "BLOB_UNKNOWN",
            Self::BlobUploadUnknown => "BLOB_UPLOAD_UNKNOWN",
            Self::Denied => "DENIED",
            Self::DigestInvalid => "DIGEST_INVALID",
            Self::ManifestBlobUnknown => "MANIFEST_BLOB_UNKNOWN",
            Self::ManifestInvalid => "MANIFEST_INVALID",
            Self::ManifestUnknown => "MANIFEST_UNKNOWN",
            Self::NameInvalid => "NAME_INVALID",
            Self::NameUnknown => "NAME_UNKNOWN",
            Self::PaginationNumberInvalid => "PAGINATION_NUMBER_INVALID",
            Self::Precondition => "PRECONDITION",
            Self::RangeInvalid => "RANGE_INVALID",
            Self::SizeInvalid => "SIZE_INVALID",
            Self::TagInvalid => "TAG_INVALID",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Unavailable => "UNAVAILABLE",
            Self::Unknown => "UNKNOWN",
            Self::Unsupported => "UNSUPPORTED",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::DigestInvalid
            | Self::ManifestBlobUnknown
            | Self::ManifestInvalid
            | Self::NameInvalid
            | Self::PaginationNumberInvalid
            | Self::SizeInvalid
            | Self::TagInvalid => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::BlobUnknown
            | Self::BlobUploadUnknown
            | Self::ManifestUnknown
            | Self::NameUnknown => StatusCode::NOT_FOUND,
            Self::Unsupported => StatusCode::METHOD_NOT_ALLOWED,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::RangeInvalid => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// A refusal.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    code: Code,
    status: StatusCode,
    message: String,
    detail: Option<Box<Value>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            status: code.status(),
            message: message.into(),
            detail: None,
            headers: Vec::new(),
        }
    }

    /// The same with a status that is not the code's usual one.
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(super) fn detail(mut self, detail: Value) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    /// Adds a header. A value that cannot be one is left out.
    pub(super) fn header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::try_from(value.as_ref()) {
            self.headers.push((name, value));
        }
        self
    }

    pub(super) fn into_response(self) -> Response<ByteStream> {
        let mut error = json!({"code": self.code.text(), "message": self.message});
        if let Some(detail) = self.detail {
            error["detail"] = *detail;
        }
        let mut response = answer::json(self.status, &json!({"errors": [error]}));
        response.headers_mut().extend(self.headers);
        response
    }
}
