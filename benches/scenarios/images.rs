//! Images of known shapes, their bytes made from seeds, so that none is held in memory.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const MIB: u64 = 1024 * 1024;
/// So much is made at a time.
const CHUNK: usize = 64 * 1024;
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// An image or index.
pub(crate) struct Image {
    /// Its blobs, each once.
    pub(crate) blobs: Vec<Blob>,
    /// Its manifests, children first.
    pub(crate) manifests: Vec<Manifest>,
}

/// Bytes that a manifest refers to.
#[derive(Clone)]
pub(crate) struct Blob {
    /// Their SHA-256, as in a descriptor.
    pub(crate) digest: String,
    /// How many there are.
    pub(crate) size: u64,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Seed(u64),
    Text(Bytes),
}

/// A manifest or index.
pub(crate) struct Manifest {
    /// Its media type.
    pub(crate) kind: &'static str,
    /// Its bytes.
    pub(crate) bytes: Bytes,
}

impl Image {
    /// The image of this name.
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "many" => Self::single(&sized(1_000, 40, 2 * MIB)),
            "multi" => Self::multi(),
            "large" => {
                let mut layers = sized(3_000, 1, 2048 * MIB);
                layers.extend(sized(3_001, 3, 256 * MIB));
                Self::single(&layers)
            }
            "thousand" => Self::numbered(0),
            _ => Self::single(&sized(4_000, 5, MIB)),
        }
    }

    /// One of a thousand: a layer that all have, and a small one of its own.
    pub(crate) fn numbered(number: u64) -> Self {
        let mut layers = sized(5_000, 1, MIB);
        layers.extend(sized(6_000 + number, 1, 4096));
        Self::single(&layers)
    }

    /// The blobs that no other image has.
    pub(crate) fn own_blobs(&self) -> &[Blob] {
        &self.blobs[1..]
    }

    fn single(layers: &[Blob]) -> Self {
        let (manifest, config) = manifest("amd64", layers);
        let mut blobs = layers.to_vec();
        blobs.push(config);
        Self {
            blobs,
            manifests: vec![manifest],
        }
    }

    /// Six platforms of eight layers, of which all share two.
    fn multi() -> Self {
        let base = sized(2_000, 2, MIB);
        let mut blobs = base.clone();
        let (mut manifests, mut children) = (Vec::new(), Vec::new());
        let platforms = ["amd64", "arm64", "arm", "ppc64le", "s390x", "riscv64"];
        for (number, platform) in (0..).zip(platforms) {
            let own = sized(2_100 + 100 * number, 6, MIB);
            let layers: Vec<Blob> = base.iter().chain(&own).cloned().collect();
            let (manifest, config) = manifest(platform, &layers);
            let mut child = descriptor(MANIFEST, &Blob::text(manifest.bytes.clone()));
            child["platform"] = json!({"os": "linux", "architecture": platform});
            children.push(child);
            manifests.push(manifest);
            blobs.extend(own);
            blobs.push(config);
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children});
        manifests.push(Manifest {
            kind: INDEX,
            bytes: index.to_string().into(),
        });
        Self { blobs, manifests }
    }
}

impl Blob {
    fn seeded(seed: u64, size: u64) -> Self {
        Self::with(Content::Seed(seed), size)
    }

    fn text(text: Bytes) -> Self {
        let size = text.len() as u64;
        Self::with(Content::Text(text), size)
    }

    fn with(content: Content, size: u64) -> Self {
        let mut blob = Self {
            digest: String::new(),
            size,
            content,
        };
        let mut hash = Sha256::new();
        blob.chunks().for_each(|chunk| hash.update(&chunk));
        let hex = hash
            .finalize()
            .into_iter()
            .map(|byte| format!("{byte:02x}"));
        blob.digest = format!("sha256:{}", hex.collect::<String>());
        blob
    }

    /// Its bytes.
    pub(crate) fn chunks(&self) -> Box<dyn Iterator<Item = Bytes> + Send> {
        match &self.content {
            Content::Text(text) => Box::new(std::iter::once(text.clone())),
            Content::Seed(seed) => Box::new(random(*seed, self.size)),
        }
    }
}

/// Bytes that cannot be compressed, and begin like a gzip stream: some tools compress what does
/// not.
fn random(seed: u64, size: u64) -> impl Iterator<Item = Bytes> + Send {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..size).step_by(CHUNK).map(move |at| {
        let mut chunk = vec![0; usize::try_from(size - at).map_or(CHUNK, |left| left.min(CHUNK))];
        random.fill(&mut chunk);
        if at == 0 {
            chunk[..4].copy_from_slice(&[0x1f, 0x8b, 8, 0]);
        }
        chunk.into()
    })
}

fn sized(seed: u64, count: u64, size: u64) -> Vec<Blob> {
    (seed..seed + count)
        .map(|seed| Blob::seeded(seed, size))
        .collect()
}

/// The manifest of an image with these layers, and its configuration.
fn manifest(platform: &str, layers: &[Blob]) -> (Manifest, Blob) {
    let layers_of = layers.iter().map(|layer| &layer.digest);
    let config = json!({
        "os": "linux",
        "architecture": platform,
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": layers_of.collect::<Vec<_>>()},
    });
    let config = Blob::text(config.to_string().into());
    let layers = layers.iter().map(|layer| descriptor(LAYER, layer));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor(CONFIG, &config),
        "layers": layers.collect::<Vec<_>>(),
    });
    let manifest = Manifest {
        kind: MANIFEST,
        bytes: manifest.to_string().into(),
    };
    (manifest, config)
}

fn descriptor(kind: &str, blob: &Blob) -> Value {
    json!({"mediaType": kind, "digest": blob.digest, "size": blob.size})
}

impl Manifest {
    /// Its digest.
    pub(crate) fn digest(&self) -> String {
        Blob::text(self.bytes.clone()).digest
    }
}
