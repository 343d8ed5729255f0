//! An image that takes the place of another under a tag, so that the tag can go with it.
//!
//! Source: regclient, `scheme/reg/tag.go`, which removes tags in this way.

use crate::oci::digest::sha256;
use crate::oci::manifest::Manifest;
use crate::oci::{Descriptor, MediaType};
use crate::registry::{Error, Source};
use crate::transport::{BoxError, ByteStream};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::json;

/// An image like no other, without layers.
pub(super) struct Placeholder {
    pub(super) config: Descriptor,
    pub(super) manifest: Manifest,
    bytes: Bytes,
}

impl Placeholder {
    pub(super) fn new() -> Result<Self, Error> {
        let number = format!("{:032x}", fastrand::u128(..));
        let config = json!({
            "architecture": "unknown",
            "os": "unknown",
            "config": {"Labels": {"crossdock.removes-a-tag": number}},
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        let bytes = Bytes::from(config.to_string());
        let size = bytes.len() as u64;
        let config = Descriptor::new(MediaType::ImageConfig, size, sha256(&bytes));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::ImageManifest.to_string(),
            "config": config,
            "layers": [],
        });
        let manifest = Manifest::parse(manifest.to_string().into(), None)?;
        Ok(Self {
            config,
            manifest,
            bytes,
        })
    }
}

#[async_trait]
impl Source for Placeholder {
    async fn prepare(&self) {}

    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError> {
        let offset = usize::try_from(offset)?.min(self.bytes.len());
        let rest = self.bytes.slice(offset..);
        Ok(stream::once(async move { Ok(rest) }).boxed())
    }
}
