//! A small image for two platforms.

use crate::oci::Digest;
use crate::oci::digest::sha256;
use crate::oci::manifest::OCI_INDEX;
use crate::server::Registry;
use anyhow::ensure;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{Method, Request};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Puts an image for two platforms into `registry`, another one under each tag.
pub(super) async fn push(registry: &Registry, name: &str, tags: &[&str]) -> anyhow::Result<()> {
    let base = tar("etc/os-release", b"ID=demo\n", 256 * 1024);
    for tag in tags {
        let mut platforms = Vec::new();
        for architecture in ["amd64", "arm64"] {
            let program = format!("#!/bin/sh\necho {name} {tag} on {architecture}\n");
            let layers = [base.clone(), tar("app", program.as_bytes(), 0)];
            platforms.push(image(registry, name, architecture, &layers).await?);
        }
        let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": platforms });
        put_manifest(registry, name, tag, OCI_INDEX, &index).await?;
    }
    Ok(())
}

/// One platform's manifest; what comes back is its descriptor.
async fn image(
    registry: &Registry,
    name: &str,
    architecture: &str,
    layers: &[Bytes],
) -> anyhow::Result<Value> {
    let mut descriptors = Vec::new();
    for layer in layers {
        let digest = put_blob(registry, name, layer).await?;
        descriptors.push(json!({ "mediaType": LAYER, "digest": digest, "size": layer.len() }));
    }
    let diff_ids: Vec<String> = layers
        .iter()
        .map(|layer| sha256(layer).to_string())
        .collect();
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": { "Entrypoint": ["/app"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let config = Bytes::from(serde_json::to_vec(&config)?);
    let digest = put_blob(registry, name, &config).await?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": CONFIG, "digest": digest, "size": config.len() },
        "layers": descriptors,
    });
    let bytes = serde_json::to_vec(&manifest)?;
    let digest = sha256(&bytes);
    put_manifest(registry, name, digest.as_ref(), MANIFEST, &manifest).await?;
    Ok(json!({
        "mediaType": MANIFEST,
        "digest": digest,
        "size": bytes.len(),
        "platform": { "architecture": architecture, "os": "linux" },
    }))
}

async fn put_blob(registry: &Registry, name: &str, blob: &Bytes) -> anyhow::Result<Digest> {
    let digest = sha256(blob);
    let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
    send(
        registry,
        Method::POST,
        &path,
        "application/octet-stream",
        blob.clone(),
    )
    .await?;
    Ok(digest)
}

async fn put_manifest(
    registry: &Registry,
    name: &str,
    target: &str,
    media_type: &str,
    manifest: &Value,
) -> anyhow::Result<()> {
    let path = format!("/v2/{name}/manifests/{target}");
    let bytes = Bytes::from(serde_json::to_vec(manifest)?);
    send(registry, Method::PUT, &path, media_type, bytes).await
}

async fn send(
    registry: &Registry,
    method: Method,
    path: &str,
    media_type: &str,
    body: Bytes,
) -> anyhow::Result<()> {
    let length = body.len();
    let body = futures_util::stream::once(std::future::ready(Ok(body))).boxed();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(http::header::CONTENT_TYPE, media_type)
        .header(http::header::CONTENT_LENGTH, length)
        .body(body)?;
    let status = registry.handle(request).await.status();
    ensure!(
        status.is_success(),
        "the registry answered {status} to {path}"
    );
    Ok(())
}

/// A tar archive (POSIX.1-1988, ustar) of one file, filled up with so many bytes of nothing.
fn tar(path: &str, content: &[u8], padding: usize) -> Bytes {
    let mut content = content.to_vec();
    content.resize(content.len() + padding, b'\n');
    let mut header = [0u8; 512];
    header[..path.len()].copy_from_slice(path.as_bytes());
    header[100..107].copy_from_slice(b"0000755");
    header[108..115].copy_from_slice(b"0000000");
    header[116..123].copy_from_slice(b"0000000");
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[136..147].copy_from_slice(b"00000000000");
    header[148..156].copy_from_slice(b"        ");
    header[156] = b'0';
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut archive = header.to_vec();
    archive.extend_from_slice(&content);
    archive.resize(archive.len().div_ceil(512) * 512 + 1024, 0);
    archive.into()
}
