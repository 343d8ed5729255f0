//! Whatever an image is made of, it arrives as it was.

use super::{COPY, copied};
use crate::lab::image::{INDEX, layer};
use crate::lab::{Image, Lab};
use serde_json::json;

#[track_caller]
fn is_copied_unchanged(image: &Image) {
    let lab = Lab::new();
    lab.push("src.lab/team/app:v1", image);
    lab.run(COPY).stdout(copied(image)).code(0);
    lab.assert_holds("dst.lab/team/app:v1", image);
    let uploaded = lab.requests("dst").uploaded();
    assert_eq!(uploaded, image.blob_bytes(), "each blob is sent once");
}

#[test]
fn an_image() {
    is_copied_unchanged(&Image::sized(1, &[10, 100_000, 1_000_000]));
}

#[test]
fn an_index_with_its_platforms() {
    let (amd, arm) = (Image::small(1), Image::small(2));
    is_copied_unchanged(&Image::index(&[
        ("linux/amd64", &amd),
        ("linux/arm64", &arm),
    ]));
}

#[test]
fn an_index_whose_children_share_layers() {
    let one = Image::of(1, vec![layer(1, 5000), layer(2, 500)]);
    let other = Image::of(2, vec![layer(1, 5000), layer(3, 500)]);
    is_copied_unchanged(&Image::index(&[
        ("linux/amd64", &one),
        ("linux/arm64", &other),
    ]));
}

#[test]
fn an_index_with_attestations() {
    is_copied_unchanged(&Image::attested(1));
}

#[test]
fn an_index_within_an_index() {
    let inner = Image::index(&[("linux/amd64", &Image::small(1))]);
    let outer = Image::index(&[("", &inner), ("linux/arm64", &Image::small(2))]);
    is_copied_unchanged(&Image::index(&[("", &outer), ("", &inner)]));
}

#[test]
fn an_index_of_nothing() {
    is_copied_unchanged(&Image::index(&[]));
}

#[test]
fn an_artifact_with_an_empty_config() {
    is_copied_unchanged(&Image::artifact(1));
}

#[test]
fn docker_s_own_formats() {
    is_copied_unchanged(&Image::docker(1));
    let list = [
        ("linux/amd64", &Image::docker(1)),
        ("linux/arm64", &Image::docker(2)),
    ];
    is_copied_unchanged(&Image::docker_list(&list));
}

#[test]
fn a_layer_of_no_bytes_and_one_twice() {
    is_copied_unchanged(&Image::of(
        1,
        vec![layer(1, 0), layer(2, 700), layer(2, 700)],
    ));
}

#[test]
fn a_layer_named_by_its_sha512() {
    is_copied_unchanged(&Image::of(
        1,
        vec![layer(1, 5000).by_sha512(), layer(2, 0).by_sha512()],
    ));
}

/// Strictness is for what is read, and nothing of what is wrong is written.
#[test]
fn an_index_whose_child_is_not_what_it_lists_is_not_copied() {
    let lab = Lab::new();
    let child = Image::small(1);
    let mut listed = child.root().descriptor();
    listed["size"] = json!(child.root().bytes.len() + 1);
    let document = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [listed]});
    lab.push("src.lab/team/app:child", &child);
    let reply = lab.node("src").call(
        "PUT",
        "/v2/team/app/manifests/v1",
        INDEX,
        document.to_string().as_bytes(),
    );
    assert_eq!(reply.status, 201);
    let told = format!("{} is not what it is listed as", child.digest());
    lab.run(COPY).stderr_has(told).code(8);
    assert_eq!(lab.digest("dst.lab/team/app:v1"), None);
    assert_eq!(lab.requests("dst").count("POST", "uploads"), 0);
}
