//! HDR: the parts of a blob that are said to be what was asked for.

use super::{each, ends, lab};
use crate::lab::{Fault, Image, Lab};

const SIZE: usize = 50_000;
const CUT: u64 = 20_000;
const FROM: &str = "reg.lab/big/app:v1";
const TO: &str = "own.lab/app:v1";
const COPY: [&str; 7] = ["copy", "--progress", "none", "--retries", "3", FROM, TO];

fn big() -> Image {
    Image::sized(3, &[SIZE])
}

/// The blob breaks off once, and who asks for the rest gets this.
fn bench(ranges: &[&str], body: &[u8]) -> Lab {
    let lab = lab();
    let image = big();
    lab.push(FROM, &image);
    let layer = format!("/blobs/{}", image.blobs[1].digest);
    let ranges: Vec<_> = ranges
        .iter()
        .map(|range| ("content-range", *range))
        .collect();
    let rest = Fault::on("GET", &layer).with_header("range").always();
    lab.fault("reg", rest.answer(206, &ranges, body));
    let first = Fault::on("GET", &layer).with_header("authorization");
    lab.fault("reg", first.cut(CUT));
    lab
}

/// What cannot be told to be the rest is not taken for it: the blob is read anew.
#[test]
fn parts_that_are_not_the_rest() {
    let right = "bytes 20000-49999/50000";
    each(
        [
            ("HDR-09 none", &[][..]),
            ("HDR-09a an empty one", &[""]),
            ("HDR-09b no unit", &["20000-49999/50000"]),
            ("HDR-09c another unit", &["items 20000-49999/50000"]),
            ("HDR-09d an equals sign", &["bytes=20000-49999/50000"]),
            ("HDR-09e no total", &["bytes 20000-49999"]),
            ("HDR-09f no end", &["bytes 20000-/50000"]),
            ("HDR-09g no beginning", &["bytes -49999/50000"]),
            ("HDR-09h no range", &["bytes */50000"]),
            ("HDR-09i backwards", &["bytes 49999-20000/50000"]),
            ("HDR-09j beyond its total", &["bytes 20000-50000/50000"]),
            ("HDR-09k a sign", &["bytes +20000-49999/50000"]),
            (
                "HDR-09l beyond all numbers",
                &["bytes 20000-99999999999999999999/50000"],
            ),
            ("HDR-09m two totals", &["bytes 20000-49999/50000/50000"]),
            ("HDR-09n two different", &[right, "bytes 0-29999/50000"]),
            ("HDR-09o another place", &["bytes 0-29999/50000"]),
            ("HDR-09p one byte further", &["bytes 20001-49999/50000"]),
            ("HDR-09q of another blob", &["bytes 20000-49999/60000"]),
            (
                "HDR-09r more than was asked for",
                &["bytes 20000-59999/60000"],
            ),
            ("HDR-09s not ASCII", &["bytes \u{202e}20000-49999/50000"]),
        ],
        |(name, ranges)| {
            let lab = bench(ranges, &vec![7; SIZE - 20_000]);
            ends(&lab, name, &COPY, 0, &[]);
            lab.assert_holds(TO, &big());
        },
    );
}

/// What is said to be the rest is hashed like all else.
#[test]
fn parts_that_are_the_rest_in_name_only() {
    let right = "bytes 20000-49999/50000";
    let long = vec![7; SIZE];
    let rest = big().blobs[1].bytes[20_000..].to_vec();
    let longer = [rest.as_slice(), b"x"].concat();
    each(
        [
            ("HDR-09t other bytes", &long[20_000..]),
            ("HDR-09u more bytes", &long[..]),
            ("HDR-09v the right ones, and one more", &longer),
        ],
        |(name, body)| {
            let lab = bench(&[right], body);
            let ran = lab.run(COPY).any_stdout().any_stderr().run();
            super::assert_harmless(&lab, name, &ran);
            assert!(matches!(ran.code, 0 | 8), "{name}: {ran}");
            if ran.code == 0 {
                lab.assert_holds(TO, &big());
            } else {
                assert_eq!(lab.digest(TO), None, "{name}");
            }
        },
    );
    for ranges in [&[right][..], &["bytes 20000-49999/*"], &[right, right]] {
        let lab = bench(ranges, &rest);
        ends(&lab, "HDR-09w the right ones", &COPY, 0, &[]);
        lab.assert_holds(TO, &big());
        let read = lab.requests("reg").downloaded();
        assert_eq!(read, big().blob_bytes(), "no byte twice");
    }
}
