//! What an image is: its platforms, its config, its layers. Read, and nothing else.

#[cfg(test)]
mod cases;
mod image;
mod index;

pub use image::{Configured, Image, Layer};
pub use index::{Content, Entry, Sort, child, entries, size, sort};

use crate::engine::copy::platforms::{Choice, ChoiceError, choose};
use crate::oci::config::Config;
use crate::oci::manifest::Manifest;
use crate::oci::platform::{self, PlatformPattern};
use crate::store::{Error, Kind, Result, Store};
use std::collections::HashSet;

/// An index inside an index inside an index … no deeper.
const DEEPEST: usize = 8;

/// The image for `wanted`, which is exact: of an index, the entry that fits best; an image itself where its config
/// says that it is. `None` where there is none.
pub async fn select(
    store: &dyn Store,
    root: &Manifest,
    wanted: &PlatformPattern,
) -> Result<Option<Manifest>> {
    if !root.is_index() {
        let image = Image::read(store, root).await?;
        let offered = image.config.get().and_then(Config::platform);
        let fits = offered.is_some_and(|offered| wanted.matches(&offered));
        return Ok(fits.then(|| root.clone()));
    }
    let mut manifest = root.clone();
    for _ in 0..DEEPEST {
        let entry = match choose(&manifest, std::slice::from_ref(wanted)) {
            Ok(Choice::One(entry)) => entry,
            Ok(Choice::Several { .. }) | Err(ChoiceError::NotThere(_)) => return Ok(None),
            Err(error) => {
                let what = format!("cannot choose from {}", manifest.digest());
                return Err(Error::caused(Kind::Corrupt, what, error).at(store.location()));
            }
        };
        manifest = child(store, &entry).await?;
        if !manifest.is_index() {
            return Ok(Some(manifest));
        }
    }
    let what = format!("its indexes are nested more than {DEEPEST} deep");
    Err(Error::new(Kind::Corrupt, what).at(store.location()))
}

/// The platforms that an index has images for, by name, each once and in its order.
pub fn platforms(index: &Manifest) -> Vec<String> {
    let images = index.manifests().iter();
    let images = images.filter(|entry| matches!(sort(entry), Sort::Image | Sort::Index));
    let names = images.filter_map(|entry| entry.platform().as_ref().map(platform::name));
    let mut seen = HashSet::new();
    names.filter(|name| seen.insert(name.clone())).collect()
}
