//! More names for an image that is there.

use super::guard::{Guard, found};
use crate::oci::Digest;
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Tag, Target};
use crate::store::{Precondition, Result, Store};
use futures_util::stream::{self, StreamExt, TryStreamExt};

/// Tags written at once.
const AT_ONCE: usize = 16;

/// A tag to point to an image, and the user's rule on it.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// The tag.
    pub tag: Tag,
    /// The rule.
    pub guard: Guard,
}

/// Points `tags` to the image at `target`: its manifest is read once, and beside that the tags are
/// looked at; those that point to it already are not written. Where a rule forbids one of them to
/// move, none is written.
///
/// The results are in the order of `tags`.
pub async fn tag(
    store: &dyn Store,
    target: &Target,
    tags: &[NewTag],
) -> Result<(Digest, Vec<Result<()>>)> {
    let (manifest, old) = tokio::join!(store.manifest_to_write(target), looked(store, tags));
    let (manifest, old) = (manifest?, old?);
    for (new, old) in tags.iter().zip(&old) {
        let reference = store.location().reference(&Target::Tag(new.tag.clone()));
        new.guard
            .allows_move(&reference, old.as_ref(), manifest.digest())?;
    }
    let writes: Vec<_> = tags
        .iter()
        .zip(old)
        .map(|(new, old)| {
            write(
                store,
                new,
                old.as_ref() == Some(manifest.digest()),
                &manifest,
            )
        })
        .collect();
    let results = stream::iter(writes).buffered(AT_ONCE).collect().await;
    Ok((manifest.digest().clone(), results))
}

/// What the tags point to now.
async fn looked(store: &dyn Store, tags: &[NewTag]) -> Result<Vec<Option<Digest>>> {
    let looks: Vec<_> = tags.iter().map(|new| look(store, new)).collect();
    stream::iter(looks).buffered(AT_ONCE).try_collect().await
}

async fn look(store: &dyn Store, new: &NewTag) -> Result<Option<Digest>> {
    let target = Target::Tag(new.tag.clone());
    let there = found(store, &target, new.guard != Guard::Free).await?;
    Ok(there.map(|there| there.digest().clone()))
}

async fn write(store: &dyn Store, new: &NewTag, is_there: bool, manifest: &Manifest) -> Result<()> {
    if is_there {
        return Ok(());
    }
    let target = Target::Tag(new.tag.clone());
    store
        .put_manifest(&target, manifest, &Precondition::Anything)
        .await
        .map(|_| ())
}
