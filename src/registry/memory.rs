//! What was learned about a registry while talking to it.

use crate::oci::reference::RepositoryName;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// What was learned about a registry while talking to it.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// It refuses a blob in one PUT, so that PATCH is used.
    chunked: AtomicBool,
    /// It answers a mount of a repository's own blob with 201, so that 202 means "not there".
    own_mounts: AtomicBool,
    /// It was seen not to.
    no_own_mounts: AtomicBool,
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
