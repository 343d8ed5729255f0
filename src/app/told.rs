//! Says which settings were read, and with `-v` whose credential is used.

use crate::auth::credential::{Credential, CredentialError, CredentialSource, Found, Subject};
use crate::auth::key::Key;
use crate::auth::notes::Notes;
use crate::config::Settings;
use crate::term::output::Output;
use async_trait::async_trait;

/// Says which files were read, and what of them is not used.
pub(super) fn settings(settings: &Settings, output: &Output) {
    for file in &settings.sources {
        output.detail(&format!("settings from {}", file.display()));
    }
    for remark in &settings.remarks {
        let text = format!("{}: {}", remark.origin, remark.text);
        if remark.matters {
            output.note(&text);
        } else {
            output.detail(&text);
        }
    }
}

/// A source of credentials that says where each was found, once.
pub(super) struct Told<S> {
    source: S,
    notes: Notes,
}

impl<S> Told<S> {
    pub(super) fn new(source: S, output: Output) -> Self {
        let notes = Notes::new(move |remark| output.detail(remark));
        Self { source, notes }
    }
}

#[async_trait]
impl<S: CredentialSource> CredentialSource for Told<S> {
    fn name(&self) -> String {
        self.source.name()
    }

    async fn credential(&self, subject: &Subject) -> Result<Option<Found>, CredentialError> {
        let found = self.source.credential(subject).await?;
        let place = Key::from(subject);
        self.notes.say(&match &found {
            Some(found) => format!("{place}: the credential from {}", found.origin),
            None => format!("{place}: no credential, asking as nobody"),
        });
        Ok(found)
    }

    fn forget(&self, subject: &Subject, rejected: &Credential) {
        self.source.forget(subject, rejected);
    }
}
