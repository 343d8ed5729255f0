//! What two configs or manifests say differently.

use crate::oci::config::{Config, Run};
use crate::oci::manifest::Manifest;
use serde_json::Value;
use std::collections::BTreeMap;

/// Where something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A field of its own, such as the user.
    Field(&'static str),
    /// A variable of the environment.
    Env,
    /// A label.
    Label,
    /// A port.
    Port,
    /// A folder for data of its own.
    Volume,
    /// An annotation of the manifest.
    Annotation,
}

/// A value that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub part: Part,
    /// The name of a variable, label, port, volume or annotation.
    pub name: Option<String>,
    /// The first side's, where it has one: a text, or an array of texts.
    pub from: Option<Value>,
    /// The second side's.
    pub to: Option<Value>,
}

/// How manifests differ, apart from what they list.
pub(super) fn of_manifests(old: &Manifest, new: &Manifest) -> Vec<Change> {
    let media_type = |manifest: &Manifest| Some(manifest.media_type().to_string());
    let artifact_type = |manifest: &Manifest| manifest.artifact_type().map(str::to_owned);
    let subject = |manifest: &Manifest| manifest.subject().map(|s| s.digest().to_string());
    let mut changes = Vec::new();
    changes.extend(field("media_type", media_type(old), media_type(new)));
    changes.extend(field(
        "artifact_type",
        artifact_type(old),
        artifact_type(new),
    ));
    changes.extend(field("subject", subject(old), subject(new)));
    changes.extend(named(
        Part::Annotation,
        old.annotations(),
        new.annotations(),
    ));
    changes
}

/// How configs differ, apart from their layers and their history.
pub(super) fn of_configs(old: &Config, new: &Config) -> Vec<Change> {
    let Config {
        created,
        author,
        architecture,
        variant,
        os,
        os_version,
        os_features,
        run,
        history: _,
        diff_ids: _,
    } = old.clone();
    let fields = [
        ("created", created, new.created.clone()),
        ("author", author, new.author.clone()),
        ("os", os, new.os.clone()),
        ("os_version", os_version, new.os_version.clone()),
        ("architecture", architecture, new.architecture.clone()),
        ("variant", variant, new.variant.clone()),
    ];
    let fields = fields.into_iter();
    let mut changes: Vec<Change> = fields
        .filter_map(|(name, old, new)| field(name, old, new))
        .collect();
    changes.extend(words("os_features", os_features, new.os_features.clone()));
    changes.extend(of_runs(run, new.run.clone()));
    changes
}

fn of_runs(old: Run, new: Run) -> Vec<Change> {
    let mut changes = Vec::new();
    changes.extend(field("user", old.user, new.user));
    changes.extend(field("working_dir", old.working_dir, new.working_dir));
    changes.extend(words("entrypoint", old.entrypoint, new.entrypoint));
    changes.extend(words("cmd", old.cmd, new.cmd));
    changes.extend(field("stop_signal", old.stop_signal, new.stop_signal));
    let ports = (set(old.exposed_ports), set(new.exposed_ports));
    changes.extend(named(Part::Port, &ports.0, &ports.1));
    let volumes = (set(old.volumes), set(new.volumes));
    changes.extend(named(Part::Volume, &volumes.0, &volumes.1));
    changes.extend(named(Part::Env, &variables(&old.env), &variables(&new.env)));
    changes.extend(named(Part::Label, &old.labels, &new.labels));
    changes
}

pub(super) fn field(
    name: &'static str,
    old: Option<String>,
    new: Option<String>,
) -> Option<Change> {
    (old != new).then(|| Change {
        part: Part::Field(name),
        name: None,
        from: old.map(Value::String),
        to: new.map(Value::String),
    })
}

fn words(name: &'static str, old: Vec<String>, new: Vec<String>) -> Option<Change> {
    let value = |words: Vec<String>| (!words.is_empty()).then(|| Value::from(words));
    (old != new).then(|| Change {
        part: Part::Field(name),
        name: None,
        from: value(old),
        to: value(new),
    })
}

/// Values that differ, and those that only one side has, by name.
fn named(
    part: Part,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<Change> {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let differing = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    let value = |values: &BTreeMap<String, String>, name: &String| {
        values.get(name).cloned().map(Value::String)
    };
    let change = |name: &String| Change {
        part,
        name: Some(name.clone()),
        from: value(old, name),
        to: value(new, name),
    };
    differing.map(change).collect()
}

/// Names without values.
fn set(names: Vec<String>) -> BTreeMap<String, String> {
    let names = names.into_iter();
    names.map(|name| (name, String::new())).collect()
}

/// Variables by name. Of several alike the last counts, as it does where they are set.
fn variables(env: &[String]) -> BTreeMap<String, String> {
    let pairs = env
        .iter()
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn config(value: &Value) -> Config {
        Config::read(value.to_string().as_bytes()).unwrap()
    }

    /// Each change as `PART NAME FROM TO`.
    fn changes(old: &Value, new: &Value) -> Vec<(Part, String, Value, Value)> {
        let changes = of_configs(&config(old), &config(new)).into_iter();
        let row = |change: Change| {
            let name = change.name.unwrap_or_default();
            let (from, to) = (
                change.from.unwrap_or_default(),
                change.to.unwrap_or_default(),
            );
            (change.part, name, from, to)
        };
        changes.map(row).collect()
    }

    #[test]
    fn each_setting_is_compared() {
        let old = json!({
            "created": "a", "author": "a", "architecture": "a", "variant": "a", "os": "a",
            "os.version": "a", "os.features": ["a"], "config": {
                "User": "a", "WorkingDir": "a", "Entrypoint": ["a"], "Cmd": ["a"],
                "Env": ["A=a"], "ExposedPorts": {"1": {}}, "Volumes": {"/a": {}},
                "Labels": {"l": "a"}, "StopSignal": "a",
            },
        });
        assert_eq!(changes(&old, &old), []);
        let (added, removed) = (changes(&json!({}), &old), changes(&old, &json!({})));
        let parts: Vec<Part> = added.iter().map(|change| change.0).collect();
        let fields = [
            "created",
            "author",
            "os",
            "os_version",
            "architecture",
            "variant",
            "os_features",
            "user",
            "working_dir",
            "entrypoint",
            "cmd",
            "stop_signal",
        ];
        let mut expected: Vec<Part> = fields.map(Part::Field).to_vec();
        expected.extend([Part::Port, Part::Volume, Part::Env, Part::Label]);
        assert_eq!(parts, expected);
        for ((part, name, from, to), back) in added.into_iter().zip(removed) {
            assert!(from.is_null() && !to.is_null(), "{part:?}");
            assert_eq!((part, name, to, from), back);
        }
    }

    #[test]
    fn variables_are_compared_by_name() {
        let env = |env: &[&str]| json!({"config": {"Env": env}});
        let old = env(&["A=1", "B=x=y", "GONE=", "SAME=s"]);
        let new = env(&["SAME=s", "NEW", "B=x", "A=0", "A=1"]);
        let text = |text: &str| json!(text);
        assert_eq!(
            changes(&old, &new),
            [
                (Part::Env, "B".to_owned(), text("x=y"), text("x")),
                (Part::Env, "GONE".to_owned(), text(""), Value::Null),
                (Part::Env, "NEW".to_owned(), Value::Null, text("")),
            ]
        );
    }
}
