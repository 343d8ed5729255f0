//! A file of another program: its text, and the lines in it.

use super::super::error::{Place, Problem, SettingsError};
use super::super::file;
use super::super::origin::Origin;
use serde::de::DeserializeOwned;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// So many files of a folder are read; more is a mistake, or an attack.
const FILES_LIMIT: usize = 1000;

/// A file that was read.
pub(super) struct Document {
    pub(super) path: PathBuf,
    text: String,
}

impl Document {
    /// Reads a file that may be absent.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SettingsError> {
        Self::read_by(file::bytes_of_file, path)
    }

    /// The same of a file that the user names, which may be a pipe.
    pub(super) fn read_named(path: &Path) -> Result<Option<Self>, SettingsError> {
        Self::read_by(file::bytes, path)
    }

    fn read_by(
        bytes: impl Fn(&Path) -> io::Result<Vec<u8>>,
        path: &Path,
    ) -> Result<Option<Self>, SettingsError> {
        match bytes(path) {
            Ok(bytes) => {
                let text = file::text(bytes).map_err(|problem| problem.of_file(path))?;
                // Some editors put a byte order mark in front.
                let text = match text.strip_prefix('\u{feff}') {
                    Some(text) => text.to_owned(),
                    None => text,
                };
                let path = path.to_owned();
                Ok(Some(Self { path, text }))
            }
            Err(error) if is_absent(&error) => Ok(None),
            Err(source) => Err(SettingsError::Unreadable {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The same of a file that is only for those who may read it: a service's own.
    pub(super) fn read_if_allowed(path: &Path) -> Result<Option<Self>, SettingsError> {
        match Self::read(path) {
            Err(SettingsError::Unreadable { .. }) => Ok(None),
            read => read,
        }
    }

    /// Whether it says nothing at all.
    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text as TOML.
    pub(super) fn toml<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        toml::from_str(&self.text).map_err(|error| {
            // The reader's own text repeats the line, and secrets in it.
            let reason = error.message().to_owned();
            match error.span() {
                Some(span) => self.wrong(&span, reason),
                None => Problem::whole(reason).of_file(&self.path),
            }
        })
    }

    /// The text as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        serde_json::from_str(&self.text).map_err(|error| {
            let place = Place {
                line: error.line().max(1) as u64,
                column: Some(error.column().max(1) as u64),
            };
            let text = error.to_string();
            let reason = text
                .rsplit_once(" at line")
                .map_or(&*text, |(text, _)| text);
            Problem::located(Some(place), reason).of_file(&self.path)
        })
    }

    /// Where a value stands.
    pub(super) fn origin(&self, span: &Range<usize>) -> Origin {
        Origin::line(&self.path, self.line(span.start))
    }

    /// Where a text stands that JSON's reader does not say the place of; after `key`, if it is
    /// there more than once.
    pub(super) fn find(&self, key: &str, text: &str) -> Origin {
        let from = self.text.find(&format!("\"{key}\"")).unwrap_or_default();
        let at = self.text[from..].find(&format!("\"{text}\""));
        Origin::line(&self.path, self.line(from + at.unwrap_or_default()))
    }

    /// The error that what stands there is wrong.
    pub(super) fn wrong(&self, span: &Range<usize>, reason: impl Into<String>) -> SettingsError {
        SettingsError::at(&self.origin(span), reason)
    }

    fn line(&self, at: usize) -> u64 {
        let before = self.text.get(..at).unwrap_or_default();
        before.matches('\n').count() as u64 + 1
    }
}

/// The names in a folder, in order; none where there is no folder, or none that may be looked into.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.take(FILES_LIMIT).collect();
    names.sort();
    names
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
