//! What is attached to an image, as it is shown.

use crate::oci::{Descriptor, Digest};

/// Something that is attached to an image, or to what is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is attached to.
    pub subject: Digest,
    /// What names it, with its artifact type and annotations.
    pub descriptor: Descriptor,
    /// What it is, in words for people.
    pub kind: String,
    /// How it is found: by the registry's own list, or by which tag.
    pub how: String,
}
