//! Who is asked, and in which order.

use super::{APP, COPY, DST, ONE, TWO, asked, copied, image_at, lab};
use crate::lab::{Image, Lab};
use serde_json::json;

#[test]
fn an_image_on_the_mirror_costs_the_registry_nothing() {
    for command in [
        &COPY[..],
        &["digest", APP],
        &["check", APP],
        &["diff", APP, APP],
    ] {
        let lab = lab();
        image_at(&lab, &[APP, ONE]);
        lab.run(command).any_stdout().any_stderr().code(0);
        assert_eq!((asked(&lab, "src"), asked(&lab, "two")), Default::default());
        assert_ne!(asked(&lab, "one"), "", "{command:?}");
    }
}

/// Many mirrors do not know what is attached to an image: that they list nothing is no answer.
#[test]
fn what_is_attached_is_asked_for_where_it_is_if_the_mirror_lists_nothing() {
    let lab = lab();
    let image = image_at(&lab, &[APP, ONE]);
    let signature = Image::referrer(2, "application/x.signature", &image);
    lab.push("src.lab/team/app", &signature);
    let shown = lab
        .run(["inspect", "--json", APP])
        .any_stdout()
        .code(0)
        .json();
    assert_eq!(shown["attached"][0]["digest"], json!(signature.digest()));
    // Something may be attached to the signature too.
    assert_eq!(lab.requests("src").count("GET", "referrers"), 2);
    assert_eq!(lab.requests("src").count("GET", "blobs"), 0);
    let src = lab.requests("src");
    let image = src
        .all()
        .iter()
        .any(|seen| seen.path.ends_with(image.digest()) && seen.kind() == "manifests");
    assert!(!image, "{src}");
}

/// Signatures that the mirror lists come from it.
#[test]
fn what_is_attached_comes_from_the_mirror_that_lists_it() {
    let lab = lab();
    let image = image_at(&lab, &[ONE]);
    let signature = Image::referrer(2, "application/x.signature", &image);
    lab.push("one.lab/cache/team/app", &signature);
    lab.run([&COPY[..], &["--referrers"]].concat())
        .stdout(copied(&image))
        .code(0);
    lab.assert_holds(&format!("dst.lab/app@{}", signature.digest()), &signature);
}

#[test]
fn a_mirror_that_has_not_the_image_is_asked_once() {
    let lab = lab();
    let image = image_at(&lab, &[APP, TWO]);
    lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds(DST, &image);
    assert_eq!(lab.requests("one").len(), 1, "{}", asked(&lab, "one"));
    assert_eq!(asked(&lab, "src"), "");
}

#[test]
fn what_no_mirror_has_comes_from_the_registry_itself() {
    let lab = lab();
    let image = image_at(&lab, &[APP]);
    lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds(DST, &image);
    assert_eq!(
        (lab.requests("one").len(), lab.requests("two").len()),
        (1, 1)
    );
    let blobs = image.blobs.len();
    assert_eq!(lab.requests("src").count("GET", "blobs"), blobs);
}

#[test]
fn a_tag_that_is_nowhere_is_not_found_where_it_should_be() {
    let lab = lab();
    image_at(&lab, &[APP]);
    lab.run(["digest", "src.lab/team/app:v2"])
        .stderr_like("error: cannot read src.lab/team/app:v2: [..]not found[..]\nhint: src.lab/team/app has v1\n")
        .code(3);
}

/// The images of one repository come from wherever they are.
#[test]
fn of_several_images_each_comes_from_who_has_it() {
    let lab = lab();
    let (old, new) = (Image::small(1), Image::small(2));
    lab.push(APP, &old);
    lab.push(ONE, &old);
    lab.push("src.lab/team/app:v2", &new);
    lab.run([
        "copy",
        "-q",
        "--all-tags",
        "src.lab/team/app",
        "dst.lab/app",
    ])
    .any_stdout()
    .code(0);
    lab.assert_holds(DST, &old);
    lab.assert_holds("dst.lab/app:v2", &new);
    assert_eq!(lab.requests("src").count("GET", "blobs"), new.blobs.len());
    assert_eq!(lab.requests("one").count("GET", "blobs"), old.blobs.len());
}

#[test]
fn without_mirrors_nothing_is_asked_that_was_not_asked_before() {
    let counts = |settings: bool| {
        let lab = if settings { lab() } else { Lab::new() };
        let image = Image::sized(1, &[1000, 10]);
        lab.push("dst.lab/team/app:v1", &image);
        lab.run(["copy", "-q", "dst.lab/team/app:v1", "dst.lab/other:v1"])
            .any_stdout()
            .code(0);
        asked(&lab, "dst")
    };
    assert_eq!(counts(true), counts(false));
}

/// Reading and writing one repository is one place: what a mirror has need not be there.
#[test]
fn what_is_written_is_never_looked_for_at_a_mirror() {
    for command in [
        &["copy", "-q", "dst.lab/app:v1", "src.lab/team/app:v2"][..],
        &["copy", "-q", APP, "src.lab/team/app:v2"],
        &["tag", APP, "v2"],
        &["ls", "src.lab/team/app"],
        &["rm", APP],
    ] {
        let lab = lab();
        image_at(&lab, &[APP, ONE, DST]);
        lab.run(command).any_stdout().any_stderr().code(0);
        assert_eq!((asked(&lab, "one"), asked(&lab, "two")), Default::default());
    }
}

/// A blob of an image that only the mirror has cannot be linked from where it is not.
#[test]
fn what_only_a_mirror_has_is_sent_to_another_repository_of_the_registry() {
    let lab = lab();
    let image = image_at(&lab, &[ONE]);
    lab.run(["copy", "-q", APP, "src.lab/other:v1"])
        .any_stdout()
        .code(0);
    lab.assert_holds("src.lab/other:v1", &image);
}

/// An image of which the mirror only knew the name.
#[test]
fn it_is_not_called_a_mirrors_where_it_was_read_elsewhere() {
    let lab = lab();
    image_at(&lab, &[APP, ONE]);
    let broken = crate::lab::Fault::on("GET", "/manifests/").always();
    lab.fault("one", broken.status(500));
    let shown = lab
        .run(["copy", "--json", "-q", APP, DST])
        .any_stdout()
        .code(0);
    assert_eq!(shown.json().get("mirror"), None, "{shown}");
}

#[test]
fn it_is_said_which_mirror_it_was() {
    let lab = lab();
    let image = image_at(&lab, &[APP, ONE]);
    let mirror = json!(lab.addressed("one.lab/cache/team/app"));
    for (command, at) in [
        (&["digest", "--json", APP][..], "/0/mirror"),
        (&["inspect", "--json", APP], "/mirror"),
        (&["copy", "--json", APP, DST], "/mirror"),
    ] {
        let ran = lab.run(command).any_stdout().any_stderr().code(0);
        let document = ran.json();
        let told = document.pointer(at).cloned().unwrap_or_default();
        let told = json!(lab.addressed(told.as_str().unwrap_or_default()));
        assert_eq!(told, mirror, "{ran}");
    }
    lab.run(["digest", "-v", APP])
        .stdout(format!("{}\n", image.digest()))
        .stderr_has("src.lab/team/app is read from the mirror one.lab/cache/team/app\n")
        .code(0);
}
