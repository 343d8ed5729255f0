//! How buildkit marks what it says about an image beside it in an index.
//!
//! Source: buildkit, "Image Attestation Storage".

use super::Descriptor;

const KIND: &str = "vnd.docker.reference.type";
const ATTESTATION: &str = "attestation-manifest";
const ABOUT: &str = "vnd.docker.reference.digest";

/// Whether an entry of an index is marked as an attestation.
pub fn is_attestation(entry: &Descriptor) -> bool {
    annotation(entry, KIND) == Some(ATTESTATION)
}

/// The digest of the image that an entry says it is about.
pub fn about(entry: &Descriptor) -> Option<&str> {
    annotation(entry, ABOUT)
}

fn annotation<'e>(entry: &'e Descriptor, name: &str) -> Option<&'e str> {
    let annotations = entry.annotations().as_ref()?;
    annotations.get(name).map(String::as_str)
}
