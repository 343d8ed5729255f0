//! One registry is read, and several are written.

use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};
use std::time::Duration;

const NAME: &str = "team/app:v1";
const LAYERS: u64 = 12;
/// Layers and the configuration.
const BLOBS: usize = 13;

/// Each kind of registry gets the image, and the source hands out each blob once.
#[test]
fn each_blob_is_read_once() {
    let from = Distribution::open();
    let to = [
        Distribution::open(),
        Distribution::htpasswd("bob", "pass:word"),
        Distribution::token(Duration::from_mins(1)),
    ];
    let image = images::layered(LAYERS, 1 << 20);
    skopeo::push(&image, &from, NAME);
    let user = User::of(&[&from, &to[0], &to[1], &to[2]]);
    let source = from.image(NAME);
    let places: Vec<String> = to.iter().map(|to| to.image(NAME)).collect();
    let rows: Vec<String> = places
        .iter()
        .map(|place| format!("{place}@{}\n", image.digest()))
        .collect();
    let args = ["copy", "--progress=none", &source].into_iter();
    let args: Vec<&str> = args.chain(places.iter().map(String::as_str)).collect();
    let asked = from.requests_of(|| {
        user.runs(args.iter().copied())
            .stdout(rows.concat())
            .code(0);
    });
    asked.assert(&[
        ("GET blob 200", BLOBS),
        ("GET manifest 200", 1),
        ("HEAD manifest 200", 1),
    ]);
    for to in &to {
        assert_eq!(skopeo::digest(to, NAME), image.digest());
        skopeo::pull(to, NAME);
    }
}

/// Two repositories of one registry: the second has its blobs linked.
#[test]
fn a_registry_gets_the_bytes_once() {
    let (from, to) = (Distribution::open(), Distribution::open());
    let image = images::layered(LAYERS, 64 * 1024);
    skopeo::push(&image, &from, NAME);
    let (source, dev, prod) = (from.image(NAME), to.image("dev:v1"), to.image("prod:v1"));
    let rows = format!("{dev}@{0}\n{prod}@{0}\n", image.digest());
    let user = User::nobody();
    let asked = to.requests_of(|| {
        user.runs(["copy", "--progress=none", &source, &dev, &prod])
            .stdout(rows)
            .code(0);
    });
    asked.assert(&[
        ("HEAD manifest 404", 2),
        ("POST upload 201", BLOBS),
        ("POST upload 202", BLOBS),
        ("PUT manifest 201", 2),
        ("PUT upload 201", BLOBS),
    ]);
    skopeo::pull(&to, "prod:v1");
}
