//! Layers that may not be distributed: what is said of them, and that they are never sent.

use super::{COPY, copied};
use crate::lab::image::{LAYER, MANIFEST, Part};
use crate::lab::{Fault, Image, Lab};
use serde_json::{Value, json};

const FOREIGN: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// A layer that is nowhere.
fn foreign(seed: u64) -> Value {
    let mut layer = Part::new(FOREIGN, format!("foreign {seed}")).descriptor();
    layer["urls"] = json!(["https://example.com/layer"]);
    layer
}

/// An image with these foreign layers below its own.
fn windows(seed: u64, foreign: &[Value]) -> Image {
    let own = Part::new(LAYER, format!("own {seed}"));
    let layers = foreign.iter().cloned().chain([own.descriptor()]);
    let layers: Vec<Value> = layers.collect();
    let config = Part::new(
        "application/vnd.oci.image.config.v1+json",
        format!("{{\"author\":\"{seed}\"}}"),
    );
    let mut image = Image::assembled(MANIFEST, config, Vec::new(), &json!({"layers": layers}));
    image.blobs.push(own);
    image
}

fn copy(lab: &Lab) -> crate::lab::Run {
    lab.run(["copy", "--progress", "none", COPY[2], COPY[3]])
}

#[test]
fn many_of_them_are_one_note() {
    let images: Vec<Image> = (0..8)
        .map(|seed| windows(seed, &[foreign(2 * seed), foreign(2 * seed + 1)]))
        .collect();
    let listed: Vec<(&str, &Image)> = images.iter().map(|image| ("", image)).collect();
    let index = Image::index(&listed);
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &index);
    copy(&lab)
        .stdout(copied(&index))
        .stderr("note: 16 layers may not be distributed and are not copied\n")
        .code(0);
    lab.assert_holds("dst.lab/team/app:v1", &index);
}

#[test]
fn one_that_platforms_share_is_told_once() {
    let (one, two) = (windows(1, &[foreign(1)]), windows(2, &[foreign(1)]));
    let index = Image::index(&[("windows/amd64", &one), ("windows/arm64", &two)]);
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &index);
    let digest = foreign(1)["digest"].clone();
    let digest = digest.as_str().unwrap();
    lab.run([&COPY[..1], &COPY[2..], &["--dry-run"]].concat())
        .stdout(copied(&index))
        .stderr_like(format!(
            "would write 2 image manifests and 1 index, with 4 blobs [..]\n\
             {digest} may not be distributed and would not be copied\n"
        ))
        .code(0);
    copy(&lab)
        .stdout(copied(&index))
        .stderr(format!(
            "note: {digest} may not be distributed and is not copied\n"
        ))
        .code(0);
}

/// A registry that wants them is not sent anything else in their place.
#[test]
fn a_registry_that_wants_them_is_told_of_and_nothing_is_sent_again() {
    let image = windows(1, &[foreign(1)]);
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", &image);
    let wanted = json!({"errors": [{
        "code": "MANIFEST_BLOB_UNKNOWN",
        "message": "blob unknown to registry",
        "detail": {"digest": foreign(1)["digest"]},
    }]});
    let kind = [("content-type", "application/json")];
    let refused = Fault::on("PUT", "/manifests/").always();
    lab.fault("dst", refused.answer(400, &kind, &wanted.to_string()));
    let ran = copy(&lab).stderr_has("blob unknown to registry").code(1);
    assert!(!ran.stderr.contains("sending it again"), "{ran}");
    assert_eq!(lab.requests("src").count("GET", "blobs"), 2);
    assert_eq!(lab.requests("dst").count("PUT", "uploads"), 2);
    assert_eq!(lab.requests("dst").count("PUT", "manifests"), 1);
    assert_eq!(lab.digest("dst.lab/team/app:v1"), None);
}
