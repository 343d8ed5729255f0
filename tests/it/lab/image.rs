//! Images as registries hold them, made of bytes that are the same in every run.

use crossdock::oci::digest::sha256;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// A blob or a manifest.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) bytes: Vec<u8>,
}

impl Part {
    pub(crate) fn new(media_type: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self {
            media_type: media_type.to_owned(),
            digest: sha256(&bytes).to_string(),
            bytes,
        }
    }

    /// The same, named by its SHA-512.
    pub(crate) fn by_sha512(mut self) -> Self {
        let hash = Sha512::digest(&self.bytes);
        let digest = "sha512:".to_owned();
        self.digest = hash
            .iter()
            .fold(digest, |digest, byte| format!("{digest}{byte:02x}"));
        self
    }

    pub(crate) fn descriptor(&self) -> Value {
        let Self {
            media_type,
            digest,
            bytes,
        } = self;
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }
}

/// `size` bytes that look random and depend on `seed` alone.
pub(crate) fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// A layer of `size` bytes.
pub(crate) fn layer(seed: u64, size: usize) -> Part {
    Part::new(LAYER, noise(seed, size))
}

/// A manifest with everything that it refers to.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) blobs: Vec<Part>,
    /// Children before parents; the last is the image itself.
    pub(crate) manifests: Vec<Part>,
}

impl Image {
    /// An image of layers with these sizes, in bytes. Different seeds make different images.
    pub(crate) fn sized(seed: u64, sizes: &[usize]) -> Self {
        let layers = sizes.iter().zip(0..);
        Self::of(
            seed,
            layers
                .map(|(size, number)| layer(seed * 100 + number, *size))
                .collect(),
        )
    }

    /// Of two small layers.
    pub(crate) fn small(seed: u64) -> Self {
        Self::sized(seed, &[1000, 2000])
    }

    /// Of these layers.
    pub(crate) fn of(seed: u64, layers: Vec<Part>) -> Self {
        let config = json!({
            "architecture": "amd64", "os": "linux", "author": format!("seed {seed}"),
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        Self::assembled(
            MANIFEST,
            Part::new(CONFIG, config.to_string()),
            layers,
            &json!({}),
        )
    }

    /// In Docker's own format.
    pub(crate) fn docker(seed: u64) -> Self {
        let config = json!({"architecture": "amd64", "os": "linux", "author": seed.to_string()});
        let layers = vec![Part::new(DOCKER_LAYER, noise(seed, 1500))];
        let config = Part::new(DOCKER_CONFIG, config.to_string());
        Self::assembled(DOCKER_MANIFEST, config, layers, &json!({}))
    }

    /// Something that is no image: a file with an empty config.
    pub(crate) fn artifact(seed: u64) -> Self {
        let layers = vec![Part::new("text/markdown", noise(seed, 300))];
        let more = json!({"artifactType": "application/vnd.example.notes"});
        Self::assembled(MANIFEST, Part::new(EMPTY, "{}"), layers, &more)
    }

    /// Something attached to `subject`.
    pub(crate) fn referrer(seed: u64, artifact_type: &str, subject: &Self) -> Self {
        let layers = vec![Part::new("text/plain", noise(seed, 100))];
        let more = json!({
            "artifactType": artifact_type,
            "subject": subject.root().descriptor(),
            "annotations": {"org.opencontainers.image.created": "2026-01-02T03:04:05Z"},
        });
        Self::assembled(MANIFEST, Part::new(EMPTY, "{}"), layers, &more)
    }

    /// A manifest with `more` among its fields, in an order and with spaces that no serializer
    /// would choose: whoever writes it anew changes its digest.
    pub(crate) fn assembled(
        media_type: &str,
        config: Part,
        layers: Vec<Part>,
        more: &Value,
    ) -> Self {
        let mut document = json!({
            "layers": layers.iter().map(Part::descriptor).collect::<Vec<_>>(),
            "config": config.descriptor(),
            "mediaType": media_type,
            "schemaVersion": 2,
        });
        for (name, value) in more.as_object().unwrap() {
            document[name] = value.clone();
        }
        let mut blobs = vec![config];
        blobs.extend(layers);
        Self {
            blobs,
            manifests: vec![Part::new(media_type, spaced(&document))],
        }
    }

    /// An index of these images, each with its `platform` as in `linux/arm64`.
    pub(crate) fn index(children: &[(&str, &Self)]) -> Self {
        Self::listing(INDEX, children)
    }

    /// Docker's list of these images.
    pub(crate) fn docker_list(children: &[(&str, &Self)]) -> Self {
        Self::listing(DOCKER_LIST, children)
    }

    fn listing(media_type: &str, children: &[(&str, &Self)]) -> Self {
        let described = |(platform, child): &(&str, &Self)| {
            let mut descriptor = child.root().descriptor();
            if let Some((os, architecture)) = platform.split_once('/') {
                descriptor["platform"] = json!({"os": os, "architecture": architecture});
            }
            descriptor
        };
        let listed: Vec<Value> = children.iter().map(described).collect();
        Self::above(
            media_type,
            children.iter().map(|(_, child)| *child),
            &listed,
        )
    }

    /// An index of two images, each with an attestation as buildkit makes them.
    pub(crate) fn attested(seed: u64) -> Self {
        Self::attested_for(seed, &["amd64", "arm64"])
    }

    /// The same for each of these architectures. First come the images, then their attestations.
    pub(crate) fn attested_for(seed: u64, architectures: &[&str]) -> Self {
        let seeds = seed..seed + architectures.len() as u64;
        let images: Vec<Self> = seeds.clone().map(Self::small).collect();
        let statements: Vec<Self> = seeds.map(Self::attestation).collect();
        let mut listed = Vec::new();
        for (image, architecture) in images.iter().zip(architectures) {
            let mut descriptor = image.root().descriptor();
            descriptor["platform"] = json!({"os": "linux", "architecture": architecture});
            listed.push(descriptor);
        }
        for (statement, image) in statements.iter().zip(&images) {
            let mut descriptor = statement.root().descriptor();
            descriptor["platform"] = json!({"os": "unknown", "architecture": "unknown"});
            descriptor["annotations"] = json!({
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": image.digest(),
            });
            listed.push(descriptor);
        }
        Self::above(INDEX, images.iter().chain(&statements), &listed)
    }

    fn attestation(seed: u64) -> Self {
        let statement = Part::new("application/vnd.in-toto+json", noise(seed + 7000, 400));
        let config =
            json!({"architecture": "unknown", "os": "unknown", "author": seed.to_string()});
        let config = Part::new(CONFIG, config.to_string());
        Self::assembled(MANIFEST, config, vec![statement], &json!({}))
    }

    fn above<'a>(
        media_type: &str,
        children: impl IntoIterator<Item = &'a Self>,
        listed: &[Value],
    ) -> Self {
        let document = json!({"manifests": listed, "mediaType": media_type, "schemaVersion": 2});
        let (mut blobs, mut manifests) = (Vec::new(), Vec::new());
        for child in children {
            blobs.extend(child.blobs.iter().cloned());
            manifests.extend(child.manifests.iter().cloned());
        }
        manifests.push(Part::new(media_type, spaced(&document)));
        Self { blobs, manifests }
    }

    pub(crate) fn root(&self) -> &Part {
        self.manifests.last().unwrap()
    }

    pub(crate) fn digest(&self) -> &str {
        &self.root().digest
    }

    /// The size of its blobs together, each counted once.
    pub(crate) fn blob_bytes(&self) -> u64 {
        let mut blobs: Vec<_> = self
            .blobs
            .iter()
            .map(|blob| (&blob.digest, blob.bytes.len()))
            .collect();
        blobs.sort_unstable();
        blobs.dedup();
        blobs.iter().map(|(_, size)| *size as u64).sum()
    }
}

fn spaced(document: &Value) -> String {
    format!("{document:#}  \n")
}
