//! From what was typed to references, with what helps where it cannot be one.
//!
//! References are not parsed by the argument parser: it would repeat in its message whatever was
//! typed, a password before an `@` included.

use super::failure::Usage;
use crate::app::App;
use crate::oci::reference::{Location, Reference, ReferenceError, Tag, Target};
use crate::store::{Error, Kind, Result, Store};
use crate::term::exit::Hint;
use globset::{Glob, GlobMatcher};

/// Reads a reference. A short name that the settings know is what it stands for.
pub(super) fn reference(typed: &str, app: &App) -> anyhow::Result<Reference> {
    app.unabbreviated(typed).parse().map_err(explained)
}

/// Reads the name of a repository or folder: a reference without tag and digest.
pub(super) fn location(typed: &str, app: &App) -> anyhow::Result<Location> {
    let reference = reference(typed, app)?;
    if reference.tag.is_some() || reference.digest.is_some() {
        let what = format!("{reference} is an image, where a repository is wanted");
        let hint = format!("leave out what follows `{}`", reference.location);
        return Err(anyhow::Error::new(Usage(what)).context(Hint(hint)));
    }
    Ok(reference.location)
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

/// Reads a glob over tags or repositories, typed with `flag`.
pub(super) fn glob(flag: &str, typed: &str) -> anyhow::Result<GlobMatcher> {
    let glob = Glob::new(typed).map_err(|error| Usage(format!("`{flag}`: {error}")))?;
    Ok(glob.compile_matcher())
}

pub(super) fn explained(error: ReferenceError) -> anyhow::Error {
    match error.hint() {
        Some(hint) => anyhow::Error::new(error).context(Hint(hint)),
        None => anyhow::Error::new(error),
    }
}

/// What `reference` asks for, or what is usual at that place where it does not say.
pub(super) async fn wanted(store: &dyn Store, reference: &Reference) -> Result<Target> {
    match reference.target() {
        Some(target) => Ok(target),
        None => store.usual_target().await,
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
    let (location, now) = (store.location(), there.digest());
    let what = format!("{location}:{tag} points to {now} now, not to {digest}");
    Err(Error::new(Kind::Refused, what))
}
