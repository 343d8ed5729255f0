//! What AWS's services say when they refuse: XML, JSON, and what the sign-in service says.

use super::told::Told;
use http::StatusCode;
use serde::Deserialize;
use std::fmt;

/// No more of a service's message is told.
const LONGEST: usize = 600;

/// An answer that is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Who says so.
    pub(super) host: String,
    pub(super) status: StatusCode,
    /// The error's name: `AccessDenied`.
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

/// The fields that errors in JSON have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    #[serde(alias = "code", alias = "Code", alias = "error")]
    __type: Option<String>,
    #[serde(alias = "Message", alias = "error_description")]
    message: Option<String>,
}

impl Refusal {
    /// Reads the answer of `host`, without what it was `told`. `named` is what its header
    /// `x-amzn-errortype` says.
    pub(super) fn read(
        host: &str,
        status: StatusCode,
        named: Option<&str>,
        body: &[u8],
        told: &Told,
    ) -> Self {
        let text = String::from_utf8_lossy(body);
        let document = serde_json::from_slice::<Document>(body).unwrap_or_default();
        let code = document.__type.or_else(|| named.map(str::to_owned));
        let code = code.or_else(|| element(&text, "Code"));
        let message = document.message.or_else(|| element(&text, "Message"));
        let code = code.map(|code| {
            bare(&told.mask(&code))
                .chars()
                .take(LONGEST)
                .collect::<String>()
        });
        let message = message.map(|text| {
            told.mask(&text)
                .trim()
                .chars()
                .take(LONGEST)
                .collect::<String>()
        });
        Self {
            host: host.to_owned(),
            status,
            code: code.filter(|code| !code.is_empty()),
            message: message.filter(|message| !message.is_empty()),
        }
    }

    /// Whether the error's name begins like one of these: some services add `Exception`.
    pub(super) fn is(&self, codes: &[&str]) -> bool {
        let own = self.code.as_deref().unwrap_or_default();
        codes.iter().any(|code| own.starts_with(code))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, status, .. } = self;
        match (&self.code, &self.message) {
            (Some(code), Some(message)) => write!(f, "{host} says {code}: {message}"),
            (Some(told), None) | (None, Some(told)) => write!(f, "{host} says {told}"),
            (None, None) => write!(f, "{host} answers {status}"),
        }
    }
}

/// An error's name without the space that it is in, and without what follows it:
/// `com.amazonaws.ecr#Name:http://…`.
fn bare(code: &str) -> &str {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(':').next().unwrap_or(code).trim()
}

/// The text of the first element of that name: STS's errors are a few lines of XML.
fn element(text: &str, name: &str) -> Option<String> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let inside = inside.to_owned();
    let unescape = |text: String, (entity, sign): &(&str, &str)| text.replace(entity, sign);
    Some(entities.iter().fold(inside, unescape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_s_errors_are_read() {
        for (named, body, told) in [
            (
                None,
                r#"{"__type":"com.amazonaws.ecr#ServerException:x","message":"no"}"#,
                "h says ServerException: no",
            ),
            (
                None,
                r#"{"__type":"UnrecognizedClientException","Message":"no"}"#,
                "h says UnrecognizedClientException: no",
            ),
            (
                Some("UnauthorizedException:http://x"),
                r#"{"message":"Session token not found or invalid"}"#,
                "h says UnauthorizedException: Session token not found or invalid",
            ),
            (
                None,
                r#"{"error":"invalid_grant","error_description":"gone"}"#,
                "h says invalid_grant: gone",
            ),
            (
                None,
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>a &amp;lt; b &quot;c&quot;</Message></Error></ErrorResponse>",
                "h says AccessDenied: a &lt; b \"c\"",
            ),
            (None, "", "h answers 403 Forbidden"),
            (None, "<html>", "h answers 403 Forbidden"),
            (None, r#"{"__type":5}"#, "h answers 403 Forbidden"),
        ] {
            let read = Refusal::read(
                "h",
                StatusCode::FORBIDDEN,
                named,
                body.as_bytes(),
                &Told::default(),
            );
            assert_eq!(read.to_string(), told);
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let body = format!(r#"{{"message":"{}"}}"#, "x".repeat(9000));
        let read = Refusal::read(
            "h",
            StatusCode::BAD_REQUEST,
            None,
            body.as_bytes(),
            &Told::default(),
        );
        assert_eq!(read.message.map(|message| message.len()), Some(LONGEST));
    }
}
