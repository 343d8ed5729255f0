//! What happens to a registry's storage behind its back is found.

use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};
use serde_json::Value;
use std::fs;

const NAME: &str = "team/app:v1";
const MIB: u64 = 1024 * 1024;

/// The digests of an image's layers.
fn layers(registry: &Distribution, digest: &str) -> Vec<String> {
    let bytes = fs::read(registry.content(digest)).unwrap();
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    let layers = manifest["layers"].as_array().unwrap();
    let digest = |layer: &Value| layer["digest"].as_str().unwrap().to_owned();
    layers.iter().map(digest).collect()
}

#[test]
fn lost_cut_and_changed_files_of_a_registry_are_all_found() {
    let registry = Distribution::open();
    let image = images::layered(4, 100_000);
    skopeo::push(&image, &registry, NAME);
    let (here, user) = (registry.image(NAME), User::nobody());
    let (check, fast) = (
        ["check", "--progress=none", &here],
        ["check", "--fast", &here],
    );
    let complete = format!("{here}@{} complete\n", image.digest());
    user.runs(check).stdout(&complete).code(0);
    user.runs(fast).stdout(&complete).code(0);

    let layers = layers(&registry, image.digest());
    let [changed, cut, lost, _] = &layers[..] else {
        panic!("four layers");
    };
    let mut bytes = fs::read(registry.content(changed)).unwrap();
    bytes[50_000] ^= 1;
    fs::write(registry.content(changed), bytes).unwrap();
    user.runs(fast).stdout(&complete).code(0);
    let file = fs::File::options()
        .write(true)
        .open(registry.content(cut))
        .unwrap();
    let size = file.metadata().unwrap().len();
    file.set_len(size - 1).unwrap();
    fs::remove_file(registry.content(lost)).unwrap();

    let short = size - 1;
    user.runs(check)
        .stdout(format!(
            "{here}@{} incomplete\n  {changed} wrong digest (layer 1)\n  \
             {cut} wrong size: {short} bytes, listed with {size} (layer 2)\n  \
             {lost} missing (layer 3)\n",
            image.digest()
        ))
        .stderr_has("3 of 6 parts are missing or wrong")
        .code(8);
    user.runs(fast)
        .stdout(format!(
            "{here}@{} incomplete\n  \
             {cut} wrong size: {short} bytes, listed with {size} (layer 2)\n  \
             {lost} missing (layer 3)\n",
            image.digest()
        ))
        .any_stderr()
        .code(8);
}

/// One that is no JSON any more is answered with 500, again and again: no reason not to find the
/// other.
#[test]
fn a_manifest_that_was_changed_or_lost_is_found() {
    let registry = Distribution::open();
    let image = images::platforms_alone();
    skopeo::push(&image, &registry, NAME);
    let here = registry.image(NAME);
    let index: Value =
        serde_json::from_slice(&fs::read(registry.content(image.digest())).unwrap()).unwrap();
    let child = |nth: usize| {
        index["manifests"][nth]["digest"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (cut, lost, changed) = (child(0), child(1), child(2));
    let mut text = fs::read_to_string(registry.content(&cut)).unwrap();
    text.truncate(text.len() / 2);
    fs::write(registry.content(&cut), text).unwrap();
    fs::remove_file(registry.content(&lost)).unwrap();
    let mut text = fs::read_to_string(registry.content(&changed)).unwrap();
    text.push(' ');
    fs::write(registry.content(&changed), text).unwrap();
    User::nobody()
        .runs(["check", "--progress=none", "--retries=1", &here])
        .stdout(format!(
            "{here}@{} incomplete\n  {lost} missing (linux/arm64)\n  \
             {changed} wrong digest (linux/arm/v7)\n  {cut} not checked (linux/amd64)\n",
            image.digest()
        ))
        .stderr_has("2 of 4 parts are missing or wrong")
        .code(8);
}

#[test]
fn a_big_layer_is_not_held_in_memory() {
    let registry = Distribution::open();
    let image = images::big(300 * MIB);
    skopeo::push(&image, &registry, NAME);
    let here = registry.image(NAME);
    let ran = User::nobody()
        .runs(["check", "--progress=none", &here])
        .stdout(format!("{here}@{} complete\n", image.digest()))
        .code(0);
    ran.assert_little_memory();
}
