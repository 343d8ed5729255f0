//! The registry as its clients see it, by section of the distribution specification.

mod delete;
mod list;
mod mount;
mod pull;
mod push_blob;
mod push_manifest;
mod referrers;
mod robust;
mod socket;
mod tokens;

use crate::oci::digest::sha256;
use crate::server::{Options, Registry};
use crate::transport::ByteStream;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Request};
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCTETS: &str = "application/octet-stream";

/// An answer, read to its end.
#[derive(Debug)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status and the code of a refusal.
    fn refusal(&self) -> (u16, String) {
        let code = self.json()["errors"][0]["code"]
            .as_str()
            .unwrap()
            .to_owned();
        (self.status, code)
    }
}

fn refused(seen: &Seen, status: u16, code: &str) {
    assert_eq!(seen.refusal(), (status, code.to_owned()));
}

/// A registry and the requests that tests make.
struct Lab(Registry);

impl Lab {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        Self(Registry::new(options))
    }

    async fn send(&self, call: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Seen {
        let body = body.into();
        self.stream(call, headers, stream::once(async move { Ok(body) }).boxed())
            .await
    }

    async fn stream(&self, call: &str, headers: &[(&str, &str)], body: ByteStream) -> Seen {
        let (method, path) = call.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.0.handle(request.body(body).unwrap()).await;
        let (head, body) = response.into_parts();
        let chunks: Vec<_> = body.collect().await;
        Seen {
            status: head.status.as_u16(),
            headers: head.headers,
            body: chunks
                .into_iter()
                .flat_map(|chunk| chunk.unwrap())
                .collect(),
        }
    }

    async fn call(&self, call: &str) -> Seen {
        self.send(call, &[], "").await
    }

    /// Pushes a blob and gives its digest.
    async fn blob(&self, name: &str, bytes: &[u8]) -> String {
        let digest = sha256(bytes).to_string();
        let call = format!("POST /v2/{name}/blobs/uploads/?digest={digest}");
        let seen = self.send(&call, &[], bytes.to_vec()).await;
        assert_eq!(seen.status, 201, "{seen:?}");
        digest
    }

    async fn put(&self, name: &str, reference: &str, manifest: &Value) -> Seen {
        let media_type = manifest["mediaType"].as_str().unwrap();
        let call = format!("PUT /v2/{name}/manifests/{reference}");
        self.send(&call, &[("content-type", media_type)], manifest.to_string())
            .await
    }

    /// Pushes an image of one layer and gives its digest.
    async fn image(&self, name: &str, tag: &str, layer: &str) -> String {
        self.blob(name, b"{}").await;
        self.blob(name, layer.as_bytes()).await;
        let manifest = image(layer);
        let seen = self.put(name, tag, &manifest).await;
        assert_eq!(seen.status, 201, "{seen:?}");
        digest(&manifest)
    }
}

fn digest(manifest: &Value) -> String {
    sha256(manifest.to_string().as_bytes()).to_string()
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": sha256(bytes).to_string(), "size": bytes.len()})
}

/// An image of an empty config and one layer.
fn image(layer: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer.as_bytes())],
    })
}

/// An index of manifests.
fn index(manifests: &[&Value]) -> Value {
    let entry = |manifest: &&Value| descriptor(MANIFEST, manifest.to_string().as_bytes());
    let entries: Vec<Value> = manifests.iter().map(entry).collect();
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries})
}
