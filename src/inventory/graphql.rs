//! GraphQL: questions, whose names and numbers go along as variables and never inside the text, and
//! answers, which may be refusals with the status of a success.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The document that asks `query` with these `variables`.
pub(super) fn question(query: &str, variables: &Value) -> Value {
    json!({"query": query, "variables": variables})
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The server's own words.
    #[error("it refuses the question: {0}")]
    Refused(String),
    /// The answer is no answer.
    #[error("its answer is not the document that it is described as: {0}")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Reply {
    data: Option<Value>,
    errors: Option<Vec<Complaint>>,
}

#[derive(Deserialize)]
struct Complaint {
    message: Option<String>,
}

/// The data of an answer. One that has errors beside its data may lack something, and is refused
/// as a whole.
pub(super) fn answer<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unanswered> {
    let reply: Reply = serde_json::from_slice(body)?;
    let errors = reply.errors.unwrap_or_default();
    if !errors.is_empty() {
        let told = errors.into_iter().filter_map(|error| error.message);
        let told: Vec<String> = told.collect();
        return Err(Unanswered::Refused(told.join("; ")));
    }
    Ok(serde_json::from_value(reply.data.unwrap_or_default())?)
}

/// Whether a server says that it does not know a field or an argument: it is older than the
/// question.
pub(super) fn is_too_new(words: &str) -> bool {
    // graphql-ruby's words, and those of gqlparser.
    let words = words.to_ascii_lowercase();
    let signs = [
        "doesn't exist on type",
        "doesn't accept argument",
        "cannot query field",
        "unknown argument",
    ];
    signs.iter().any(|sign| words.contains(sign))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn errors_beside_data_are_no_answer() {
        let whole: Value = answer(br#"{"data":{"a":1}}"#).unwrap();
        assert_eq!(whole["a"], 1);
        for body in [
            r#"{"data":{"a":1},"errors":[{"message":"one"},{"message":"two"}]}"#,
            r#"{"errors":[{"message":"one"},{},{"message":"two"}]}"#,
        ] {
            let error = answer::<Value>(body.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "it refuses the question: one; two");
        }
        for body in ["", "[]", "<html>", r#"{"data":{"a":[]}}"#, "{}"] {
            #[derive(Debug, Deserialize)]
            struct A {
                #[serde(rename = "a")]
                _a: u32,
            }
            let error = answer::<A>(body.as_bytes()).unwrap_err();
            assert!(matches!(error, Unanswered::Malformed(_)), "{body}");
        }
    }

    #[test]
    fn a_question_that_is_too_new_is_told() {
        assert!(is_too_new("Field 'publishedAt' doesn't exist on type 'T'"));
        assert!(is_too_new(r#"Cannot query field "A" on type "B"."#));
        assert!(!is_too_new("Query has complexity of 300"));
    }
}
