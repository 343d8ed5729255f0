#![allow(clippy::unwrap_used)]
use super::{Choice, ChoiceError, choose, fits};
use crate::oci::manifest::Manifest;
use crate::oci::platform::PlatformPattern;
use crate::oci::{Descriptor, Platform};
use proptest::prelude::*;
use serde_json::{Value, json};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn digest(name: &str) -> String {
    crate::oci::digest::sha256(name.as_bytes()).to_string()
}

/// An entry whose digest is that of its name: `linux/arm/v7`, `@linux/arm/v7` for what attests
/// that, `index` for an index without a platform.
fn entry(name: &str) -> Value {
    let media_type = if name == "index" { INDEX } else { MANIFEST };
    let mut entry =
        json!({"mediaType": media_type, "digest": digest(name), "size": 7, "own": name});
    if let Some(image) = name.strip_prefix('@') {
        entry["platform"] = json!({"os": "unknown", "architecture": "unknown"});
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": digest(image),
        });
    } else if let Some(image) = name.strip_prefix('%') {
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "something-else",
            "vnd.docker.reference.digest": digest(image),
        });
    } else if let Some((os, rest)) = name.split_once('/') {
        let (architecture, variant) = rest.split_once('/').unwrap_or((rest, ""));
        entry["platform"] = json!({"os": os, "architecture": architecture, "variant": variant});
    }
    entry
}

fn index(names: &[&str]) -> Manifest {
    let entries: Vec<_> = names.iter().map(|name| entry(name)).collect();
    let document = json!({
        "annotations": {"a": "b"}, "own": 1, "manifests": entries, "schemaVersion": 2,
        "mediaType": INDEX,
    });
    Manifest::parse(format!("{document:#}\n").into(), None).unwrap()
}

fn patterns(texts: &[&str]) -> Vec<PlatformPattern> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// The names of an index's entries.
fn names(index: &Manifest) -> Vec<String> {
    let document: Value = serde_json::from_slice(index.bytes()).unwrap();
    assert_eq!(
        (&document["own"], &document["annotations"]["a"]),
        (&json!(1), &json!("b"))
    );
    let entries = document["manifests"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["own"].as_str().unwrap().to_owned())
        .collect()
}

/// What is chosen: `one NAME`, or the names of the index's entries.
fn chosen(offered: &[&str], wanted: &[&str]) -> String {
    match choose(&index(offered), &patterns(wanted)) {
        Ok(Choice::One(entry)) => {
            let name = offered
                .iter()
                .find(|name| digest(name) == entry.digest().to_string());
            format!("one {}", name.unwrap())
        }
        Ok(Choice::Several { index, .. }) => names(&index).join(" "),
        Err(error) => error.to_string(),
    }
}

#[test]
fn one_exact_platform_is_its_image_and_all_else_an_index() {
    let offered = [
        "linux/amd64",
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/arm64/v8",
        "index",
        "@linux/amd64",
        "@linux/arm/v7",
        "windows/amd64",
        "plain",
        "@gone",
    ];
    for (wanted, expected) in [
        (&["linux/amd64"][..], "one linux/amd64"),
        (&["linux/x86_64"], "one linux/amd64"),
        (&["linux/arm64"], "one linux/arm64/v8"),
        (&["linux/arm"], "one linux/arm/v7"),
        (&["linux/arm/v6"], "one linux/arm/v6"),
        (&["windows/*"], "windows/amd64"),
        (&["linux/arm/*"], "linux/arm/v6 linux/arm/v7 @linux/arm/v7"),
        (&["*/amd64"], "linux/amd64 @linux/amd64 windows/amd64"),
        (
            &["linux/arm64", "linux/amd64"],
            "linux/amd64 linux/arm64/v8 @linux/amd64",
        ),
        (&["linux/amd64", "linux/amd64"], "linux/amd64 @linux/amd64"),
        (
            &["linux/amd64", "linux/arm"],
            "linux/amd64 linux/arm/v7 @linux/amd64 @linux/arm/v7",
        ),
        (
            &["linux/*"],
            "linux/amd64 linux/arm/v6 linux/arm/v7 linux/arm64/v8 @linux/amd64 @linux/arm/v7",
        ),
    ] {
        assert_eq!(chosen(&offered, wanted), expected, "{wanted:?}");
    }
    // Beside an image, and no attestation of it.
    let other = chosen(&["linux/amd64", "%linux/amd64"], &["linux/*"]);
    assert_eq!(other, "linux/amd64");
    for everything in [&[][..], &["*/*"], &["linux/amd64", "*/*"]] {
        assert_eq!(chosen(&offered, everything), offered.join(" "));
    }
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let offered = [
        "linux/amd64",
        "linux/arm/v7",
        "linux/amd64",
        "@linux/amd64",
        "index",
    ];
    for (wanted, message) in [
        (
            &["linux/s390x"][..],
            "there is no image for linux/s390x, only for linux/amd64, linux/arm/v7; \
             one entry says no platform, and REPO@DIGEST takes it",
        ),
        (
            &["linux/amd64", "windows/*"],
            "there is no image for windows/*, only for linux/amd64, linux/arm/v7; \
             one entry says no platform, and REPO@DIGEST takes it",
        ),
        (
            &["unknown/unknown"],
            "there is no image for unknown/unknown, only for linux/amd64, linux/arm/v7; \
             one entry says no platform, and REPO@DIGEST takes it",
        ),
    ] {
        assert_eq!(chosen(&offered, wanted), message);
    }
    let without = chosen(&["index", "plain"], &["linux/amd64"]);
    assert_eq!(
        without,
        "there is no image for linux/amd64, and what there is says no platform; \
         2 entries say no platform, and REPO@DIGEST takes one"
    );
    let unmarked = chosen(&["linux/amd64", "unknown/unknown"], &["linux/x"]);
    assert!(unmarked.ends_with("only for linux/amd64"), "{unmarked}");
    let many: Vec<String> = (0..40).map(|n| format!("linux/cpu{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(chosen(&many, &["linux/x"]).ends_with("linux/cpu23 and 16 more"));
}

#[test]
fn what_says_no_platform_is_left_out_with_its_name() {
    let offered = index(&[
        "linux/amd64",
        "index",
        "linux/arm64",
        "@linux/amd64",
        "plain",
    ]);
    let Ok(Choice::Several {
        without_platform, ..
    }) = choose(&offered, &patterns(&["linux/*"]))
    else {
        panic!("an index");
    };
    let left: Vec<String> = without_platform
        .iter()
        .map(|left| left.digest().to_string())
        .collect();
    assert_eq!(left, [digest("index"), digest("plain")]);
}

#[test]
fn an_image_alone_is_all_that_is_wanted_or_it_says_what_it_is() {
    let is = index(&["linux/arm64/v8"]).manifests()[0].platform().clone();
    for (wanted, wrong) in [
        (&["linux/arm64"][..], None),
        (&["linux/*"], None),
        (&["linux/arm64", "*/arm64"], None),
        (
            &["linux/amd64"],
            Some("there is no image for linux/amd64, only for linux/arm64/v8"),
        ),
        (
            &["linux/arm64", "linux/amd64"],
            Some("there is no image for linux/amd64, only for linux/arm64/v8"),
        ),
    ] {
        let found = fits(is.as_ref(), &patterns(wanted)).err();
        assert_eq!(found.map(|error| error.to_string()).as_deref(), wrong);
    }
    assert!(fits(None, &patterns(&["*/*"])).is_ok());
    assert!(fits(None, &patterns(&["linux/*"])).is_err());
}

const OFFERED: [&str; 11] = [
    "linux/amd64",
    "linux/amd64/v3",
    "linux/arm",
    "linux/arm/v6",
    "linux/arm64",
    "windows/amd64",
    "index",
    "@linux/amd64",
    "@linux/arm",
    "@windows/amd64",
    "@gone",
];
const WANTED: [&str; 9] = [
    "linux/amd64",
    "linux/amd64/v3",
    "linux/arm",
    "linux/*",
    "*/amd64",
    "linux/arm/*",
    "windows/*",
    "linux/arm64",
    "*/*",
];

fn platform(entry: &Descriptor) -> Option<&Platform> {
    entry.platform().as_ref()
}

proptest! {
    #[test]
    fn what_is_kept_was_wanted_and_stays_as_it_was(
        offered in prop::collection::vec(prop::sample::select(&OFFERED[..]), 1..9),
        wanted in prop::collection::vec(prop::sample::select(&WANTED[..]), 1..4),
    ) {
        let whole = index(&offered);
        let wanted = patterns(&wanted);
        let fits = |entry: &Descriptor| {
            let platform = platform(entry);
            wanted.iter().any(|one| one.is_everything() || platform.is_some_and(|is| one.matches(is)))
        };
        match choose(&whole, &wanted) {
            Err(ChoiceError::NotThere(error)) => {
                let fitting = |entry: &Descriptor| platform(entry).is_some_and(|is| error.pattern.matches(is));
                prop_assert!(!whole.manifests().iter().any(fitting));
            }
            Err(error) => prop_assert!(false, "{}", error),
            Ok(Choice::One(entry)) => {
                prop_assert!(wanted.len() == 1 && wanted[0].is_exact());
                prop_assert!(whole.manifests().contains(&*entry) && fits(&entry));
            }
            Ok(Choice::Several { index: made, .. }) => {
                let kept = names(&made);
                let images: Vec<&Descriptor> = made.manifests().iter().filter(|e| fits(e)).collect();
                for (name, entry) in kept.iter().zip(made.manifests()) {
                    let about = |image: &&Descriptor| {
                        name.strip_prefix('@').is_some_and(|of| digest(of) == image.digest().to_string())
                    };
                    prop_assert!(fits(entry) || images.iter().any(about), "{}", name);
                }
                let mut order = offered.iter();
                prop_assert!(kept.iter().all(|name| order.any(|known| known == name)));
                prop_assert_eq!(kept.len() == offered.len(), made.bytes() == whole.bytes());
                let Ok(Choice::Several { index: again, .. }) = choose(&made, &wanted) else {
                    panic!("an index again");
                };
                prop_assert_eq!(again.bytes(), made.bytes());
            }
        }
    }

    #[test]
    fn whatever_is_meant_by_a_star_is_there_with_its_attestations(
        offered in prop::collection::vec(prop::sample::select(&OFFERED[..]), 1..9),
        star in prop::sample::select(vec!["linux/*", "*/amd64", "windows/*", "linux/arm/*"]),
    ) {
        let pattern = patterns(&[star]);
        if let Ok(Choice::Several { index: made, .. }) = choose(&index(&offered), &pattern) {
            let kept = names(&made);
            let meant = |name: &str| {
                let entry = index(&[name]).manifests()[0].clone();
                platform(&entry).is_some_and(|is| pattern[0].matches(is))
            };
            for name in offered {
                let image = name.strip_prefix('@').filter(|image| kept.iter().any(|k| k == image));
                prop_assert_eq!(kept.iter().any(|k| k == name), meant(name) || image.is_some());
            }
        }
    }
}
