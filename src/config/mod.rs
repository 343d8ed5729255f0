//! The settings file, `crossdock.yaml`: where it is looked for, what it may say, what it means.
//!
//! A section is one file with one serde type ([`registries`], [`immutable`]), one line in
//! `file.rs` and one in [`Settings`]. `docs/settings.md` is the page for users.

pub mod applied;
pub mod creation;
pub mod elsewhere;
pub mod error;
mod file;
pub mod immutable;
pub mod origin;
mod pattern;
pub mod registries;
pub mod route;
mod schema;
pub mod search;
mod shape;
pub mod shown;
mod wording;
mod yaml;

pub use schema::schema;

use crate::oci::reference::{Host, Repository};
use applied::{Applied, Origins};
use elsewhere::{Layer, Remark};
use error::SettingsError;
use file::{Checked, SettingsFile};
use immutable::Immutable;
use registries::RegistrySettings;
use route::{Alias, Route, Routes};
use search::Search;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything that the settings files say, checked. The default is what no file at all says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// How to speak to single registries, as they were named; [`Settings::registry`] looks them
    /// up. Only from files that the user named or owns.
    pub registries: BTreeMap<Host, RegistrySettings>,
    /// Who said what of each of them: see [`applied::Applied::origins`].
    pub origins: BTreeMap<Host, Origins>,
    /// Tags that no command moves or removes.
    pub immutable: Immutable,
    /// Where repositories really are; [`Settings::route`] looks them up.
    pub routes: Routes,
    /// The files that were read, the deciding one first.
    pub sources: Vec<PathBuf>,
    /// What in them is not used.
    pub remarks: Vec<Remark>,
}

impl Settings {
    /// Finds, reads and checks the settings, and those of other programs.
    ///
    /// A file that the user names is the only one of crossdock's that is read, and it must be
    /// there. Otherwise the working folder's file decides, without `registries`; the user's own
    /// file still adds its `registries` and its `immutable` rules, so that a checkout takes
    /// nothing away. What those do not say, other programs' files may.
    pub fn load(search: &Search) -> Result<Self, SettingsError> {
        let mut settings = Self::load_own(search)?;
        for layer in search.elsewhere.load()? {
            settings.fill(layer);
        }
        Ok(settings)
    }

    /// The same without those of other programs.
    fn load_own(search: &Search) -> Result<Self, SettingsError> {
        if let Some(path) = search.named_file() {
            let file = SettingsFile::read(path)?;
            return Ok(Self::of(file.check()?));
        }
        let own = SettingsFile::read_if_there(search.user_file())?;
        let working = SettingsFile::read_if_there(search.working_file())?;
        let Some(working) = working else {
            return own.map_or(Ok(Self::default()), |own| Ok(Self::of(own.check()?)));
        };
        working.refuse_registries(search.user_file())?;
        let mut settings = Self::of(working.check()?);
        if let Some(own) = own {
            settings.keep_from_own(own.check()?);
        }
        Ok(settings)
    }

    /// Everything that is wrong with the files, each of them looked at by itself.
    pub fn problems(search: &Search) -> Vec<SettingsError> {
        let read = |path: Option<PathBuf>| SettingsFile::read_if_there(path).transpose();
        let mut problems = Vec::new();
        if let Some(path) = search.named_file() {
            let checked = SettingsFile::read(path).and_then(SettingsFile::check);
            problems.extend(checked.err());
        } else {
            let own = read(search.user_file());
            problems.extend(own.and_then(|own| own.and_then(SettingsFile::check).err()));
            let working = read(search.working_file()).map(|working| {
                let working = working?;
                working.refuse_registries(search.user_file())?;
                working.check()
            });
            problems.extend(working.and_then(Result::err));
        }
        problems.extend(search.elsewhere.problems());
        problems
    }

    /// Reads and checks the content of one file. `path` is what errors call it, and its folder is
    /// where relative paths begin.
    pub fn parse(path: PathBuf, content: Vec<u8>) -> Result<Self, SettingsError> {
        let file = SettingsFile::parse(path, content)?;
        Ok(Self::of(file.check()?))
    }

    /// What was said about a registry, however its default port was spelled.
    pub fn registry(&self, host: &Host) -> Option<&RegistrySettings> {
        let wanted = host.without_default_port();
        let mut named = self.registries.iter();
        let found = named.find(|(name, _)| name.without_default_port() == wanted);
        found.map(|(_, own)| own)
    }

    /// Where a repository is read and written.
    pub fn route(&self, repository: &Repository) -> Result<Route, SettingsError> {
        self.routes.of(repository)
    }

    /// What a short name stands for, as it was typed and without tag and digest.
    pub fn alias(&self, name: &str) -> Option<&Alias> {
        self.routes.alias(name)
    }

    fn of(checked: Checked) -> Self {
        Self {
            registries: checked.registries,
            origins: checked.origins,
            immutable: checked.immutable,
            routes: Routes {
                layers: vec![checked.rules],
                aliases: BTreeMap::new(),
            },
            sources: vec![checked.path],
            remarks: Vec::new(),
        }
    }

    /// Adds what the user's own file says even where another file decides.
    fn keep_from_own(&mut self, own: Checked) {
        self.registries = own.registries;
        self.origins = own.origins;
        self.routes.layers = vec![own.rules];
        self.immutable.add(own.immutable);
        self.sources.push(own.path);
    }

    /// Adds what another program's files say of values that nobody has said anything about yet.
    fn fill(&mut self, layer: Layer) {
        for (host, lower) in layer.hosts {
            let spelled = self.registries.keys();
            let mut spelled = spelled.filter(|name| name.without_default_port() == host);
            let host = spelled.next().cloned().unwrap_or(host);
            let mut applied = Applied {
                settings: self.registries.remove(&host).unwrap_or_default(),
                origins: self.origins.remove(&host).unwrap_or_default(),
            };
            applied.fill(lower);
            self.registries.insert(host.clone(), applied.settings);
            self.origins.insert(host, applied.origins);
        }
        self.routes.layers.push(layer.rules);
        self.routes.aliases.extend(layer.aliases);
        self.sources.extend(layer.files);
        self.remarks.extend(layer.remarks);
    }
}

#[cfg(test)]
mod tests;
