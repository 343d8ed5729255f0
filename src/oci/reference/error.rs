//! What is wrong with a name that somebody typed. A password never gets in here.

use crate::oci::digest::DigestError;
use std::fmt;

/// The longest text that is repeated in a message, in characters.
const SHOWN: usize = 256;

/// Something that was typed and is not what it should be.
///
/// What may hold a password (`user:password@host/app`) is neither kept nor shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceError {
    typed: Option<String>,
    expected: Expected,
    problem: Problem,
}

/// What a text was read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    Host,
    Name,
    Tag,
    Repository,
    Image,
}

/// The one thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("it is empty")]
    Empty,
    #[error("it has a `@` that no digest follows (not shown, because it may hold a password)")]
    UserInfo,
    #[error("it is a URL")]
    Url { scheme: String },
    #[error("`{prefix}` names {place}, not a registry")]
    Elsewhere {
        prefix: &'static str,
        place: &'static str,
    },
    #[error("64 hexadecimal digits are an image's id, not its name")]
    ImageId,
    #[error("it has a path after the host")]
    Path,
    #[error("it has a tag or a digest")]
    Target,
    #[error("the folder is empty")]
    EmptyFolder,
    #[error("a folder's name cannot have a NUL")]
    NulInFolder,
    #[error("a name of an image in the folder is a tag, and has no `:` or `/`")]
    ColonInFolder { folder: String },

    #[error("the host is empty")]
    EmptyHost,
    #[error("the host has an empty part")]
    EmptyLabel,
    #[error("the host cannot have `{0}`")]
    HostCharacter(char),
    #[error("the host's part `{0}` begins or ends with `-`")]
    HostHyphen(String),
    #[error("the host is longer than 253 characters, or a part of it than 63")]
    LongHost,
    #[error("the host ends in a number and is not an IPv4 address")]
    NotIpv4,
    #[error("the host is not an IPv6 address in brackets")]
    NotIpv6,
    #[error("an IPv6 address cannot have a zone")]
    Zone,
    #[error("the port `{0}` is not a number from 1 to 65535")]
    Port(String),
    #[error("a host has a dot or a port, or is `localhost`")]
    BareHost { host: String },

    #[error("the repository name is empty")]
    EmptyName,
    #[error("the repository name has an empty part")]
    EmptyComponent,
    #[error("the repository name has upper-case letters")]
    UpperCase { name: String },
    #[error("the repository name cannot have `{0}`")]
    NameCharacter(char),
    #[error("the name's part `{0}` does not begin and end with a letter or digit")]
    Edge(String),
    #[error("the name's part `{0}` can be divided by one `.`, one or two `_`, or by `-` only")]
    Separator(String),
    #[error("the repository name has {0} characters, more than any registry takes")]
    LongName(usize),

    #[error("the tag is empty")]
    EmptyTag,
    #[error("the tag has {0} characters, and at most 128 are allowed")]
    LongTag(usize),
    #[error("the tag cannot begin with `{0}`")]
    TagStart(char),
    #[error("the tag cannot have `{0}`")]
    TagCharacter(char),

    #[error("{0}")]
    Digest(DigestError),
}

impl ReferenceError {
    pub(super) fn new(typed: &str, expected: Expected, problem: Problem) -> Self {
        if may_hold_password(typed, expected) {
            return Self {
                typed: None,
                expected,
                problem: Problem::UserInfo,
            };
        }
        Self {
            typed: Some(shown(typed)),
            expected,
            problem,
        }
    }

    /// What to type instead, where that can be known.
    pub fn hint(&self) -> Option<String> {
        match &self.problem {
            Problem::Url { scheme } => Some(format!("leave out `{scheme}`")),
            Problem::UserInfo => {
                Some("leave out the user name, and log in with `crossdock login`".into())
            }
            Problem::Elsewhere {
                prefix: "oci://", ..
            } => Some("leave out `oci://` for a registry, or write `oci:DIR` for a folder".into()),
            Problem::UpperCase { name } => {
                Some(format!("write the name as `{}`", name.to_lowercase()))
            }
            Problem::ColonInFolder { folder } => Some(format!(
                "write `oci:./{folder}` if that is the folder's name"
            )),
            Problem::BareHost { host } => Some(format!("add the port: `{host}:443`")),
            Problem::ImageId => Some("write `NAME@sha256:…` for an image by its digest".into()),
            _ => None,
        }
    }
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.typed {
            Some(typed) => write!(f, "`{typed}`")?,
            None => f.write_str("what was typed")?,
        }
        write!(f, " is not {}: {}", self.expected, self.problem)
    }
}

impl std::error::Error for ReferenceError {}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "a registry host",
            Self::Name => "a repository name",
            Self::Tag => "a tag",
            Self::Repository => "a repository",
            Self::Image => "an image reference",
        })
    }
}

/// Whether a user name and password may stand before an `@`: wherever no digest follows it.
fn may_hold_password(typed: &str, expected: Expected) -> bool {
    let mut parts = typed.split('@');
    let before = parts.next().unwrap_or_default();
    parts.any(|after| match expected {
        Expected::Host => true,
        _ if after.is_empty() => before.contains(':'),
        _ => !meant_as_digest(after),
    })
}

/// Whether somebody who typed this after an `@` meant a digest, right or wrong.
fn meant_as_digest(text: &str) -> bool {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(text.len());
    let (algorithm, rest) = text.split_at(end);
    let algorithm = algorithm.to_ascii_lowercase();
    let numbered = |family| {
        algorithm
            .strip_prefix(family)
            .is_some_and(|number: &str| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut rest = rest.chars();
    ["sha", "md", "blake"].into_iter().any(numbered)
        && match rest.next() {
            None | Some(':' | '+') => true,
            Some('-') => rest.all(|c| c.is_ascii_hexdigit()),
            Some(_) => false,
        }
}

/// The text as it is repeated in messages: without a query, which may hold a token, and not endless.
fn shown(typed: &str) -> String {
    let end = typed.find(['?', '#']).map_or(typed.len(), |at| at + 1);
    let mut text: String = typed[..end].chars().take(SHOWN).collect();
    if text.len() < typed.len() {
        text.push('…');
    }
    text
}
