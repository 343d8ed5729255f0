//! Image configs: what an image is built for and started with, and how it came about.
//!
//! Source: image-spec 1.1, `config.md`. Nothing is wrong with a config that lacks a field or has
//! another sort of value there: such a field counts as not set, as nothing is decided by it.

use super::strict::{self, Shape, StrictError};
use jiff::Timestamp;
use oci_spec::image::{Arch, Os, Platform, PlatformBuilder};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The largest config that is read, in bytes.
pub const MAX_BYTES: u64 = 8 << 20;

/// The media types of image configs, by OCI's and by Docker's name. Others belong to artifacts.
const MEDIA_TYPES: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

/// Times before this one were never meant: tools write the first day of the year 1 or of 1970 where
/// they know none.
const FIRST_MEANT: i64 = 24 * 60 * 60;

/// Whether a config with this media type is an image's.
pub fn is_config_type(media_type: &str) -> bool {
    MEDIA_TYPES.contains(&media_type)
}

/// Why something is no image config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No JSON, or such that readers differ.
    #[error(transparent)]
    Strict(#[from] StrictError),
    /// An array, a text or the like.
    #[error("the document is no JSON object")]
    NotObject,
}

/// An image config. Whatever it does not say is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// When the image was made, as it is written.
    pub created: Option<String>,
    /// Who made it.
    pub author: Option<String>,
    /// The processor it runs on.
    pub architecture: Option<String>,
    /// The processor's variant.
    pub variant: Option<String>,
    /// The system it runs on.
    pub os: Option<String>,
    /// The system's version.
    pub os_version: Option<String>,
    /// What the system must offer, such as `win32k`.
    pub os_features: Vec<String>,
    /// What its containers are started with.
    pub run: Run,
    /// How it came about, the oldest step first.
    pub history: Vec<Step>,
    /// The digests of its layers when unpacked, lowest first.
    pub diff_ids: Vec<String>,
}

/// What containers are started with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// The user, and the group after a colon.
    pub user: Option<String>,
    /// The folder to start in.
    pub working_dir: Option<String>,
    /// The program and its first arguments.
    pub entrypoint: Vec<String>,
    /// Further arguments, or the program where there is no entry point.
    pub cmd: Vec<String>,
    /// The variables, each `NAME=VALUE`.
    pub env: Vec<String>,
    /// The ports, each `PORT[/PROTOCOL]`.
    pub exposed_ports: Vec<String>,
    /// The folders for data of their own.
    pub volumes: Vec<String>,
    /// The labels, by name.
    pub labels: BTreeMap<String, String>,
    /// The signal that ends it.
    pub stop_signal: Option<String>,
}

/// A step in which an image came about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// When, as it is written.
    pub created: Option<String>,
    /// By which command.
    pub created_by: Option<String>,
    /// What was remarked.
    pub comment: Option<String>,
    /// Whether it made no layer.
    pub empty_layer: bool,
}

impl Config {
    /// Reads a config. What is no JSON object at all, or one that readers may understand
    /// differently, is no image config; its bytes are as good as any.
    pub fn read(bytes: &[u8]) -> Result<Self, ConfigError> {
        let value = strict::parse(bytes, Shape::Free)?;
        let fields = value.as_object().ok_or(ConfigError::NotObject)?;
        let nothing = Map::new();
        let rootfs = object(fields, "rootfs").unwrap_or(&nothing);
        Ok(Self {
            created: text(fields, "created"),
            author: text(fields, "author"),
            architecture: text(fields, "architecture"),
            variant: text(fields, "variant"),
            os: text(fields, "os"),
            os_version: text(fields, "os.version"),
            os_features: texts(fields_or(fields, "os.features")),
            run: Run::read(object(fields, "config").unwrap_or(&nothing)),
            history: array(fields, "history").iter().map(Step::read).collect(),
            diff_ids: texts(fields_or(rootfs, "diff_ids")),
        })
    }

    /// When the image was made, where that is said and was meant.
    pub fn created(&self) -> Option<Timestamp> {
        meant(self.created.as_deref()?)
    }

    /// What it runs on; `None` where neither system nor processor is named.
    pub fn platform(&self) -> Option<Platform> {
        let (os, architecture) = (self.os.as_deref(), self.architecture.as_deref());
        os.or(architecture)?;
        let mut platform = PlatformBuilder::default()
            .os(Os::from(os.unwrap_or_default()))
            .architecture(Arch::from(architecture.unwrap_or_default()))
            .build()
            .expect("both required fields are set");
        platform
            .set_variant(self.variant.clone())
            .set_os_version(self.os_version.clone());
        Some(platform)
    }

    /// The steps that made layers, which are as many as there are layers, lowest first; none
    /// where it has no history, or one that does not fit.
    pub fn steps_of_layers(&self, layers: usize) -> Vec<&Step> {
        let steps: Vec<_> = self.history.iter().filter(|s| !s.empty_layer).collect();
        if steps.len() == layers {
            steps
        } else {
            Vec::new()
        }
    }
}

impl Run {
    fn read(fields: &Map<String, Value>) -> Self {
        Self {
            user: text(fields, "User"),
            working_dir: text(fields, "WorkingDir"),
            entrypoint: texts(fields_or(fields, "Entrypoint")),
            cmd: texts(fields_or(fields, "Cmd")),
            env: texts(fields_or(fields, "Env")),
            exposed_ports: names(fields_or(fields, "ExposedPorts")),
            volumes: names(fields_or(fields, "Volumes")),
            labels: labels(fields),
            stop_signal: text(fields, "StopSignal"),
        }
    }
}

impl Step {
    fn read(value: &Value) -> Self {
        let nothing = Map::new();
        let fields = value.as_object().unwrap_or(&nothing);
        Self {
            created: text(fields, "created"),
            created_by: text(fields, "created_by"),
            comment: text(fields, "comment"),
            empty_layer: fields.get("empty_layer") == Some(&Value::Bool(true)),
        }
    }
}

/// A time as in RFC 3339, unless it is one that only stands for none.
pub fn meant(text: &str) -> Option<Timestamp> {
    let time: Timestamp = text.parse().ok()?;
    (time.as_second() >= FIRST_MEANT).then_some(time)
}

fn fields_or<'v>(fields: &'v Map<String, Value>, name: &str) -> &'v Value {
    fields.get(name).unwrap_or(&Value::Null)
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let text = fields.get(name)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn object<'v>(fields: &'v Map<String, Value>, name: &str) -> Option<&'v Map<String, Value>> {
    fields.get(name)?.as_object()
}

fn array<'v>(fields: &'v Map<String, Value>, name: &str) -> &'v [Value] {
    let array = fields.get(name).and_then(Value::as_array);
    array.map_or(&[], Vec::as_slice)
}

/// The texts of an array. One text alone stands for an array of it, as in old images.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => {
            let texts = items.iter().filter_map(Value::as_str);
            texts.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The names of a set, which is written as an object without values.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Object(set) => {
            let mut names: Vec<_> = set.keys().cloned().collect();
            names.sort_unstable();
            names
        }
        other => texts(other),
    }
}

fn labels(fields: &Map<String, Value>) -> BTreeMap<String, String> {
    let labels = object(fields, "Labels").into_iter().flatten();
    let texts = labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    texts.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(value: &Value) -> Config {
        Config::read(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_config_says_what_is_in_it() {
        let config = read(&json!({
            "created": "2024-05-01T10:00:00Z", "author": "a", "architecture": "arm",
            "variant": "v7", "os": "linux", "os.version": "1", "os.features": ["f"], "unknown": [1],
            "config": {
                "User": "1:2", "WorkingDir": "/w", "Entrypoint": ["/e"], "Cmd": ["c", "d"],
                "Env": ["A=b"], "ExposedPorts": {"80/tcp": {}, "1/udp": {}}, "Volumes": {"/v": {}},
                "Labels": {"l": "m"}, "StopSignal": "INT",
            },
            "history": [{"created_by": "x"}, {"comment": "y", "empty_layer": true}],
            "rootfs": {"type": "layers", "diff_ids": ["sha256:0"]},
        }));
        assert_eq!(
            config.created().unwrap().to_string(),
            "2024-05-01T10:00:00Z"
        );
        let platform = config.platform().unwrap();
        assert_eq!(platform.architecture(), &Arch::ARM);
        assert_eq!(platform.variant().as_deref(), Some("v7"));
        let run = &config.run;
        assert_eq!(run.exposed_ports, ["1/udp", "80/tcp"]);
        assert_eq!(
            (&run.entrypoint[..], &run.cmd[..]),
            (
                &["/e".to_owned()][..],
                &["c".to_owned(), "d".to_owned()][..]
            )
        );
        assert_eq!(
            (&run.env[..], &run.volumes[..]),
            (&["A=b".to_owned()][..], &["/v".to_owned()][..])
        );
        assert_eq!(run.labels["l"], "m");
        let names = [
            &run.user,
            &run.working_dir,
            &run.stop_signal,
            &config.author,
        ];
        assert_eq!(
            names.map(Option::as_deref),
            ["1:2", "/w", "INT", "a"].map(Some)
        );
        assert_eq!(config.os_features, ["f"]);
        assert_eq!(config.diff_ids, ["sha256:0"]);
        let steps = config.steps_of_layers(1);
        assert_eq!(steps[0].created_by.as_deref(), Some("x"));
        assert!(config.steps_of_layers(2).is_empty());
    }

    #[test]
    fn a_time_that_was_not_meant_is_none() {
        for (created, meant) in [
            (json!(null), false),
            (json!(""), false),
            (json!(0), false),
            (json!(1_714_557_600), false),
            (json!("0001-01-01T00:00:00Z"), false),
            (json!("1970-01-01T00:00:00Z"), false),
            (json!("1980-01-01T00:00:01Z"), true),
            (json!("9999-12-31T23:59:59Z"), false),
            (json!("9999-01-01T00:00:00Z"), true),
            (json!("2024-02-30T00:00:00Z"), false),
            (json!("2016-12-31T23:59:60Z"), true),
            (json!("2024-01-01T00:00:00"), false),
            (json!("2024-01-01T00:00:00.123456789+02:00"), true),
            (json!("2".repeat(10_000)), false),
        ] {
            let config = read(&json!({"created": created}));
            assert_eq!(config.created().is_some(), meant, "{created}");
        }
        assert_eq!(read(&json!({})).created(), None);
    }

    #[test]
    fn whatever_is_of_another_sort_is_not_set() {
        for strange in [
            json!(null),
            json!(1),
            json!([[1]]),
            json!({"a": 1}),
            json!(true),
        ] {
            let names = ["User", "Entrypoint", "Cmd", "Env", "Labels", "StopSignal"];
            let run: Map<_, _> = names
                .iter()
                .map(|n| ((*n).to_owned(), strange.clone()))
                .collect();
            let config = read(&json!({
                "created": strange, "architecture": strange, "os": strange, "config": run,
                "history": strange, "rootfs": strange,
            }));
            assert_eq!(config.run, Run::default(), "{strange}");
            assert_eq!(config.platform(), None);
            read(&json!({"config": strange, "rootfs": {"diff_ids": strange}}));
        }
        assert_eq!(Config::read(b"{}"), Ok(Config::default()));
        for other in ["null", "[]", "\"text\"", "1"] {
            let read = Config::read(other.as_bytes());
            assert_eq!(read, Err(ConfigError::NotObject), "{other}");
        }
        assert_eq!(read(&json!({"config": {"Cmd": "sh"}})).run.cmd, ["sh"]);
    }

    #[test]
    fn what_is_not_json_is_no_config() {
        for bytes in [&b""[..], b"\x1f\x8b\x08", b"<html>", b"{", b"{}{}"] {
            assert!(Config::read(bytes).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text in r#"[\[\]{}":,a-zA-Z0-9]{0,60}"#) {
            let _ = Config::read(&bytes);
            let _ = Config::read(text.as_bytes());
            let _ = meant(&text);
        }
    }
}
