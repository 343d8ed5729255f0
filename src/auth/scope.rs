//! What a token is to be good for.
//!
//! Source: distribution, "Token Scope Documentation": `repository:NAME:ACTION[,ACTION]`.

use crate::oci::reference::RepositoryName;
use std::collections::BTreeSet;
use std::fmt;

/// What stands for the list of a registry's repositories.
const CATALOG: &str = "registry:catalog";

/// A right on a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Reading.
    Pull,
    /// Writing.
    Push,
    /// Deleting.
    Delete,
    /// Reading what is known of tags and manifests: Azure's word.
    MetadataRead,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::MetadataRead => "metadata_read",
        })
    }
}

/// Rights on one thing. Equal rights in another order are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    resource: String,
    actions: BTreeSet<String>,
}

impl Scope {
    /// Rights on a repository.
    pub fn repository(name: &RepositoryName, actions: &[Action]) -> Self {
        Self {
            resource: format!("repository:{}", name.as_str()),
            actions: actions.iter().map(ToString::to_string).collect(),
        }
    }

    /// The right to list a registry's repositories.
    pub fn catalog() -> Self {
        Self {
            resource: CATALOG.to_owned(),
            actions: BTreeSet::from(["*".to_owned()]),
        }
    }

    fn is_removal(&self) -> bool {
        self.actions.len() == 1 && self.actions.contains("delete")
    }

    /// Reads one scope as a challenge names it. The name may hold colons of its own.
    fn read(text: &str) -> Option<Self> {
        let (resource, actions) = text.rsplit_once(':')?;
        Some(Self {
            resource: resource.to_owned(),
            actions: actions.split(',').map(str::to_owned).collect(),
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pull` before `push` before `delete`, as every other client sends them.
        let order = |action: &&String| match action.as_str() {
            "pull" => 0,
            "push" => 1,
            _ => 2,
        };
        let mut actions: Vec<&String> = self.actions.iter().collect();
        actions.sort_by_key(order);
        let actions: Vec<&str> = actions.into_iter().map(String::as_str).collect();
        write!(f, "{}:{}", self.resource, actions.join(","))
    }
}

/// What one request needs: rights on its own repository, and perhaps on a second one that it
/// takes a blob from. The first is named first, since some token services read no further.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// No rights: only the proof of who asks.
    pub fn none() -> Self {
        Self::default()
    }

    /// Rights on one thing.
    pub fn one(scope: Scope) -> Self {
        Self(vec![scope])
    }

    /// These, and the right to read another repository.
    #[must_use]
    pub fn and(mut self, scope: Scope) -> Self {
        if let Some(own) = self.0.iter_mut().find(|own| own.resource == scope.resource) {
            own.actions.extend(scope.actions);
        } else {
            self.0.push(scope);
        }
        self
    }

    /// Adds the rights that a challenge names on the same things. Rights on other things are not
    /// asked for: a registry could fish for them.
    ///
    /// For a removal the registry's word counts alone: some want `delete`, some `pull,push`, and
    /// some token services refuse a request that names another one (Quay).
    #[must_use]
    pub fn as_challenged(&self, scope: Option<&str>) -> Self {
        let mut wanted = self.clone();
        for named in scope
            .unwrap_or_default()
            .split_ascii_whitespace()
            .filter_map(Scope::read)
        {
            if let Some(own) = wanted
                .0
                .iter_mut()
                .find(|own| own.resource == named.resource)
            {
                if own.is_removal() {
                    own.actions.clear();
                }
                own.actions.extend(named.actions);
            }
        }
        wanted
    }

    /// Whether no right is named.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is the right to list repositories, and nothing else.
    pub fn is_catalog(&self) -> bool {
        matches!(&self.0[..], [scope] if scope.resource == CATALOG)
    }

    /// Whether it is the right to remove from one repository, and nothing else.
    pub fn is_removal(&self) -> bool {
        matches!(&self.0[..], [scope] if scope.is_removal())
    }

    /// The same, with the rights that a removal took elsewhere in this registry.
    #[must_use]
    pub fn removing_as(&self, known: &Self) -> Self {
        let mut wanted = self.clone();
        if let (true, [own], [known]) = (self.is_removal(), &mut wanted.0[..], &known.0[..]) {
            own.actions.clone_from(&known.actions);
        }
        wanted
    }

    /// Whether nothing can be changed by them.
    pub fn only_read(&self) -> bool {
        let reads = |scope: &Scope| {
            let reading = ["pull", "metadata_read"];
            let actions = scope.actions.iter().map(String::as_str);
            scope.resource == CATALOG || actions.clone().all(|action| reading.contains(&action))
        };
        self.0.iter().all(reads)
    }

    /// Each scope as a token service wants it.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn on(name: &str, actions: &[Action]) -> Scope {
        Scope::repository(&name.parse().unwrap(), actions)
    }

    #[test]
    fn reading_is_told_from_writing() {
        use Action::{Delete, Pull, Push};
        let pull = || Scopes::one(on("a", &[Pull]));
        for scopes in [Scopes::none(), pull(), Scopes::one(Scope::catalog())] {
            assert!(scopes.only_read(), "{scopes:?}");
        }
        for actions in [&[Push][..], &[Pull, Push], &[Delete]] {
            assert!(!pull().and(on("b", actions)).only_read(), "{actions:?}");
        }
    }

    #[test]
    fn equal_rights_are_equal_in_any_order() {
        let a = on("team/app", &[Action::Push, Action::Pull]);
        assert_eq!(a, on("team/app", &[Action::Pull, Action::Push]));
        assert_eq!(a.to_string(), "repository:team/app:pull,push");
    }

    #[test]
    fn a_challenge_widens_only_what_was_wanted() {
        let wanted = Scopes::one(on("a", &[Action::Pull])).and(on("b", &[Action::Pull]));
        let named = "repository:a:pull,delete repository:other:push registry:catalog:*";
        let widened = wanted.as_challenged(Some(named));
        assert_eq!(
            widened.texts(),
            ["repository:a:pull,delete", "repository:b:pull"]
        );
        assert_eq!(wanted.as_challenged(None), wanted);
    }

    #[test]
    fn what_a_removal_takes_is_the_registry_s_word() {
        let wanted = Scopes::one(on("a", &[Action::Delete]));
        for (named, asked) in [
            ("repository:a:delete", "repository:a:delete"),
            ("repository:a:pull,push", "repository:a:pull,push"),
            (
                "repository:a:pull,push,delete",
                "repository:a:pull,push,delete",
            ),
            ("repository:other:*", "repository:a:delete"),
        ] {
            assert_eq!(wanted.as_challenged(Some(named)).texts(), [asked]);
        }
    }

    #[test]
    fn what_a_removal_took_it_takes_elsewhere_too() {
        let removal = |name| Scopes::one(on(name, &[Action::Delete]));
        let known = removal("a").as_challenged(Some("repository:a:pull,push"));
        assert_eq!(
            removal("b").removing_as(&known).texts(),
            ["repository:b:pull,push"]
        );
        let reading = Scopes::one(on("b", &[Action::Pull]));
        assert_eq!(reading.removing_as(&known), reading);
    }

    #[test]
    fn two_rights_on_one_repository_are_one_scope() {
        let scopes = Scopes::one(on("a", &[Action::Push])).and(on("a", &[Action::Pull]));
        assert_eq!(scopes.texts(), ["repository:a:pull,push"]);
    }

    #[test]
    fn a_name_may_hold_colons() {
        let scope = Scope::read("repository:host:5000/a:pull").unwrap();
        assert_eq!(scope.resource, "repository:host:5000/a");
    }
}
