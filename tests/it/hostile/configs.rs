//! CFG: what a config says about when its image was made.

use super::{each, ends, lab};
use crate::lab::image::{CONFIG, MANIFEST, Part, layer};
use crate::lab::{Image, Lab};
use serde_json::{Value, json};

fn made(created: Option<&Value>) -> Image {
    let mut config = json!({"architecture": "amd64", "os": "linux"});
    if let Some(created) = created {
        config["created"] = created.clone();
    }
    with_bytes(config.to_string())
}

fn with_bytes(config: impl Into<Vec<u8>>) -> Image {
    let annotations = json!({"org.opencontainers.image.created": "2001-02-03T04:05:06Z"});
    let layers = vec![layer(1, 100)];
    Image::assembled(
        MANIFEST,
        Part::new(CONFIG, config),
        layers,
        &json!({"annotations": annotations}),
    )
}

/// The time on a page, as far as there is a line for it.
fn shown(page: &str) -> Option<&str> {
    let line = page.lines().find_map(|line| line.strip_prefix("created:"));
    line.map(str::trim)
}

const IMAGE: &str = "reg.lab/made/app:v1";

fn inspected(lab: &Lab, name: &str, told: &[&str]) -> (String, Value) {
    let page = ends(lab, name, &["inspect", IMAGE], 0, told).stdout;
    let document = ends(lab, name, &["--json", "inspect", IMAGE], 0, told).json();
    (page, document["created"].clone())
}

/// A time is shown as one only where it is one and was meant; anything else is shown as it is
/// written, or not at all, and never replaced by another clock.
#[test]
fn times_that_are_none() {
    let endless = "2".repeat(10_000);
    let odd = |text: &str| format!("{text} (not a time)");
    each(
        [
            ("CFG-01 missing", None, None),
            ("CFG-02 null", Some(json!(null)), None),
            ("CFG-03 empty", Some(json!("")), None),
            ("CFG-04 zero", Some(json!(0)), None),
            (
                "CFG-05 the year 1",
                Some(json!("0001-01-01T00:00:00Z")),
                Some("not set".to_owned()),
            ),
            (
                "CFG-06 1970",
                Some(json!("1970-01-01T00:00:00Z")),
                Some("not set".to_owned()),
            ),
            (
                "CFG-09 no such day",
                Some(json!("2024-02-30T00:00:00Z")),
                Some(odd("2024-02-30T00:00:00Z")),
            ),
            (
                "CFG-11 no zone",
                Some(json!("2024-01-01T00:00:00")),
                Some(odd("2024-01-01T00:00:00")),
            ),
            (
                "CFG-11b only a day",
                Some(json!("2024-01-01")),
                Some(odd("2024-01-01")),
            ),
            ("CFG-12 seconds", Some(json!(1_714_557_600)), None),
            (
                "CFG-12b seconds as a text",
                Some(json!("1714557600")),
                Some(odd("1714557600")),
            ),
            (
                "CFG-13 without end",
                Some(json!(endless)),
                Some(odd(&format!("{}…", "2".repeat(40)))),
            ),
            (
                "CFG-13b hostile characters",
                Some(json!("\u{1b}[2J\u{202e}")),
                Some(odd(r"\u{1b}[2J\u{202e}")),
            ),
            ("CFG-13c lines", Some(json!("a\nb")), Some(odd(r"a\u{a}b"))),
        ],
        |(name, created, line)| {
            let lab = lab();
            lab.push(IMAGE, &made(created.as_ref()));
            let (page, document) = inspected(&lab, name, &[]);
            assert_eq!(shown(&page), line.as_deref(), "{name}");
            assert_eq!(document, Value::Null, "{name}");
        },
    );
}

#[test]
fn times_that_are_some() {
    each(
        [
            ("CFG-07 1980", "1980-01-01T00:00:01Z"),
            ("CFG-08 the year 9999", "9999-01-01T00:00:00Z"),
            ("CFG-10 a leap second", "2016-12-31T23:59:60Z"),
            (
                "a fraction and a zone",
                "2024-01-01T00:00:00.123456789+02:00",
            ),
        ],
        |(name, created)| {
            let lab = lab();
            lab.push(IMAGE, &made(Some(&json!(created))));
            let (page, document) = inspected(&lab, name, &[]);
            assert_eq!(shown(&page), Some(created), "{name}");
            assert_eq!(document, json!(created), "{name}");
        },
    );
}

/// An image is an image without a config that can be read, and two are compared by what there is.
#[test]
fn configs_that_are_none() {
    let remark = "the config cannot be shown: ";
    each(
        [
            ("CFG-14 nothing", b"".to_vec(), "the document is empty"),
            (
                "CFG-14b not JSON",
                b"\x1b[2J".to_vec(),
                "the document is not JSON",
            ),
            ("CFG-14c a list", b"[]".to_vec(), "no JSON object"),
            (
                "CFG-14d two of one name",
                br#"{"created":1,"created":2}"#.to_vec(),
                "twice",
            ),
            (
                "CFG-14e too deep",
                format!("{}1{}", "[".repeat(9999), "]".repeat(9999)).into_bytes(),
                "deeper",
            ),
            (
                "CFG-14f a byte order mark",
                b"\xef\xbb\xbf{}".to_vec(),
                "byte order mark",
            ),
            (
                "CFG-15 8 MiB and one",
                vec![b' '; (8 << 20) + 1],
                "more than 8388608 bytes",
            ),
        ],
        |(name, config, told)| {
            let lab = lab();
            lab.push(IMAGE, &with_bytes(config));
            inspected(&lab, name, &[remark, told]);
            lab.push("reg.lab/made/app:v2", &made(None));
            let diff = ["diff", IMAGE, "reg.lab/made/app:v2"];
            let ran = lab
                .run([&diff[..], &super::ONCE].concat())
                .any_stdout()
                .any_stderr()
                .run();
            super::assert_harmless(&lab, name, &ran);
            assert!(matches!(ran.code, 0 | 1), "{name}: {ran}");
        },
    );
}
