//! What is wrong with a manifest. All of it means: this is not what was promised.

use crate::oci::digest::{DigestError, Unverifiable};
use crate::oci::strict::StrictError;
use oci_spec::image::Digest;
use std::fmt;

/// Why a manifest is refused: one sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Larger than [`super::MAX_BYTES`].
    #[error("the manifest has {0} bytes, more than the {max} allowed", max = super::MAX_BYTES)]
    TooLarge(usize),
    /// Not as many bytes as its descriptor says.
    #[error("the manifest has {actual} bytes, and its descriptor says {expected}")]
    Size {
        /// What the descriptor says.
        expected: u64,
        /// What came.
        actual: u64,
    },
    /// Other bytes than those that were asked for.
    #[error("the manifest's digest is {actual}, and {expected} was asked for")]
    Digest {
        /// What was asked for.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// A pin that cannot be checked here.
    #[error(transparent)]
    Unverifiable(#[from] Unverifiable),
    /// Not a JSON document that every reader understands alike.
    #[error("the manifest cannot be read")]
    Json(#[from] StrictError),
    /// The format before 2017, whose digest is not over its bytes.
    #[error("it is a Docker schema 1 manifest, a format that was given up and is not copied")]
    Schema1,
    /// Any other version than 2, or none.
    #[error("`schemaVersion` is not the number 2")]
    SchemaVersion,
    /// Two sources that contradict each other about what it is.
    #[error("the media type is `{first}` by {by} and `{second}` by {and_by}")]
    MediaTypes {
        /// The first source's media type.
        first: String,
        /// The first source.
        by: Origin,
        /// The second source's media type.
        second: String,
        /// The second source.
        and_by: Origin,
    },
    /// Of another kind than its parent says.
    #[error("the manifest is `{actual}`, and its descriptor says `{listed}`")]
    Listed {
        /// What its descriptor says.
        listed: String,
        /// What it is.
        actual: String,
    },
    /// Something else than a manifest or index.
    #[error("`{0}` is not the media type of a manifest that can be copied")]
    NotManifest(String),
    /// No source says what it is, and its fields are those of neither kind.
    #[error("it has no media type and the fields of neither a manifest nor an index")]
    Shapeless,
    /// A manifest with an index's field, or the other way round.
    #[error("it has `{field}`, which {kind} cannot have")]
    Stray {
        /// The field.
        field: &'static str,
        /// What cannot have it.
        kind: &'static str,
    },
    /// A field with a value that it cannot have.
    #[error("`{path}` {problem}")]
    Field {
        /// The field's place, e.g. `layers[3].size`.
        path: String,
        /// What is wrong with it.
        problem: FieldError,
    },
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// It must be there.
    #[error("is missing")]
    Missing,
    /// It has another JSON type.
    #[error("is not {0}")]
    Not(&'static str),
    /// It has characters that no header can carry.
    #[error("is not a media type")]
    MediaType,
    /// It is not a digest, or none that can be computed.
    #[error("is no digest to rely on: {0}")]
    Digest(DigestError),
    /// The embedded content is not Base64.
    #[error("is not Base64 (RFC 4648)")]
    Base64,
    /// The embedded content is not the content that the descriptor names.
    #[error("is not the content that the descriptor names")]
    Data,
}

/// Who says what a manifest's media type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The `Content-Type` of the answer.
    ContentType,
    /// Its own `mediaType`.
    Body,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ContentType => "`Content-Type`",
            Self::Body => "its own `mediaType`",
        })
    }
}
