//! One settings file: its bytes, its list of sections, and whether they hold up.

use super::applied::Origins;
use super::error::{Place, Problem, SettingsError};
use super::immutable::{self, Immutable};
use super::registries::{self, Lines, RegistrySettings};
use super::route::Rule;
use super::shape::Entries;
use super::yaml;
use crate::oci::reference::Host;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// No settings that people write come near this; more is a wrong file, or an attack.
const SIZE_LIMIT: u64 = 4 << 20;

/// The settings of crossdock.
// A new section is a line here.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "crossdock.yaml")]
pub(super) struct Sections {
    /// How to speak to single registries, by their hosts. Not in a working folder's file.
    registries: Option<registries::Section>,
    /// Tags that no command moves or removes: tag patterns, or lists of them by repository pattern.
    immutable: Option<immutable::Section>,
}

/// The places of keys, and nothing else.
#[derive(Debug, Default, Deserialize)]
struct Outline {
    registries: Option<Entries<Option<Entries<IgnoredAny>>>>,
}

/// A file that was read and whose sections have the right shape.
pub(super) struct SettingsFile {
    path: PathBuf,
    text: String,
    sections: Sections,
}

/// A file whose sections have been checked, and their values made of use.
pub(super) struct Checked {
    pub(super) path: PathBuf,
    pub(super) registries: BTreeMap<Host, RegistrySettings>,
    pub(super) origins: BTreeMap<Host, Origins>,
    pub(super) rules: Vec<Rule>,
    pub(super) immutable: Immutable,
}

impl SettingsFile {
    /// Reads a file that has to be there.
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        let path = path.to_owned();
        match Self::read_by(bytes, path.clone())? {
            Some(file) => Ok(file),
            None => Err(SettingsError::Missing { path }),
        }
    }

    /// Reads a file that may be absent.
    pub(super) fn read_if_there(path: Option<PathBuf>) -> Result<Option<Self>, SettingsError> {
        let Some(path) = path else { return Ok(None) };
        Self::read_by(bytes_of_file, path)
    }

    fn read_by(
        bytes: impl Fn(&Path) -> io::Result<Vec<u8>>,
        path: PathBuf,
    ) -> Result<Option<Self>, SettingsError> {
        match bytes(&path) {
            Ok(bytes) => Self::parse(path, bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SettingsError::Unreadable { path, source }),
        }
    }

    /// Reads sections out of a file's bytes.
    pub(super) fn parse(path: PathBuf, bytes: Vec<u8>) -> Result<Self, SettingsError> {
        let parsed = text(bytes).and_then(|text| {
            let sections = yaml::parse(&text)?.unwrap_or_default();
            Ok((text, sections))
        });
        match parsed {
            Ok((text, sections)) => Ok(Self {
                path,
                text,
                sections,
            }),
            Err(problem) => Err(problem.of_file(&path)),
        }
    }

    /// Refuses the section that only a file of the user's may have. `own` is where that file is.
    pub(super) fn refuse_registries(&self, own: Option<PathBuf>) -> Result<(), SettingsError> {
        if self.sections.registries.is_none() {
            return Ok(());
        }
        let own = own.map_or_else(String::new, |own| {
            format!("put it in {}, or ", own.display())
        });
        let reason = format!(
            "`registries` is not allowed in a working folder's file, which could send credentials \
             elsewhere; {own}name this file with `--config-file`"
        );
        Err(Problem::located(self.place_of("registries"), reason).of_file(&self.path))
    }

    /// Checks every section.
    pub(super) fn check(self) -> Result<Checked, SettingsError> {
        let lines = self.lines();
        let Self { path, sections, .. } = self;
        match sections.check(&path, &lines) {
            Ok((registries, immutable)) => Ok(Checked {
                path,
                registries: registries.registries,
                origins: registries.origins,
                rules: registries.rules,
                immutable,
            }),
            Err(problem) => Err(problem.of_file(&path)),
        }
    }

    /// Where the keys of each registry stand.
    fn lines(&self) -> Lines {
        let sections = yaml::parse(&self.text).ok().flatten();
        let registries = sections.and_then(|Outline { registries }| registries);
        let mut lines = Lines::new();
        for (host, keys) in registries.unwrap_or_default().0 {
            let keys = keys.unwrap_or_default().0.into_iter();
            let keys =
                keys.filter_map(|(key, _)| Some((key.value, Place::of(key.referenced)?.line)));
            lines.insert(host.value, keys.collect());
        }
        lines
    }

    /// Where a section's name stands.
    fn place_of(&self, section: &str) -> Option<Place> {
        let entries: Entries<IgnoredAny> = yaml::parse(&self.text).ok()??;
        let (name, _) = entries.0.iter().find(|(name, _)| name.value == section)?;
        Place::of(name.referenced)
    }
}

impl Sections {
    fn check(
        self,
        path: &Path,
        lines: &Lines,
    ) -> Result<(registries::Checked, Immutable), Problem> {
        let registries = self.registries.map(|section| section.check(path, lines));
        let immutable = self.immutable.map(immutable::Section::check);
        Ok((
            registries.transpose()?.unwrap_or_default(),
            immutable.transpose()?.unwrap_or_default(),
        ))
    }
}

/// The bytes of a file that was only looked for. A pipe that lies there would be waited for without
/// an end; one that is named is meant.
pub(super) fn bytes_of_file(path: &Path) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(path)?.file_type();
    // Reading says what is wrong with a folder.
    if !kind.is_file() && !kind.is_dir() {
        return Err(io::Error::other("not a regular file"));
    }
    bytes(path)
}

/// The file's bytes, and one more than allowed where there are too many.
pub(super) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(SIZE_LIMIT + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes as text, if there are not too many of them and they are UTF-8.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, Problem> {
    if bytes.len() as u64 > SIZE_LIMIT {
        return Err(Problem::whole("larger than 4 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let sound = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        Problem::located(Some(end_of(sound)), "not UTF-8 text")
    })
}

/// The place right behind `bytes`, which are whole characters.
fn end_of(bytes: &[u8]) -> Place {
    let text = String::from_utf8_lossy(bytes);
    let last = text.rsplit('\n').next().unwrap_or_default();
    Place {
        line: text.matches('\n').count() as u64 + 1,
        column: Some(last.chars().count() as u64 + 1),
    }
}
