//! `settings check`: everything that is wrong.

use crate::app::network;
use crate::command::failure::Usage;
use crate::config::Settings;
use crate::config::elsewhere::Places;
use crate::config::error::SettingsError;
use crate::config::search::Search;
use crate::term::output::{Output, Row};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Something that is wrong.
#[derive(Debug, Serialize)]
struct Found {
    file: Option<PathBuf>,
    line: Option<u64>,
    column: Option<u64>,
    reason: String,
    #[serde(skip)]
    text: String,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Row for Found {}

impl From<SettingsError> for Found {
    fn from(error: SettingsError) -> Self {
        let text = match &error {
            SettingsError::Unreadable { source, .. } => format!("{error}: {source}"),
            error => error.to_string(),
        };
        let (file, place, reason) = match error {
            SettingsError::Wrong {
                path,
                place,
                reason,
            } => (path, place, reason),
            SettingsError::Missing { path } => (path, None, "no such settings file".to_owned()),
            SettingsError::Unreadable { path, source } => (path, None, source.to_string()),
        };
        Self {
            file: Some(file),
            line: place.map(|place| place.line),
            column: place.and_then(|place| place.column),
            reason,
            text,
        }
    }
}

/// What applies to a registry names files that are of no use.
impl From<anyhow::Error> for Found {
    fn from(error: anyhow::Error) -> Self {
        let reason = format!("{error:#}");
        Self {
            file: None,
            line: None,
            column: None,
            text: reason.clone(),
            reason,
        }
    }
}

pub(super) fn run(file: Option<PathBuf>, search: Search, output: &Output) -> anyhow::Result<()> {
    let search = match file {
        Some(file) => Search {
            named: Some(file),
            elsewhere: Places::default(),
            ..search
        },
        None => search,
    };
    let mut found: Vec<Found> = Vec::new();
    found.extend(Settings::problems(&search).into_iter().map(Found::from));
    let mut files = 0;
    if let Ok(settings) = Settings::load(&search) {
        files = settings.sources.len();
        found.extend(network::problems(&settings).into_iter().map(Found::from));
        for remark in settings.remarks.iter().filter(|remark| remark.matters) {
            output.note(&format!("{}: {}", remark.origin, remark.text));
        }
    }
    output.list();
    output.rows(&found)?;
    match found.len() {
        0 => {
            let files = match files {
                0 => "there are no settings".to_owned(),
                1 => "the settings hold up (1 file)".to_owned(),
                count => format!("the settings hold up ({count} files)"),
            };
            output.status(&files);
            Ok(())
        }
        1 => Err(Usage("there is a problem with the settings".to_owned()).into()),
        count => Err(Usage(format!("there are {count} problems with the settings")).into()),
    }
}
