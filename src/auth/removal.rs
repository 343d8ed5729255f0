//! Removing a registry's credential from a file, and from the helper that the file names for it.

use crate::auth::credential::CredentialError;
use crate::auth::docker_config::DockerConfig;
use crate::auth::helper::{Answer, HelperName, Programs};
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
    let below = |other: &Key| other != key && key.covers(other);
    let others = config.all().iter().filter(|entry| below(&entry.key));
    removed.others = others.map(|entry| entry.name.clone()).collect();
    let from_helper = forgotten(&config, key, programs, &mut removed).await;
    // What a helper does is no reason to keep what the file holds, but the way to a credential
    // that is still there is kept.
    let held = config
        .all()
        .iter()
        .any(|entry| entry.key == *key && !entry.entry.is_empty());
    if from_helper.is_ok() || held {
        removed.from_file = erase(&location.path, key)?.held;
    }
    from_helper?;
    Ok(removed)
}

async fn forgotten(
    config: &DockerConfig,
    key: &Key,
    programs: &Programs,
    removed: &mut Removed,
) -> Result<(), CredentialError> {
    let Some(helper) = config.helper(key) else {
        return Ok(());
    };
    let entries = config.all().iter().filter(|entry| entry.key == *key);
    let mut servers: Vec<String> = entries.map(|entry| entry.name.clone()).collect();
    if !servers.contains(&key.server()) {
        servers.push(key.server());
    }
    for server in servers {
        let failed = |failure: crate::auth::helper::Failure| failure.of(helper);
        match programs.get(helper, &server).await.map_err(failed)? {
            Answer::Found(_) => {
                programs.erase(helper, &server).await.map_err(failed)?;
                removed.from_helper = Some(helper.clone());
            }
            Answer::Nothing => {}
            Answer::Missing => removed.missing = Some(helper.clone()),
        }
    }
    Ok(())
}
