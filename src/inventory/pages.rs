//! Lists that come in pages, as streams.

use crate::store::{Error, Kind, Result};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::collections::HashSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// A list has no more pages.
const MOST: usize = 10_000;
/// Nor more items.
const MOST_ITEMS: usize = 1_000_000;

/// One page of a list, and where the next one is: whatever `fetch` makes of it.
pub(super) struct Page<T, C> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<C>,
}

/// The items of a list whose first page is at `first`. `what` is listed, for errors. The next page
/// is asked for while the last one is still being used.
pub(super) fn walk<T, C, F>(
    what: String,
    first: C,
    fetch: impl Fn(C) -> F + Send + 'static,
) -> BoxStream<'static, Result<T>>
where
    T: Send + 'static,
    C: Hash + Send + 'static,
    F: Future<Output = Result<Page<T, C>>> + Send + 'static,
{
    let wrong = move |why: String| Error::caused(Kind::Corrupt, what.clone(), why);
    let (seen, items) = (HashSet::from([hash(&first)]), 0_usize);
    let begin = (Some(first), seen, items);
    stream::try_unfold(begin, move |(at, mut seen, mut items)| {
        let page = at.map(&fetch);
        let wrong = wrong.clone();
        async move {
            let Some(page) = page else { return Ok(None) };
            let page = page.await?;
            items += page.items.len();
            if items > MOST_ITEMS {
                return Err(wrong(format!("the list has more than {MOST_ITEMS} items")));
            }
            if seen.len() >= MOST && page.next.is_some() {
                return Err(wrong(format!("the list has more than {MOST} pages")));
            }
            if page
                .next
                .as_ref()
                .is_some_and(|next| !seen.insert(hash(next)))
            {
                let why = "the list comes back to a page that was read already";
                return Err(wrong(why.to_owned()));
            }
            let page_items = stream::iter(page.items.into_iter().map(Ok));
            Ok(Some((page_items, (page.next, seen, items))))
        }
    })
    .try_flatten()
    .boxed()
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn walked(next: fn(u32) -> Option<u32>) -> Result<Vec<u32>> {
        let walk = walk("cannot list".to_owned(), 0, move |page: u32| async move {
            let items = vec![page * 2, page * 2 + 1];
            Ok(Page {
                items,
                next: next(page),
            })
        });
        walk.try_collect().await
    }

    #[tokio::test]
    async fn pages_follow_each_other() {
        let all = walked(|page| (page < 2).then_some(page + 1)).await.unwrap();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
    }

    #[tokio::test]
    async fn a_list_that_bites_its_tail_is_an_error() {
        let error = walked(|page| Some((page + 1) % 3)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt);
    }

    #[tokio::test]
    async fn a_list_without_end_is_an_error() {
        let error = walked(|page| Some(page + 1)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Corrupt);
    }
}
