//! The vocabulary: references, digests, descriptors and manifests, as the specifications name them.

pub mod attestation;
pub mod config;
pub mod digest;
pub mod manifest;
pub mod platform;
pub mod reference;
pub mod referrers;
pub mod strict;

pub use oci_spec::image::{Descriptor, Digest, MediaType, Platform};
