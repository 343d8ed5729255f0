//! Whoever runs crossdock between these registries.

use super::distribution::{Account, Distribution};
use crate::lab::{Home, Run, crossdock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A user with a home.
pub(super) struct User {
    pub(super) home: Home,
}

impl User {
    /// Somebody whom no registry knows.
    pub(super) fn nobody() -> Self {
        Self { home: Home::new() }
    }

    /// Somebody who is logged in to each registry that has an account, and trusts its token
    /// service.
    pub(super) fn of(registries: &[&Distribution]) -> Self {
        let user = Self::nobody();
        user.knows_passwords(registries);
        user.trusts_token_services(registries);
        user
    }

    /// The passwords are where Docker keeps them.
    pub(super) fn knows_passwords(&self, registries: &[&Distribution]) {
        let known = registries
            .iter()
            .filter_map(|registry| Some((registry.host(), registry.account()?.clone())));
        self.keeps(known);
    }

    /// A password of the registry's account, right or wrong, is where Docker keeps it.
    pub(super) fn knows_password(&self, registry: &Distribution, password: &str) {
        let account = Account::new(&registry.account().unwrap().user, password);
        self.keeps([(registry.host(), account)]);
    }

    fn keeps<'a>(&self, accounts: impl IntoIterator<Item = (&'a str, Account)>) {
        let accounts = accounts.into_iter();
        let logins: Map<String, Value> = accounts
            .map(|(host, Account { user, password })| {
                let pair = STANDARD.encode(format!("{user}:{password}"));
                (host.to_owned(), json!({"auth": pair}))
            })
            .collect();
        self.home.docker_config(&json!({"auths": logins}));
    }

    /// Whether any of the user's files has a password in it, as it is or in Docker's form.
    pub(super) fn stores(&self, Account { user, password }: &Account) -> bool {
        let forms = [
            password.clone(),
            STANDARD.encode(format!("{user}:{password}")),
        ];
        let files = self.home.files();
        files.iter().any(|(_, content)| {
            let text = String::from_utf8_lossy(content);
            forms.iter().any(|form| text.contains(form.as_str()))
        })
    }

    /// The settings name each registry's token service.
    pub(super) fn trusts_token_services(&self, registries: &[&Distribution]) {
        let services = registries.iter().filter_map(|registry| {
            let service = registry.tokens()?.host();
            Some(format!(
                "  \"{}\": {{token_realm: [\"{service}\"]}}\n",
                registry.host()
            ))
        });
        let services: String = services.collect();
        if !services.is_empty() {
            self.home.user_settings(&format!("registries:\n{services}"));
        }
    }

    /// A run of crossdock to be.
    pub(super) fn runs<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Run {
        crossdock(&self.home, args).patience(Duration::from_mins(2))
    }

    /// Copies an image, which must succeed without a word, and says under which name it is there.
    #[track_caller]
    pub(super) fn copies(&self, from: &str, to: &str, digest: &str) {
        let there = format!("{to}@{digest}\n");
        self.runs(["copy", "--progress=none", from, to])
            .stdout(there)
            .code(0);
    }
}
