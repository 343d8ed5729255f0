//! Images of every kind, made of this machine's own files.

use super::layout::{Image, LAYER, LAYER_GZIP, Layer, Layout, MANIFEST, sha256};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The empty JSON object of image-spec 1.1.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Two compressed layers and one that is not; twenty megabytes.
pub(super) fn image() -> Image {
    let layout = Layout::new();
    let root = layout.image("linux/amd64", &layers(&layout));
    layout.finish(&root)
}

fn layers(layout: &Layout) -> Vec<Layer> {
    vec![
        layout.layer_gzip(&settings()),
        layout.layer_gzip(&programs(&["htpasswd", "gzip", "tar"])),
        layout.layer(&programs(&["docker-registry"])),
    ]
}

/// As small as an image gets, and different for every `name`.
pub(super) fn small(name: &str) -> Image {
    let layout = Layout::new();
    let mut layer = layout.layer_gzip(&settings());
    layer.descriptor["annotations"] = json!({"name": name});
    let root = layout.image("linux/amd64", &[layer]);
    layout.finish(&root)
}

/// `count` layers, each of `size` bytes that are like no other's.
pub(super) fn layered(count: u64, size: usize) -> Image {
    let layout = Layout::new();
    let layers: Vec<Layer> = (0..count).map(|seed| noise(&layout, seed, size)).collect();
    let root = layout.image("linux/amd64", &layers);
    layout.finish(&root)
}

/// Three platforms that share a layer, and what the build says about one of them.
pub(super) fn platforms() -> Image {
    let layout = Layout::new();
    let mut children = three(&layout);
    children.push(attestation(&layout, &children[0]));
    let root = layout.index(&children);
    layout.finish(&root)
}

/// Three platforms that share a layer, and nothing else.
pub(super) fn platforms_alone() -> Image {
    let layout = Layout::new();
    let root = layout.index(&three(&layout));
    layout.finish(&root)
}

fn three(layout: &Layout) -> Vec<Value> {
    let shared = layout.layer_gzip(&settings());
    let platform = |(name, program)| {
        let own = layout.layer_gzip(&programs(&[program]));
        layout.image(name, &[shared.clone(), own])
    };
    let each = [
        ("linux/amd64", "htpasswd"),
        ("linux/arm64", "tar"),
        ("linux/arm/v7", "gzip"),
    ];
    each.map(platform).to_vec()
}

/// An in-toto statement about `image`, in the form of `BuildKit`.
fn attestation(layout: &Layout, image: &Value) -> Value {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{"name": "_", "digest": {"sha256": image["digest"].as_str().unwrap()[7..]}}],
        "predicate": {},
    });
    let bytes = statement.to_string();
    let mut descriptor = layout.blob("application/vnd.in-toto+json", bytes.as_bytes());
    descriptor["annotations"] =
        json!({"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"});
    let layer = Layer {
        content: sha256(bytes.as_bytes()),
        descriptor,
    };
    let mut attestation = layout.image("unknown/unknown", &[layer]);
    attestation["annotations"] = json!({
        "vnd.docker.reference.digest": image["digest"],
        "vnd.docker.reference.type": "attestation-manifest",
    });
    attestation
}

/// An index in an index.
pub(super) fn nested() -> Image {
    let layout = Layout::new();
    let image = |name: &str| layout.image(name, &[layout.layer_gzip(&settings())]);
    let inner = layout.index(&[image("linux/arm64")]);
    let root = layout.index(&[image("linux/amd64"), inner]);
    layout.finish(&root)
}

/// No image: one file, and the empty object for a configuration.
pub(super) fn artifact() -> Image {
    let layout = Layout::new();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.example.report",
        "config": layout.blob(EMPTY, b"{}"),
        "layers": [layout.blob("text/plain", b"all is well\n")],
    });
    let root = layout.blob(MANIFEST, manifest.to_string().as_bytes());
    layout.finish(&root)
}

/// A layer of no bytes beside one of some.
pub(super) fn empty_layer() -> Image {
    let layout = Layout::new();
    let nothing = Layer {
        content: sha256(b""),
        descriptor: layout.blob(LAYER, b""),
    };
    let root = layout.image("linux/amd64", &[layout.layer_gzip(&settings()), nothing]);
    layout.finish(&root)
}

/// A layer that is named by its SHA-512.
pub(super) fn sha512() -> Image {
    let layout = Layout::new();
    let mut layer = layout.layer_gzip(&settings());
    layer.descriptor = layout.blob_sha512(LAYER_GZIP, &random(512, 300_000));
    let root = layout.image("linux/amd64", &[layer]);
    layout.finish(&root)
}

/// A layer of `size` bytes that nothing compresses, beside a small one.
pub(super) fn big(size: u64) -> Image {
    let layout = Layout::new();
    let big = layout.blob_of(LAYER, |file| write_noise(file, size));
    let big = Layer {
        content: big["digest"].as_str().unwrap().to_owned(),
        descriptor: big,
    };
    let root = layout.image("linux/amd64", &[big, layout.layer_gzip(&settings())]);
    layout.finish(&root)
}

fn noise(layout: &Layout, seed: u64, size: usize) -> Layer {
    let bytes = random(seed, size);
    Layer {
        content: sha256(&bytes),
        descriptor: layout.blob(LAYER, &bytes),
    }
}

fn random(seed: u64, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

fn write_noise(file: &mut dyn Write, size: u64) {
    let mut random = fastrand::Rng::with_seed(size);
    let mut piece = vec![0; 1024 * 1024];
    for _ in 0..size / piece.len() as u64 {
        random.fill(&mut piece);
        file.write_all(&piece).unwrap();
    }
}

/// The system's settings: small texts.
pub(super) fn settings() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/etc")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let readable = |path: &PathBuf| is_readable(path);
    let is_settings = |path: &PathBuf| path.extension().is_some_and(|name| name == "conf");
    let mut files: Vec<PathBuf> = entries.filter(is_settings).filter(readable).collect();
    files.sort_unstable();
    files
}

fn is_readable(path: &Path) -> bool {
    path.is_file() && File::open(path).is_ok_and(|mut file| file.read(&mut [0]).is_ok())
}

/// Programs by name, wherever the system has them.
fn programs(names: &[&str]) -> Vec<PathBuf> {
    let find = |name: &&str| {
        let places = ["/usr/bin", "/bin"].map(|folder| Path::new(folder).join(name));
        let found = places.into_iter().find(|path| path.is_file());
        found.unwrap_or_else(|| panic!("`{name}` is missing: run tests/run, which installs it"))
    };
    names.iter().map(find).collect()
}
