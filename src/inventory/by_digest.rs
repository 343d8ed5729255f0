//! Lists in which an image can stand several times, by its digest and by its tags, in no order.

use super::Image;
use crate::oci::Digest;
use crate::store::{Error, Result};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::collections::{HashMap, HashSet};

struct Held {
    images: BoxStream<'static, Result<Image>>,
    /// What some tag points to.
    tagged: HashSet<Digest>,
    /// What was only called by its digest so far.
    by_digest: HashMap<Digest, Image>,
    /// What it means that nothing comes.
    nothing: Option<Error>,
}

/// The images with tags as they come, and after them, each once, those that turned out to have
/// none. Where nothing comes at all that is the error `nothing`.
pub(super) fn untagged_last(
    images: BoxStream<'static, Result<Image>>,
    nothing: Error,
) -> BoxStream<'static, Result<Image>> {
    let held = Held {
        images,
        tagged: HashSet::new(),
        by_digest: HashMap::new(),
        nothing: Some(nothing),
    };
    let tagged = stream::try_unfold(held, |mut held| async move {
        while let Some(image) = held.images.try_next().await? {
            held.nothing = None;
            let digest = image.digest.clone();
            if !image.tags.is_empty() {
                held.tagged.insert(digest);
                return Ok(Some((vec![image], held)));
            }
            held.by_digest.insert(digest, image);
        }
        if let Some(nothing) = held.nothing.take() {
            return Err(nothing);
        }
        let left = std::mem::take(&mut held.by_digest).into_values();
        let left: Vec<Image> = left
            .filter(|image| !held.tagged.contains(&image.digest))
            .collect();
        Ok((!left.is_empty()).then_some((left, held)))
    });
    let flat = tagged.map_ok(|images| stream::iter(images.into_iter().map(Ok)));
    flat.try_flatten().boxed()
}

/// All that a list says of one image, which may come several times, each time with other tags.
pub(super) async fn gathered(
    mut images: BoxStream<'static, Result<Image>>,
    digest: &Digest,
) -> Result<Option<Image>> {
    let mut found: Option<Image> = None;
    while let Some(image) = images.try_next().await? {
        match &mut found {
            _ if image.digest != *digest => {}
            Some(found) => found.tags.extend(image.tags),
            None => found = Some(image),
        }
    }
    Ok(found)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::inventory::Tagged;
    use crate::oci::digest::sha256;
    use crate::store::Kind;

    async fn listed(images: Vec<Image>) -> Result<Vec<Image>> {
        let images = stream::iter(images.into_iter().map(Ok)).boxed();
        let nothing = Error::new(Kind::NotFound, "nothing");
        untagged_last(images, nothing).try_collect().await
    }

    #[tokio::test]
    async fn what_has_a_tag_is_not_without_one() {
        let by_digest = |number: u8| Image::new(sha256(&[number]));
        let mut tagged = by_digest(1);
        tagged.tags.push(Tagged::new("v1".parse().unwrap()));
        let all = vec![by_digest(1), by_digest(2), tagged.clone(), by_digest(2)];
        assert_eq!(listed(all).await.unwrap(), [tagged, by_digest(2)]);
    }

    #[tokio::test]
    async fn nothing_is_what_it_means() {
        assert_eq!(listed(Vec::new()).await.unwrap_err().kind(), Kind::NotFound);
    }
}
