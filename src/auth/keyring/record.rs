//! The record of what was stored in the keyring: for which registry, and for whom. It holds no
//! secret, and is written as credential files are.

use crate::auth::credential::CredentialError;
use crate::auth::key::Key;
use crate::auth::store::{StoreError, lock, unwritable};
use crate::auth::{docker_edit, file, strict_json};
use crate::disk::{Access, replace};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

const REGISTRIES: &str = "registries";
const USERNAME: &str = "username";

/// A credential that is in the keyring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The registry.
    pub key: Key,
    /// The user.
    pub username: String,
}

/// The file.
#[derive(Debug, Clone)]
pub(super) struct Record {
    path: PathBuf,
}

impl Record {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is written down; nothing where there is no file.
    pub(super) fn held(&self) -> Result<Vec<Held>, CredentialError> {
        let fields = fields(&self.path)?;
        let registries = fields.get(REGISTRIES).and_then(Value::as_object);
        let entries = registries.into_iter().flatten();
        entries
            .map(|(name, entry)| self.entry(name, entry))
            .collect()
    }

    /// Writes down that `username` is the user for `key`, or that nobody is. Returns who was
    /// before.
    pub(super) async fn set(
        &self,
        key: &Key,
        username: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        let path = replace::target(&self.path).map_err(|error| unwritable(&self.path, error))?;
        let unwritable = |error| unwritable(&path, error);
        replace::create_folder(replace::folder(&path)).map_err(unwritable)?;
        let _lock = lock(&path).await?;
        // Nothing is made of a file that is not understood.
        let held = self.held()?.into_iter().find(|held| held.key == *key);
        let mut fields = fields(&path)?;
        let registries = fields.entry(REGISTRIES).or_insert_with(|| json!({}));
        if let Value::Object(registries) = registries {
            docker_edit::remove(registries, |name| name.parse().as_ref() == Ok(key));
            if let Some(username) = username {
                registries.insert(key.to_string(), json!({ USERNAME: username }));
            }
        }
        let text = docker_edit::text(&fields);
        let written = text.and_then(|text| replace::replace(&path, &text, Access::Owner));
        written.map_err(unwritable)?;
        Ok(held.map(|held| held.username))
    }

    fn entry(&self, name: &str, entry: &Value) -> Result<Held, CredentialError> {
        let username = entry.get(USERNAME).and_then(Value::as_str);
        match (name.parse(), username) {
            (Ok(key), Some(username)) => Ok(Held {
                key,
                username: username.to_owned(),
            }),
            _ => Err(malformed(&self.path, format!("`{name}` is no entry"))),
        }
    }
}

fn fields(path: &Path) -> Result<Map<String, Value>, CredentialError> {
    let Some(content) = file::read(path)? else {
        return Ok(Map::new());
    };
    match strict_json::parse(&content) {
        Ok(Value::Object(fields)) if fields.get(REGISTRIES).is_none_or(Value::is_object) => {
            Ok(fields)
        }
        Ok(_) => Err(malformed(path, "no object of registries".to_owned())),
        Err(error) => Err(malformed(path, error.to_string())),
    }
}

fn malformed(path: &Path, reason: String) -> CredentialError {
    CredentialError::Malformed {
        origin: path.display().to_string(),
        reason,
    }
}
