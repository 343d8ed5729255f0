//! The section `immutable`: tags that no command moves or removes.

use super::error::Problem;
use super::pattern::{RepositoryPattern, TagPatterns};
use super::shape::{Entries, Texts};
use crate::oci::reference::{Repository, Tag};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::borrow::Cow;
use std::fmt;

/// Which tags are immutable. The default is none.
#[derive(Debug, Clone, Default)]
pub struct Immutable {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    repositories: RepositoryPattern,
    tags: TagPatterns,
}

impl Immutable {
    /// Whether `tag` in `repository` must stay as it is; if so, the tag pattern that says it,
    /// the first in the order of the files.
    pub fn covers(&self, repository: &Repository, tag: &Tag) -> Option<&str> {
        self.rules
            .iter()
            .filter(|rule| rule.repositories.matches(repository))
            .find_map(|rule| rule.tags.matching(tag))
    }

    /// Whether nothing at all is immutable.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Lets `further` hold as well.
    pub(super) fn add(&mut self, further: Self) {
        self.rules.extend(further.rules);
    }
}

/// The section as it is written.
#[derive(Debug)]
pub(super) struct Section(Spanned<Written>);

/// Its two shapes, and the short one of the first.
#[derive(Debug)]
enum Written {
    One(String),
    Everywhere(Texts),
    ByRepository(Entries<Texts>),
}

impl Section {
    /// Checks the section and compiles its patterns.
    pub(super) fn check(self) -> Result<Immutable, Problem> {
        let (referenced, defined) = (self.0.referenced, self.0.defined);
        let everywhere = |tags: &Texts| {
            Ok(vec![Rule {
                repositories: RepositoryPattern::all(),
                tags: TagPatterns::compile(tags)?,
            }])
        };
        let rules = match self.0.value {
            Written::One(text) => everywhere(&Texts::one(Spanned::new(text, referenced, defined)))?,
            Written::Everywhere(tags) => everywhere(&tags)?,
            Written::ByRepository(entries) => by_repository(&entries)?,
        };
        Ok(Immutable { rules })
    }
}

impl JsonSchema for Section {
    fn schema_name() -> Cow<'static, str> {
        "Immutable".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [
            generator.subschema_for::<Texts>(),
            generator.subschema_for::<Entries<Texts>>(),
        ]})
    }
}

fn by_repository(entries: &Entries<Texts>) -> Result<Vec<Rule>, Problem> {
    let rule = |(repositories, tags)| {
        Ok(Rule {
            repositories: RepositoryPattern::compile(repositories)?,
            tags: TagPatterns::compile(tags)?,
        })
    };
    let pairs = entries
        .0
        .iter()
        .map(|(repositories, tags)| (repositories, tags));
    pairs.map(rule).collect()
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WrittenVisitor)
    }
}

struct WrittenVisitor;

impl<'de> Visitor<'de> for WrittenVisitor {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tag patterns, or `repository pattern: tag patterns` pairs")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Written, E> {
        Ok(Written::One(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Written, A::Error> {
        Texts::of_list(list).map(Written::Everywhere)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Written, A::Error> {
        Entries::of_map(map).map(Written::ByRepository)
    }
}
