//! `--referrers` where the destination has rules of its own, or the user has: what is attached is
//! left out, left alone or a failure, and the image is whole or not there.

use super::attached::{COPY, DST, SRC, copied, lab, listed, tag_of, writes};
use crate::lab::image::{INDEX, Part, layer};
use crate::lab::{Fault, Image, Lab};
use serde_json::Value;

/// An index about `subject` that lists it too.
fn about_and_listing(subject: &Image) -> Image {
    let mut about = Image::index(&[("linux/amd64", subject)]);
    is_about(&mut about, subject);
    about
}

/// Attaches an index to `subject`.
fn is_about(index: &mut Image, subject: &Image) {
    let root = index.manifests.last_mut().unwrap();
    let mut document: Value = serde_json::from_slice(&root.bytes).unwrap();
    document["subject"] = subject.root().descriptor();
    document["artifactType"] = "application/vnd.example.set".into();
    *root = Part::new(INDEX, document.to_string());
}

/// What it lists can only be there before it, though all else that is attached comes first.
#[test]
fn an_attachment_may_list_what_it_is_about() {
    for lists in [true, false] {
        let lab = lab(true, lists);
        let image = Image::small(1);
        let about = about_and_listing(&image);
        lab.push(SRC, &image);
        lab.push(&format!("src.lab/app@{}", about.digest()), &about);
        lab.run(COPY).stdout(copied(&image)).code(0);
        lab.assert_holds(DST, &image);
        lab.assert_holds(&format!("dst.lab/app@{}", about.digest()), &about);
        let listed = listed(&lab, "dst", image.digest(), lists);
        let kind = "application/vnd.example.set".to_owned();
        assert_eq!(listed, [(about.digest().to_owned(), kind)]);
        // All of it is there.
        lab.heal();
        lab.run(COPY).stdout(copied(&image)).any_stderr().code(0);
        assert_eq!(writes(&lab), 0, "{}", lab.requests("dst"));
    }
}

/// An image with a signature by cosign, and another one under the same tag at the destination.
struct Signed {
    lab: Lab,
    image: Image,
    ours: Image,
    theirs: Image,
    tag: String,
}

impl Signed {
    /// Ours has all that theirs has, so that nothing would be lost.
    fn new() -> Self {
        let lab = lab(true, true);
        let image = Image::small(1);
        let theirs = Image::of(6, vec![layer(1, 100)]);
        let ours = Image::of(5, vec![layer(1, 100), layer(2, 100)]);
        let tag = format!("{}.sig", tag_of(&image));
        lab.push(SRC, &image);
        lab.push(&format!("src.lab/app:{tag}"), &ours);
        lab.push(&format!("dst.lab/app:{tag}"), &theirs);
        Self {
            lab,
            image,
            ours,
            theirs,
            tag,
        }
    }

    #[track_caller]
    fn copies(&self, more: &[&str]) -> crate::lab::Ran {
        let copy = [&COPY[..], more].concat();
        let run = self.lab.run(copy).stdout(copied(&self.image));
        let ran = run.any_stderr().code(0);
        self.lab.assert_holds(DST, &self.image);
        ran
    }

    #[track_caller]
    fn signature_is(&self, there: &Image) {
        let at = format!("dst.lab/app:{}", self.tag);
        self.lab.assert_holds(&at, there);
    }
}

#[test]
fn an_immutable_tag_of_a_signature_is_left_as_it_is() {
    let signed = Signed::new();
    signed.lab.home.settings("immutable:\n  \"*\": [\"*\"]\n");
    let ran = signed.copies(&[]);
    let told = format!(
        "warning: dst.lab/app:{}, a cosign signature, is left as it is: it is immutable (`*`)",
        signed.tag
    );
    assert!(ran.stderr.contains(&told), "{ran}");
    signed.signature_is(&signed.theirs);
    let ran = signed.copies(&["--force-immutable"]);
    assert!(!ran.stderr.contains("left as it is"), "{ran}");
    signed.signature_is(&signed.ours);
}

#[test]
fn no_clobber_leaves_the_tag_of_a_signature_as_it_is() {
    let signed = Signed::new();
    let ran = signed.copies(&["-n"]);
    let told = "a cosign signature, is left as it is: `--no-clobber`";
    assert!(ran.stderr.contains(told), "{ran}");
    signed.signature_is(&signed.theirs);
    let ran = signed.copies(&[]);
    assert!(!ran.stderr.contains("left as it is"), "{ran}");
    signed.signature_is(&signed.ours);
}

/// A tag that is new is no move.
#[test]
fn rules_on_tags_let_a_new_signature_through() {
    let lab = lab(true, true);
    let (image, signature) = (Image::small(1), Image::of(5, vec![layer(1, 100)]));
    let name = format!("app:{}.sig", tag_of(&image));
    lab.push(SRC, &image);
    lab.push(&format!("src.lab/{name}"), &signature);
    lab.home.settings("immutable:\n  \"*\": [\"*\"]\n");
    lab.run([&COPY[..], &["-n"]].concat())
        .stdout(copied(&image))
        .code(0);
    lab.assert_holds(&format!("dst.lab/{name}"), &signature);
}

#[test]
fn where_the_tag_is_left_alone_nothing_is_attached() {
    for by_rule in [false, true] {
        let lab = lab(true, true);
        let (old, image) = (Image::small(2), Image::small(1));
        let about = Image::referrer(1, "application/spdx+json", &image);
        let signature = Image::of(5, vec![layer(1, 100)]);
        lab.push(SRC, &image);
        lab.push(&format!("src.lab/app@{}", about.digest()), &about);
        lab.push(&format!("src.lab/app:{}.sig", tag_of(&image)), &signature);
        lab.push(DST, &old);
        let more: &[&str] = if by_rule { &[] } else { &["-n"] };
        if by_rule {
            lab.home.settings("immutable:\n  \"*\": [\"v*\"]\n");
        }
        lab.run([&COPY[..], more].concat())
            .stderr_has("dst.lab/app:v1")
            .code(5);
        lab.assert_holds(DST, &old);
        assert_eq!(writes(&lab), 0, "{}", lab.requests("dst"));
    }
}

/// What the index lists is part of it, whatever it is about besides.
#[test]
fn a_part_of_the_image_that_is_refused_is_a_failure() {
    for (status, code) in [(400, "MANIFEST_INVALID"), (405, "UNSUPPORTED")] {
        for copy in [&COPY[..], &["copy", "-q", SRC, DST]] {
            let lab = lab(true, true);
            let child = Image::small(1);
            let part = Image::referrer(1, "application/spdx+json", &child);
            let image = Image::index(&[("linux/amd64", &child), ("", &part)]);
            lab.push(SRC, &image);
            let path = format!("/manifests/{}", part.digest());
            let fault = Fault::on("PUT", &path).always();
            lab.fault("dst", fault.refusal(status, code, "no subjects here"));
            let ran = lab.run(copy).stderr_has("no subjects here").code(1);
            assert!(!ran.stderr.contains("left out"), "{ran}");
            // Nor is it left to the destination to find out.
            let requests = lab.requests("dst");
            let mut put = requests.of("PUT", "manifests");
            assert!(put.all(|seen| !seen.path.ends_with("/v1")), "{ran}");
            assert_eq!(lab.digest(DST), None, "{status}");
        }
    }
}

#[test]
fn a_tag_of_a_signature_that_is_refused_is_left_out() {
    for (status, code) in [
        (400, "MANIFEST_INVALID"),
        (405, "UNSUPPORTED"),
        (409, "TAG_IMMUTABLE"),
    ] {
        let lab = lab(true, true);
        let image = Image::small(1);
        let tag = format!("{}.sig", tag_of(&image));
        lab.push(SRC, &image);
        lab.push(
            &format!("src.lab/app:{tag}"),
            &Image::of(5, vec![layer(1, 100)]),
        );
        let fault = Fault::on("PUT", &format!("/manifests/{tag}")).always();
        lab.fault("dst", fault.refusal(status, code, "no such tags here"));
        lab.run(COPY)
            .stdout(copied(&image))
            .stderr_has("warning: dst.lab/app does not take the cosign signature ")
            .stderr_has("no such tags here")
            .code(0);
        lab.assert_holds(DST, &image);
        assert_eq!(lab.digest(&format!("dst.lab/app:{tag}")), None);
    }
}

#[test]
fn a_tag_of_a_signature_that_is_denied_is_a_failure() {
    let lab = lab(true, true);
    let image = Image::small(1);
    let tag = format!("{}.sig", tag_of(&image));
    lab.push(SRC, &image);
    lab.push(&format!("src.lab/app:{tag}"), &Image::of(5, Vec::new()));
    let fault = Fault::on("PUT", &format!("/manifests/{tag}")).always();
    lab.fault("dst", fault.refusal(403, "DENIED", "not for you"));
    lab.run(COPY).stderr_has("not for you").code(4);
    assert_eq!(lab.digest(DST), None);
}

/// A signature under its tag is there before what lists it.
#[test]
fn an_attachment_may_list_what_is_found_by_a_tag() {
    let lab = lab(true, true);
    let image = Image::small(1);
    let signature = Image::of(5, vec![layer(1, 100)]);
    let tag = format!("{}.sig", tag_of(&image));
    let mut about = Image::index(&[("", &signature)]);
    is_about(&mut about, &image);
    lab.push(SRC, &image);
    lab.push(&format!("src.lab/app:{tag}"), &signature);
    lab.push(&format!("src.lab/app@{}", about.digest()), &about);
    lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds(DST, &image);
    lab.assert_holds(&format!("dst.lab/app:{tag}"), &signature);
    lab.assert_holds(&format!("dst.lab/app@{}", about.digest()), &about);
    assert_eq!(listed(&lab, "dst", image.digest(), true).len(), 1);
}
