//! Paths from the crate's root in a piece of source.

use super::source::Source;

/// Paths from the crate's root, such as `oci::Digest`.
pub(super) fn uses(source: &Source, code: &str) -> Vec<String> {
    let modules = source.modules();
    // From the room's own file one `super` leads to the root, from one below it two.
    let climb = "super::".repeat(modules.len());
    let root = if modules == ["main"] {
        "crossdock::"
    } else {
        "crate::"
    };
    let mut found = Vec::new();
    for start in [root, &climb] {
        for (at, _) in code.match_indices(start) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|before| is_word(before) || before == ':') {
                expand(&code[at + start.len()..], "", &mut found);
            }
        }
    }
    found
}

/// Reads one path with its groups: `a::{b, c::d}` is `a::b` and `a::c`. Two names are enough.
fn expand(text: &str, prefix: &str, found: &mut Vec<String>) -> usize {
    let text_start = text.len();
    let mut rest = text.trim_start();
    if let Some(mut group) = rest.strip_prefix('{') {
        loop {
            let read = expand(group, prefix, found);
            group = group[read..].trim_start();
            match group.strip_prefix(',') {
                Some(more) => group = more,
                None => break,
            }
        }
        return text_start - group.strip_prefix('}').unwrap_or(group).len();
    }
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let name = &rest[..end];
    rest = &rest[end..];
    if name.is_empty() {
        return text_start - rest.len();
    }
    let path = if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}::{name}")
    };
    if let Some(deeper) = rest.strip_prefix("::").filter(|_| prefix.is_empty()) {
        let read = expand(deeper, &path, found);
        return text_start - deeper[read..].len();
    }
    found.push(path);
    // What follows the second name does not matter, but its group must be skipped.
    while let Some(deeper) = rest.strip_prefix("::") {
        let read = expand(deeper, "", &mut Vec::new());
        rest = &deeper[read..];
    }
    if let Some(alias) = rest.trim_start().strip_prefix("as ") {
        rest = alias.trim_start().trim_start_matches(is_word);
    }
    text_start - rest.len()
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
