//! What a copy prints.

use super::places::Place;
use crate::engine::copy::{Applied, Part, Plan, PlannedName, Summary};
use crate::oci::Digest;
use crate::oci::reference::{Location, Reference};
use crate::store::{Error, Result};
use crate::term::output::Row;
use serde::Serialize;
use std::fmt;

/// An image that is at its destination.
#[derive(Debug, Serialize)]
pub(super) struct Copied {
    pub(super) source: Reference,
    /// Where it was read, if that is a mirror.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mirror: Option<Location>,
    pub(super) destination: Reference,
    pub(super) digest: Digest,
    /// The tag's former digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replaced: Option<Digest>,
    /// The index that the new one was chosen from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chosen_from: Option<Digest>,
    pub(super) changed: bool,
    /// It is not there yet.
    #[serde(skip)]
    pub(super) is_new: bool,
    pub(super) dry_run: bool,
    /// What its repository or folder took, in the first row of several that are there.
    #[serde(flatten)]
    pub(super) summary: Summary,
}

/// What came of a name.
pub(super) enum Outcome {
    /// It points to the image, or would.
    There(Box<Copied>),
    /// It points to something else, and was left alone.
    Kept(Error),
    /// It could not be written.
    Failed(Error),
}

/// What a place's names come to if all goes well. `from` is the source, and the mirror that it was
/// read at.
pub(super) fn rows(
    from: (&Reference, Option<&Location>),
    plan: &Plan,
    place: &Place,
    part: &Part,
    dry_run: bool,
) -> Vec<Outcome> {
    let row = |name: &PlannedName| match name.refusal(&place.location) {
        Some(refusal) => Outcome::Kept(refusal),
        None => Outcome::There(Box::new(Copied {
            source: from.0.clone(),
            mirror: from.1.cloned(),
            destination: place.location.reference(&name.target),
            digest: plan.digest.clone(),
            replaced: name.replaces.clone(),
            chosen_from: plan.chosen_from.clone(),
            changed: !name.is_there && !dry_run,
            is_new: !name.is_there,
            dry_run,
            summary: Summary::default(),
        })),
    };
    part.names.iter().map(row).collect()
}

/// Puts what a place's copy came to into its rows: the counts into the first that is there, and
/// failures in place of those that are not.
pub(super) fn settle(rows: &mut Vec<Outcome>, result: Result<Applied>) {
    let applied = match result {
        Ok(applied) => applied,
        Err(error) => {
            rows.retain(|row| matches!(row, Outcome::Kept(_)));
            return rows.push(Outcome::Failed(error));
        }
    };
    for (row, refused) in rows.iter_mut().zip(applied.refused) {
        if let Some(error) = refused {
            *row = Outcome::Failed(error);
        }
    }
    let there = rows.iter_mut().find_map(|row| match row {
        Outcome::There(row) => Some(row),
        _ => None,
    });
    if let Some(row) = there {
        let summary = applied.summary;
        // A name that was right may have had parts missing.
        row.changed |= summary.manifests + summary.sent + summary.mounted > 0;
        row.summary = summary;
    }
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pinned = Reference {
            digest: Some(self.digest.clone()),
            ..self.destination.clone()
        };
        write!(f, "{pinned}")
    }
}

impl Row for Copied {}
