//! Which strings are repository names, tags and digests.
//!
//! Source: OCI distribution-spec 1.1, "Pulling manifests". The client has a reader of its own: a
//! mistake in one of them shows against the other.

use crate::oci::Digest;
use crate::oci::digest::verifiable;

const NAME_LENGTH: usize = 255;
const TAG_LENGTH: usize = 128;

/// Whether `text` is a repository's name.
pub(super) fn is_repository(text: &str) -> bool {
    text.len() <= NAME_LENGTH && text.split('/').all(is_component)
}

fn is_component(mut text: &str) -> bool {
    loop {
        text = match letters(text) {
            "" => return false,
            run => &text[run.len()..],
        };
        if text.is_empty() {
            return true;
        }
        let separator = text.find(is_letter).map_or(text, |at| &text[..at]);
        if !is_separator(separator) {
            return false;
        }
        text = &text[separator.len()..];
    }
}

/// The lower-case letters and digits that `text` begins with.
fn letters(text: &str) -> &str {
    let end = text.find(|c| !is_letter(c));
    end.map_or(text, |end| &text[..end])
}

fn is_letter(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_separator(text: &str) -> bool {
    matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-')
}

/// Whether `text` is a tag.
pub(super) fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = text.as_bytes();
    bytes.len() <= TAG_LENGTH
        && bytes.first().is_some_and(|&first| word(first))
        && bytes
            .iter()
            .all(|&byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// A digest that can be verified here.
pub(super) fn digest(text: &str) -> Option<Digest> {
    let digest = Digest::try_from(text).ok()?;
    verifiable(&digest).is_ok().then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_specification() {
        let longest = "a".repeat(255);
        for good in [
            "a",
            "0",
            "a/b/c",
            "a.b",
            "a_b",
            "a__b",
            "a-b",
            "a---b",
            "blobs/sha256",
            &longest,
        ] {
            assert!(is_repository(good), "{good}");
        }
        let too_long = "a".repeat(256);
        for bad in [
            "", "/", "a/", "/a", "a//b", "A", "a..b", "a._b", "a___b", "-a", "a-", ".", "..",
            "a/..", "a/../b", "a b", "a\\b", "a\0b", "ä", "aä", "a:b", "a@b", "a%2fb", &too_long,
        ] {
            assert!(!is_repository(bad), "{bad:?}");
        }
    }

    #[test]
    fn tags_are_those_of_the_specification() {
        let longest = "t".repeat(128);
        for good in ["latest", "v1.2-rc_3", "_x", "1", &longest] {
            assert!(is_tag(good), "{good}");
        }
        let too_long = "t".repeat(129);
        for bad in ["", ".a", "-a", "a/b", "a b", "ü", "a+b", &too_long] {
            assert!(!is_tag(bad), "{bad:?}");
        }
    }

    #[test]
    fn digests_are_those_that_can_be_computed() {
        assert!(digest(&format!("sha256:{}", "0a".repeat(32))).is_some());
        assert!(digest(&format!("sha512:{}", "0a".repeat(64))).is_some());
        for bad in [
            "sha256:".to_owned(),
            "sha256".to_owned(),
            format!("sha256:{}", "0A".repeat(32)),
            format!("sha256:{}", "0a".repeat(31)),
            format!("md5:{}", "0a".repeat(16)),
            "sha256:../../etc/passwd".to_owned(),
        ] {
            assert!(digest(&bad).is_none(), "{bad}");
        }
    }
}
