//! cosign's signatures, attestations and bills of materials, which are found by tags.

use super::attached::{COPY, DST, SRC, copied, lab, tag_of, writes};
use crate::lab::Image;
use crate::lab::image::layer;

#[test]
fn signatures_under_tags_go_along() {
    for lists in [true, false] {
        let lab = lab(lists, lists);
        let child = Image::small(1);
        let image = Image::index(&[("linux/amd64", &child)]);
        lab.push(SRC, &image);
        let mut there = Vec::new();
        for (subject, seed) in [(&image, 10), (&child, 20)] {
            for (end, seed) in ["sig", "att", "sbom"].iter().zip(seed..) {
                let name = format!("app:{}.{end}", tag_of(subject));
                let attached = Image::of(seed, vec![layer(seed, 100)]);
                lab.push(&format!("src.lab/{name}"), &attached);
                there.push((format!("dst.lab/{name}"), attached));
            }
        }
        lab.run(COPY).stdout(copied(&image)).code(0);
        for (name, attached) in &there {
            lab.assert_holds(name, attached);
        }
        lab.heal();
        lab.run(COPY).stdout(copied(&image)).any_stderr().code(0);
        assert_eq!(writes(&lab), 0);
    }
}

/// Signatures of one image are layers of one manifest, which whoever signs next replaces.
#[test]
fn signatures_at_the_destination_are_not_taken_away() {
    let image = Image::small(1);
    let name = format!("app:{}.sig", tag_of(&image));
    let one = || vec![layer(1, 100)];
    let two = || vec![layer(1, 100), layer(2, 100)];
    for (ours, theirs, is_replaced) in [
        (two(), one(), true),
        (one(), two(), false),
        (one(), vec![layer(3, 100)], false),
        (one(), Vec::new(), true),
    ] {
        let lab = lab(true, true);
        let (ours, theirs) = (Image::of(5, ours), Image::of(6, theirs));
        lab.push(SRC, &image);
        lab.push(&format!("src.lab/{name}"), &ours);
        lab.push(&format!("dst.lab/{name}"), &theirs);
        let ran = lab.run(COPY).stdout(copied(&image)).any_stderr().code(0);
        let there = if is_replaced { &ours } else { &theirs };
        lab.assert_holds(&format!("dst.lab/{name}"), there);
        let note = "a cosign signature, is left as it is: it has contents of its own";
        assert_eq!(ran.stderr.contains(note), !is_replaced, "{ran}");
        lab.assert_holds(DST, &image);
    }
}
