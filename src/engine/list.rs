//! Listing tags.

use crate::oci::reference::Tag;
use crate::store::{Result, Store};
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use globset::GlobMatcher;

/// Which tags.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Only tags that one of these matches; all where there is none.
    pub filter: Vec<GlobMatcher>,
    /// And none that one of these matches.
    pub exclude: Vec<GlobMatcher>,
    /// Leave out tags that only stand for a digest (`sha256-…`).
    pub omit_digest_tags: bool,
}

/// Which tags, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which.
    pub names: Names,
    /// In the order of their names, which takes the whole list before the first is known.
    pub by_name: bool,
    /// So many at most.
    pub limit: Option<usize>,
}

/// The tags of a repository that `options` select, as they come unless they are sorted.
pub async fn tags(store: &dyn Store, options: &Options) -> Result<BoxStream<'static, Result<Tag>>> {
    let wanted = options.names.clone();
    let selected = store
        .tags()
        .try_filter(move |tag| std::future::ready(wanted.selects(tag)));
    let limit = options.limit.unwrap_or(usize::MAX);
    if !options.by_name {
        return Ok(selected.take(limit).boxed());
    }
    let mut tags: Vec<Tag> = selected.try_collect().await?;
    tags.sort_unstable();
    Ok(futures_util::stream::iter(tags.into_iter().take(limit).map(Ok)).boxed())
}

impl Names {
    /// Whether `tag` is one of them.
    pub(super) fn selects(&self, tag: &Tag) -> bool {
        let matches = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(tag.as_str()));
        let named = self.filter.is_empty() || matches(&self.filter);
        named && !matches(&self.exclude) && !(self.omit_digest_tags && tag.stands_for_a_digest())
    }
}

/// Whether a tag is the list of what is attached to an image, on a registry that keeps none
/// itself.
pub fn lists_referrers(tag: &Tag) -> bool {
    tag.stands_for_a_digest() && !tag.as_str().contains('.')
}

/// How many names there are beside the tags, as other programs give them in folders.
pub async fn other_names(store: &dyn Store) -> Result<usize> {
    let roots = store.roots().await?.unwrap_or_default();
    let names = roots.iter().filter_map(|root| root.name.as_deref());
    Ok(names.filter(|name| name.parse::<Tag>().is_err()).count())
}

/// The tags of `store` that look most like `wanted`, best first, five at most; where there are no
/// more, all of them. Where the list cannot be had there are none: this only embellishes another
/// error.
pub async fn nearest(store: &dyn Store, wanted: &Tag) -> Vec<Tag> {
    const ENOUGH: usize = 5;
    const READ: usize = 10_000;
    let tags = store
        .tags()
        .take(READ)
        .filter_map(|tag| std::future::ready(tag.ok()));
    let mut all: Vec<Tag> = tags.collect().await;
    all.retain(|tag| !tag.stands_for_a_digest());
    let few = all.len() <= ENOUGH;
    let likeness = |tag: &Tag| strsim::jaro_winkler(wanted.as_str(), tag.as_str());
    let mut near: Vec<(f64, Tag)> = all.into_iter().map(|tag| (likeness(&tag), tag)).collect();
    near.retain(|(likeness, _)| few || *likeness > 0.6);
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    near.into_iter().take(ENOUGH).map(|(_, tag)| tag).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tags_that_only_stand_for_a_digest() {
        let hex = "a".repeat(64);
        for (tag, stands) in [
            (format!("sha256-{hex}"), true),
            (format!("sha256-{hex}.sig"), true),
            (format!("sha512-{hex}"), true),
            ("sha256-abc".to_owned(), false),
            ("v1".to_owned(), false),
        ] {
            assert_eq!(
                tag.parse::<Tag>().unwrap().stands_for_a_digest(),
                stands,
                "{tag}"
            );
        }
    }
}
