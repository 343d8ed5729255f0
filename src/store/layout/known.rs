//! An index as it was read or written last, and whether the file still is that one.

use super::index::Index;
use std::fs::{File, Metadata};
use std::sync::Arc;
use std::time::SystemTime;

/// An index, and the file that it is in.
pub(super) struct Known {
    stamp: Stamp,
    index: Arc<Index>,
    /// Kept open, so that no other file gets its number.
    #[cfg(unix)]
    _file: File,
}

/// What tells one version of a file from the next: each is another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
    number: u64,
}

impl Known {
    /// The index in `file`, of which this was found.
    pub(super) fn new(found: &Metadata, index: &Arc<Index>, file: File) -> Self {
        #[cfg(not(unix))]
        drop(file);
        Self {
            stamp: Stamp::of(found),
            index: Arc::clone(index),
            #[cfg(unix)]
            _file: file,
        }
    }

    /// The same index, where this was found of the same file, unchanged.
    pub(super) fn index_of(&self, found: &Metadata) -> Option<Arc<Index>> {
        // Where files have no numbers, two versions may look the same.
        let is_same = cfg!(unix) && self.stamp == Stamp::of(found);
        is_same.then(|| Arc::clone(&self.index))
    }
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(found);
        #[cfg(not(unix))]
        let number = 0;
        Self {
            size: found.len(),
            modified: found.modified().ok(),
            number,
        }
    }
}
