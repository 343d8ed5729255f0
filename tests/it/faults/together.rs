//! Copies beside each other.

use super::{Bench, DST};
use crate::lab::{Image, Lab};

#[test]
fn f42_two_copies_to_one_tag() {
    let lab = Lab::new();
    let images = [Image::sized(1, &[1000, 10]), Image::sized(2, &[1000, 10])];
    lab.push("src.lab/a:v1", &images[0]);
    lab.push("src.lab/b:v1", &images[1]);
    for _ in 0..8 {
        std::thread::scope(|scope| {
            for from in ["src.lab/a:v1", "src.lab/b:v1"] {
                let run = lab.run(["copy", "-q", from, DST]);
                scope.spawn(move || run.any_stdout().code(0));
            }
        });
        let last = lab.digest(DST);
        let won = images
            .iter()
            .find(|image| last.as_deref() == Some(image.digest()));
        lab.assert_holds(DST, won.expect("one of the two"));
    }
}

#[test]
fn f43_two_copies_of_one_image() {
    let bench = Bench::new();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let run = bench.copy(&[]);
            scope.spawn(move || run.any_stdout().code(0));
        }
    });
    bench.lab.assert_holds(DST, &bench.new);
}
