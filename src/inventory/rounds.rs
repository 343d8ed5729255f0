//! Removals that others hold up: an image that an index needs can go once the index has gone, and
//! some registries take a while to see that.

use crate::oci::Digest;
use crate::store::Result;
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

/// So often what was refused is tried again although nothing else was removed meanwhile.
const IDLE: u32 = 3;
/// The first wait for a registry to see what is gone; doubled for each one after.
const WAIT: Duration = Duration::from_millis(500);

/// What became of one removal.
pub(super) enum Outcome {
    /// It is done, or will never be.
    Over(Result<()>),
    /// Something needs it that may be about to go.
    Needed(crate::store::Error),
}

/// Removes `images`, and those that are needed by others once more after each round that removed
/// something, and a few times after that. `remove` is given those that are left and answers for
/// each, in their order.
pub(super) async fn remove<F>(
    images: &[Digest],
    remove: impl Fn(Vec<Digest>) -> F,
) -> Vec<Result<()>>
where
    F: Future<Output = Vec<Outcome>>,
{
    remove_after(false, images, remove).await
}

/// The same, after something that the registry may not have seen yet was removed already, if
/// `has_begun`.
pub(super) async fn remove_after<F>(
    has_begun: bool,
    images: &[Digest],
    remove: impl Fn(Vec<Digest>) -> F,
) -> Vec<Result<()>>
where
    F: Future<Output = Vec<Outcome>>,
{
    let mut ended: HashMap<Digest, Result<()>> = HashMap::new();
    let mut left: Vec<Digest> = Vec::new();
    for image in images {
        if !left.contains(image) {
            left.push(image.clone());
        }
    }
    let mut idle = 0;
    while !left.is_empty() {
        let outcomes = remove(left.clone()).await;
        let (asked, mut needed, mut any) = (std::mem::take(&mut left), Vec::new(), false);
        for (image, outcome) in asked.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Over(result) => {
                    any |= result.is_ok();
                    ended.insert(image, result);
                }
                Outcome::Needed(error) => needed.push((image, error)),
            }
        }
        idle = if any { 0 } else { idle + 1 };
        // Where nothing was removed at all, there is nothing that the registry could yet see.
        let any_gone = has_begun || ended.values().any(Result::is_ok);
        let hopeless = idle > IDLE || !any_gone;
        for (image, error) in needed {
            if hopeless {
                ended.insert(image, Err(error));
            } else {
                left.push(image);
            }
        }
        if !left.is_empty() && idle > 0 {
            tokio::time::sleep(WAIT * 2_u32.pow(idle - 1)).await;
        }
    }
    let result = |image: &Digest| match ended.get(image) {
        Some(Err(error)) => Err(error.again()),
        _ => Ok(()),
    };
    images.iter().map(result).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oci::digest::sha256;
    use crate::store::{Error, Kind};
    use std::cell::RefCell;

    fn digests(count: u8) -> Vec<Digest> {
        (0..count).map(|number| sha256(&[number])).collect()
    }

    fn needed() -> Outcome {
        Outcome::Needed(Error::new(Kind::Refused, "an index needs it"))
    }

    /// Children go after their index, of which the registry takes note a round late.
    #[tokio::test(start_paused = true)]
    async fn what_is_needed_goes_after_what_needs_it() {
        let images = digests(3);
        let index = images[2].clone();
        let rounds = RefCell::new(Vec::new());
        let results = remove(&images, |left| {
            let number = rounds.borrow().len();
            rounds.borrow_mut().push(left.clone());
            let outcomes = left.iter().map(|image| match number {
                0 if *image == index => Outcome::Over(Ok(())),
                0 | 1 => needed(),
                _ => Outcome::Over(Ok(())),
            });
            std::future::ready(outcomes.collect())
        })
        .await;
        assert!(results.iter().all(Result::is_ok));
        let sizes: Vec<usize> = rounds.borrow().iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 2, 2]);
    }

    /// What is needed by an image that stays is tried once, and its own error told.
    #[tokio::test(start_paused = true)]
    async fn what_stays_needed_is_told() {
        let images = digests(2);
        let rounds = RefCell::new(0);
        let results = remove(&images, |left| {
            *rounds.borrow_mut() += 1;
            std::future::ready(left.iter().map(|_| needed()).collect())
        })
        .await;
        assert!(
            results
                .iter()
                .all(|result| result.as_ref().is_err_and(|e| e.kind() == Kind::Refused))
        );
        assert_eq!(*rounds.borrow(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_told_for_its_own_image_alone() {
        let images = digests(3);
        let results = remove(&images, |left| {
            let outcomes = left.iter().map(|image| {
                Outcome::Over(if *image == sha256(&[1]) {
                    Err(Error::new(Kind::NotFound, "gone"))
                } else {
                    Ok(())
                })
            });
            std::future::ready(outcomes.collect())
        })
        .await;
        let told: Vec<bool> = results.iter().map(Result::is_ok).collect();
        assert_eq!(told, [true, false, true]);
    }
}
