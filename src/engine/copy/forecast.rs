//! What a copy will ask for, guessed while its manifest is still on its way, so that connections
//! are there when it is known.

use super::plan::Part;
use super::run::Run;
use crate::oci::Descriptor;
use crate::oci::manifest::is_index_type;
use crate::store::{Lane, Result, Store};

/// No more connections than this are opened on a guess.
const MOST: u64 = 24;
/// What a manifest has besides its layers.
const FRAME: u64 = 300;
/// What one layer takes in a manifest, generously: printed on lines of its own.
const LAYER: u64 = 220;
/// What one image takes in an index.
const IMAGE: u64 = 320;

impl Run {
    /// Lets source and destinations prepare for a copy of what `source` describes.
    pub(super) fn prepare(&self, source: &Descriptor, parts: &[Result<Part>]) {
        if self.options.only_plans {
            return;
        }
        let count = guess(source).min(self.options.jobs);
        let host = |store: &dyn Store| Some(store.location().repository()?.host.clone());
        let here = host(&*self.from);
        for (to, part) in self.to.iter().zip(parts) {
            if !part
                .as_ref()
                .is_ok_and(|part| !part.is_nothing() && !part.is_source)
            {
                continue;
            }
            if here.is_some() && host(&*to.store) == here {
                // Blobs are linked there, without their bytes.
                to.store.warm(Lane::Questions, count);
            } else {
                self.from.warm(Lane::Bulk, count);
                to.store.warm(Lane::Bulk, count);
            }
        }
    }
}

/// How many blobs, or images of an index, it probably consists of, by its size: rather too few.
fn guess(source: &Descriptor) -> usize {
    let size = source.size();
    let parts = if is_index_type(source.media_type().as_ref()) {
        size / IMAGE
    } else {
        size.saturating_sub(FRAME) / LAYER + 1
    };
    usize::try_from(parts.clamp(1, MOST)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::MediaType;
    use crate::oci::digest::sha256;

    #[test]
    fn the_guess_is_rather_too_low() {
        for (media_type, size, guess) in [
            (MediaType::ImageManifest, 480, 1),
            // Five layers, and forty, as Docker and as BuildKit print them.
            (MediaType::ImageManifest, 1_050, 4),
            (MediaType::ImageManifest, 1_400, 6),
            (MediaType::ImageManifest, 6_500, 24),
            // Six platforms.
            (MediaType::ImageIndex, 1_950, 6),
            (MediaType::ImageIndex, 90, 1),
            (MediaType::ImageManifest, u64::MAX, 24),
        ] {
            let source = Descriptor::new(media_type, size, sha256(b""));
            assert_eq!(super::guess(&source), guess, "{size}");
        }
    }
}
