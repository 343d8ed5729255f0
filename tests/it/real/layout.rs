//! An OCI image layout in the making: what `skopeo` and the wire push from.
//!
//! Source: OCI image-spec 1.1, "Image Layout".

use super::{program, wire};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
pub(super) const LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A layout folder, removed with the value.
pub(super) struct Layout {
    folder: TempDir,
}

/// The tag that every layout's image has.
const TAG: &str = "latest";

impl Layout {
    pub(super) fn new() -> Self {
        let folder = TempDir::with_prefix("crossdock-layout-").unwrap();
        fs::write(
            folder.path().join("oci-layout"),
            r#"{"imageLayoutVersion":"1.0.0"}"#,
        )
        .unwrap();
        Self { folder }
    }

    /// The place in `skopeo`'s words.
    pub(super) fn place(&self) -> String {
        format!("oci:{}:{TAG}", self.folder.path().display())
    }

    /// Stores bytes and returns their descriptor.
    pub(super) fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        self.store(media_type, &sha256(bytes), bytes)
    }

    /// The same under a SHA-512 digest.
    pub(super) fn blob_sha512(&self, media_type: &str, bytes: &[u8]) -> Value {
        self.store(
            media_type,
            &format!("sha512:{}", hex(&Sha512::digest(bytes))),
            bytes,
        )
    }

    /// Stores what `write` writes, however much that is.
    pub(super) fn blob_of(&self, media_type: &str, write: impl FnOnce(&mut dyn Write)) -> Value {
        let scratch = self.folder.path().join("scratch");
        let mut file = Hashing {
            file: File::create(&scratch).unwrap(),
            hash: Sha256::new(),
            size: 0,
        };
        write(&mut file);
        let digest = format!("sha256:{}", hex(&file.hash.finalize()));
        let path = self.path(&digest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::rename(scratch, path).unwrap();
        json!({"mediaType": media_type, "digest": digest, "size": file.size})
    }

    fn store(&self, media_type: &str, digest: &str, bytes: &[u8]) -> Value {
        let path = self.path(digest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// A layer of the machine's own files, without compression.
    pub(super) fn layer(&self, files: &[PathBuf]) -> Layer {
        let tar = tar(files);
        Layer {
            content: sha256(&tar),
            descriptor: self.blob(LAYER, &tar),
        }
    }

    /// A layer of the machine's own files, compressed.
    pub(super) fn layer_gzip(&self, files: &[PathBuf]) -> Layer {
        let tar = tar(files);
        let packed = gzip(&self.folder.path().join("layer.tar"), &tar);
        Layer {
            content: sha256(&tar),
            descriptor: self.blob(LAYER_GZIP, &packed),
        }
    }

    /// An image for a platform of the form `OS/ARCHITECTURE[/VARIANT]`.
    pub(super) fn image(&self, platform: &str, layers: &[Layer]) -> Value {
        let contents: Vec<&str> = layers.iter().map(|layer| layer.content.as_str()).collect();
        let mut config = json!({
            "created": "2026-01-02T03:04:05Z",
            "config": {"Env": ["PATH=/usr/bin"], "Cmd": ["/usr/bin/htpasswd"]},
            "rootfs": {"type": "layers", "diff_ids": contents},
            "history": layers.iter().map(|_| json!({"created_by": "tar"})).collect::<Vec<_>>(),
        });
        let fields = config.as_object_mut().unwrap();
        fields.extend(self::platform(platform).as_object().unwrap().clone());
        let config = self.blob(CONFIG, &bytes(&config));
        let layers: Vec<&Value> = layers.iter().map(|layer| &layer.descriptor).collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": layers,
        });
        let mut descriptor = self.blob(MANIFEST, &bytes(&manifest));
        descriptor["platform"] = self::platform(platform);
        descriptor
    }

    /// Something that is attached to what `subject` names.
    pub(super) fn attachment(&self, subject: &Value, kind: &str) -> Value {
        let subject = json!({
            "mediaType": subject["mediaType"], "digest": subject["digest"], "size": subject["size"],
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": kind,
            "config": self.blob("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [self.blob(kind, kind.as_bytes())],
            "subject": subject,
        });
        self.blob(MANIFEST, &bytes(&manifest))
    }

    /// An index of what the descriptors name.
    pub(super) fn index(&self, children: &[Value]) -> Value {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children});
        self.blob(INDEX, &bytes(&index))
    }

    /// Makes `root` the layout's image.
    pub(super) fn finish(self, root: &Value) -> Image {
        let mut named = root.clone();
        named["annotations"]["org.opencontainers.image.ref.name"] = TAG.into();
        let index = json!({"schemaVersion": 2, "manifests": [named]});
        fs::write(self.folder.path().join("index.json"), bytes(&index)).unwrap();
        Image {
            layout: self,
            root: root.clone(),
        }
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder
            .path()
            .join("blobs")
            .join(digest.replace(':', "/"))
    }

    fn read(&self, descriptor: &Value) -> Vec<u8> {
        fs::read(self.path(text(descriptor, "digest"))).unwrap()
    }
}

/// A layer and the digest of what is in it.
#[derive(Clone)]
pub(super) struct Layer {
    /// `diff_id`
    pub(super) content: String,
    pub(super) descriptor: Value,
}

/// A layout that holds one image.
pub(super) struct Image {
    layout: Layout,
    root: Value,
}

impl Image {
    /// The digest of its manifest or index.
    pub(super) fn digest(&self) -> &str {
        text(&self.root, "digest")
    }

    /// The place in `skopeo`'s words.
    pub(super) fn place(&self) -> String {
        self.layout.place()
    }

    /// The digests of what the index lists.
    pub(super) fn children(&self) -> Vec<String> {
        let index: Value = serde_json::from_slice(&self.layout.read(&self.root)).unwrap();
        let children = index["manifests"].as_array().unwrap().iter();
        children
            .map(|child| text(child, "digest").to_owned())
            .collect()
    }

    /// Pushes it over single requests, to a registry that asks nobody who they are.
    pub(super) fn push(&self, host: &str, repository: &str, tag: &str) {
        self.push_part(host, repository, tag, &self.root);
    }

    /// Pushes what `part` names of the layout, and all below it.
    pub(super) fn push_part(&self, host: &str, repository: &str, target: &str, part: &Value) {
        let media_type = text(part, "mediaType");
        let manifest = self.layout.read(part);
        let parsed: Value = serde_json::from_slice(&manifest).unwrap();
        for child in parsed["manifests"].as_array().into_iter().flatten() {
            self.push_part(host, repository, text(child, "digest"), child);
        }
        let layers = parsed["layers"].as_array().into_iter().flatten();
        for blob in layers.chain(parsed.get("config")) {
            wire::put_blob(
                host,
                repository,
                text(blob, "digest"),
                &self.layout.read(blob),
            );
        }
        wire::put_manifest(host, repository, target, media_type, &manifest);
    }
}

/// A file that is hashed while it is written.
struct Hashing {
    file: File,
    hash: Sha256,
    size: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// `OS/ARCHITECTURE[/VARIANT]` as an object.
fn platform(name: &str) -> Value {
    let mut parts = name.split('/');
    let mut platform = json!({"os": parts.next(), "architecture": parts.next()});
    if let Some(variant) = parts.next() {
        platform["variant"] = variant.into();
    }
    platform
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec_pretty(value).unwrap()
}

/// The digest of bytes.
pub(super) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn tar(files: &[PathBuf]) -> Vec<u8> {
    let names = files.iter().map(|file| file.strip_prefix("/").unwrap());
    program::run(
        Command::new("tar")
            .args([
                "--create",
                "--file=-",
                "--directory=/",
                "--mtime=@0",
                "--owner=0",
                "--group=0",
            ])
            .args(["--dereference", "--format=gnu"])
            .args(names),
    )
}

fn gzip(scratch: &Path, bytes: &[u8]) -> Vec<u8> {
    fs::write(scratch, bytes).unwrap();
    let packed = program::run(
        Command::new("gzip")
            .args(["--no-name", "--fast", "--stdout"])
            .arg(scratch),
    );
    fs::remove_file(scratch).unwrap();
    packed
}
