//! Tags that are different things at different places, and mirrors that are not asked for
//! everything.

use super::{APP, COPY, DST, ONE, asked, containers, copied, lab};
use crate::lab::{Fault, Image, Lab};

/// What a mirror said that a tag is comes from elsewhere if it must, and is not mixed with what
/// the tag is there.
#[test]
fn a_tag_is_what_it_was_where_it_was_resolved() {
    for part in ["/blobs/", "/manifests/sha256:"] {
        let lab = lab();
        let (old, new) = (Image::attested(1), Image::attested(2));
        lab.push(ONE, &old);
        lab.push(APP, &old);
        lab.push(APP, &new);
        lab.fault("one", Fault::on("GET", part).always().status(500));
        lab.run(COPY).stdout(copied(&old)).code(0);
        lab.assert_holds(DST, &old);
        let src = lab.requests("src");
        let by_tag = src.all().iter().any(|seen| seen.path.ends_with("/v1"));
        assert!(!by_tag, "{part}: {src}");
    }
}

fn limited(what: &str) -> Lab {
    let lab = Lab::new().open("one");
    containers(
        &lab,
        &format!(
            "[[registry]]\nlocation = \"src.lab\"\n[[registry.mirror]]\nlocation = \"one.lab/cache\"\npull-from-mirror = \"{what}\"\n"
        ),
    );
    lab
}

/// The tag is resolved at the registry itself, and the content comes from the mirror.
#[test]
fn a_mirror_for_digests_gives_content_and_resolves_nothing() {
    let lab = limited("digest-only");
    let (stale, image) = (Image::small(2), Image::attested(1));
    lab.push(APP, &image);
    lab.push("one.lab/cache/team/app", &image);
    lab.push(ONE, &stale);
    lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds(DST, &image);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 0);
    let one = lab.requests("one");
    assert!(
        !one.all().iter().any(|seen| seen.path.ends_with("/v1")),
        "{one}"
    );
    assert_eq!(one.count("GET", "blobs"), image.blobs.len());
}

#[test]
fn a_mirror_for_tags_gives_the_content_of_those_alone() {
    let lab = limited("tag-only");
    let image = Image::attested(1);
    lab.push(APP, &image);
    lab.push(ONE, &image);
    lab.run(COPY).stdout(copied(&image)).code(0);
    assert_eq!(asked(&lab, "src"), "");
    lab.heal();
    let pinned = format!("src.lab/team/app@{}", image.digest());
    lab.run(["copy", "-q", &pinned, "dst.lab/other:v1"])
        .any_stdout()
        .code(0);
    assert_eq!(asked(&lab, "one"), "");
}
