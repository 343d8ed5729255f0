//! Which images of an index are meant by platforms: one of them, or an index of several.
//!
//! Pure: what is chosen from was read before.

use crate::oci::attestation;
use crate::oci::manifest::{Manifest, ManifestError, is_manifest_type};
use crate::oci::platform::{self, PlatformPattern};
use crate::oci::{Descriptor, Digest, Platform};
use std::collections::{BTreeSet, HashSet};
use std::fmt;

/// The platform of what is no image.
const UNKNOWN: &str = "unknown/unknown";

/// So many platforms are named in a message.
const NAMED: usize = 24;
/// The longest name of one there, in characters.
const LONGEST: usize = 80;

/// What of an index is meant.
#[derive(Debug, Clone)]
pub enum Choice {
    /// One exact platform: its image alone.
    One(Box<Descriptor>),
    /// All that fits several platforms, or a `*`.
    Several {
        /// The images with their attestations; the very same index where that is all of it.
        index: Box<Manifest>,
        /// Entries that are left out because they say no platform, such as an index in the index.
        without_platform: Vec<Descriptor>,
    },
}

/// Why nothing is chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// A platform that is not there.
    #[error(transparent)]
    NotThere(#[from] NotThere),
    /// The new index cannot be made.
    #[error("the index of the wanted platforms cannot be made")]
    Unmade(#[from] ManifestError),
}

/// A platform that is not there, and those that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotThere {
    /// What was asked for.
    pub pattern: PlatformPattern,
    /// The platforms that are there, in their order, each once.
    pub there: Box<[String]>,
    /// How many images and indexes say no platform.
    pub nameless: usize,
}

/// Chooses from an index. Nothing wanted means all of it.
///
/// A single exact platform is that image. Otherwise it is an index: with what fits each exact
/// platform best and all that fits one with a `*`, in the old order, and what is attached to these
/// inside the index. `*/*` is everything, also what says no platform.
pub fn choose(index: &Manifest, wanted: &[PlatformPattern]) -> Result<Choice, ChoiceError> {
    if wanted.is_empty() || wanted.iter().any(PlatformPattern::is_everything) {
        return Ok(Choice::Several {
            index: Box::new(index.clone()),
            without_platform: Vec::new(),
        });
    }
    let entries = index.manifests();
    let mut kept = BTreeSet::new();
    for pattern in wanted {
        let meant = meant(entries, pattern);
        if meant.is_empty() {
            return Err(NotThere::in_index(pattern, entries).into());
        }
        if let ([only], [place]) = (wanted, &meant[..])
            && only.is_exact()
        {
            return Ok(Choice::One(Box::new(entries[*place].clone())));
        }
        kept.extend(meant);
    }
    let images: HashSet<&Digest> = kept.iter().map(|&place| entries[place].digest()).collect();
    let about_kept = |entry: &Descriptor| {
        about(entry).is_some_and(|digest| images.iter().any(|image| image.as_ref() == digest))
    };
    let keeps = |place: usize| kept.contains(&place) || about_kept(&entries[place]);
    let nameless = |entry: &&Descriptor| about(entry).is_none() && offered(entry).is_none();
    Ok(Choice::Several {
        index: Box::new(index.keeping(keeps)?),
        without_platform: entries.iter().filter(nameless).cloned().collect(),
    })
}

/// Makes sure that an image without an index is all that is wanted. `platform` is its config's.
pub fn fits(platform: Option<&Platform>, wanted: &[PlatformPattern]) -> Result<(), NotThere> {
    let is_other = |pattern: &&PlatformPattern| match platform {
        Some(platform) => !pattern.matches(platform),
        None => !pattern.is_everything(),
    };
    match wanted.iter().find(is_other) {
        Some(other) => Err(NotThere::among(other, platform.into_iter())),
        None => Ok(()),
    }
}

/// The places of the entries that a pattern means: the best where it is exact, else all that fit.
fn meant(entries: &[Descriptor], pattern: &PlatformPattern) -> Vec<usize> {
    let rank = |(place, entry)| Some((pattern.rank(offered(entry)?)?, place));
    let ranked = entries.iter().enumerate().filter_map(rank);
    if pattern.is_exact() {
        return ranked.min().map(|(_, place)| place).into_iter().collect();
    }
    ranked.map(|(_, place)| place).collect()
}

/// The platform that an entry is an image for. An attestation has one only by name.
fn offered(entry: &Descriptor) -> Option<&Platform> {
    let image = is_manifest_type(entry.media_type().as_ref()) && about(entry).is_none();
    entry.platform().as_ref().filter(|_| image)
}

/// The digest of the image that an attestation is about.
fn about(entry: &Descriptor) -> Option<&str> {
    attestation::is_attestation(entry).then(|| attestation::about(entry).unwrap_or_default())
}

impl NotThere {
    fn among<'p>(pattern: &PlatformPattern, there: impl Iterator<Item = &'p Platform>) -> Self {
        let mut seen = HashSet::new();
        // What has neither is an attestation, also where nothing else says so.
        let named = there.map(platform::name).filter(|name| name != UNKNOWN);
        Self {
            pattern: pattern.clone(),
            there: named.filter(|name| seen.insert(name.clone())).collect(),
            nameless: 0,
        }
    }

    fn in_index(pattern: &PlatformPattern, entries: &[Descriptor]) -> Self {
        let is_nameless = |entry: &&Descriptor| {
            is_manifest_type(entry.media_type().as_ref()) && entry.platform().is_none()
        };
        let nameless = entries.iter().filter(is_nameless);
        Self {
            nameless: nameless.filter(|entry| about(entry).is_none()).count(),
            ..Self::among(pattern, entries.iter().filter_map(offered))
        }
    }
}

impl fmt::Display for NotThere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no image for {}, ", self.pattern)?;
        if self.there.is_empty() {
            f.write_str("and what there is says no platform")?;
        } else {
            let named = self.there.iter().take(NAMED);
            let named = named.map(|name| name.chars().take(LONGEST).collect());
            write!(f, "only for {}", named.collect::<Vec<String>>().join(", "))?;
        }
        match self.there.len().saturating_sub(NAMED) {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        match self.nameless {
            0 => Ok(()),
            1 => f.write_str("; one entry says no platform, and REPO@DIGEST takes it"),
            many => write!(
                f,
                "; {many} entries say no platform, and REPO@DIGEST takes one"
            ),
        }
    }
}

impl std::error::Error for NotThere {}

#[cfg(test)]
mod cases;
