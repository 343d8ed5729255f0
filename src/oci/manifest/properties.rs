//! What holds for every manifest that is accepted: no reader sees another one.

use super::{ACCEPT, Manifest};
use bytes::Bytes;
use oci_spec::image::Descriptor;
use proptest::prelude::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// One name and value of an object, as they are written.
type Entry = (String, String);

fn written(entries: &[Entry]) -> String {
    let entry = |(name, value): &Entry| format!("\"{name}\":{value}");
    format!(
        "{{{}}}",
        entries.iter().map(entry).collect::<Vec<_>>().join(",")
    )
}

/// A name as it is, or as only some readers take it.
fn spelt(name: &'static str) -> impl Strategy<Value = String> {
    let title = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
    prop_oneof![
        30 => Just(name.to_owned()),
        1 => Just(title),
        1 => Just(name.to_uppercase()),
        1 => Just(name.replace('s', "\u{17f}")),
        1 => Just(format!("{name}_")),
    ]
}

fn entry(name: &'static str, value: impl Strategy<Value = String>) -> impl Strategy<Value = Entry> {
    (spelt(name), value)
}

fn layer() -> impl Strategy<Value = Vec<Entry>> {
    let fixed = [
        ("mediaType", "\"a/b\"".to_owned()),
        ("digest", format!("\"sha256:{HEX}\"")),
    ];
    let fixed = fixed.map(|(name, value)| (name.to_owned(), value));
    prop::collection::vec(entry("size", "[1-9]"), 1..3)
        .prop_map(move |sizes| fixed.iter().cloned().chain(sizes).collect())
}

/// An image's fields, some twice or in other letters; and the layers of each `layers` among them.
fn image() -> impl Strategy<Value = Vec<(Entry, Vec<Vec<Entry>>)>> {
    let array = |layers: &[Vec<Entry>]| {
        let objects: Vec<_> = layers.iter().map(|layer| written(layer)).collect();
        format!("[{}]", objects.join(","))
    };
    let config = format!(r#"{{"mediaType":"a/b","digest":"sha256:{HEX}","size":2}}"#);
    let fixed = [("schemaVersion", "2".to_owned()), ("config", config)]
        .map(|(name, value)| ((name.to_owned(), value), Vec::new()));
    let layers = (spelt("layers"), prop::collection::vec(layer(), 0..3))
        .prop_map(move |(name, layers)| ((name, array(&layers)), layers));
    prop::collection::vec(layers, 0..3)
        .prop_map(move |layers| fixed.iter().cloned().chain(layers).collect())
}

/// How readers that ignore case compare names.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('\u{17f}', "s")
}

/// The sizes of the layers as Go's reader gets them: names in any case, the last one counts.
fn sizes_as_go_reads(fields: &[(Entry, Vec<Vec<Entry>>)]) -> Vec<u64> {
    let last = |entries: &[Entry]| {
        let size = entries
            .iter()
            .rev()
            .find(|(name, _)| folded(name) == "size");
        size.map_or(0, |(_, value)| value.parse().expect("a digit"))
    };
    let layers = fields
        .iter()
        .rev()
        .find(|((name, _), _)| folded(name) == "layers");
    layers.map_or_else(Vec::new, |(_, layers)| {
        layers.iter().map(|layer| last(layer)).collect()
    })
}

proptest! {
    #[test]
    fn what_is_accepted_is_the_same_for_readers_that_ignore_case(fields in image()) {
        let entries: Vec<_> = fields.iter().map(|(entry, _)| entry.clone()).collect();
        let body = Bytes::from(written(&entries));
        if let Ok(manifest) = Manifest::parse(body.clone(), None) {
            let sizes: Vec<_> = manifest.layers().iter().map(Descriptor::size).collect();
            prop_assert_eq!(sizes, sizes_as_go_reads(&fields));
            prop_assert_eq!(manifest.bytes(), &body);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Manifest::parse(bytes.into(), None);
    }

    #[test]
    fn no_damaged_document_makes_it_panic(
        fields in image(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        content_type in prop::option::of(prop::sample::select(ACCEPT)),
    ) {
        let entries: Vec<_> = fields.into_iter().map(|(entry, _)| entry).collect();
        let mut bytes = written(&entries).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Manifest::parse(bytes.into(), content_type);
    }
}
