//! Writing credentials to docker's `config.json` or containers' `auth.json`.
//!
//! Each change is made under a lock and on what the file says then, and replaces the file in one
//! step: of writers side by side none loses what another wrote, and readers need no lock.

use crate::auth::credential::{Credential, CredentialError};
use crate::auth::docker_config::{self, DockerConfig};
use crate::auth::docker_edit;
use crate::auth::file;
use crate::auth::helper::HelperName;
use crate::auth::key::Key;
use crate::disk::{Access, lock, replace};
use serde_json::{Map, Value};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another writer is waited for. One write takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// What [`put`] or [`point`] found, and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// The key that it wrote.
    pub key: String,
    /// The helper that the file named for this key, and that is asked before the entry.
    pub helper: Option<HelperName>,
    /// Whether others could read the file before, and a secret in it.
    pub was_open: bool,
    /// Whether the file belonged to somebody else.
    pub was_foreign: bool,
}

/// What [`erase`] removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// The keys, as they were spelled.
    pub keys: Vec<String>,
    /// Whether one of them held a credential, and did not just say that a helper has it.
    pub held: bool,
}

/// Why a file was not changed. It is then as it was.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// What is there cannot be read, and so cannot be kept.
    #[error(transparent)]
    Existing(#[from] CredentialError),
    /// Somebody else is writing, and does not come to an end.
    #[error("{} is still locked by another process", path.display())]
    Locked {
        /// The file with the lock.
        path: PathBuf,
    },
    /// Disk full, no permission, and the like.
    #[error("cannot write {}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Stores `credential` for `key` in the file at `path`, which is created where it is missing.
/// Other spellings of the same key go, everything else in the file stays. Whoever does not wait for
/// the end has written nothing, or all.
pub async fn put(path: &Path, key: &Key, credential: &Credential) -> Result<Stored, StoreError> {
    let edit = |_: &mut _, auths: &mut _, server| {
        docker_edit::set(auths, server, Some(credential));
    };
    write(path, key, edit).await
}

/// Says in the file at `path` that `helper` has the credential for `key`, as docker does: by an
/// empty entry, and by naming the helper for the key where the file names another, or none.
pub async fn point(path: &Path, key: &Key, helper: &HelperName) -> Result<Stored, StoreError> {
    let edit = |fields: &mut _, auths: &mut _, server: String| {
        docker_edit::set(auths, server.clone(), None);
        if own_helper(fields, key).as_ref() != Some(helper) {
            docker_edit::name_helper(fields, server, |name| is(name, key), helper);
        }
    };
    write(path, key, edit).await
}

async fn write(
    path: &Path,
    key: &Key,
    edit: impl FnOnce(&mut Map<String, Value>, &mut Map<String, Value>, String),
) -> Result<Stored, StoreError> {
    let mut stored = Stored {
        key: key.server(),
        ..access(path)
    };
    change(path, true, |fields, auths| {
        stored.helper = own_helper(fields, key);
        stored.was_open &= docker_edit::holds_secrets(fields, auths);
        docker_edit::remove(auths, |name| is(name, key) && name != stored.key);
        edit(fields, auths, stored.key.clone());
        true
    })
    .await?;
    Ok(stored)
}

/// Removes what the file at `path` has for exactly `key`, however spelled. A file that has nothing
/// for it need not be one that can be written.
pub async fn erase(path: &Path, key: &Key) -> Result<Erased, StoreError> {
    let mut erased = Erased::default();
    let companions = key.companions();
    let is_own = |name: &str| is(name, key) || companions.iter().any(|own| own == name);
    let before = docker_edit::take_auths(&mut fields(path)?);
    if !before.keys().any(|name| is_own(name)) {
        return Ok(erased);
    }
    change(path, false, |_, auths| {
        let own = auths.iter().filter(|(name, _)| is_own(name));
        erased.held = own.map(|(_, entry)| entry).any(docker_edit::holds);
        erased.keys = docker_edit::remove(auths, is_own);
        !erased.keys.is_empty()
    })
    .await?;
    Ok(erased)
}

/// Who else could read the file.
#[cfg(unix)]
fn access(path: &Path) -> Stored {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(metadata) = path.metadata() else {
        return Stored::default();
    };
    Stored {
        was_open: metadata.mode() & 0o077 != 0,
        was_foreign: metadata.uid() != rustix::process::geteuid().as_raw(),
        ..Stored::default()
    }
}

#[cfg(not(unix))]
fn access(_: &Path) -> Stored {
    Stored::default()
}

/// Changes the file's `auths` by `edit`, which is given the other fields, too, and says whether
/// there is anything to write.
async fn change(
    path: &Path,
    create: bool,
    edit: impl FnOnce(&mut Map<String, Value>, &mut Map<String, Value>) -> bool,
) -> Result<(), StoreError> {
    let unwritable = |source| unwritable(path, source);
    let path = replace::target(path).map_err(unwritable)?;
    if create {
        replace::create_folder(replace::folder(&path)).map_err(unwritable)?;
    }
    let _lock = lock(&path).await?;
    let mut fields = fields(&path)?;
    let mut auths = docker_edit::take_auths(&mut fields);
    if edit(&mut fields, &mut auths) {
        fields.insert("auths".to_owned(), Value::Object(auths));
        let written = docker_edit::text(&fields)
            .and_then(|text| replace::replace(&path, &text, Access::Owner));
        written.map_err(unwritable)?;
    }
    Ok(())
}

pub(super) async fn lock(path: &Path) -> Result<lock::Lock, StoreError> {
    let path = replace::beside(path, ".lock");
    let lock = lock::wait(&path, PATIENCE, Access::Owner).await;
    lock.map_err(|error| match error.kind() {
        ErrorKind::TimedOut => StoreError::Locked { path },
        _ => unwritable(&path, error),
    })
}

/// The fields of the file, which must be one that can be read later, too.
fn fields(path: &Path) -> Result<Map<String, Value>, StoreError> {
    let Some(content) = file::read(path)? else {
        return Ok(Map::new());
    };
    let malformed = |reason: String| CredentialError::Malformed {
        origin: path.display().to_string(),
        reason,
    };
    DockerConfig::parse(&content).map_err(|error| malformed(error.to_string()))?;
    docker_config::document(&content).map_err(|error| malformed(error.to_string()).into())
}

fn own_helper(fields: &Map<String, Value>, key: &Key) -> Option<HelperName> {
    let content = serde_json::to_vec(fields).ok()?;
    DockerConfig::parse(&content).ok()?.helper(key).cloned()
}

fn is(name: &str, key: &Key) -> bool {
    name.parse::<Key>().as_ref() == Ok(key)
}

pub(super) fn unwritable(path: &Path, source: io::Error) -> StoreError {
    StoreError::Unwritable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
