//! What a copy comes to.

use super::event::Placed;
use super::mover::Arrival;
use crate::store::{Error, Result};
use serde::Serialize;

/// What a copy to one destination came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Manifests and indexes that were written.
    pub manifests: usize,
    /// Blobs whose bytes were sent.
    pub sent: usize,
    /// The size of those, in bytes.
    pub sent_bytes: u64,
    /// Blobs that the registry linked from another repository.
    pub mounted: usize,
    /// Blobs that were there.
    pub present: usize,
    /// Blobs that were read for this destination alone, although others were sent them too.
    #[serde(skip_serializing_if = "is_zero")]
    pub read_again: usize,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What came of one destination.
#[derive(Debug)]
pub struct Applied {
    /// What it took.
    pub summary: Summary,
    /// For each name of its part, why it could not be written.
    pub refused: Vec<Option<Error>>,
}

/// Is told of each destination, by its position, when it has everything or has failed.
pub type Told<'a> = &'a mut (dyn FnMut(usize, Result<Applied>) + Send);

impl Summary {
    /// Counts a blob of `size` bytes that is there.
    pub(super) fn count(&mut self, size: u64, arrival: Arrival) {
        match arrival.placed {
            Placed::Sent => {
                self.sent += 1;
                self.sent_bytes = self.sent_bytes.saturating_add(size);
            }
            Placed::Mounted => self.mounted += 1,
            Placed::Present => self.present += 1,
        }
        self.read_again += usize::from(arrival.read_again);
    }
}
