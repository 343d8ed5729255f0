//! What the YAML reader found wrong, in words for the people who write the file.

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};

/// A key whose value is wrong.
pub(super) struct Key {
    pub(super) name: String,
    /// Whether it is an entry of a list that is wrong.
    pub(super) in_list: bool,
}

/// What is wrong. `key` is the key whose value was being read.
pub(super) fn reason(error: &Error, key: Option<&Key>) -> String {
    match error {
        Error::WithSnippet { error, .. } | Error::AliasError { error, .. } => reason(error, key),
        Error::SerdeUnknownField {
            field, expected, ..
        } => unknown_key(field, expected),
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            format!("the key `{key}` is there twice")
        }
        Error::SerdeInvalidType {
            unexpected,
            expected,
            ..
        } => mismatch(key, expected, Some(unexpected)),
        Error::Unexpected {
            expected: "string scalar",
            ..
        } if key.is_none() => {
            "this must be text; text that begins with `[` or `{` wants quotes".to_owned()
        }
        Error::Unexpected { expected, .. } => mismatch(key, shape(expected), None),
        Error::NullIntoString { .. } => mismatch(key, "text", Some("unit value")),
        Error::UnsupportedTag { tag, .. } => {
            format!("the tag `{tag}` is not known; text that begins with `!` wants quotes")
        }
        Error::UnknownAnchor { .. } => {
            "no anchor of that name; text that begins with `*` wants quotes".to_owned()
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "the alias stands inside of what it stands for".to_owned()
        }
        Error::MultipleDocuments { .. } => "a second document; only one is allowed".to_owned(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. } => {
            "too many values, aliases or levels".to_owned()
        }
        other => UserMessageFormatter.format_message(other).into_owned(),
    }
}

/// An unknown key and the nearest known one, or all where none is near.
fn unknown_key(key: &str, known: &[&str]) -> String {
    match nearest(key, known) {
        Some(near) => format!("unknown key `{key}`; did you mean `{near}`?"),
        None => format!("unknown key `{key}`; known are `{}`", known.join("`, `")),
    }
}

/// The known key that `key` is most likely a slip of, if one is near enough.
fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = key.to_lowercase().replace('-', "_");
    let scored = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&plain, known), *known));
    let (distance, near) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= near.len().div_ceil(3)).then_some(near)
}

fn mismatch(key: Option<&Key>, wanted: &str, found: Option<&str>) -> String {
    let subject = match key {
        Some(key) if key.in_list => format!("an entry of `{}`", key.name),
        Some(key) => format!("`{}`", key.name),
        None => "this".to_owned(),
    };
    let found = match found {
        Some("unit value") => ", and there is nothing".to_owned(),
        Some(found) => format!(", not {}", kind(found)),
        None => String::new(),
    };
    format!("{subject} must be {wanted}{found}")
}

/// The reader's names for what it found, in the words of YAML's users.
fn kind(found: &str) -> String {
    match found.split_once(' ') {
        None if found == "sequence" => "a list".to_owned(),
        None if found == "map" => "`key: value` pairs".to_owned(),
        Some(("integer" | "boolean", value)) => value.to_owned(),
        Some(("string", value)) => format!("the text {value}"),
        _ => found.to_owned(),
    }
}

/// The reader's names for what it wanted, in the words of YAML's users.
fn shape(expected: &'static str) -> &'static str {
    match expected {
        "string scalar" => "text",
        "sequence start" => "a list",
        "mapping start" => "`key: value` pairs",
        other => other,
    }
}
