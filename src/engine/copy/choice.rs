//! What is copied of an image where platforms were asked for.

use super::first::Chosen;
use super::platforms::{self, Choice};
use crate::oci::Platform;
use crate::oci::manifest::{Manifest, platform_of_config};
use crate::oci::platform::PlatformPattern;
use crate::oci::reference::Target;
use crate::store::content;
use crate::store::{Error, Kind, Result, Store};
use std::sync::Arc;

/// A larger config is not read to find out its platform.
const LARGEST_CONFIG: u64 = 8 << 20;

/// Chooses from `whole`: an image of an index, a new index of some of them, or the only image
/// there is, if it is for what was asked for.
pub(super) async fn choose(
    from: &Arc<dyn Store>,
    target: &Target,
    whole: Manifest,
    wanted: &[PlatformPattern],
) -> Result<Chosen> {
    let refused = |error: platforms::ChoiceError| {
        let kind = match error {
            platforms::ChoiceError::NotThere(_) => Kind::NotFound,
            platforms::ChoiceError::Unmade(_) => Kind::Corrupt,
        };
        Error::caused(
            kind,
            format!("cannot choose from {}", from.location().reference(target)),
            error,
        )
        .at(from.location())
    };
    if !whole.is_index() {
        let platform = platform(from, &whole).await?;
        platforms::fits(platform.as_ref(), wanted).map_err(|error| refused(error.into()))?;
        return Ok(Chosen::whole(whole));
    }
    match platforms::choose(&whole, wanted).map_err(refused)? {
        Choice::One(image) => {
            let root = content::listed(&**from, &image).await?;
            Ok(Chosen::whole(root))
        }
        Choice::Several {
            index,
            without_platform,
        } => {
            let is_whole = index.digest() == whole.digest();
            Ok(Chosen {
                root: *index,
                from: (!is_whole).then(|| whole.digest().clone()),
                left_out: without_platform.len(),
            })
        }
    }
}

/// The platform of an image that is in no index.
async fn platform(from: &Arc<dyn Store>, image: &Manifest) -> Result<Option<Platform>> {
    let Some(config) = image.config().filter(|c| c.size() <= LARGEST_CONFIG) else {
        return Ok(None);
    };
    let bytes = content::whole(&**from, config).await?;
    // What is no image config says no platform.
    Ok(platform_of_config(&bytes).ok().flatten())
}
