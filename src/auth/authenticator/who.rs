//! Who somebody is at a registry, and what his token says that he may do, for people to read.

use super::{Access, Authenticator, Granted};
use crate::auth::claims;
use crate::auth::credential::Credential;
use crate::auth::error::Error;
use crate::oci::reference::RepositoryName;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Granted {
    /// The name of the user whose credential it was made from, where that has one.
    pub fn user(&self) -> Option<&str> {
        match &self.credential {
            Some(Credential::Password { username, .. }) => Some(username),
            _ => None,
        }
    }

    /// Whether it is a token, which may be good for one thing and not for another.
    pub fn is_token(&self) -> bool {
        self.token.is_some()
    }

    /// The actions on a repository that the token says it is good for. `None`: it does not say, or
    /// there is no token.
    pub fn actions(&self, name: &RepositoryName) -> Option<BTreeSet<String>> {
        claims::actions(self.token.as_ref()?, name)
    }
}

impl Authenticator {
    /// Whether the registry has asked somebody to log in.
    pub fn is_challenged(&self, access: &Access) -> bool {
        self.challenges().contains_key(access.home.origin())
    }

    /// Looks for an identity of the machine wherever there may be one, where nobody gave a
    /// credential: it is then known to all who ask after. For whoever wants to know who he is.
    pub async fn look_thoroughly(&self, access: &Access) -> Result<(), Arc<Error>> {
        self.seeker.look_thoroughly(access).await
    }
}
