//! The Credential Manager of Windows, which never asks anybody.

// Elsewhere the same functions wait.
#![allow(clippy::unused_async)]

use super::{Failure, SERVICE};
use crate::transport::secret::Secret;
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error};
use std::collections::HashMap;
use windows_native_keyring_store::Store;

/// What people call it.
pub(super) const NAME: &str = "Credential Manager";

/// The user's credentials on this machine.
#[derive(Clone)]
pub(super) struct Service;

impl Service {
    pub(super) fn new(_bus: Option<&str>) -> Self {
        Self
    }

    pub(super) async fn check(&self) -> Result<(), Failure> {
        found(entry("check", "check").and_then(|entry| entry.get_attributes())).map(|_| ())
    }

    pub(super) async fn get(
        &self,
        server: &str,
        username: &str,
    ) -> Result<Option<Secret>, Failure> {
        let secret = entry(server, username).and_then(|entry| entry.get_secret());
        found(secret.map(Secret::new))
    }

    pub(super) async fn put(
        &self,
        server: &str,
        username: &str,
        password: &Secret,
        before: Option<&str>,
    ) -> Result<(), Failure> {
        let stored = entry(server, username).and_then(|own| own.set_secret(password.expose()));
        stored.map_err(|error| failure(&error))?;
        if let Some(before) = before {
            self.erase(server, before).await?;
        }
        Ok(())
    }

    pub(super) async fn erase(&self, server: &str, username: &str) -> Result<bool, Failure> {
        let gone = entry(server, username).and_then(|entry| entry.delete_credential());
        Ok(found(gone)?.is_some())
    }
}

/// `crossdock:USER@SERVER`. It stays on this machine.
fn entry(server: &str, username: &str) -> keyring_core::Result<Entry> {
    let prefix = format!("{SERVICE}:");
    let names = HashMap::from([("prefix", prefix.as_str()), ("divider", "@")]);
    let here = HashMap::from([("persistence", "Local")]);
    Store::new_with_configuration(&names)?.build(server, username, Some(&here))
}

fn found<T>(result: keyring_core::Result<T>) -> Result<Option<T>, Failure> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(failure(&error)),
    }
}

/// What it says, without what it was told: some errors hold a secret's bytes.
fn failure(error: &Error) -> Failure {
    match error {
        Error::PlatformFailure(error) | Error::NoStorageAccess(error) => {
            Failure::said(&error.to_string())
        }
        Error::TooLong(..) => Failure::said("it takes no password of that length"),
        _ => Failure::said("its answer is not understood"),
    }
}
