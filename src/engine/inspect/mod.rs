//! What an image is: its platforms, its config, its layers. Read, and nothing else.

#[cfg(test)]
mod cases;
mod image;
mod index;
mod subjects;

pub use image::{Configured, Image, Layer};
pub use index::{Content, Entry, Sort, child, entries, size, sort};
pub use subjects::{MOST_ASKED, Subjects, subjects};

use index::read_listed;

use crate::engine::copy::platforms::{Choice, ChoiceError, choose, fits};
use crate::oci::config::Config;
use crate::oci::manifest::Manifest;
use crate::oci::platform::PlatformPattern;
use crate::store::{Error, Kind, Result, Store};
use crate::transport::BoxError;

/// The image for `wanted`, which is exact: of an index, the entry that fits best, as it is; an
/// image itself where its config says that it is. [`Kind::NotFound`] where there is none.
pub async fn select(
    store: &dyn Store,
    root: &Manifest,
    wanted: &PlatformPattern,
) -> Result<Manifest> {
    let location = store.location();
    let unchosen = |kind, why: BoxError| {
        let what = format!("cannot choose from {location}@{}", root.digest());
        Error::caused(kind, what, why).at(location)
    };
    let wanted = std::slice::from_ref(wanted);
    if root.is_index() {
        return match choose(root, wanted) {
            Ok(Choice::One(entry)) => child(store, &entry).await,
            Ok(Choice::Several { index, .. }) => Ok(*index),
            Err(ChoiceError::NotThere(error)) => Err(unchosen(Kind::NotFound, error.into())),
            Err(error) => Err(unchosen(Kind::Corrupt, error.into())),
        };
    }
    let image = Image::read(store, root).await?;
    if let Some(problem) = image.config.problem() {
        let why = format!("its platform is not known, as its config cannot be read: {problem}");
        return Err(unchosen(Kind::NotFound, why.into()));
    }
    let platform = image.config.get().and_then(Config::platform);
    fits(platform.as_ref(), wanted)
        .map_err(|error| unchosen(Kind::NotFound, error.into()))
        .map(|()| root.clone())
}
