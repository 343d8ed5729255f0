//! Memory and tokens in large copies.

use super::distribution::Distribution;
use super::user::User;
use super::{images, skopeo};
use std::time::Duration;

const GIB: u64 = 1024 * 1024 * 1024;
const NAME: &str = "team/app:v1";

/// What a token is good for although it was issued for a minute; and at most.
const LIFETIME: Duration = Duration::from_millis(300);
const LONGEST: Duration = Duration::from_millis(1300);

/// Tokens end in the middle of the copy, and it goes on with new ones.
#[test]
fn a_gigabyte_needs_little_memory_and_outlives_its_tokens() {
    let minute = Duration::from_mins(1);
    let (from, to) = (Distribution::token(minute), Distribution::token(minute));
    let tokens = [&from, &to].map(|registry| registry.tokens().unwrap());
    let image = images::big(GIB);
    skopeo::push(&image, &from, NAME);
    for service in tokens {
        service.last(LIFETIME);
    }
    let before = tokens[1].issued();
    let user = User::of(&[&from, &to]);
    let (here, there) = (from.image(NAME), to.image(NAME));
    let ran = user
        .runs(["copy", "--progress=none", &here, &there])
        .stdout(format!("{there}@{}\n", image.digest()))
        .code(0);
    ran.assert_little_memory();
    let issued = tokens[1].issued() - before;
    assert!(
        issued > 1 || ran.elapsed < LONGEST,
        "{issued} token in {:?}",
        ran.elapsed
    );
    // The registry has checked the digest of what it took.
    tokens[1].last(minute);
    assert_eq!(skopeo::digest(&to, NAME), image.digest());
}

/// Many blobs are under way at once, each with buffers of its own, and TLS adds its own.
#[test]
fn many_layers_at_once_need_little_memory() {
    let (from, to) = (Distribution::open(), Distribution::tls("bob", "behind-tls"));
    let image = images::layered(40, 2 * 1024 * 1024);
    skopeo::push(&image, &from, NAME);
    let user = User::of(&[&to]);
    let authority = to.authority().display().to_string();
    let copies = |here: &str, there: &str| {
        let ran = user
            .runs([
                "copy",
                "--progress=none",
                "--ca-cert",
                &authority,
                here,
                there,
            ])
            .stdout(format!("{there}@{}\n", image.digest()))
            .code(0);
        ran.assert_little_memory();
    };
    copies(&from.image(NAME), &to.image(NAME));
    copies(&to.image(NAME), &from.image("back/app:v1"));
}

/// A thousand layers take no more than forty do, out of a folder and to two registries at once.
#[test]
fn a_thousand_layers_need_no_more_memory() {
    let (from, one, other) = (
        Distribution::open(),
        Distribution::open(),
        Distribution::open(),
    );
    let image = images::layered(1000, 64 * 1024);
    let user = User::nobody();
    let copies = |places: &[&str], rows: usize| {
        let ran = user
            .runs([&["copy", "--progress=none"], places].concat())
            .any_stdout()
            .code(0);
        assert_eq!(ran.stdout.matches(image.digest()).count(), rows, "{ran}");
        ran.assert_little_memory();
    };
    copies(&[&image.place(), &from.image(NAME)], 1);
    copies(
        &[&from.image(NAME), &one.image(NAME), &other.image(NAME)],
        2,
    );
}
