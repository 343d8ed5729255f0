//! Environment variables that belong together: a registry, and what proves who somebody is to it.

use crate::auth::credential::{Credential, Unusable};
use crate::auth::key::Key;
use crate::transport::secret::Secret;
use std::collections::BTreeMap;

/// The variables of a process, by name.
pub type Variables = BTreeMap<String, String>;

/// What stands before the number of a group.
pub(super) const PREFIX: &str = "CROSSDOCK_AUTH_";

/// What stands behind it.
pub(super) const SUFFIXES: [&str; 4] = ["_HOST", "_USERNAME", "_PASSWORD", "_TOKEN"];

/// Variables that cannot be meant as they are: a usage error. Shows no value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// A secret must not go to whichever registry is asked first.
    #[error("`{variable}` is set without `{host}`")]
    NoHost {
        /// What is set.
        variable: String,
        /// What is missing.
        host: String,
    },
    /// A host that has no secret, which would silently be asked as nobody.
    #[error("`{0}` is set without a user name and password, or a token")]
    NoSecret(String),
    /// The value is shown: it is a registry's name, or meant to be.
    #[error("`{0}` is not a registry, nor a path on one")]
    NotAHost(String),
    /// A user name alone.
    #[error("`{0}` is set without a password or token")]
    NoPassword(String),
    /// A password alone.
    #[error("`{0}` is set without a user name")]
    NoUsername(String),
    /// Two secrets.
    #[error("`{0}` and `{1}` are both set")]
    TwoSecrets(String, String),
    /// Two groups of variables for one registry.
    #[error("`{0}` and `{1}` name the same registry")]
    TwiceTheSame(String, String),
    /// A value that cannot be sent.
    #[error("`{variable}`")]
    Unusable {
        /// The variable.
        variable: String,
        /// Why.
        source: Unusable,
    },
}

/// The names of the variables that belong together.
pub(super) struct Group {
    pub(super) host: String,
    username: String,
    password: String,
    token: String,
}

impl Group {
    pub(super) fn numbered(number: &str) -> Self {
        let [host, username, password, token] = SUFFIXES.map(|s| format!("{PREFIX}{number}{s}"));
        Self {
            host,
            username,
            password,
            token,
        }
    }

    pub(super) fn single() -> Self {
        Self {
            host: "CROSSDOCK_REGISTRY".to_owned(),
            username: "CROSSDOCK_USERNAME".to_owned(),
            password: "CROSSDOCK_PASSWORD".to_owned(),
            token: "CROSSDOCK_TOKEN".to_owned(),
        }
    }

    /// The registry and the credential, or `None` where no secret is set.
    pub(super) fn read(
        &self,
        variables: &Variables,
    ) -> Result<Option<(Key, Credential)>, EnvironmentError> {
        let credential = self.credential(variables)?;
        match (value(variables, &self.host), credential) {
            (Some(host), Some(credential)) => {
                let key = host.parse();
                let key = key.map_err(|_| EnvironmentError::NotAHost(self.host.clone()))?;
                Ok(Some((key, credential)))
            }
            (None, Some(_)) => Err(EnvironmentError::NoHost {
                variable: self.first_set(variables).to_owned(),
                host: self.host.clone(),
            }),
            (_, None) => Ok(None),
        }
    }

    fn credential(&self, variables: &Variables) -> Result<Option<Credential>, EnvironmentError> {
        let [username, password, token] = self.secrets().map(|name| value(variables, name));
        match (username, password, token) {
            (None, None, None) => Ok(None),
            (_, Some(_), Some(_)) => Err(EnvironmentError::TwoSecrets(
                self.password.clone(),
                self.token.clone(),
            )),
            (None, None, Some(token)) => Credential::registry(Secret::new(token))
                .map(Some)
                .map_err(|source| unusable(&self.token, source)),
            (Some(username), Some(secret), None) | (Some(username), None, Some(secret)) => {
                Credential::password(username, Secret::new(secret))
                    .map(Some)
                    .map_err(|source| unusable(&self.username, source))
            }
            (Some(_), None, None) => Err(EnvironmentError::NoPassword(self.username.clone())),
            (None, Some(_), None) => Err(EnvironmentError::NoUsername(self.password.clone())),
        }
    }

    fn secrets(&self) -> [&str; 3] {
        [&self.username, &self.password, &self.token]
    }

    fn first_set(&self, variables: &Variables) -> &str {
        let is_set = |name: &&str| value(variables, name).is_some();
        let [.., token] = self.secrets();
        self.secrets().into_iter().find(is_set).unwrap_or(token)
    }

    /// Whether a host stands there and nobody even tried to give a secret. One that is set to
    /// nothing is what pipelines of forks get, who read public images as nobody.
    pub(super) fn lacks_secret(&self, variables: &Variables) -> bool {
        let is_there = |name: &str| variables.contains_key(name);
        value(variables, &self.host).is_some() && !self.secrets().into_iter().any(is_there)
    }
}

/// The value of a variable that is set to something.
pub(super) fn value<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    variables
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

fn unusable(variable: &str, source: Unusable) -> EnvironmentError {
    EnvironmentError::Unusable {
        variable: variable.to_owned(),
        source,
    }
}
