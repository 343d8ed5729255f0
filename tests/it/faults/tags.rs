//! Many tags, of which one fails in each way that there is: the others are copied, it is told of,
//! and nothing of it is there.

use crate::lab::{Fault, Image, Lab, Ran};
use serde_json::Value;
use std::time::Duration;

const TAGS: u64 = 100;
const FAILING: u64 = 37;

/// What may happen to one tag, at which side, and the class that it is told with.
fn failures(image: &Image) -> Vec<(&'static str, Fault, &'static str)> {
    let tag = format!("/manifests/v{FAILING}");
    let layer = format!("/blobs/{}", image.blobs[1].digest);
    let on = |method, part: &str| Fault::on(method, part).always();
    let long = Duration::from_secs(50);
    vec![
        (
            "src",
            on("*", &tag).refusal(404, "MANIFEST_UNKNOWN", "unknown"),
            "not_found",
        ),
        (
            "src",
            on("*", &tag).refusal(403, "DENIED", "not you"),
            "denied",
        ),
        ("src", on("*", &tag).status(500), "unavailable"),
        ("src", on("*", &tag).html(), "corrupt"),
        ("src", on("*", &tag).delay(long), "unavailable"),
        ("src", on("GET", &tag).cut_with_reset(10), "unavailable"),
        (
            "src",
            on("GET", &layer).refusal(404, "BLOB_UNKNOWN", "unknown"),
            "not_found",
        ),
        ("src", on("GET", &layer).spoil(), "corrupt"),
        ("src", on("GET", &layer).cut(10), "unavailable"),
        (
            "src",
            on("GET", &layer).answer(200, &[], "short"),
            "corrupt",
        ),
        ("src", on("GET", &layer).pause(10, long), "unavailable"),
        (
            "dst",
            on("PUT", &tag).refusal(400, "MANIFEST_INVALID", "no"),
            "other",
        ),
        (
            "dst",
            on("PUT", &tag).refusal(403, "DENIED", "not you"),
            "denied",
        ),
        ("dst", on("PUT", &tag).status(503), "unavailable"),
        ("dst", on("PUT", &tag).cut_upload(5), "unavailable"),
    ]
}

/// The class and the text of each failure that is told of.
fn told(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran.stderr.lines();
    let errors = lines.filter_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let error = line.get("error")?;
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        Some((text("class"), text("message")))
    });
    errors.collect()
}

#[test]
fn f51_one_of_a_hundred_tags_fails() {
    let images: Vec<Image> = (0..TAGS).map(Image::small).collect();
    let failing = &images[usize::try_from(FAILING).unwrap()];
    let count = failures(failing).len();
    for number in 0..count {
        let (side, fault, class) = failures(failing).swap_remove(number);
        let lab = Lab::new();
        for (image, place) in images.iter().zip(0..) {
            lab.push(&format!("src.lab/app:v{place}"), image);
        }
        lab.fault(side, fault);
        let copy = [
            "copy",
            "-a",
            "--json",
            "--retries",
            "1",
            "--idle-timeout",
            "1s",
        ];
        let ran = lab
            .run([&copy[..], &["src.lab/app", "dst.lab/app"]].concat())
            .any_stdout()
            .any_stderr()
            .code(10);
        let told = told(&ran);
        let name = format!(":v{FAILING}");
        let one: Vec<_> = told
            .iter()
            .filter(|(_, text)| text.contains(&name))
            .collect();
        assert_eq!(one.len(), 1, "{number} {told:?}");
        assert_eq!(one[0].0, class, "{number} {told:?}");
        assert_eq!(told.last().unwrap().0, "partial", "{number} {told:?}");
        assert_eq!(told.len(), 2, "{number} {told:?}");
        assert_eq!(ran.json().as_array().unwrap().len(), images.len() - 1);
        for (image, place) in images.iter().zip(0..) {
            let at = format!("dst.lab/app:v{place}");
            if place == FAILING {
                assert_eq!(lab.digest(&at), None, "{number}");
            } else {
                lab.assert_holds(&at, image);
            }
        }
    }
}
