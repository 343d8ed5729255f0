//! What a registry's challenges have taught about the rights that its token service knows.

use super::Authenticator;
use crate::auth::granted::Access;
use crate::auth::scope::Scopes;
use std::sync::PoisonError;

/// What was learned of one registry.
#[derive(Default)]
pub(super) struct Lessons {
    /// What it calls the rights that a removal takes.
    removal: Option<Scopes>,
    /// Whether its token service knows no right to list repositories, so that none is named (Quay).
    has_no_catalog: bool,
}

impl Authenticator {
    /// The rights that a request needs, as this registry calls them.
    pub(super) fn as_learned(&self, access: &Access) -> Scopes {
        let lessons = self.lessons.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = &access.scopes;
        match lessons.get(access.home.origin()) {
            Some(Lessons {
                has_no_catalog: true,
                ..
            }) if wanted.is_catalog() => Scopes::none(),
            Some(Lessons {
                removal: Some(known),
                ..
            }) => wanted.removing_as(known),
            _ => wanted.clone(),
        }
    }

    /// A token was given for `scopes`, which is what a challenge made of what was wanted.
    pub(super) fn learn(&self, access: &Access, scopes: &Scopes) {
        if !access.scopes.is_removal() && !access.scopes.is_catalog() {
            return;
        }
        let mut lessons = self.lessons.lock().unwrap_or_else(PoisonError::into_inner);
        let own = lessons.entry(access.home.origin().clone()).or_default();
        if access.scopes.is_removal() {
            own.removal = Some(scopes.clone());
        } else {
            own.has_no_catalog = scopes.is_none();
        }
    }
}
