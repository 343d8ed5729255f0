//! What was learned about a registry while talking to it.

use crate::oci::reference::RepositoryName;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The sizes that are tried one after the other where a body is too large: proxies allow 100 MB
/// (Cloudflare), 1 MB (nginx), or what their owner thought of.
const CHUNKS: [u64; 5] = [64 << 20, 16 << 20, 4 << 20, 1 << 20, 512 << 10];

/// What was learned about a registry while talking to it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// It refuses a blob in one PUT, so that PATCH is used.
    chunked: AtomicBool,
    /// So many bytes at most go in one PATCH; 0: as many as there are.
    chunk: AtomicU64,
    /// It answers a mount of a repository's own blob with 201, so that 202 means "not there".
    own_mounts: AtomicBool,
    /// It was seen not to.
    no_own_mounts: AtomicBool,
    /// It lists no referrers itself.
    no_referrers: AtomicBool,
    /// It was seen to.
    referrers: AtomicBool,
    /// It knew nothing of a list once, which may have been about one image alone.
    doubtful_referrers: AtomicBool,
    /// Repositories that nothing can be mounted from.
    unmountable: Mutex<HashSet<RepositoryName>>,
}

impl Memory {
    pub(super) fn is_chunked(&self) -> bool {
        self.chunked.load(Ordering::Relaxed)
    }

    pub(super) fn set_chunked(&self) {
        self.chunked.store(true, Ordering::Relaxed);
    }

    /// How many bytes a PATCH may have at most, where that was found out.
    pub(super) fn chunk(&self) -> Option<u64> {
        Some(self.chunk.load(Ordering::Relaxed)).filter(|chunk| *chunk > 0)
    }

    /// Notes that a PATCH of `length` bytes was too large. `false`: it cannot be smaller.
    pub(super) fn shrink_chunks(&self, length: u64) -> bool {
        let Some(smaller) = CHUNKS.into_iter().find(|chunk| *chunk < length) else {
            return false;
        };
        // Others may have found out more meanwhile.
        let smallest = |known: u64| {
            Some(if known == 0 {
                smaller
            } else {
                known.min(smaller)
            })
        };
        let _ = self
            .chunk
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, smallest);
        true
    }

    pub(super) fn has_own_mounts(&self) -> bool {
        self.own_mounts.load(Ordering::Relaxed)
    }

    pub(super) fn set_own_mounts(&self) {
        self.own_mounts.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_no_own_mounts(&self) -> bool {
        self.no_own_mounts.load(Ordering::Relaxed)
    }

    pub(super) fn set_no_own_mounts(&self) {
        self.no_own_mounts.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_no_referrers(&self) -> bool {
        self.no_referrers.load(Ordering::Relaxed)
    }

    /// Notes that it lists none itself, unless it was seen to.
    pub(super) fn set_no_referrers(&self) {
        if !self.referrers.load(Ordering::Relaxed) {
            self.no_referrers.store(true, Ordering::Relaxed);
        }
    }

    /// Notes that it knew nothing of a list: the second time that is no accident.
    pub(super) fn doubt_referrers(&self) {
        if self.doubtful_referrers.swap(true, Ordering::Relaxed) {
            self.set_no_referrers();
        }
    }

    pub(super) fn set_referrers(&self) {
        self.referrers.store(true, Ordering::Relaxed);
    }

    pub(super) fn can_mount(&self, from: &RepositoryName) -> bool {
        !self
            .unmountable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(from)
    }

    pub(super) fn set_unmountable(&self, from: &RepositoryName) {
        self.unmountable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(from.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many find out at once that what they sent was too large, some of them late.
    #[test]
    fn chunks_are_as_small_as_the_smallest_that_was_found_and_no_smaller() {
        let memory = Memory::default();
        for (too_large, chunk) in [
            (100 << 20, 64 << 20),
            (90 << 20, 64 << 20),
            (64 << 20, 16 << 20),
            (100 << 20, 16 << 20),
            (3 << 20, 1 << 20),
            (3 << 20, 1 << 20),
            (1 << 20, 512 << 10),
        ] {
            assert!(memory.shrink_chunks(too_large));
            assert_eq!(memory.chunk(), Some(chunk), "{too_large}");
        }
        assert!(!memory.shrink_chunks(512 << 10));
    }
}
