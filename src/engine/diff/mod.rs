//! How two images differ: platform by platform, layer by layer, setting by setting.

mod layers;
mod settings;

pub use layers::{LayerChange, is_reordered, layers};
pub use settings::{Change, Part};

use crate::engine::inspect::{Image, Sort, child, sort};
use crate::oci::config::Config;
use crate::oci::manifest::Manifest;
use crate::oci::platform;
use crate::oci::reference::Target;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::HashMap;

/// Pairs of images read at once.
const READING: usize = 6;
/// The manifests and configs that are compared have no more bytes in all.
const MOST: u64 = 64 << 20;

/// How two images or indexes differ.
#[derive(Debug, Clone)]
pub struct Difference {
    /// Whether they are the same, byte for byte.
    pub same: bool,
    /// Annotations of the two manifests, and what sort of manifest they are.
    pub changes: Vec<Change>,
    /// The images in them, in the order of the second, what is removed last. Of two that are no
    /// indexes there is one, whatever its platforms are called.
    pub images: Vec<Pair>,
}

/// An image on one side or on both.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The platform, where an index or a config names it.
    pub platform: Option<String>,
    /// The first side's.
    pub from: Option<Digest>,
    /// The second side's.
    pub to: Option<Digest>,
    /// How they differ, where there are two that are not the same.
    pub details: Option<Details>,
}

/// How two images differ.
#[derive(Debug, Clone)]
pub struct Details {
    /// The layers of both.
    pub layers: Vec<LayerChange>,
    /// Whether the layers that both have are in another order.
    pub is_reordered: bool,
    /// What else is different.
    pub changes: Vec<Change>,
    /// Why configs were not compared, where one could not be read.
    pub problem: Option<String>,
}

/// One of the two sides.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Where it is.
    pub store: &'a dyn Store,
    /// What it is.
    pub manifest: &'a Manifest,
}

/// An image of a side, under the name it is compared by.
struct Named {
    name: Option<String>,
    digest: Digest,
    /// What its index says; `None`: it is the side itself.
    entry: Option<Descriptor>,
}

/// Finds out how `from` and `to` differ. Only images that differ are read.
pub async fn diff(from: Side<'_>, to: Side<'_>) -> Result<Difference> {
    let (old, new) = (from.manifest, to.manifest);
    let mut difference = Difference {
        same: old.digest() == new.digest(),
        changes: Vec::new(),
        images: Vec::new(),
    };
    if difference.same {
        return Ok(difference);
    }
    difference.changes = settings::of_manifests(old, new);
    let pairs = if old.is_index() || new.is_index() {
        let (old, new) = tokio::try_join!(images(from), images(to))?;
        paired(old, new)
    } else {
        vec![(Some(alone(old, None)), Some(alone(new, None)))]
    };
    let pairs: Vec<_> = pairs
        .into_iter()
        .map(|(old, new)| compared(from, to, old, new))
        .collect();
    let mut pairs = stream::iter(pairs).buffered(READING);
    let mut read = 0;
    while let Some((pair, bytes)) = pairs.try_next().await? {
        difference.images.push(pair);
        read += bytes;
        if read > MOST {
            let what =
                format!("the images that differ say more than {MOST} bytes about themselves");
            return Err(Error::new(Kind::Corrupt, what).at(to.store.location()));
        }
    }
    Ok(difference)
}

/// The digest of both, where reading one of them counts as a pull and it can be known without:
/// nothing is pulled only to say that it is the same. What fails here fails again in reading.
pub async fn same_unread(from: (&dyn Store, &Target), to: (&dyn Store, &Target)) -> Option<Digest> {
    if !from.0.counts_reading() && !to.0.counts_reading() {
        return None;
    }
    let (old, new) = tokio::try_join!(from.0.resolve(from.1), to.0.resolve(to.1)).ok()?;
    (old.digest() == new.digest()).then(|| new.digest().clone())
}

/// The images of a side. One that is no index is called by what its config says.
async fn images(side: Side<'_>) -> Result<Vec<Named>> {
    if !side.manifest.is_index() {
        let image = Image::read(side.store, side.manifest).await?;
        let platform = image.config.get().and_then(Config::platform);
        let name = platform.as_ref().map(platform::name);
        return Ok(vec![alone(side.manifest, name)]);
    }
    let entries = side.manifest.manifests().iter();
    let images = entries.filter(|entry| !matches!(sort(entry), Sort::Attestation { .. }));
    let named = |entry: &Descriptor| Named {
        name: entry.platform().as_ref().map(platform::name),
        digest: entry.digest().clone(),
        entry: Some(entry.clone()),
    };
    Ok(images.map(named).collect())
}

fn alone(manifest: &Manifest, name: Option<String>) -> Named {
    Named {
        name,
        digest: manifest.digest().clone(),
        entry: None,
    }
}

type Sides = (Option<Named>, Option<Named>);

/// Those of the same name belong together, the first with the first where there are several.
fn paired(old: Vec<Named>, new: Vec<Named>) -> Vec<Sides> {
    let mut waiting: HashMap<Option<String>, Vec<usize>> = HashMap::new();
    for (at, image) in old.iter().enumerate().rev() {
        waiting.entry(image.name.clone()).or_default().push(at);
    }
    let mut old: Vec<Option<Named>> = old.into_iter().map(Some).collect();
    let mut pairs: Vec<Sides> = Vec::new();
    for image in new {
        let at = waiting.get_mut(&image.name).and_then(Vec::pop);
        pairs.push((at.and_then(|at| old[at].take()), Some(image)));
    }
    pairs.extend(old.into_iter().flatten().map(|image| (Some(image), None)));
    pairs
}

/// A pair, and how many bytes were read to compare it.
async fn compared(
    from: Side<'_>,
    to: Side<'_>,
    old: Option<Named>,
    new: Option<Named>,
) -> Result<(Pair, u64)> {
    let (details, bytes) = match (&old, &new) {
        (Some(old), Some(new)) if old.digest != new.digest => details(from, to, old, new).await?,
        _ => (None, 0),
    };
    let named = new.as_ref().or(old.as_ref());
    let pair = Pair {
        platform: named.and_then(|image| image.name.clone()),
        from: old.map(|image| image.digest),
        to: new.map(|image| image.digest),
        details,
    };
    Ok((pair, bytes))
}

/// `None` where one of them is no image, but an index inside an index, or no manifest at all.
async fn details(
    from: Side<'_>,
    to: Side<'_>,
    old: &Named,
    new: &Named,
) -> Result<(Option<Details>, u64)> {
    let is_image = |named: &Named| named.entry.as_ref().is_none_or(|e| sort(e) == Sort::Image);
    if !is_image(old) || !is_image(new) {
        return Ok((None, 0));
    }
    let (old, new) = tokio::try_join!(manifest(from, old), manifest(to, new))?;
    if old.is_index() || new.is_index() {
        return Ok((None, 0));
    }
    let images = (Image::read(from.store, &old), Image::read(to.store, &new));
    let (old_image, new_image) = tokio::try_join!(images.0, images.1)?;
    let (mut changes, problem) = configs((&old, &old_image), (&new, &new_image));
    // Of the sides themselves this is said above.
    let inside = old.digest() != from.manifest.digest() || new.digest() != to.manifest.digest();
    if inside {
        changes.extend(settings::of_manifests(&old, &new));
    }
    let details = Details {
        layers: layers(&old_image.layers, &new_image.layers),
        is_reordered: is_reordered(&old_image.layers, &new_image.layers),
        changes,
        problem,
    };
    Ok((
        Some(details),
        said(&old, &old_image) + said(&new, &new_image),
    ))
}

/// What the configs say differently, and why they could not be compared. Where what they say is
/// not known, as an artifact's is not, it is their digests that differ.
fn configs(
    (old, old_image): (&Manifest, &Image),
    (new, new_image): (&Manifest, &Image),
) -> (Vec<Change>, Option<String>) {
    let digest = |manifest: &Manifest| manifest.config().map(|config| config.digest().to_string());
    let (from, to) = (digest(old), digest(new));
    if from == to {
        return (Vec::new(), None);
    }
    let (old, new) = (&old_image.config, &new_image.config);
    if let (Some(old), Some(new)) = (old.get(), new.get()) {
        return (settings::of_configs(old, new), None);
    }
    let change = settings::field("config", from, to);
    let problem = old.problem().or(new.problem());
    (change.into_iter().collect(), problem)
}

/// The bytes of a manifest, and of the config that was read with it.
fn said(manifest: &Manifest, image: &Image) -> u64 {
    let config = manifest.config().filter(|_| image.config.get().is_some());
    manifest.descriptor().size() + config.map_or(0, Descriptor::size)
}

async fn manifest(side: Side<'_>, image: &Named) -> Result<Manifest> {
    match &image.entry {
        None => Ok(side.manifest.clone()),
        Some(entry) => child(side.store, entry).await,
    }
}
