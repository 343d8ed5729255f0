//! Many writers of one folder.

use super::{FILES, assert_holds, folder, names, tags};
use crate::lab::{Image, Lab};

/// Twelve processes, each with an image of its own and a layer that they share.
#[test]
fn fs04_twelve_copies_side_by_side_leave_twelve_entries() {
    let lab = Lab::new();
    let images: Vec<Image> = (0..12)
        .map(|number| {
            let shared = crate::lab::image::layer(7, 500_000);
            Image::of(
                number,
                vec![shared, crate::lab::image::layer(100 + number, 10_000)],
            )
        })
        .collect();
    for (number, image) in images.iter().enumerate() {
        lab.push(&format!("src.lab/team/app:v{number}"), image);
    }
    let copy = |number| {
        lab.run([
            "copy",
            "-q",
            &format!("src.lab/team/app:v{number}"),
            "oci:one",
        ])
    };
    let running: Vec<_> = (0..12)
        .map(|number| copy(number).any_stdout().start())
        .collect();
    for run in running {
        run.code(0);
    }
    let folder = folder(&lab, "one");
    let mut there = tags(&folder);
    there.sort();
    let mut expected: Vec<_> = (0..)
        .zip(&images)
        .map(|(number, image)| (format!("v{number}"), image.digest().to_owned()))
        .collect();
    expected.sort();
    assert_eq!(there, expected);
    for image in &images {
        assert_holds(&folder, image);
    }
    assert_eq!(names(&folder), FILES);
}
