//! The keychain of macOS.
//!
//! Another build of this program is another program to the keychain, and it would ask whether that
//! one may read an item: it is told to ask nothing, and fails instead.

use super::{Failure, SERVICE};
use crate::transport::secret::Secret;
use security_framework::base::{Error, Result};
use security_framework::os::macos::keychain::SecKeychain;
use security_framework::passwords::{
    PasswordOptions, delete_generic_password, generic_password, set_generic_password,
};

/// What people call it.
pub(super) const NAME: &str = "Keychain";

/// `errSecItemNotFound`.
const NOT_FOUND: i32 = -25300;
/// `errSecInteractionNotAllowed`, `errSecAuthFailed`: it is locked, or would ask somebody.
const WOULD_ASK: [i32; 2] = [-25308, -25293];

/// The user's default keychain.
#[derive(Clone)]
pub(super) struct Service;

impl Service {
    pub(super) fn new(_bus: Option<&str>) -> Self {
        Self
    }

    pub(super) async fn check(&self) -> std::result::Result<(), Failure> {
        silently(|| SecKeychain::default().map(|_| ())).await
    }

    pub(super) async fn get(
        &self,
        server: &str,
        username: &str,
    ) -> std::result::Result<Option<Secret>, Failure> {
        let (service, account) = (name(server), username.to_owned());
        let options = move || PasswordOptions::new_generic_password(&service, &account);
        silently(move || found(generic_password(options()).map(Secret::new))).await
    }

    pub(super) async fn put(
        &self,
        server: &str,
        username: &str,
        password: &Secret,
        before: Option<&str>,
    ) -> std::result::Result<(), Failure> {
        let (service, account) = (name(server), username.to_owned());
        let (password, before) = (password.clone(), before.map(str::to_owned));
        silently(move || {
            set_generic_password(&service, &account, password.expose())?;
            let gone = before.map(|before| found(delete_generic_password(&service, &before)));
            gone.transpose().map(|_| ())
        })
        .await
    }

    pub(super) async fn erase(
        &self,
        server: &str,
        username: &str,
    ) -> std::result::Result<bool, Failure> {
        let (service, account) = (name(server), username.to_owned());
        let gone = silently(move || found(delete_generic_password(&service, &account)));
        Ok(gone.await?.is_some())
    }
}

/// The item's service, which is also what the keychain shows it as.
fn name(server: &str) -> String {
    format!("{SERVICE} {server}")
}

fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}

/// Runs `act` on another thread, in a process whose keychain asks nobody anything: for good, because
/// the permission is one for all threads.
async fn silently<T: Send + 'static>(
    act: impl FnOnce() -> Result<T> + Send + 'static,
) -> std::result::Result<T, Failure> {
    let acted = tokio::task::spawn_blocking(move || {
        std::mem::forget(SecKeychain::disable_user_interaction()?);
        act()
    });
    let acted = acted
        .await
        .map_err(|error| Failure::said(&error.to_string()))?;
    acted.map_err(|error: Error| match error.code() {
        code if WOULD_ASK.contains(&code) => Failure::Locked,
        _ => Failure::said(&error.to_string()),
    })
}
