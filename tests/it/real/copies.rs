//! Every kind of image goes through four registries of three kinds and is the same in each.

use super::distribution::Distribution;
use super::layout::Image;
use super::user::User;
use super::{images, skopeo};
use std::time::Duration;

const NAME: &str = "team/app:v1";

/// From a registry that is open to one with passwords, one with tokens, and another open one.
/// `whole`: what `skopeo` can read there with all blobs.
fn travels(first: &Distribution, digest: &str, whole: &[&str]) {
    let second = Distribution::htpasswd("bob", "pass:word with spaces");
    let third = Distribution::token(Duration::from_mins(1));
    let fourth = Distribution::open();
    let stations = [first, &second, &third, &fourth];
    let user = User::of(&stations);
    for (from, to) in stations.iter().zip(&stations[1..]) {
        user.copies(&from.image(NAME), &to.image(NAME), digest);
        assert_eq!(skopeo::raw(to, NAME), skopeo::raw(from, NAME));
        assert_eq!(skopeo::digest(to, NAME), digest);
        for name in whole {
            skopeo::pull(to, name);
        }
    }
}

/// `skopeo` puts the image into the first registry.
fn pushed_by_skopeo(image: &Image) {
    let first = Distribution::open();
    skopeo::push(image, &first, NAME);
    travels(&first, image.digest(), &[NAME]);
}

/// Single requests put the image into the first registry.
fn pushed_by_hand(image: &Image, whole: &[&str]) {
    let first = Distribution::open();
    let (repository, tag) = NAME.split_once(':').unwrap();
    image.push(first.host(), repository, tag);
    travels(&first, image.digest(), whole);
}

#[test]
fn an_image_with_compressed_and_plain_layers() {
    pushed_by_skopeo(&images::image());
}

#[test]
fn an_index_of_platforms_with_an_attestation() {
    pushed_by_skopeo(&images::platforms());
}

#[test]
fn a_docker_manifest_list() {
    let first = Distribution::open();
    skopeo::push_as_docker(&images::platforms_alone(), &first, NAME);
    let list = String::from_utf8(skopeo::raw(&first, NAME)).unwrap();
    assert!(
        list.contains("vnd.docker.distribution.manifest.list.v2+json"),
        "{list}"
    );
    travels(&first, &skopeo::digest(&first, NAME), &[NAME]);
}

#[test]
fn an_index_in_an_index() {
    let image = images::nested();
    let children: Vec<String> = image
        .children()
        .iter()
        .map(|child| format!("team/app@{child}"))
        .collect();
    pushed_by_hand(&image, &[&children[0], &children[1]]);
}

#[test]
fn an_artifact_with_an_empty_configuration() {
    pushed_by_hand(&images::artifact(), &[NAME]);
}

#[test]
fn a_layer_without_bytes() {
    pushed_by_hand(&images::empty_layer(), &[NAME]);
}

/// The registry checks such digests; `skopeo` cannot.
#[test]
fn a_layer_named_by_sha512() {
    pushed_by_hand(&images::sha512(), &[]);
}

/// What lies at the destination is found there, and what is missing is sent.
#[test]
fn a_copy_onto_another_image() {
    let (from, to) = (Distribution::open(), Distribution::open());
    let (old, new) = (images::small("old"), images::image());
    skopeo::push(&new, &from, NAME);
    skopeo::push(&old, &to, NAME);
    User::nobody().copies(&from.image(NAME), &to.image(NAME), new.digest());
    assert_eq!(skopeo::digest(&to, NAME), new.digest());
    skopeo::pull(&to, NAME);
}
