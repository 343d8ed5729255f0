//! Removing a registry's credential from a file, and from the helper that the file names for it.

use crate::auth::credential::CredentialError;
use crate::auth::docker_config::DockerConfig;
use crate::auth::helper::{Answer, Failure, HelperName, Programs};
use crate::auth::inventory::config;
use crate::auth::key::Key;
use crate::auth::locations::Location;
use crate::auth::store::{StoreError, erase};

/// What was removed, and what was not.
#[derive(Debug, Default)]
pub struct Removed {
    /// Whether the file held the credential.
    pub from_file: bool,
    /// The helper that held it.
    pub from_helper: Option<HelperName>,
    /// The helper that is not installed, and may hold it.
    pub missing: Option<HelperName>,
    /// The keys of paths on the registry, which stay.
    pub others: Vec<String>,
}

/// The helper that a file names for a registry, and what the credential may be called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The helper.
    pub helper: HelperName,
    servers: Vec<String>,
}

/// Removes what is kept for exactly `key`.
pub async fn remove(
    location: &Location,
    key: &Key,
    programs: &Programs,
) -> Result<Removed, StoreError> {
    let mut removed = Removed::default();
    let Some(config) = config(location)? else {
        return Ok(removed);
    };
    let companions = key.companions();
    let below = |other: &Key| other != key && key.covers(other);
    let others = config.all().iter().filter(|entry| below(&entry.key));
    let others = others.map(|entry| entry.name.clone());
    removed.others = others.filter(|name| !companions.contains(name)).collect();
    let from_helper = match Holder::of(&config, key) {
        Some(holder) => holder.forget(programs).await,
        None => Ok(Answer::Nothing),
    };
    // What a helper does is no reason to keep what the file holds, but the way to a credential
    // that is still there is kept.
    let mut entries = config.all().iter();
    let held = entries.any(|entry| entry.key == *key && !entry.is_empty());
    if from_helper.is_ok() || held {
        removed.from_file = erase(&location.path, key).await?.held;
    }
    let helper = config.helper(key).cloned();
    match from_helper? {
        Answer::Found(_) => removed.from_helper = helper,
        Answer::Missing => removed.missing = helper,
        Answer::Nothing => {}
    }
    Ok(removed)
}

impl Holder {
    /// The one that the file at `location` names for `key`.
    pub fn at(location: &Location, key: &Key) -> Result<Option<Self>, CredentialError> {
        let config = config(location)?;
        Ok(config.and_then(|config| Self::of(&config, key)))
    }

    fn of(config: &DockerConfig, key: &Key) -> Option<Self> {
        let entries = config.all().iter().filter(|entry| entry.key == *key);
        let mut servers: Vec<String> = entries.map(|entry| entry.name.clone()).collect();
        if !servers.contains(&key.server()) {
            servers.push(key.server());
        }
        servers.extend(key.companions());
        Some(Self {
            helper: config.helper(key)?.clone(),
            servers,
        })
    }

    /// Has the helper erase what it has for the registry, and says what that was.
    pub async fn forget(&self, programs: &Programs) -> Result<Answer, CredentialError> {
        let failed = |failure: Failure| failure.of(&self.helper);
        let mut erased = Answer::Nothing;
        for server in &self.servers {
            let answer = programs.get(&self.helper, server).await;
            match answer.map_err(failed)? {
                Answer::Nothing => {}
                Answer::Missing => return Ok(Answer::Missing),
                found @ Answer::Found(_) => {
                    let done = programs.erase(&self.helper, server).await;
                    done.map_err(failed)?;
                    erased = found;
                }
            }
        }
        Ok(erased)
    }
}
