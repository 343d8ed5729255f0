//! Keys of `registries.conf` that nobody reads: a slip of the pen, which podman passes over too.

use super::Layer;
use super::document::Document;
use toml::de::{DeTable, DeValue};

/// containers-registries.conf(5), version 2, and what says that a file is of version 1.
const FILE: [&str; 8] = [
    "registry",
    "aliases",
    "unqualified-search-registries",
    "short-name-mode",
    "credential-helpers",
    "additional-layer-store-auth-helper",
    "additional-image-store-auth-helper",
    "registries",
];
const REGISTRY: [&str; 6] = [
    "prefix",
    "location",
    "insecure",
    "blocked",
    "mirror-by-digest-only",
    "mirror",
];
const MIRROR: [&str; 3] = ["location", "insecure", "pull-from-mirror"];

/// Remarks on keys that are none. A file that is no TOML is somebody else's to complain of.
pub(super) fn remark(document: &Document, layer: &mut Layer) {
    let Ok(file) = DeTable::parse(document.text()) else {
        return;
    };
    let mut unknown = Vec::new();
    collect(file.get_ref(), &FILE, &mut unknown);
    for registry in tables(file.get_ref(), "registry") {
        collect(registry, &REGISTRY, &mut unknown);
        for mirror in tables(registry, "mirror") {
            collect(mirror, &MIRROR, &mut unknown);
        }
    }
    for (key, place) in unknown {
        let text = format!("`{key}` is no key of `registries.conf`, and says nothing");
        layer.remark(document.origin(&place), text);
    }
}

fn collect(
    table: &DeTable<'_>,
    known: &[&str],
    unknown: &mut Vec<(String, std::ops::Range<usize>)>,
) {
    let others = table
        .keys()
        .filter(|key| !known.contains(&&**key.get_ref()));
    unknown.extend(others.map(|key| (key.get_ref().to_string(), key.span())));
}

/// The tables of a list of tables.
fn tables<'t, 'i>(table: &'t DeTable<'i>, name: &str) -> Vec<&'t DeTable<'i>> {
    let list = table.get(name).map(toml::Spanned::get_ref);
    let list = list.and_then(DeValue::as_array).into_iter();
    let entries = list.flat_map(|list| list.iter());
    entries
        .filter_map(|entry| entry.get_ref().as_table())
        .collect()
}
