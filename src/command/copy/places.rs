//! Where a copy goes: what was typed, by place.

use super::super::failure::Usage;
use super::super::image::reference;
use crate::app::App;
use crate::oci::reference::{Location, Reference, Target};
use crate::term::exit::Hint;

/// A repository or folder, and what the image is to be called there.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) location: Location,
    /// The tags and digests that were typed; `None`: what the source has.
    pub(super) targets: Vec<Option<Target>>,
}

/// Reads the destinations. `latest` is never invented: one without a tag takes the source's, and a
/// source by digest alone stays by digest alone.
pub(super) fn places(from: &Reference, typed: &[String], app: &App) -> anyhow::Result<Vec<Place>> {
    let mut places: Vec<Place> = Vec::new();
    for typed in typed {
        let to = destination(from, typed, app)?;
        let target = to.target();
        match places
            .iter_mut()
            .find(|place| place.location == to.location)
        {
            Some(place) if place.targets.contains(&target) => {
                let what = format!("the destination `{to}` is named twice");
                return Err(Usage(what).into());
            }
            Some(place) => place.targets.push(target),
            None => places.push(Place {
                location: to.location,
                targets: vec![target],
            }),
        }
    }
    Ok(places)
}

fn destination(from: &Reference, typed: &str, app: &App) -> anyhow::Result<Reference> {
    let mut to = reference(&with_path(from, typed)?, app)?;
    if to.tag.is_some() && to.digest.is_some() {
        let what = format!("{to} has a tag and a digest, and a destination is one of them");
        let hint = "leave out the digest: it is the source's".to_owned();
        return Err(anyhow::Error::new(Usage(what)).context(Hint(hint)));
    }
    if to.target().is_none() {
        to.tag.clone_from(&from.tag);
    }
    Ok(to)
}

/// A destination that ends in `/` has the source's path appended.
fn with_path(from: &Reference, typed: &str) -> anyhow::Result<String> {
    let prefix = typed.strip_suffix('/').filter(|prefix| !prefix.is_empty());
    let Some(prefix) = prefix else {
        return Ok(typed.to_owned());
    };
    match &from.location {
        Location::Remote(repository) => Ok(format!("{prefix}/{}", repository.name)),
        Location::Layout(_) => {
            let what = format!("{from} is a folder, which has no path to append to `{typed}`");
            let hint = "write the destination's whole name".to_owned();
            Err(anyhow::Error::new(Usage(what)).context(Hint(hint)))
        }
    }
}
