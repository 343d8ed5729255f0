//! OCI image layout folders: copied to, from and between, and what is done to them meanwhile.

mod attached;
mod commands;
mod copies;
#[cfg(unix)]
mod full;
mod hostile;
mod killed;
mod locked;
mod together;

use crate::lab::{Image, Lab};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The annotation that holds a tag.
pub(crate) const NAME: &str = "org.opencontainers.image.ref.name";

/// The folder that `oci:NAME` is in a run.
pub(crate) fn folder(lab: &Lab, name: &str) -> PathBuf {
    lab.home.path("work").join(name)
}

/// Where a blob is.
pub(crate) fn blob(folder: &Path, digest: &str) -> PathBuf {
    folder.join("blobs").join(digest.replace(':', "/"))
}

pub(crate) fn index(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap()
}

/// The tags in the order of the index, with the digests they name.
pub(crate) fn tags(folder: &Path) -> Vec<(String, String)> {
    let index = index(folder);
    let entries = index["manifests"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries
        .map(|entry| (text(&entry["annotations"][NAME]), text(&entry["digest"])))
        .collect()
}

/// Writes a layout as another program would.
fn write(folder: &Path, image: &Image, tag: &str) {
    for part in image.blobs.iter().chain(&image.manifests) {
        let path = blob(folder, &part.digest);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &part.bytes).unwrap();
    }
    let mut entry = image.root().descriptor();
    entry["annotations"] = json!({NAME: tag});
    let index = json!({"schemaVersion": 2, "manifests": [entry]});
    fs::write(folder.join("index.json"), index.to_string()).unwrap();
    fs::write(
        folder.join("oci-layout"),
        r#"{"imageLayoutVersion": "1.0.0"}"#,
    )
    .unwrap();
}

/// Holds an image, every manifest and every blob, byte for byte.
#[track_caller]
pub(crate) fn assert_holds(folder: &Path, image: &Image) {
    for part in image.blobs.iter().chain(&image.manifests) {
        let path = blob(folder, &part.digest);
        let there = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(there == part.bytes, "another {}", part.digest);
    }
}

/// Every blob that is there is what its name says, and nothing unfinished is beside it.
#[track_caller]
pub(crate) fn assert_whole(folder: &Path) {
    for entry in fs::read_dir(folder.join("blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        let digest = crossdock::oci::digest::sha256(&fs::read(&path).unwrap());
        assert_eq!(Some(digest.digest()), path.file_name().unwrap().to_str());
    }
}

/// The names in a folder.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What a layout's folder has in it, and nothing else.
pub(crate) const FILES: [&str; 4] = [".crossdock.lock", "blobs", "index.json", "oci-layout"];
