//! What may be done to what: actions, and the scopes that name them.
//!
//! Source: CNCF distribution, "Token Scope Documentation".

use crate::server::grammar;
use std::fmt;

/// A set of actions on a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Actions {
    /// Reading manifests, blobs, tags and referrers.
    pub pull: bool,
    /// Writing manifests and blobs.
    pub push: bool,
    /// Deleting manifests, tags and blobs.
    pub delete: bool,
}

impl Actions {
    /// Nothing.
    pub const NONE: Self = Self {
        pull: false,
        push: false,
        delete: false,
    };
    /// Reading.
    pub const PULL: Self = Self {
        pull: true,
        ..Self::NONE
    };
    /// Reading and writing.
    pub const PUSH: Self = Self {
        push: true,
        ..Self::PULL
    };
    /// Deleting.
    pub const DELETE: Self = Self {
        delete: true,
        ..Self::NONE
    };
    /// Everything.
    pub const ALL: Self = Self {
        delete: true,
        ..Self::PUSH
    };

    /// What is in both sets.
    pub fn intersection(self, other: Self) -> Self {
        Self {
            pull: self.pull && other.pull,
            push: self.push && other.push,
            delete: self.delete && other.delete,
        }
    }

    /// What is in either set.
    pub fn union(self, other: Self) -> Self {
        Self {
            pull: self.pull || other.pull,
            push: self.push || other.push,
            delete: self.delete || other.delete,
        }
    }

    /// Whether all of `other` is in this set.
    pub fn contains(self, other: Self) -> bool {
        self.intersection(other) == other
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        let all = [
            (self.pull, "pull"),
            (self.push, "push"),
            (self.delete, "delete"),
        ];
        all.into_iter().filter_map(|(on, name)| on.then_some(name))
    }

    fn parse(text: &str) -> Self {
        text.split(',').fold(Self::NONE, |set, name| {
            set.union(match name {
                "pull" => Self::PULL,
                "push" => Self {
                    push: true,
                    ..Self::NONE
                },
                "delete" => Self::DELETE,
                "*" => Self::ALL,
                _ => Self::NONE,
            })
        })
    }
}

/// What a scope is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    Repository(String),
    Catalog,
}

/// Actions on a resource: what a request needs, or what a token grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) resource: Resource,
    pub(super) actions: Actions,
}

impl Scope {
    pub(super) fn repository(name: &str, actions: Actions) -> Self {
        Self {
            resource: Resource::Repository(name.to_owned()),
            actions,
        }
    }

    pub(super) fn catalog() -> Self {
        Self {
            resource: Resource::Catalog,
            actions: Actions::ALL,
        }
    }

    /// Reads `type:name:actions`; the name may hold colons. `None` for a type or a name that this
    /// registry does not have.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let kind = kind.split_once('(').map_or(kind, |(kind, _)| kind);
        match kind {
            "repository" if grammar::is_repository(name) => {
                Some(Self::repository(name, Actions::parse(actions)))
            }
            "registry" if name == "catalog" && actions == "*" => Some(Self::catalog()),
            _ => None,
        }
    }

    /// Type and name, as an error's detail has them.
    pub(super) fn resource(&self) -> (&'static str, &str) {
        match &self.resource {
            Resource::Repository(name) => ("repository", name),
            Resource::Catalog => ("registry", "catalog"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = self.resource();
        let actions = match self.resource {
            Resource::Repository(_) => self.actions.names().collect::<Vec<_>>().join(","),
            Resource::Catalog => "*".to_owned(),
        };
        write!(f, "{kind}:{name}:{actions}")
    }
}

/// Whether `grants` together allow what is needed.
pub(super) fn allow(grants: &[Scope], needed: &Scope) -> bool {
    let same = grants
        .iter()
        .filter(|grant| grant.resource == needed.resource);
    let granted = same.fold(Actions::NONE, |all, grant| all.union(grant.actions));
    granted.contains(needed.actions)
}

/// Several scopes as one parameter has them.
pub(super) fn join(scopes: &[Scope]) -> String {
    let scopes: Vec<String> = scopes.iter().map(Scope::to_string).collect();
    scopes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written() {
        let cases = [
            ("repository:a/b:pull", Some("repository:a/b:pull")),
            ("repository:a:push,pull", Some("repository:a:pull,push")),
            ("repository:a:*", Some("repository:a:pull,push,delete")),
            ("repository(plugin):a:pull", Some("repository:a:pull")),
            ("repository:a:fly", Some("repository:a:")),
            ("registry:catalog:*", Some("registry:catalog:*")),
            ("registry:other:*", None),
            ("repository:A:pull", None),
            ("repository:a", None),
            ("planet:a:pull", None),
            ("", None),
        ];
        for (text, written) in cases {
            let scope = Scope::parse(text).map(|scope| scope.to_string());
            assert_eq!(scope.as_deref(), written, "{text}");
        }
    }
}
