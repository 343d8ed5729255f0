//! Changes to the JSON of docker's `config.json` that leave everything else in it as it was.

use crate::auth::credential::Credential;
use crate::auth::docker_entry::{self, FIELDS};
use crate::auth::helper::HelperName;
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

/// Puts a credential, or none, into the entry `name` in place of the one before.
pub(super) fn set(auths: &mut Map<String, Value>, name: String, credential: Option<&Credential>) {
    let empty = || Value::Object(Map::new());
    let entry = auths.entry(name).or_insert_with(empty);
    if !entry.is_object() {
        *entry = empty();
    }
    if let Value::Object(fields) = entry {
        remove(fields, |name| FIELDS.contains(&name));
        if let Some((field, value)) = credential.map(docker_entry::to_json) {
            fields.insert(field.to_owned(), value);
        }
    }
}

/// Whether an entry says more than that somebody else has the credential.
pub(super) fn holds(entry: &Value) -> bool {
    let fields = entry.as_object().into_iter().flatten();
    let mut values = fields.filter(|(name, _)| FIELDS.contains(&name.as_str()));
    values.any(|(_, value)| value.as_str().is_none_or(|text| !text.is_empty()))
}

/// Whether there is anything in the file that others should not read: a credential, or what may have
/// one in it.
pub(super) fn holds_secrets(fields: &Map<String, Value>, auths: &Map<String, Value>) -> bool {
    let says = |name: &&str| fields.get(*name).is_some_and(|value| !value.is_null());
    auths.values().any(holds) || ["HttpHeaders", "proxies"].iter().any(says)
}

/// Names `helper` for `server` in place of whatever is named for one that `is_same`.
pub(super) fn name_helper(
    fields: &mut Map<String, Value>,
    server: String,
    is_same: impl Fn(&str) -> bool,
    helper: &HelperName,
) {
    let helpers = fields.entry("credHelpers");
    let helpers = helpers.or_insert_with(|| Value::Object(Map::new()));
    if helpers.is_null() {
        *helpers = Value::Object(Map::new());
    }
    if let Value::Object(helpers) = helpers {
        remove(helpers, |name| is_same(name) && name != server);
        helpers.insert(server, helper.as_str().into());
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
