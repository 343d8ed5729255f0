//! `skopeo`, another client of registries: it fills them and says what is in them.

use super::distribution::{Account, Distribution};
use super::layout::{Image, sha256};
use super::program;
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Puts an image into a registry, byte for byte.
pub(super) fn push(image: &Image, to: &Distribution, name: &str) {
    let places = [&image.place(), &there(to, name)];
    copy(to, "dest", "--preserve-digests", places);
    assert_eq!(digest(to, name), image.digest(), "skopeo changed the image");
}

/// Puts an image into a registry in Docker's own media types; its digest is another one then.
pub(super) fn push_as_docker(image: &Image, to: &Distribution, name: &str) {
    copy(
        to,
        "dest",
        "--format=v2s2",
        [&image.place(), &there(to, name)],
    );
}

/// Reads an image whole, which checks every blob's digest.
pub(super) fn pull(from: &Distribution, name: &str) {
    let folder = TempDir::with_prefix("crossdock-pulled-").unwrap();
    let place = format!("dir:{}", folder.path().join("image").display());
    copy(
        from,
        "src",
        "--preserve-digests",
        [&there(from, name), &place],
    );
}

/// The bytes of a manifest or index.
pub(super) fn raw(from: &Distribution, name: &str) -> Vec<u8> {
    let mut skopeo = skopeo();
    skopeo.args(["inspect", "--raw", "--tls-verify=false"]);
    if let Some(account) = from.account() {
        skopeo.arg(format!("--creds={}:{}", account.user, account.password));
    }
    program::run(skopeo.arg(there(from, name)))
}

/// The digest of a manifest's or index's bytes.
pub(super) fn digest(from: &Distribution, name: &str) -> String {
    sha256(&raw(from, name))
}

/// The same for whoever has the credentials of a file.
pub(super) fn digest_as(credentials: &Path, from: &Distribution, name: &str) -> String {
    let mut skopeo = skopeo();
    skopeo
        .args(["inspect", "--raw", "--tls-verify=false", "--authfile"])
        .arg(credentials);
    sha256(&program::run(skopeo.arg(there(from, name))))
}

/// The tags of a repository of an open registry, in order.
pub(super) fn tags(from: &Distribution, repository: &str) -> Vec<String> {
    let mut skopeo = skopeo();
    skopeo
        .args(["list-tags", "--tls-verify=false"])
        .arg(there(from, repository));
    let listed: Value = serde_json::from_slice(&program::run(&mut skopeo)).unwrap();
    let tags = listed["Tags"].as_array().unwrap().iter();
    let mut tags: Vec<String> = tags.map(|tag| tag.as_str().unwrap().to_owned()).collect();
    tags.sort_unstable();
    tags
}

/// Copies with all platforms. `side`: which of the places the registry is, `src` or `dest`.
fn copy(registry: &Distribution, side: &str, flag: &str, places: [&String; 2]) {
    let mut skopeo = skopeo();
    skopeo.args(["copy", "--all", flag, &format!("--{side}-tls-verify=false")]);
    if let Some(Account { user, password }) = registry.account() {
        skopeo.arg(format!("--{side}-creds={user}:{password}"));
    }
    program::run(skopeo.args(places));
}

fn there(registry: &Distribution, name: &str) -> String {
    format!("docker://{}", registry.image(name))
}

/// Copies between any two places, with all platforms.
pub(super) fn copy_between(from: &str, to: &str) {
    let mut skopeo = skopeo();
    skopeo.args(["copy", "--all", "--preserve-digests"]);
    skopeo.args(["--src-tls-verify=false", "--dest-tls-verify=false"]);
    program::run(skopeo.args([from, to]));
}

/// The bytes of the manifest or index in a layout folder, by `oci:DIR:TAG`.
pub(super) fn raw_in(place: &str) -> Vec<u8> {
    program::run(skopeo().args(["inspect", "--raw", place]))
}

/// Without what the machine's user has set up.
fn skopeo() -> Command {
    let mut skopeo = Command::new("skopeo");
    skopeo
        .env_clear()
        .env("HOME", "/nonexistent")
        .arg("--insecure-policy");
    skopeo.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "TMPDIR"));
    skopeo
}
