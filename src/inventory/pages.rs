//! Lists that come in pages, as streams.

use crate::store::{Error, Kind, Result};
use futures_util::future::try_join_all;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::collections::HashSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// A list has no more pages.
const MOST: usize = 10_000;
/// Nor more items.
const MOST_ITEMS: usize = 1_000_000;
/// Pages of a list that says how long it is, asked for at once.
const AT_ONCE: usize = 4;

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

/// A page of a list whose pages have numbers.
pub(super) struct Numbered<T> {
    pub(super) items: Vec<T>,
    /// So many were on it, whatever became of them.
    pub(super) listed: usize,
    /// So many are on all pages, where the list says so.
    pub(super) total: Option<usize>,
}

/// Pages that are asked for at once, and how many items came before them.
#[derive(Clone, Copy, Hash)]
struct Span {
    first: usize,
    count: usize,
    seen: usize,
}

impl Span {
    /// What comes after these pages, which had `listed` items, of a list that puts `size` on each.
    ///
    /// A page may have less than that, or nothing, although others follow: the registry may leave
    /// out what it does not show after it made the page, and yet not count it.
    fn next(self, listed: usize, total: Option<usize>, size: usize) -> Option<Self> {
        let (seen, first) = (self.seen + listed, self.first + self.count);
        let Some(total) = total else {
            let span = Self {
                first,
                count: 1,
                seen,
            };
            return (listed > 0).then_some(span);
        };
        let counted = total.div_ceil(size);
        let left = (counted + 1).saturating_sub(first);
        let count = if left == 0 {
            AT_ONCE
        } else {
            left.min(AT_ONCE)
        };
        let is_over = seen >= total || (self.first > counted && listed == 0);
        (!is_over).then_some(Self { first, count, seen })
    }
}

/// The items of a list whose pages have numbers, from 1, and `size` items each. Once the list has
/// said how long it is, several pages are asked for at once.
pub(super) fn numbered<T, F>(
    what: String,
    size: usize,
    fetch: impl Fn(usize) -> F + Send + 'static,
) -> BoxStream<'static, Result<T>>
where
    T: Send + 'static,
    F: Future<Output = Result<Numbered<T>>> + Send + 'static,
{
    let first = Span {
        first: 1,
        count: 1,
        seen: 0,
    };
    walk(what, first, move |span| {
        let pages = (span.first..span.first + span.count).map(&fetch);
        let pages = try_join_all(pages.collect::<Vec<_>>());
        async move {
            let (mut items, mut listed, mut total) = (Vec::new(), 0, None);
            for page in pages.await? {
                items.extend(page.items);
                listed += page.listed;
                total = page.total;
            }
            let next = span.next(listed, total, size);
            Ok(Page { items, next })
        }
    })
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

    /// The items, and the pages asked for, of a list that has what `shown` says on each page.
    async fn listed(shown: &'static [usize], total: Option<usize>) -> (usize, usize) {
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = asked.clone();
        let items = numbered("cannot list".to_owned(), 10, move |page| {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let listed = shown.get(page - 1).copied().unwrap_or_default();
            let items = vec![page; listed];
            std::future::ready(Ok(Numbered {
                items,
                listed,
                total,
            }))
        });
        let items: Vec<usize> = items.try_collect().await.unwrap();
        assert!(items.is_sorted());
        (items.len(), asked.load(std::sync::atomic::Ordering::SeqCst))
    }

    #[tokio::test]
    async fn a_list_that_says_how_long_it_is_is_read_to_its_end_and_no_further() {
        assert_eq!(listed(&[], Some(0)).await, (0, 1));
        assert_eq!(listed(&[10], Some(10)).await, (10, 1));
        assert_eq!(listed(&[10, 10, 1], Some(21)).await, (21, 3));
        assert_eq!(listed(&[10; 10], Some(100)).await, (100, 10));
    }

    #[tokio::test]
    async fn a_page_with_gaps_is_not_the_last() {
        // What is left out is not counted either, and so is on pages that the count does not need.
        assert_eq!(listed(&[9, 0, 10, 1], Some(20)).await.0, 20);
        assert_eq!(listed(&[9, 10, 1], None).await.0, 20);
        // Something was removed meanwhile.
        assert_eq!(listed(&[10, 9], Some(20)).await, (19, 6));
    }
}
