//! Says which settings were read, and with `-v` whose credential is used.

use crate::auth::credential::{Credential, CredentialError, CredentialSource, Found, Subject};
use crate::auth::identity::{Effort, Identities};
use crate::auth::key::Key;
use crate::auth::notes::Notes;
use crate::config::Settings;
use crate::oci::reference::Host;
use crate::term::output::Output;
use async_trait::async_trait;

/// Says which files were read, and what of them is not used.
pub(super) fn settings(settings: &Settings, output: &Output) {
    for file in &settings.sources {
        output.detail(&format!("settings from {}", file.display()));
    }
    for remark in &settings.remarks {
        // Most are about registries that a command has nothing to do with: `settings check` and
        // `settings show` say them without `-v`.
        output.detail(&format!("{}: {}", remark.origin, remark.text));
    }
}

/// Whoever has credentials, and says where each was found, once.
pub(super) struct Told<S> {
    source: S,
    notes: Notes,
}

impl<S> Told<S> {
    pub(super) fn new(source: S, output: Output) -> Self {
        let notes = Notes::new(move |remark| output.detail(remark));
        Self { source, notes }
    }

    fn found(&self, place: &Key, found: &Found) {
        let Found { origin, .. } = found;
        self.notes
            .say(&format!("{place}: the credential from {origin}"));
    }
}

#[async_trait]
impl<S: CredentialSource> CredentialSource for Told<S> {
    fn name(&self) -> String {
        self.source.name()
    }

    /// Where there is none, others are asked.
    async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
        let found = self.source.credential(subject).await?;
        found
            .as_ref()
            .inspect(|found| self.found(&Key::from(subject), found));
        Ok(found)
    }

    fn forget(&self, subject: &Subject, rejected: &Credential) {
        self.source.forget(subject, rejected);
    }
}

#[async_trait]
impl<S: Identities> Identities for Told<S> {
    async fn identity(
        &self,
        host: &Host,
        effort: Effort,
    ) -> Result<Option<Found>, CredentialError> {
        let found = self.source.identity(host, effort).await?;
        let place = Key::from(host);
        match &found {
            Some(found) => self.found(&place, found),
            None => self
                .notes
                .say(&format!("{place}: no credential, asking as nobody")),
        }
        Ok(found)
    }

    async fn evident(&self, host: &Host, effort: Effort) -> Option<String> {
        self.source.evident(host, effort).await
    }

    fn forget(&self, host: &Host, rejected: &Credential) {
        self.source.forget(host, rejected);
    }
}
