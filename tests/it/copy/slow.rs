//! A source whose connections are each slower than what takes their bytes.

use super::{COPY, copied};
use crate::lab::{Fault, Image, Lab};

const SIZE: usize = 88 * 1024 * 1024;
const RATE: u64 = 40_000_000;

fn capped() -> (Lab, Image) {
    let lab = Lab::new();
    let image = Image::sized(1, &[SIZE]);
    lab.push("src.lab/team/app:v1", &image);
    (lab, image)
}

fn pace() -> Fault {
    Fault::on("GET", "/blobs/").always().pace(RATE)
}

/// Each byte is asked for once, but for what was on its way where ranges took over.
#[test]
fn a_big_blob_is_read_by_several_ranges_at_once() {
    let (lab, image) = capped();
    lab.fault("src", pace());
    let ran = lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds("dst.lab/team/app:v1", &image);
    let asked = lab.requests("src");
    let ranges = asked
        .of("GET", "blobs")
        .filter(|seen| !seen.header("range").is_empty());
    assert!(ranges.count() > 10, "{asked}");
    ran.assert_little_memory();
    let dst = lab.requests("dst");
    assert_eq!(
        (dst.uploaded(), dst.count("PUT", "uploads")),
        (image.blob_bytes(), 2)
    );
}

#[test]
fn where_ranges_are_not_understood_nothing_is_read_twice() {
    let (lab, image) = capped();
    let plain = Fault::on("GET", "/blobs/").with_header("range");
    lab.fault("src", plain.always().ignore_range());
    lab.fault("src", pace());
    lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds("dst.lab/team/app:v1", &image);
    let asked = lab.requests("src");
    let ranges = asked
        .of("GET", "blobs")
        .filter(|seen| !seen.header("range").is_empty());
    assert!((1..10).contains(&ranges.count()), "{asked}");
    let whole = asked
        .of("GET", "blobs")
        .filter(|seen| seen.header("range").is_empty());
    assert_eq!(whole.count(), 2, "{asked}");
}

/// What breaks is read on from where it broke.
#[test]
fn a_range_that_breaks_off_is_mended() {
    let (lab, image) = capped();
    let range = || Fault::on("GET", "/blobs/").with_header("range");
    lab.fault("src", range().after(6).cut(1_000_000));
    lab.fault("src", pace());
    lab.run(COPY).stdout(copied(&image)).code(0);
    lab.assert_holds("dst.lab/team/app:v1", &image);
    assert_eq!(lab.requests("dst").uploaded(), image.blob_bytes());
}
