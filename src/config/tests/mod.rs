//! The settings file as a whole: texts in, settings or words out.

#![allow(clippy::unwrap_used)]

mod limits;
mod loading;
mod meaning;
mod wrong;

use super::error::SettingsError;
use super::file::{Checked, SettingsFile};
use super::immutable::Immutable;
use crate::oci::reference::Repository;
use std::path::PathBuf;

fn check(bytes: impl Into<Vec<u8>>) -> Result<Checked, SettingsError> {
    SettingsFile::parse(PathBuf::from("conf/f"), bytes.into())?.check()
}

fn message(bytes: impl Into<Vec<u8>>) -> String {
    match check(bytes) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn covering(immutable: &Immutable, repository: &str, tag: &str) -> Option<String> {
    let (host, name) = repository.split_once('/').unwrap();
    let repository = Repository {
        host: host.parse().ok().unwrap(),
        name: name.parse().ok().unwrap(),
    };
    let tag = tag.parse().ok().unwrap();
    immutable.covers(&repository, &tag).map(str::to_owned)
}
