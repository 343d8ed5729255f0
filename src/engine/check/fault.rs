//! What can be wrong with a part of an image.

use crate::oci::Descriptor;
use crate::oci::manifest::ManifestError;
use crate::store::{Error, Kind, Result};
use std::error::Error as StdError;
use std::fmt;

/// What is wrong with a manifest or blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is not as long as it is listed.
    Size {
        /// In bytes, as it is listed.
        listed: u64,
        /// In bytes, as it is, where that is known.
        actual: Option<u64>,
    },
    /// Its bytes are others.
    Digest,
    /// It cannot be what it is listed as.
    Unusable(String),
}

impl Fault {
    /// The word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Size { .. } => "wrong size",
            Self::Digest => "wrong digest",
            Self::Unusable(_) => "unusable",
        }
    }

    /// What a failure to read `listed` says about it; the failure itself where it says nothing.
    pub(super) fn of(error: Error, listed: &Descriptor) -> Result<Self> {
        match error.kind() {
            Kind::NotFound => Ok(Self::Missing),
            // Where the registry sends its clients is not gone to: what is there is not known.
            Kind::Corrupt if error.is_refused_address() => Err(error),
            Kind::Corrupt => Ok(Self::of_corrupt(&error, listed)),
            _ => Err(error),
        }
    }

    fn of_corrupt(error: &Error, listed: &Descriptor) -> Self {
        if let Some(error) = error.manifest() {
            return Self::of_manifest(error);
        }
        let actual = error.length();
        if actual.is_some() {
            return Self::Size {
                listed: listed.size(),
                actual,
            };
        }
        let links = std::iter::successors(StdError::source(error), |cause| (*cause).source());
        let said = links
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string);
        Self::Unusable(said)
    }

    pub(super) fn of_manifest(error: &ManifestError) -> Self {
        match error {
            ManifestError::Digest { .. } => Self::Digest,
            ManifestError::Size { expected, actual } => Self::Size {
                listed: *expected,
                actual: Some(*actual),
            },
            other => Self::Unusable(other.to_string()),
        }
    }
}

/// Its name and what else is known.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing | Self::Digest => f.write_str(self.name()),
            Self::Size {
                listed,
                actual: Some(actual),
            } => {
                write!(f, "{}: {actual} bytes, listed with {listed}", self.name())
            }
            Self::Size {
                listed,
                actual: None,
            } => {
                write!(
                    f,
                    "{}: more than the {listed} bytes it is listed with",
                    self.name()
                )
            }
            Self::Unusable(why) => write!(f, "{}: {why}", self.name()),
        }
    }
}
