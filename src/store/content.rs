//! A child of a manifest, whole and checked: a small blob, or another manifest.

use super::{Error, Kind, Result, Store};
use crate::oci::Descriptor;
use crate::oci::digest::Verifier;
use crate::oci::manifest::Manifest;
use crate::oci::reference::Target;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

/// So often a blob is read anew where it breaks off.
const ATTEMPTS: u32 = 3;

/// Reads `blob`, which must be what its descriptor says. The caller sees to it that it is small
/// enough to be held. A blob that is embedded in its descriptor is not asked for.
pub async fn whole(store: &dyn Store, blob: &Descriptor) -> Result<Bytes> {
    // Where a manifest was read, what it embeds was compared with its digest.
    if let Some(data) = blob
        .data()
        .as_ref()
        .and_then(|data| STANDARD.decode(data).ok())
    {
        return Ok(data.into());
    }
    let mut broken = 1;
    loop {
        match read(store, blob).await {
            Err(error) if error.kind() == Kind::Unavailable && broken < ATTEMPTS => broken += 1,
            Err(error) if error.kind() == Kind::Corrupt && store.doubt(blob) => {}
            read => return read,
        }
    }
}

/// Reads the manifest `child`, which must be what its parent says it is.
pub async fn listed(store: &dyn Store, child: &Descriptor) -> Result<Manifest> {
    let target = Target::Digest(child.digest().clone());
    let manifest = store.manifest(&target).await?;
    manifest.check_listed(child).map_err(|error| {
        let reference = store.location().reference(&target);
        let what = format!("{reference} is not what it is listed as");
        Error::caused(Kind::Corrupt, what, error).at(store.location())
    })?;
    Ok(manifest)
}

async fn read(store: &dyn Store, blob: &Descriptor) -> Result<Bytes> {
    let location = store.location();
    let what = || format!("cannot read {} from {location}", blob.digest());
    let mut verifier = Verifier::new(blob)
        .map_err(|error| Error::caused(Kind::Corrupt, what(), error).at(location))?;
    let mut opened = store.blob(blob, 0..blob.size()).await?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = opened.stream.next().await {
        let chunk =
            chunk.map_err(|error| Error::caused(Kind::Unavailable, what(), error).at(location))?;
        verifier.update(&chunk);
        if verifier.overrun() {
            break;
        }
        bytes.extend_from_slice(&chunk);
    }
    if verifier.remaining() > 0 {
        let (seen, size) = (verifier.seen(), blob.size());
        let cause = format!("it ended after {seen} of {size} bytes");
        return Err(Error::caused(Kind::Unavailable, what(), cause).at(location));
    }
    if verifier.matches() {
        return Ok(bytes.freeze());
    }
    let cause = "the bytes are not those of its digest";
    Err(Error::caused(Kind::Corrupt, what(), cause).at(location))
}
