//! The names inside a registry: repositories and tags.

use super::error::{Expected, Problem, ReferenceError};
use std::fmt;
use std::str::FromStr;

/// The longest repository name that is read, in characters. Registries stop well before.
const LONGEST_NAME: usize = 1023;
/// The longest tag, in characters (distribution-spec, "Pulling manifests").
const LONGEST_TAG: usize = 128;

/// A repository's path on its host: `team/app`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(String);

/// A tag: up to 128 letters, digits, `_`, `.` and `-`, not beginning with `.` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

impl RepositoryName {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has more than 255 characters, which many registries refuse.
    pub fn is_over_long(&self) -> bool {
        self.0.len() > 255
    }

    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        if text.is_empty() {
            return Err(Problem::EmptyName);
        }
        if text.len() > LONGEST_NAME {
            return Err(Problem::LongName(text.len()));
        }
        if text.contains(|c: char| c.is_ascii_uppercase()) {
            let name = text.to_owned();
            return Err(Problem::UpperCase { name });
        }
        text.split('/').try_for_each(check_component)?;
        Ok(Self(text.to_owned()))
    }
}

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag that is meant where none is typed: `latest`.
    pub fn latest() -> Self {
        Self("latest".to_owned())
    }

    /// Whether it is derived from a digest: the referrers fallback (`sha256-HEX`, distribution-spec
    /// 1.1, "Referrers Tag Schema") or cosign's (`sha256-HEX.sig`).
    pub fn stands_for_a_digest(&self) -> bool {
        let hex = ["sha256-", "sha512-"]
            .iter()
            .find_map(|prefix| self.0.strip_prefix(prefix));
        let hex = hex.map(|hex| hex.split('.').next().unwrap_or_default());
        hex.is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    }

    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let inner = |c: char| word(c) || c == '.' || c == '-';
        let first = text.chars().next().ok_or(Problem::EmptyTag)?;
        if let Some(stranger) = text.chars().find(|c| !inner(*c)) {
            return Err(Problem::TagCharacter(stranger));
        }
        if !word(first) {
            return Err(Problem::TagStart(first));
        }
        if text.len() > LONGEST_TAG {
            return Err(Problem::LongTag(text.len()));
        }
        Ok(Self(text.to_owned()))
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`: distribution-spec, "Pulling manifests".
fn check_component(part: &str) -> Result<(), Problem> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let divider = |c: char| matches!(c, '.' | '_' | '-');
    if part.is_empty() {
        return Err(Problem::EmptyComponent);
    }
    if let Some(stranger) = part.chars().find(|&c| !word(c) && !divider(c)) {
        return Err(Problem::NameCharacter(stranger));
    }
    if part.starts_with(divider) || part.ends_with(divider) {
        return Err(Problem::Edge(part.to_owned()));
    }
    let one = |run: &str| matches!(run, "" | "." | "_" | "__") || run.bytes().all(|b| b == b'-');
    if !part.split(word).all(one) {
        return Err(Problem::Separator(part.to_owned()));
    }
    Ok(())
}

impl FromStr for RepositoryName {
    type Err = ReferenceError;

    fn from_str(typed: &str) -> Result<Self, ReferenceError> {
        Self::read(typed).map_err(|problem| ReferenceError::new(typed, Expected::Name, problem))
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(typed: &str) -> Result<Self, ReferenceError> {
        Self::read(typed).map_err(|problem| ReferenceError::new(typed, Expected::Tag, problem))
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{RepositoryName, Tag};

    #[test]
    fn a_long_name_is_noted_and_an_endless_one_refused() {
        for (length, accepted, noted) in [
            (255, true, false),
            (256, true, true),
            (1023, true, true),
            (1024, false, true),
        ] {
            let name = "a".repeat(length).parse::<RepositoryName>();
            assert_eq!(name.is_ok(), accepted, "{length}");
            assert!(name.is_err() || name.unwrap().is_over_long() == noted);
        }
    }

    #[test]
    fn tags_have_their_own_letters() {
        for good in [
            "v1",
            "V1",
            "_",
            "1.2.3-rc.1",
            "a..b",
            "a--",
            &"t".repeat(128),
        ] {
            assert_eq!(good.parse::<Tag>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            ".x",
            "-x",
            "a/b",
            "a:b",
            "a b",
            "ä",
            "a\n",
            &"t".repeat(129),
        ] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }
}
