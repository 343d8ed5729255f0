//! From what was typed to references, with what helps where it cannot be one.
//!
//! References are not parsed by the argument parser: it would repeat in its message whatever was
//! typed, a password before an `@` included.

use super::failure::Usage;
use crate::oci::reference::{Reference, ReferenceError, Repository, Tag, Target};
use crate::store::{Error, Kind, Result, Store};
use crate::term::exit::Hint;

/// Reads a reference.
pub(super) fn reference(typed: &str) -> anyhow::Result<Reference> {
    typed.parse().map_err(explained)
}

/// Reads a repository: a reference without tag and digest.
pub(super) fn repository(typed: &str) -> anyhow::Result<Repository> {
    let reference = reference(typed)?;
    if reference.tag.is_some() || reference.digest.is_some() {
        let what = format!("{reference} is an image, where a repository is wanted");
        let hint = format!("leave out what follows `{}`", reference.repository);
        return Err(anyhow::Error::new(Usage(what)).context(Hint(hint)));
    }
    Ok(reference.repository)
}

/// Reads a tag.
pub(super) fn tag(typed: &str) -> anyhow::Result<Tag> {
    typed.parse().map_err(|error: ReferenceError| {
        let whole = typed.contains(['/', ':']);
        let failed = explained(error);
        if whole {
            let hint = "a tag alone is wanted; `crossdock copy` writes to another repository";
            return failed.context(Hint(hint.to_owned()));
        }
        failed
    })
}

pub(super) fn explained(error: ReferenceError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => anyhow::Error::new(error).context(Hint(hint)),
        None => anyhow::Error::new(error),
    }
}

/// Makes sure that a reference's tag points to its digest now, where both were typed.
pub(super) async fn check_tag(store: &dyn Store, reference: &Reference) -> Result<()> {
    let (Some(tag), Some(digest)) = (&reference.tag, &reference.digest) else {
        return Ok(());
    };
    let there = store.resolve(&Target::Tag(tag.clone())).await?;
    if there.digest() == digest {
        return Ok(());
    }
    let (repository, now) = (store.repository(), there.digest());
    let what = format!("{repository}:{tag} points to {now} now, not to {digest}");
    Err(Error::new(Kind::Refused, what))
}
