//! `settings init`: a first file.

use crate::command::failure::Usage;
use crate::config::search::Search;
use crate::store::error::{Error, Kind};
use crate::term::output::Output;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// The file, in which every setting is a comment.
pub(super) const EXAMPLE: &str = include_str!("example.yaml");

pub(super) fn run(file: Option<PathBuf>, search: &Search, output: &Output) -> anyhow::Result<()> {
    let named = file.or_else(|| search.named_file().map(PathBuf::from));
    let Some(file) = named.or_else(|| search.user_file()) else {
        let text = "there is no home folder for the settings: name a file".to_owned();
        return Err(Usage(text).into());
    };
    let failed = |error| {
        Error::caused(
            Kind::Local,
            format!("cannot write {}", file.display()),
            error,
        )
    };
    if let Some(folder) = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let created = OpenOptions::new().write(true).create_new(true).open(&file);
    match created.and_then(|mut created| created.write_all(EXAMPLE.as_bytes())) {
        Ok(()) => {
            output.status(&format!("wrote {}", file.display()));
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let what = format!("{} is there, and is left as it is", file.display());
            Err(Error::new(Kind::Refused, what).into())
        }
        Err(error) => Err(failed(error).into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn read(text: &str) -> Settings {
        Settings::parse("crossdock.yaml".into(), text.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn the_example_says_nothing_until_something_is_switched_on() {
        let settings = read(EXAMPLE);
        assert!(settings.registries.is_empty() && settings.immutable.is_empty());
        let on: Vec<&str> = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#: ").unwrap_or(line))
            .collect();
        let settings = read(&on.join("\n"));
        assert!(!settings.registries.is_empty() && !settings.immutable.is_empty());
        for key in ["mirrors", "location", "ca", "kind", "blocked"] {
            assert!(on.iter().any(|line| line.trim().starts_with(key)), "{key}");
        }
    }
}
