//! Who asks for what, and the authorization that comes of it.

use super::asking::Who;
use super::credential::{Credential, Subject};
use super::error::Error;
use super::scope::Scopes;
use super::token;
use crate::transport::Authorization;
use crate::transport::carry::Home;
use crate::transport::secret::Secret;
use std::sync::Arc;

/// Who asks which registry for what.
#[derive(Debug, Clone)]
pub struct Access {
    /// The registry that secrets are bound to.
    pub home: Home,
    /// Whose credential is wanted.
    pub subject: Subject,
    /// The rights that the request needs.
    pub scopes: Scopes,
}

/// An authorization, and what it was made from.
#[derive(Debug, Clone)]
pub struct Granted {
    /// What is sent.
    pub authorization: Authorization,
    /// Where the credential came from; `None` for an anonymous token.
    pub origin: Option<String>,
    /// Why it is an anonymous token although there should be a credential.
    pub failed: Option<Arc<Error>>,
    pub(super) credential: Option<Credential>,
    /// The rights that it was asked for.
    pub(super) scopes: Scopes,
    /// Whether nobody gave the credential: the machine has it by itself.
    pub(super) is_identity: bool,
    /// What the credential is, where it is sent itself and not traded for a token.
    pub(super) sent: Option<&'static str>,
    /// The token that is sent, where it is one.
    pub(super) token: Option<Secret>,
}

impl Granted {
    /// What `who` is given in this form.
    pub(super) fn to(
        who: &Who,
        authorization: Authorization,
        sent: Option<&'static str>,
        failed: Option<Arc<Error>>,
        scopes: &Scopes,
    ) -> Self {
        let found = who.found();
        Self {
            authorization,
            origin: found.map(|found| found.origin.clone()),
            failed,
            credential: found.map(|found| found.credential.clone()),
            is_identity: matches!(who, Who::Identity(_)),
            sent,
            scopes: scopes.clone(),
            token: None,
        }
    }

    /// The same, which is this token.
    pub(super) fn as_token(self, token: Secret) -> Self {
        Self {
            token: Some(token),
            ..self
        }
    }

    /// The password of `who` itself, where there is one.
    pub(super) fn password(who: &Who, home: Home, scopes: &Scopes) -> Option<Self> {
        let authorization = token::basic(who.credential()?, home)?;
        let sent = Some("password");
        Some(Self::to(who, authorization, sent, None, scopes))
    }

    pub(super) fn is_again(&self, rejected: Option<&Self>) -> bool {
        rejected.is_some_and(|old| old.authorization.is_same(&self.authorization))
    }

    /// Whether a credential of the machine's own was in it.
    pub fn is_identity(&self) -> bool {
        self.is_identity
    }
}
