//! What a copy will ask for, guessed while its manifests are still on their way, so that
//! connections are there when it is known.

use super::plan::Part;
use super::run::Run;
use crate::oci::Descriptor;
use crate::oci::manifest::{Manifest, is_index_type};
use crate::store::{Lane, Result, Store};

/// What a manifest has besides its layers.
const FRAME: u64 = 300;
/// What one layer takes in a manifest that is printed without blanks.
const LAYER: u64 = 160;
/// What one image takes in an index.
const IMAGE: u64 = 220;

impl Run {
    /// Lets source and destinations prepare for a copy of what `source` describes, before it is
    /// read.
    pub(super) fn prepare(&self, source: &Descriptor, parts: &[Result<Part>]) {
        self.open(guess(source), parts);
    }

    /// The same once an index is read, and its images are not.
    pub(super) fn prepare_images(&self, index: &Manifest, parts: &[Result<Part>]) {
        let images = index.manifests().iter().map(guess);
        self.open(images.fold(0, usize::saturating_add), parts);
    }

    fn open(&self, connections: usize, parts: &[Result<Part>]) {
        if self.options.only_plans || connections == 0 {
            return;
        }
        let count = connections.min(self.options.jobs);
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

/// How many connections what it lists takes, besides the one that has told of it, by its size. One
/// too few is as slow as none, since the last of them to come waits for it.
fn guess(source: &Descriptor) -> usize {
    let size = source.size();
    let parts = if is_index_type(source.media_type().as_ref()) {
        size / IMAGE
    } else {
        size.saturating_sub(FRAME).div_ceil(LAYER)
    };
    usize::try_from(parts).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::MediaType;
    use crate::oci::digest::sha256;

    #[test]
    fn the_guess_is_not_too_low() {
        for (media_type, size, guess) in [
            (MediaType::ImageManifest, 90, 1),
            (MediaType::ImageManifest, 480, 2),
            // Five layers without blanks, five with, and forty.
            (MediaType::ImageManifest, 1_050, 5),
            (MediaType::ImageManifest, 1_400, 7),
            (MediaType::ImageManifest, 6_600, 40),
            // Six platforms.
            (MediaType::ImageIndex, 1_400, 6),
            (MediaType::ImageIndex, 90, 1),
        ] {
            let source = Descriptor::new(media_type, size, sha256(b""));
            assert_eq!(super::guess(&source), guess, "{size}");
        }
    }
}
