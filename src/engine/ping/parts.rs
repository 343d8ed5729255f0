//! A small image that no other one shares a byte with, so that all of it can be removed again.

use crate::oci::digest::sha256;
use crate::oci::manifest::Manifest;
use crate::oci::reference::Tag;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result};
use bytes::Bytes;
use serde_json::{Value, json};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const ARTIFACT: &str = "application/vnd.crossdock.ping";

/// A blob's bytes and what they are called.
pub(super) struct Blob {
    pub(super) digest: Digest,
    pub(super) bytes: Bytes,
}

/// The image, and something that is attached to it.
pub(super) struct Parts {
    pub(super) tag: Tag,
    pub(super) config: Blob,
    pub(super) layer: Blob,
    pub(super) image: Manifest,
    pub(super) attached: Manifest,
}

impl Parts {
    /// Makes one up.
    pub(super) fn new() -> Result<Self> {
        let name = format!("crossdock-ping-{:016x}", fastrand::u64(..));
        let failed = |what: &dyn std::fmt::Display| Error::new(Kind::Other, what.to_string());
        let tag = name.parse().map_err(|error| failed(&error))?;
        let layer = Blob::new(archive(&name));
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"crossdock.ping": name}},
            "rootfs": {"type": "layers", "diff_ids": [layer.digest.to_string()]},
        });
        let config = Blob::new(config.to_string().into_bytes());
        let image = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": config.described(CONFIG),
            "layers": [layer.described(LAYER)],
        });
        let image = manifest(&image).map_err(|error| failed(&error))?;
        let attached = json!({
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "artifactType": ARTIFACT,
            "config": config.described(CONFIG),
            "layers": [layer.described(LAYER)],
            "subject": described(image.descriptor()),
        });
        let attached = manifest(&attached).map_err(|error| failed(&error))?;
        Ok(Self {
            tag,
            config,
            layer,
            image,
            attached,
        })
    }
}

impl Blob {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            digest: sha256(&bytes),
            bytes: bytes.into(),
        }
    }

    fn described(&self, media_type: &str) -> Value {
        json!({
            "mediaType": media_type,
            "size": self.bytes.len(),
            "digest": self.digest.to_string(),
        })
    }
}

fn described(descriptor: &Descriptor) -> Value {
    json!({
        "mediaType": IMAGE,
        "size": descriptor.size(),
        "digest": descriptor.digest().to_string(),
    })
}

fn manifest(document: &Value) -> Result<Manifest, crate::oci::manifest::ManifestError> {
    Manifest::parse(document.to_string().into_bytes().into(), Some(IMAGE))
}

/// An archive with one empty file.
///
/// Source: POSIX.1-2017, `pax`, "ustar Interchange Format".
fn archive(name: &str) -> Vec<u8> {
    const BLOCK: usize = 512;
    const SUM: std::ops::Range<usize> = 148..156;
    let mut blocks = vec![0; 3 * BLOCK];
    let mut put = |at: usize, bytes: &[u8]| blocks[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    for (at, number) in [
        (100, "0000644\0"),
        (108, "0000000\0"),
        (116, "0000000\0"),
        (124, "00000000000\0"),
        (136, "00000000000\0"),
    ] {
        put(at, number.as_bytes());
    }
    put(SUM.start, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = blocks[..BLOCK].iter().map(|byte| u32::from(*byte)).sum();
    blocks[SUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    blocks
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_attached_is_attached_to_the_image_and_nothing_is_shared() {
        let (one, other) = (Parts::new().unwrap(), Parts::new().unwrap());
        let subject = one.attached.subject().unwrap();
        assert_eq!(subject.digest(), one.image.digest());
        assert_ne!(one.config.digest, other.config.digest);
        assert_ne!(one.layer.digest, other.layer.digest);
        assert_ne!(one.tag, other.tag);
    }

    /// The sum of the header's bytes, with blanks in the place of the sum.
    #[test]
    fn the_archive_s_header_sums_up() {
        let archive = archive("crossdock-ping-x");
        assert_eq!(archive.len(), 1536);
        let written = std::str::from_utf8(&archive[148..154]).unwrap();
        let rest = archive[..512].iter().enumerate();
        let rest = rest.filter(|(at, _)| !(148..156).contains(at));
        let sum: u32 = rest.map(|(_, byte)| u32::from(*byte)).sum::<u32>() + 8 * 32;
        assert_eq!(u32::from_str_radix(written, 8).unwrap(), sum);
    }
}
