//! Blobs and events to feed views with.

use crate::oci::{Descriptor, MediaType, digest};

pub(super) const MIB: u64 = 1 << 20;

/// A blob of `size` bytes with a digest of its own.
pub(super) fn blob(name: &str, size: u64) -> Descriptor {
    let digest = digest::sha256(name.as_bytes());
    Descriptor::new(MediaType::ImageLayer, size, digest)
}
