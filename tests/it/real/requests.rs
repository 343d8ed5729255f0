//! How many requests commands take, as the registries' own access logs have it.

use super::access_log::Requests;
use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};
use std::time::Duration;

const LAYERS: u64 = 40;
/// Layers and the configuration.
const BLOBS: usize = 41;
const NAME: &str = "team/app:v1";

/// Two registries, the first with an image of many layers.
struct Pair {
    from: Distribution,
    to: Distribution,
    user: User,
    digest: String,
}

impl Pair {
    fn new(from: Distribution, to: Distribution) -> Self {
        let image = images::layered(LAYERS, 64 * 1024);
        skopeo::push(&image, &from, NAME);
        let user = User::of(&[&from, &to]);
        Self {
            from,
            to,
            user,
            digest: image.digest().to_owned(),
        }
    }

    fn copy(&self) {
        self.user
            .copies(&self.from.image(NAME), &self.to.image(NAME), &self.digest);
    }

    fn finds_nothing_to_do(&self) {
        let (from, to) = (self.from.image(NAME), self.to.image(NAME));
        self.user
            .runs(["copy", &from, &to])
            .stdout(format!("{to}@{}\n", self.digest))
            .stderr(format!("{to} is up to date\n"))
            .code(0);
    }
}

#[test]
fn a_cold_copy_reads_and_sends_each_blob_once_and_asks_nothing_else() {
    let pair = Pair::new(Distribution::open(), Distribution::open());
    let mut there = None;
    let here = pair
        .from
        .requests_of(|| there = Some(pair.to.requests_of(|| pair.copy())));
    here.assert(&[
        ("GET blob 200", BLOBS),
        ("GET manifest 200", 1),
        ("HEAD manifest 200", 1),
    ]);
    there.unwrap().assert(&[
        ("HEAD manifest 404", 1),
        ("POST upload 202", BLOBS),
        ("PUT manifest 201", 1),
        ("PUT upload 201", BLOBS),
    ]);
}

#[test]
fn nothing_to_do_takes_two_requests() {
    let pair = Pair::new(Distribution::open(), Distribution::open());
    pair.copy();
    let mut there = None;
    let again = || pair.finds_nothing_to_do();
    let here = pair
        .from
        .requests_of(|| there = Some(pair.to.requests_of(again)));
    here.assert(&[("HEAD manifest 200", 1)]);
    there.unwrap().assert(&[("HEAD manifest 200", 1)]);
}

/// What a copy to `name` in the same registry takes.
fn within_a_registry(name: &str) -> Requests {
    let registry = Distribution::open();
    let image = images::layered(LAYERS, 64 * 1024);
    skopeo::push(&image, &registry, NAME);
    let (here, there) = (registry.image(NAME), registry.image(name));
    let asked = registry.requests_of(|| User::nobody().copies(&here, &there, image.digest()));
    skopeo::pull(&registry, name);
    asked
}

#[test]
fn inside_one_registry_no_blob_moves() {
    within_a_registry("prod/app:v1").assert(&[
        ("GET manifest 200", 1),
        ("HEAD manifest 200", 1),
        ("HEAD manifest 404", 1),
        ("POST upload 201", BLOBS),
        ("PUT manifest 201", 1),
    ]);
}

#[test]
fn another_tag_in_the_same_repository_moves_nothing_but_the_manifest() {
    within_a_registry("team/app:v2").assert(&[
        ("GET manifest 200", 1),
        ("HEAD manifest 200", 1),
        ("HEAD manifest 404", 1),
        ("PUT manifest 201", 1),
    ]);
}

#[test]
fn a_token_is_asked_for_once_a_registry() {
    let minute = Duration::from_mins(1);
    let pair = Pair::new(Distribution::token(minute), Distribution::token(minute));
    let issued = || [&pair.from, &pair.to].map(|registry| registry.tokens().unwrap().issued());
    let before = issued();
    let mut there = None;
    let here = pair
        .from
        .requests_of(|| there = Some(pair.to.requests_of(|| pair.copy())));
    let after = issued();
    assert_eq!([after[0] - before[0], after[1] - before[1]], [1, 1]);
    here.assert(&[
        ("GET blob 200", BLOBS),
        ("GET manifest 200", 1),
        ("HEAD manifest 200", 1),
        ("HEAD manifest 401", 1),
    ]);
    there.unwrap().assert(&[
        ("HEAD manifest 401", 1),
        ("HEAD manifest 404", 1),
        ("POST upload 202", BLOBS),
        ("PUT manifest 201", 1),
        ("PUT upload 201", BLOBS),
    ]);
}
