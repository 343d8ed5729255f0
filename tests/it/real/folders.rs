//! Every kind of image goes from a registry through layout folders to other registries, and
//! `skopeo` reads and writes the same folders.

use super::distribution::Distribution;
use super::layout::{Image, sha256};
use super::user::User;
use super::{images, skopeo};
use tempfile::TempDir;

const NAME: &str = "team/app:v1";

struct Bench {
    user: User,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            user: User::nobody(),
            folder: TempDir::with_prefix("crossdock-folders-").unwrap(),
        }
    }

    /// `oci:DIR:TAG`, the same for crossdock and for `skopeo`.
    fn place(&self, name: &str) -> String {
        format!("oci:{}:v1", self.folder.path().join(name).display())
    }
}

/// From a registry to a folder, another folder, another registry and one more.
/// `whole`: whether `skopeo` can copy it with all blobs.
fn travels(image: &Image, whole: bool) {
    let bench = Bench::new();
    let [first, second, third] = [(); 3].map(|()| Distribution::open());
    let (repository, tag) = NAME.split_once(':').unwrap();
    image.push(first.host(), repository, tag);
    let stations = [
        first.image(NAME),
        bench.place("one"),
        bench.place("two"),
        second.image(NAME),
        third.image(NAME),
    ];
    for pair in stations.windows(2) {
        bench.user.copies(&pair[0], &pair[1], image.digest());
    }
    for place in &stations[1..3] {
        assert_eq!(sha256(&skopeo::raw_in(place)), image.digest());
    }
    assert_eq!(skopeo::digest(&third, NAME), image.digest());
    if whole {
        let theirs = bench.place("theirs");
        skopeo::copy_between(&stations[1], &theirs);
        skopeo::pull(&third, NAME);
        // What skopeo wrote is read, and added to.
        bench
            .user
            .copies(&theirs, &second.image("team/other:v1"), image.digest());
        let another = theirs.replace(":v1", ":v2");
        bench
            .user
            .copies(&first.image(NAME), &another, image.digest());
        for place in [theirs, another] {
            assert_eq!(sha256(&skopeo::raw_in(&place)), image.digest());
        }
    }
}

#[test]
fn an_image_with_compressed_and_plain_layers() {
    travels(&images::image(), true);
}

#[test]
fn an_index_of_platforms_with_an_attestation() {
    travels(&images::platforms(), true);
}

#[test]
fn an_index_in_an_index() {
    travels(&images::nested(), false);
}

#[test]
fn an_artifact_with_an_empty_configuration() {
    travels(&images::artifact(), true);
}

#[test]
fn a_layer_without_bytes() {
    travels(&images::empty_layer(), true);
}

/// `skopeo` cannot check such digests.
#[test]
fn a_layer_named_by_sha512() {
    travels(&images::sha512(), false);
}

#[test]
fn both_write_into_one_folder() {
    let (bench, registry) = (Bench::new(), Distribution::open());
    let place = |tag: &str| bench.place("shared").replace(":v1", &format!(":{tag}"));
    let (one, other) = (images::small("one"), images::small("other"));
    one.push(registry.host(), "team/app", "one");
    bench
        .user
        .copies(&registry.image("team/app:one"), &place("one"), one.digest());
    skopeo::copy_between(&other.place(), &place("other"));
    bench.user.copies(
        &registry.image("team/app:one"),
        &place("again"),
        one.digest(),
    );
    let folder = place("one").replace(":one", "");
    bench
        .user
        .runs(["ls", "--sort", "name", &folder])
        .stdout("again\none\nother\n")
        .code(0);
    for (tag, image) in [("one", &one), ("other", &other), ("again", &one)] {
        assert_eq!(sha256(&skopeo::raw_in(&place(tag))), image.digest());
    }
}
