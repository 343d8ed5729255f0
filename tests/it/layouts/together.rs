//! Many writers of one folder.

use super::{FILES, assert_holds, folder, names, tags};
use crate::lab::{Image, Lab, Running};

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

/// `-n`: of several that write one new tag, the first has it, and the others leave it alone.
#[test]
fn of_copies_to_one_new_tag_that_clobber_nothing_one_wins() {
    let lab = Lab::new();
    let images: Vec<Image> = (0..8).map(Image::small).collect();
    for (number, image) in images.iter().enumerate() {
        lab.push(&format!("src.lab/team/app:v{number}"), image);
    }
    for round in 0..3 {
        let to = format!("oci:one:new{round}");
        let copy = |number| {
            let from = format!("src.lab/team/app:v{number}");
            lab.run(["copy", "-q", "-n", &from, &to])
        };
        let running: Vec<_> = (0..8).map(|number| copy(number).start()).collect();
        let ran: Vec<_> = running.into_iter().map(Running::wait).collect();
        let won = |place: &usize| ran[*place].code == 0;
        let winners: Vec<usize> = (0..8).filter(won).collect();
        let [winner] = winners[..] else {
            panic!("{winners:?} have written {to}");
        };
        let digest = images[winner].digest();
        assert_eq!(ran[winner].stdout, format!("{to}@{digest}\n"));
        for other in (0..8).filter(|place| *place != winner) {
            assert_eq!(ran[other].code, 5, "{}", ran[other]);
            assert_eq!(ran[other].stdout, "");
        }
        let entry = (format!("new{round}"), digest.to_owned());
        let there = tags(&folder(&lab, "one"));
        assert_eq!(there.iter().filter(|(tag, _)| *tag == entry.0).count(), 1);
        assert!(there.contains(&entry), "{there:?}");
    }
}

/// The same image under the same tag, with a signature: whoever is later finds it done.
#[test]
fn copies_of_one_image_to_one_new_tag_all_succeed() {
    let lab = Lab::new();
    let image = Image::small(1);
    let signature = format!("{}.sig", image.digest().replace(':', "-"));
    lab.push("src.lab/team/app:v1", &image);
    lab.push(&format!("src.lab/team/app:{signature}"), &Image::small(2));
    for (round, more) in [&["-n"][..], &["--referrers"], &["-n", "--referrers"]]
        .into_iter()
        .enumerate()
    {
        let name = format!("one{round}");
        let to = format!("oci:{name}:v1");
        let copy = || lab.run([&["copy", "-q", "src.lab/team/app:v1", &to], more].concat());
        let told = format!("{to}@{}\n", image.digest());
        let running: Vec<_> = (0..8).map(|_| copy().stdout(&*told).start()).collect();
        for run in running {
            run.code(0);
        }
        assert_holds(&folder(&lab, &name), &image);
        let there = tags(&folder(&lab, &name));
        assert_eq!(there.len(), round.min(1) + 1, "{there:?}");
    }
}
