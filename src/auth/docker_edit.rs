//! Changes to the JSON of docker's `config.json` that leave everything else in it as it was.

use crate::auth::credential::Credential;
use crate::auth::docker_entry::{self, FIELDS};
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Serializer, Value};
use std::io;
use zeroize::Zeroizing;

/// Takes `auths` out, and leaves its place among the other fields.
pub(super) fn take_auths(fields: &mut Map<String, Value>) -> Map<String, Value> {
    match fields.get_mut("auths").map(Value::take) {
        Some(Value::Object(auths)) => auths,
        _ => Map::new(),
    }
}

/// Puts a credential into the entry `name` in place of the one before.
pub(super) fn set(auths: &mut Map<String, Value>, name: String, credential: &Credential) {
    let empty = || Value::Object(Map::new());
    let entry = auths.entry(name).or_insert_with(empty);
    if !entry.is_object() {
        *entry = empty();
    }
    if let Value::Object(fields) = entry {
        remove(fields, |name| FIELDS.contains(&name));
        let (field, value) = docker_entry::to_json(credential);
        fields.insert(field.to_owned(), value);
    }
}

/// Removes what `unwanted` names, keeps the order of the rest, and returns the names.
pub(super) fn remove(
    fields: &mut Map<String, Value>,
    unwanted: impl Fn(&str) -> bool,
) -> Vec<String> {
    let names: Vec<String> = fields
        .keys()
        .filter(|name| unwanted(name))
        .cloned()
        .collect();
    for name in &names {
        fields.shift_remove(name);
    }
    names
}

/// Indented by tabs, as docker and podman do.
pub(super) fn text(fields: &Map<String, Value>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut text = Zeroizing::new(Vec::new());
    let formatter = PrettyFormatter::with_indent(b"\t");
    fields.serialize(&mut Serializer::with_formatter(&mut *text, formatter))?;
    text.push(b'\n');
    Ok(text)
}
