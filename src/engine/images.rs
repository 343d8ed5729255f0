//! Listing images with what their registry knows of them.

use super::list::Names;
use crate::inventory::{Detail, Image, Inventory, Tagged};
use crate::store::{Error, Kind, Result};
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::cmp::Reverse;
use std::sync::Arc;

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By name; what has none, by digest.
    Name,
    /// The newest first; what has no time last.
    Time,
}

/// Which images, in which order, and how much of them.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which tags.
    pub names: Names,
    /// Images without a tag, and no others.
    pub untagged: bool,
    /// In this order, which takes the whole list before the first is known.
    pub order: Option<Order>,
    /// So many at most.
    pub limit: Option<usize>,
    /// How much is found out of each.
    pub detail: Detail,
}

/// A tag with its image, or an image without a tag.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The tag.
    pub tag: Option<Tagged>,
    /// What it points to.
    pub image: Arc<Image>,
}

impl Entry {
    /// The time that it is aged by, and by which clock: the tag's own where the registry keeps one.
    pub fn time(&self) -> Option<(jiff::Timestamp, crate::inventory::Clock)> {
        let pushed = self.tag.as_ref().and_then(|tag| tag.pushed);
        let pushed = pushed.map(|time| (time, crate::inventory::Clock::Pushed));
        pushed.or_else(|| self.image.time())
    }

    fn name(&self) -> String {
        let tag = self.tag.as_ref().map(|tagged| tagged.tag.to_string());
        tag.unwrap_or_else(|| self.image.digest.to_string())
    }
}

/// The images that `options` select, as they come unless they are sorted.
///
/// [`Kind::Unsupported`] where images without a tag are wanted of a registry that lists none.
pub async fn entries(
    inventory: &Arc<dyn Inventory>,
    options: &Options,
) -> Result<BoxStream<'static, Result<Entry>>> {
    if options.untagged && !inventory.abilities().untagged {
        return Err(without_untagged());
    }
    let (wanted, shelf) = (options.clone(), Arc::clone(inventory));
    let images = inventory.images(options.detail);
    let listed = images
        .map_ok(move |image| stream::iter(selected(&wanted, image)).map(Ok))
        .try_flatten();
    // What is listed may turn out to be less than was promised, where a vendor's API is shut.
    let untagged = options.untagged;
    let end = stream::once(async move {
        let is_short = untagged && !shelf.abilities().untagged;
        if is_short {
            Err(without_untagged())
        } else {
            Ok(None)
        }
    });
    let end = end.try_filter_map(|nothing| std::future::ready(Ok(nothing)));
    let limit = options.limit.unwrap_or(usize::MAX);
    let listed = listed.chain(end);
    let Some(order) = options.order else {
        return Ok(listed.take(limit).boxed());
    };
    let mut entries: Vec<Entry> = listed.try_collect().await?;
    match order {
        Order::Name => entries.sort_by_cached_key(Entry::name),
        Order::Time => entries.sort_by_cached_key(|entry| {
            (Reverse(entry.time().map(|(time, _)| time)), entry.name())
        }),
    }
    Ok(stream::iter(entries.into_iter().take(limit).map(Ok)).boxed())
}

fn selected(options: &Options, mut image: Image) -> Vec<Entry> {
    let tags = std::mem::take(&mut image.tags);
    if options.untagged {
        let image = Arc::new(image);
        let untagged = tags.is_empty().then_some(Entry { tag: None, image });
        return untagged.into_iter().collect();
    }
    let image = Arc::new(image);
    let tags = tags
        .into_iter()
        .filter(|tagged| options.names.selects(&tagged.tag));
    let entry = |tag| Entry {
        tag: Some(tag),
        image: Arc::clone(&image),
    };
    tags.map(entry).collect()
}

fn without_untagged() -> Error {
    let what = "this registry does not list images without a tag";
    Error::new(Kind::Unsupported, what)
}
