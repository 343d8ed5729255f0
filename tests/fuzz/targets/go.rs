//! How a program in Go reads JSON into its structs, which is how registries and other clients read
//! manifests.
//!
//! Source: Go's `encoding/json`, `Unmarshal`: names match exactly or else whatever their case; of
//! two equal names both count, the later one over the earlier; `null` changes nothing in a text, a
//! number or a struct and empties a list, a map or a pointer.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A JSON value with every field that it has, in order.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    Null,
    Bool,
    Whole(i64),
    /// With a fraction, with an exponent, or too large.
    Number,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Why Go gives up: some value has another type than its field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mismatch;

type Read<T = ()> = Result<T, Mismatch>;

/// A type that JSON is read into, over what it holds already.
trait Filled: Default {
    fn read(&mut self, json: &Json) -> Read;
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: i64,
    pub(crate) artifact_type: String,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) urls: Vec<String>,
    pub(crate) platform: Option<Platform>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Platform {
    pub(crate) architecture: String,
    pub(crate) os: String,
    pub(crate) os_version: String,
    pub(crate) os_features: Vec<String>,
    pub(crate) variant: String,
}

/// A manifest and an index at once: which of its fields count is for its reader to say.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    pub(crate) schema_version: i64,
    pub(crate) media_type: String,
    pub(crate) artifact_type: String,
    pub(crate) config: Descriptor,
    pub(crate) layers: Vec<Descriptor>,
    pub(crate) manifests: Vec<Descriptor>,
    pub(crate) subject: Option<Descriptor>,
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// What Go makes of a document.
    pub(crate) fn read(bytes: &[u8]) -> Read<Self> {
        let json: Json = serde_json::from_slice(bytes).map_err(|_| Mismatch)?;
        let mut read = Self::default();
        Filled::read(&mut read, &json)?;
        Ok(read)
    }
}

/// The field of `names` that Go takes `name` for.
fn field(names: &[&'static str], name: &str) -> Option<&'static str> {
    let exact = names.iter().find(|known| **known == name);
    let folded = || names.iter().find(|known| fold(known) == fold(name));
    exact.or_else(folded).copied()
}

/// Go's `foldName`: the smallest rune of each one's simple folding orbit.
fn fold(name: &str) -> String {
    let rune = |c: char| match c {
        'ſ' => 'S',
        '\u{212a}' => 'K',
        other => other.to_ascii_uppercase(),
    };
    name.chars().map(rune).collect()
}

/// Reads an object's fields one after the other.
fn fields(
    json: &Json,
    names: &[&'static str],
    mut set: impl FnMut(&'static str, &Json) -> Read,
) -> Read {
    match json {
        Json::Null => Ok(()),
        Json::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            field(names, name).map_or(Ok(()), |known| set(known, value))
        }),
        _ => Err(Mismatch),
    }
}

impl Filled for Manifest {
    fn read(&mut self, json: &Json) -> Read {
        let names = [
            "schemaVersion",
            "mediaType",
            "artifactType",
            "config",
            "layers",
            "manifests",
            "subject",
            "annotations",
        ];
        fields(json, &names, |name, value| match name {
            "schemaVersion" => self.schema_version.read(value),
            "mediaType" => self.media_type.read(value),
            "artifactType" => self.artifact_type.read(value),
            "config" => self.config.read(value),
            "layers" => self.layers.read(value),
            "manifests" => self.manifests.read(value),
            "subject" => self.subject.read(value),
            _ => self.annotations.read(value),
        })
    }
}

impl Filled for Descriptor {
    fn read(&mut self, json: &Json) -> Read {
        let names = [
            "mediaType",
            "digest",
            "size",
            "artifactType",
            "annotations",
            "urls",
            "platform",
        ];
        fields(json, &names, |name, value| match name {
            "mediaType" => self.media_type.read(value),
            "digest" => self.digest.read(value),
            "size" => self.size.read(value),
            "artifactType" => self.artifact_type.read(value),
            "annotations" => self.annotations.read(value),
            "urls" => self.urls.read(value),
            _ => self.platform.read(value),
        })
    }
}

impl Filled for Platform {
    fn read(&mut self, json: &Json) -> Read {
        let names = ["architecture", "os", "os.version", "os.features", "variant"];
        fields(json, &names, |name, value| match name {
            "architecture" => self.architecture.read(value),
            "os" => self.os.read(value),
            "os.version" => self.os_version.read(value),
            "os.features" => self.os_features.read(value),
            _ => self.variant.read(value),
        })
    }
}

impl Filled for String {
    fn read(&mut self, json: &Json) -> Read {
        match json {
            Json::Null => {}
            Json::Text(text) => self.clone_from(text),
            _ => return Err(Mismatch),
        }
        Ok(())
    }
}

impl Filled for i64 {
    fn read(&mut self, json: &Json) -> Read {
        match json {
            Json::Null => {}
            Json::Whole(number) => *self = *number,
            _ => return Err(Mismatch),
        }
        Ok(())
    }
}

impl<T: Filled> Filled for Option<T> {
    fn read(&mut self, json: &Json) -> Read {
        if matches!(json, Json::Null) {
            *self = None;
            return Ok(());
        }
        self.get_or_insert_default().read(json)
    }
}

impl<T: Filled> Filled for Vec<T> {
    fn read(&mut self, json: &Json) -> Read {
        let items = match json {
            Json::Null => &[][..],
            Json::List(items) => items,
            _ => return Err(Mismatch),
        };
        let item = |json| {
            let mut item = T::default();
            item.read(json).map(|()| item)
        };
        *self = items.iter().map(item).collect::<Read<_>>()?;
        Ok(())
    }
}

impl Filled for BTreeMap<String, String> {
    fn read(&mut self, json: &Json) -> Read {
        match json {
            Json::Null => self.clear(),
            Json::Object(entries) => {
                for (name, json) in entries {
                    let mut value = String::new();
                    value.read(json)?;
                    self.insert(name.clone(), value);
                }
            }
            _ => return Err(Mismatch),
        }
        Ok(())
    }
}

struct JsonVisitor;

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Bool)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(i64::try_from(number).map_or(Json::Number, Json::Whole))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Json::Object(fields))
    }
}

#[test]
fn the_oracle_reads_as_go_does() {
    let read = |text: &str| Manifest::read(text.as_bytes());
    let size = |text: &str| read(text).map(|manifest| manifest.config.size);
    for (text, expected) in [
        (r#"{"config":{"size":1,"size":2}}"#, Ok(2)),
        (r#"{"config":{"size":1},"Config":{"SIZE":2}}"#, Ok(2)),
        (r#"{"config":{"size":1},"config":{"digest":"x"}}"#, Ok(1)),
        (r#"{"config":{"size":1},"config":null}"#, Ok(1)),
        (r#"{"config":{"\u017fize":3}}"#, Ok(3)),
        (r#"{"config":{"size":null}}"#, Ok(0)),
        (r#"{"config":{"size":1e3}}"#, Err(Mismatch)),
        (r#"{"config":{"size":"5"}}"#, Err(Mismatch)),
        (r#"{"config":{"size":9223372036854775808}}"#, Err(Mismatch)),
        (r#"{"config":[]}"#, Err(Mismatch)),
    ] {
        assert_eq!(size(text), expected, "{text}");
    }
    let layers = |text: &str| read(text).map(|manifest| manifest.layers.len());
    assert_eq!(layers(r#"{"layers":[{},{}],"LAYERS":[null]}"#), Ok(1));
    assert_eq!(layers(r#"{"layers":[{}],"layers":null}"#), Ok(0));
    assert_eq!(layers(r#"{"layers":{}}"#), Err(Mismatch));
}
