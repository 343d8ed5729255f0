//! Every credential that is known of, and where it is; never what it is.

use crate::auth::credential::{Credential, CredentialError};
use crate::auth::docker_config::{DockerConfig, NamedEntry};
use crate::auth::environment::{self, DOCKER_AUTH_CONFIG};
use crate::auth::file;
use crate::auth::helper::{Failure, HelperName, Listed, Programs};
use crate::auth::key::Key;
use crate::auth::keyring::{self, Keyring};
use crate::auth::locations::Location;
use crate::auth::variable_group::{Variables, value};
use http::{HeaderName, HeaderValue};
use std::collections::HashMap;

/// A place that a credential is kept in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The variable of this name.
    Variable(String),
    /// The file that people call this.
    File(String),
    /// This credential helper.
    Helper(HelperName),
    /// The system's keyring.
    Keyring,
}

/// A credential that is kept somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The registry, or the path on one.
    pub key: Key,
    /// The user; `None` where it is a token.
    pub username: Option<String>,
    /// Where it is.
    pub place: Place,
}

/// What is kept, in the order that places are asked in, and the places that could not be asked.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The credentials.
    pub kept: Vec<Kept>,
    /// What went wrong.
    pub failed: Vec<CredentialError>,
}

impl Inventory {
    /// Looks into the variables, the files, and the helpers that those name.
    pub async fn take(variables: &Variables, files: &[Location], programs: &Programs) -> Self {
        let mut inventory = Self::default();
        inventory.add_variables(variables);
        let mut lists = HashMap::new();
        for (name, config) in inventory.configs(variables, files) {
            inventory.add_helpers(&config, programs, &mut lists).await;
            for entry in config.all() {
                inventory.add_entry(&name, entry);
            }
        }
        inventory
    }

    /// The same with what is written down of the keyring, which is not asked.
    #[must_use]
    pub fn with_keyring(mut self, keyring: &Keyring) -> Self {
        let held = self.noted(keyring.held());
        for held in held.into_iter().flatten() {
            self.add(held.key, Some(held.username), Place::Keyring);
        }
        self
    }

    fn add_variables(&mut self, variables: &Variables) {
        // What is wrong with them has ended the run before.
        for held in environment::held(variables).unwrap_or_default() {
            let place = Place::Variable(held.variable);
            self.add(held.key, username(&held.credential), place);
        }
    }

    /// What is written down, and where.
    fn configs(&mut self, variables: &Variables, files: &[Location]) -> Vec<(Place, DockerConfig)> {
        let mut configs = Vec::new();
        if let Some(content) = value(variables, DOCKER_AUTH_CONFIG) {
            let place = Place::Variable(DOCKER_AUTH_CONFIG.to_owned());
            let config = parsed(DOCKER_AUTH_CONFIG, content.as_bytes());
            configs.extend(self.noted(config).map(|config| (place, config)));
        }
        for location in files {
            let place = Place::File(location.name.clone());
            let config = self.noted(config(location)).flatten();
            configs.extend(config.map(|config| (place, config)));
        }
        configs
    }

    async fn add_helpers(
        &mut self,
        config: &DockerConfig,
        programs: &Programs,
        lists: &mut HashMap<HelperName, Vec<Listed>>,
    ) {
        for helper in config.helpers() {
            if !lists.contains_key(helper) {
                let listed = programs.list(helper).await;
                let listed = self.noted(listed.map_err(|failure: Failure| failure.of(helper)));
                lists.insert(helper.clone(), listed.unwrap_or_default());
            }
            for listed in lists.get(helper).into_iter().flatten() {
                // A helper may have more than it is asked for.
                if let Some(key) = registry(&listed.server)
                    && config.helper(&key) == Some(helper)
                {
                    self.add(key, listed.username.clone(), Place::Helper(helper.clone()));
                }
            }
        }
    }

    fn add_entry(&mut self, place: &Place, entry: &NamedEntry) {
        let credential = entry.credential();
        let credential = credential.map_err(|error| CredentialError::Malformed {
            origin: format!("{} ({})", place.name(), entry.name),
            reason: error.to_string(),
        });
        if let Some(credential) = self.noted(credential).flatten() {
            self.add(entry.key.clone(), username(&credential), place.clone());
        }
    }

    fn add(&mut self, key: Key, username: Option<String>, place: Place) {
        let kept = Kept {
            key,
            username,
            place,
        };
        if !self.kept.contains(&kept) {
            self.kept.push(kept);
        }
    }

    fn noted<T>(&mut self, result: Result<T, CredentialError>) -> Option<T> {
        result.map_err(|error| self.failed.push(error)).ok()
    }
}

impl Place {
    /// What people call it.
    pub fn name(&self) -> &str {
        match self {
            Self::Variable(name) | Self::File(name) => name,
            Self::Helper(name) => name.as_str(),
            Self::Keyring => keyring::NAME,
        }
    }
}

/// What the file at `location` says, `None` where there is no file.
pub(super) fn config(location: &Location) -> Result<Option<DockerConfig>, CredentialError> {
    let content = file::read(&location.path)?;
    content
        .map(|content| parsed(&location.name, &content))
        .transpose()
}

/// The headers for registries that the file at `location` has. What is wrong with the file, whoever
/// looks for credentials there says.
pub fn headers(location: &Location) -> Vec<(HeaderName, HeaderValue)> {
    let config = config(location).ok().flatten();
    config.map_or_else(Vec::new, |config| config.headers().to_vec())
}

/// The variables that hold a credential for exactly `key`. No helper is asked.
pub fn variables(variables: &Variables, key: &Key) -> Vec<String> {
    let mut inventory = Inventory::default();
    inventory.add_variables(variables);
    for (place, config) in inventory.configs(variables, &[]) {
        config
            .all()
            .iter()
            .for_each(|entry| inventory.add_entry(&place, entry));
    }
    let own = inventory.kept.iter().filter(|kept| kept.key == *key);
    own.map(|kept| kept.place.name().to_owned()).collect()
}

/// The helper that the file at `location` names for `key`.
pub fn helper(location: &Location, key: &Key) -> Result<Option<HelperName>, CredentialError> {
    let config = config(location)?;
    Ok(config.and_then(|config| config.helper(key).cloned()))
}

/// Whether the file at `location` has a credential for `key`, or names a helper that may have it.
pub fn answers(location: &Location, key: &Key) -> Result<bool, CredentialError> {
    let config = config(location)?;
    Ok(config.is_some_and(|config| !config.candidates(key).is_empty()))
}

fn parsed(name: &str, content: &[u8]) -> Result<DockerConfig, CredentialError> {
    DockerConfig::parse(content).map_err(|error| CredentialError::Malformed {
        origin: name.to_owned(),
        reason: error.to_string(),
    })
}

fn username(credential: &Credential) -> Option<String> {
    match credential {
        Credential::Password { username, .. } => Some(username.clone()),
        Credential::Identity(_) | Credential::Registry(_) => None,
    }
}

/// What a helper has for a registry. Docker Desktop keeps its own state there, too, under
/// `https://index.docker.io/v1/access-token` and the like.
fn registry(server: &str) -> Option<Key> {
    let key: Key = server.parse().ok()?;
    let is_url = server.contains("://");
    (key.depth() == 0 || !is_url).then_some(key)
}
