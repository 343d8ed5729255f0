//! Who may do what in the wild, and how scopes say it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Who may do everything.
pub(crate) const WRITER: (&str, &str) = ("ann", "apple");
/// Who may only read.
pub(crate) const READER: (&str, &str) = ("bob", "banana");

/// A repository, or `*`, and what may be done there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) name: String,
    pub(super) action: String,
}

impl Right {
    pub(super) fn new(name: &str, action: &str) -> Self {
        Self {
            name: name.to_owned(),
            action: action.to_owned(),
        }
    }
}

/// What somebody may do, by name and password in base64.
pub(super) fn rights(pair: &str) -> Option<Vec<Right>> {
    let is = |(name, password): (&str, &str)| pair == STANDARD.encode(format!("{name}:{password}"));
    if is(WRITER) {
        return Some(vec![Right::new("*", "*")]);
    }
    is(READER).then(|| vec![Right::new("*", "pull")])
}

/// Whether it is one scope of a repository, with rights that are known.
pub(super) fn fits(scope: &str, known: &[&str]) -> bool {
    let Some((repository, actions)) = scope.rsplit_once(':') else {
        return false;
    };
    let actions = actions.split(',');
    let is_repository = repository.starts_with("repository:") && !repository.contains(' ');
    is_repository && actions.clone().all(|action| known.contains(&action))
}

/// The rights that one scope names.
pub(super) fn read(scope: &str) -> Vec<Right> {
    let parts = scope
        .split_once(':')
        .and_then(|(_, rest)| rest.rsplit_once(':'));
    let (name, actions) = parts.unwrap_or_default();
    actions.split(',').map(|a| Right::new(name, a)).collect()
}

/// Rights as challenges name them.
pub(super) fn scope(needed: &[Right]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for right in needed {
        if !names.contains(&right.name.as_str()) {
            names.push(&right.name);
        }
    }
    let scopes = names.into_iter().map(|name| {
        let actions = needed.iter().filter(|right| right.name == name);
        let actions: Vec<&str> = actions.map(|right| right.action.as_str()).collect();
        let kind = if name == "catalog" {
            "registry"
        } else {
            "repository"
        };
        format!("{kind}:{name}:{}", actions.join(","))
    });
    scopes.collect::<Vec<_>>().join(" ")
}
