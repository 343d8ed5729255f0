//! A registry's refusal, in its own words.
//!
//! Source: distribution-spec 1.1, "Error Codes": `{"errors":[{"code","message","detail"}]}`.

use crate::transport::Response;
use http::{HeaderName, StatusCode};
use serde::Deserialize;
use std::fmt;

/// An error body is read no further.
const READ: usize = 64 * 1024;
/// Nor shown at greater length, in characters.
const SHOWN: usize = 2048;

/// An answer that is not the one hoped for.
#[derive(Debug, Clone, thiserror::Error)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What the registry says, most important first.
    pub details: Vec<Detail>,
    /// The body where it is not the specified document, if it is short text.
    pub text: Option<String>,
    /// How often the request was tried.
    pub attempts: u32,
    /// What the registry asks to be waited for, as it said it.
    pub retry_after: Option<String>,
    /// How much may be pulled in which time, as Docker Hub says it: `100;w=21600`.
    pub limit: Option<String>,
}

/// One of the registry's reasons.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Detail {
    /// A code of the specification, e.g. `MANIFEST_UNKNOWN`, or one of the registry's own.
    pub code: String,
    /// A sentence.
    pub message: String,
    /// Whatever the registry adds.
    pub detail: serde_json::Value,
}

#[derive(Deserialize)]
struct Document {
    errors: Vec<Detail>,
}

impl Problem {
    /// Reads the rest of an unwanted answer.
    pub(super) async fn read(response: Response) -> Self {
        let status = response.status();
        let attempts = response.attempts();
        let retry_after = response
            .header(&http::header::RETRY_AFTER)
            .map(str::to_owned);
        let limit = HeaderName::from_static("ratelimit-limit");
        let limit = response.header(&limit).map(str::to_owned);
        let body = response.beginning(READ).await;
        Self {
            attempts,
            retry_after,
            limit,
            ..Self::of(status, &body)
        }
    }

    /// What a status and a body say, at the first attempt.
    pub fn of(status: StatusCode, body: &[u8]) -> Self {
        let details = serde_json::from_slice(body).map(|document: Document| document.errors);
        let mut details = details.unwrap_or_default();
        if details.is_empty() {
            details.extend(elsewhere(body));
        }
        let text = details.is_empty().then(|| plain(body)).flatten();
        Self {
            status,
            details,
            text,
            attempts: 1,
            retry_after: None,
            limit: None,
        }
    }

    /// The registry's own sentence.
    pub(super) fn message(&self) -> Option<&str> {
        let message = self.details.first().map(|detail| detail.message.as_str());
        let message = message.filter(|message| !message.is_empty());
        message.or(self.text.as_deref())
    }

    /// Whether the registry says that what was sent along has lived its time: Amazon ECR's "Your
    /// authorization token has expired. Reauthenticate and try again."
    pub(super) fn is_expiry(&self) -> bool {
        let messages = self.details.iter().map(|detail| detail.message.as_str());
        let mut said = messages.chain(self.text.as_deref());
        said.any(|said| said.to_ascii_lowercase().contains("expired"))
    }

    /// Whether the registry names this code.
    pub fn has(&self, code: &str) -> bool {
        self.details
            .iter()
            .any(|detail| detail.code.eq_ignore_ascii_case(code))
    }
}

/// What an API of a vendor says in a document of its own: AWS's `__type` and `message`, Google's
/// `error` with `status` and `message`, GitHub's, GitLab's and Docker Hub's `message` or `detail`,
/// Quay's `error_type` and `error_message`.
fn elsewhere(body: &[u8]) -> Option<Detail> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let inner = document.get("error").filter(|inner| inner.is_object());
    let document = inner.unwrap_or(&document);
    let text = |key: &&str| document.get(key).and_then(serde_json::Value::as_str);
    let codes = ["__type", "error_type", "status", "code", "error"];
    let messages = [
        "message",
        "Message",
        "error_message",
        "error_description",
        "detail",
        "title",
    ];
    let code = codes.iter().find_map(text).unwrap_or_default();
    // `com.amazonaws.ecr#NameException:http://…`: Smithy, "AWS JSON 1.1 protocol".
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default();
    let message = messages.iter().find_map(text).unwrap_or_default();
    let is_any = !code.is_empty() || !message.is_empty();
    is_any.then(|| Detail {
        code: code.to_owned(),
        message: message.to_owned(),
        detail: serde_json::Value::Null,
    })
}

/// A short body that is meant for people: no markup.
fn plain(body: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        // What is read no further may end within a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&body[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    let text = text.trim();
    let readable = !text.is_empty() && !text.starts_with(['<', '{', '[']);
    readable.then(|| text.chars().take(SHOWN).collect())
}

/// What a status means to the one who asked.
fn phrase(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "not logged in, or not allowed",
        403 => "denied",
        404 => "not found",
        405 => "not supported there",
        413 => "too large for the registry",
        429 => "too many requests",
        500..=599 => "the registry is in trouble",
        _ => "refused",
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.details.first();
        let code = detail
            .map(|detail| detail.code.as_str())
            .filter(|code| !code.is_empty());
        write!(f, "{} ({}", phrase(self.status), self.status.as_u16())?;
        if let Some(code) = code {
            write!(f, " {}", code.chars().take(64).collect::<String>())?;
        }
        f.write_str(")")?;
        if let Some(message) = self.message() {
            write!(f, ": {}", message.chars().take(SHOWN).collect::<String>())?;
        }
        if self.attempts > 1 {
            write!(f, " (tried {} times)", self.attempts)?;
        }
        if let Some(wait) = &self.retry_after {
            write!(
                f,
                " (asks to wait: {})",
                wait.chars().take(64).collect::<String>()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, body: &str) -> Problem {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        Problem::of(status, body.as_bytes())
    }

    #[test]
    fn the_registry_s_code_and_words_are_kept() {
        for (status, body, shown) in [
            (
                403,
                r#"{"errors":[{"code":"DENIED","message":"token lacks write:packages"}]}"#,
                "denied (403 DENIED): token lacks write:packages",
            ),
            (
                404,
                r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#,
                "not found (404 NAME_UNKNOWN)",
            ),
            (
                404,
                "404 page not found\n",
                "not found (404): 404 page not found",
            ),
            (503, "<html>busy</html>", "the registry is in trouble (503)"),
            (400, r#"{"errors":[]}"#, "refused (400)"),
            (400, r#"{"errors":"odd"}"#, "refused (400)"),
        ] {
            assert_eq!(problem(status, body).to_string(), shown);
        }
    }

    #[test]
    fn words_may_end_within_a_character_but_not_be_something_else() {
        let shown = |body: &[u8]| Problem::of(StatusCode::FORBIDDEN, body).to_string();
        assert_eq!(
            shown(b"trop \xc3\xa9lev\xc3"),
            "denied (403): trop \u{e9}lev"
        );
        assert_eq!(shown(b"trop \xe9lev\xc3\xa9"), "denied (403)");
        assert_eq!(shown(b"\xc3"), "denied (403)");
    }

    #[test]
    fn an_expiry_is_known_by_its_words() {
        let ecr = r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#;
        for (body, is_expiry) in [
            (ecr, true),
            ("Token Expired\n", true),
            (
                r#"{"errors":[{"code":"DENIED","message":"not yours"}]}"#,
                false,
            ),
            ("", false),
        ] {
            assert_eq!(problem(403, body).is_expiry(), is_expiry, "{body}");
        }
    }

    #[test]
    fn codes_are_found_in_any_case() {
        let problem = problem(
            400,
            r#"{"errors":[{"code":"x"},{"code":"Digest_Invalid"}]}"#,
        );
        assert!(problem.has("DIGEST_INVALID"));
        assert!(!problem.has("DENIED"));
    }
}
