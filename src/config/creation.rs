//! The key `create` of a registry: whether repositories that are not there are made, and how.

use super::shape::Switch;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// What repositories that are made are like. What a registry does not know of it, it is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Creation {
    /// Their tags never move.
    pub immutable: bool,
    /// What is pushed is scanned.
    pub scan_on_push: bool,
    /// Everybody may read them.
    pub public: bool,
}

impl fmt::Display for Creation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wishes = [
            (self.immutable, "immutable"),
            (self.scan_on_push, "scan_on_push"),
            (self.public, "public"),
        ];
        let wishes: Vec<&str> = wishes
            .iter()
            .filter(|wish| wish.0)
            .map(|wish| wish.1)
            .collect();
        f.write_str("true")?;
        if !wishes.is_empty() {
            write!(f, " ({})", wishes.join(", "))?;
        }
        Ok(())
    }
}

/// The key as it is written: `true`, `false`, or what is wanted of new repositories.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Written(pub(super) Option<Creation>);

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
struct Wishes {
    /// Their tags never move.
    immutable: Switch,
    /// What is pushed is scanned.
    scan_on_push: Switch,
    /// Everybody may read them.
    public: Switch,
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WrittenVisitor;
        impl<'de> Visitor<'de> for WrittenVisitor {
            type Value = Written;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, `false`, or a map of `immutable`, `scan_on_push`, `public`")
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Written, E> {
                Ok(Written(value.then(Creation::default)))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
                let wishes = Wishes::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Written(Some(Creation {
                    immutable: wishes.immutable.0,
                    scan_on_push: wishes.scan_on_push.0,
                    public: wishes.public.0,
                })))
            }
        }
        deserializer.deserialize_any(WrittenVisitor)
    }
}

impl JsonSchema for Written {
    fn schema_name() -> Cow<'static, str> {
        "Create".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let wishes = Wishes::json_schema(generator);
        json_schema!({"anyOf": [{"type": "boolean"}, wishes]})
    }
}
