//! Where a repository is really read and written: rewrites, mirrors, blocked places, short names.
//!
//! The files say it in layers, the deciding one first. Within a layer the rule that names a
//! repository most closely counts, alone; of each value the first layer that says it.

mod prefix;
#[cfg(test)]
mod tests;

pub use prefix::{Base, Prefix, PrefixError};

use super::error::SettingsError;
use super::origin::{Origin, Said};
use crate::oci::reference::{Host, Repository, Target};
use std::collections::BTreeMap;

/// Where one repository is read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Who forbids it, if somebody does.
    pub blocked: Option<Origin>,
    /// Where it really is: it itself, unless somebody says otherwise.
    pub location: Repository,
    /// Who says otherwise.
    pub rewritten: Option<Origin>,
    /// Who may have copies of it, in the order that they are asked in, all before the location.
    pub mirrors: Vec<Mirror>,
}

/// A repository that has copies of another one's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// The repository.
    pub repository: Repository,
    /// What it is asked for.
    pub when: When,
    /// Who names it.
    pub origin: Origin,
}

/// What a mirror is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum When {
    /// Everything.
    #[default]
    Always,
    /// What is asked for by digest, and never which digest a tag has.
    DigestOnly,
    /// What is asked for by tag.
    TagOnly,
}

/// What a short name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// The repository.
    pub repository: Repository,
    /// Who says so.
    pub origin: Origin,
}

/// What the rules say about the repositories below one prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The repositories that it is for.
    pub prefix: Prefix,
    /// Whether they must not be touched.
    pub blocked: Option<Said<bool>>,
    /// Where they are instead.
    pub location: Option<Said<Base>>,
    /// Their mirrors; none said is none here, and no mirrors said is an empty list.
    pub mirrors: Option<Vec<MirrorRule>>,
    /// Where the rule begins.
    pub origin: Origin,
}

/// A mirror of what is below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorRule {
    /// Where the copies are.
    pub base: Base,
    /// What it is asked for.
    pub when: When,
    /// Who names it.
    pub origin: Origin,
}

/// All rules.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// The rules of each kind of file, the deciding one first.
    pub layers: Vec<Vec<Rule>>,
    /// Short names, as they are typed.
    pub aliases: BTreeMap<String, Alias>,
}

impl When {
    /// Whether a mirror is asked for what `target` names.
    pub fn is_for(self, target: &Target) -> bool {
        match (self, target) {
            (Self::Always, _)
            | (Self::DigestOnly, Target::Digest(_))
            | (Self::TagOnly, Target::Tag(_)) => true,
            (Self::DigestOnly | Self::TagOnly, _) => false,
        }
    }

    /// How `registries.conf` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "all",
            Self::DigestOnly => "digest-only",
            Self::TagOnly => "tag-only",
        }
    }
}

impl Rule {
    /// A rule that says nothing yet.
    pub fn new(prefix: Prefix, origin: Origin) -> Self {
        Self {
            prefix,
            blocked: None,
            location: None,
            mirrors: None,
            origin,
        }
    }
}

impl Route {
    /// The route of a repository that nobody has rules for.
    pub fn direct(repository: &Repository) -> Self {
        Self {
            blocked: None,
            location: repository.clone(),
            rewritten: None,
            mirrors: Vec::new(),
        }
    }
}

impl Routes {
    /// The route of a repository. It fails where a rule makes no repository of it.
    pub fn of(&self, repository: &Repository) -> Result<Route, SettingsError> {
        let rules: Vec<(&Rule, &str)> = self
            .layers
            .iter()
            .filter_map(|layer| closest(layer, repository))
            .collect();
        let mut route = Route::direct(repository);
        route.blocked = forbidden(rules.iter().map(|(rule, _)| *rule)).cloned();
        let mut locations = rules
            .iter()
            .filter_map(|(rule, rest)| Some((rule.location.as_ref()?, rest)));
        if let Some((base, rest)) = locations.next() {
            let location = place(repository, &base.value, rest, &base.origin)?;
            // A rule that names the prefix itself as its place says nothing.
            if location != route.location {
                route.location = location;
                route.rewritten = Some(base.origin.clone());
            }
        }
        let mut mirrors = rules
            .iter()
            .filter_map(|(rule, rest)| Some((rule.mirrors.as_ref()?, rest)));
        if let Some((mirrors, rest)) = mirrors.next() {
            let mirrors = mirrors
                .iter()
                .map(|mirror| mirror.of(repository, rest))
                .collect::<Result<Vec<_>, _>>()?;
            route.mirrors = mirrors;
        }
        Ok(route)
    }

    /// Who forbids a repository, whatever is said about where it is.
    pub fn blocked(&self, repository: &Repository) -> Option<&Origin> {
        let rules = self.layers.iter();
        let rules = rules.filter_map(|layer| closest(layer, repository));
        forbidden(rules.map(|(rule, _)| rule))
    }

    /// Who forbids a registry as a whole.
    pub fn blocked_whole(&self, host: &Host) -> Option<&Origin> {
        forbidden(self.layers.iter().filter_map(|layer| {
            let covers = |rule: &&Rule| rule.prefix.is_whole() && rule.prefix.covers(host);
            let whole = layer.iter().filter(covers);
            whole.rev().max_by_key(|rule| rule.prefix.closeness())
        }))
    }

    /// What a name stands for, as it was typed and without tag and digest. Only short names do:
    /// what begins with a host stands for itself.
    pub fn alias(&self, name: &str) -> Option<&Alias> {
        self.aliases.get(name)
    }
}

impl MirrorRule {
    fn of(&self, repository: &Repository, rest: &str) -> Result<Mirror, SettingsError> {
        Ok(Mirror {
            repository: place(repository, &self.base, rest, &self.origin)?,
            when: self.when,
            origin: self.origin.clone(),
        })
    }
}

/// The rule that names a repository most closely, and what of its path is behind the prefix. Of
/// two alike the first counts.
fn closest<'a, 'b>(layer: &'a [Rule], repository: &'b Repository) -> Option<(&'a Rule, &'b str)> {
    let matching = layer
        .iter()
        .filter_map(|rule| Some((rule, rule.prefix.rest(repository)?)));
    matching
        .rev()
        .max_by_key(|(rule, _)| rule.prefix.closeness())
}

/// Who says that it is forbidden, of those that count, the deciding one first.
fn forbidden<'a>(mut rules: impl Iterator<Item = &'a Rule>) -> Option<&'a Origin> {
    let said = rules.find_map(|rule| rule.blocked.as_ref())?;
    said.value.then_some(&said.origin)
}

fn place(
    repository: &Repository,
    base: &Base,
    rest: &str,
    origin: &Origin,
) -> Result<Repository, SettingsError> {
    base.join(rest).map_err(|error| {
        let reason = format!("`{base}` makes no repository of {repository}: {error}");
        SettingsError::at(origin, reason)
    })
}
