//! The settings of other programs that people have already: those of containers' tools, docker
//! and containerd.
//!
//! Each format is one file here. None is looked for in a working folder: whoever fills that could
//! send credentials elsewhere.

mod certs_d;
mod daemon_json;
mod document;
mod hosts_toml;
mod registries_conf;
#[cfg(test)]
mod tests;
mod unknown_keys;

use super::applied::Applied;
use super::error::SettingsError;
use super::origin::Origin;
use super::route::{Alias, Rule};
use crate::oci::reference::Host;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the files of other programs are looked for. The default is nowhere.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// The folder that `etc` and `usr` are in.
    pub root: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    pub config: Option<PathBuf>,
    /// `$CONTAINERS_REGISTRIES_CONF`.
    pub registries_conf: Option<PathBuf>,
}

/// Something that the user may want to know about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is.
    pub text: String,
    /// Where it is.
    pub origin: Origin,
    /// Whether it is told in any case: something is not as the file wants it.
    pub matters: bool,
}

/// What one program's files say.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// How registries are spoken to, by their names without the default port.
    pub(super) hosts: BTreeMap<Host, Applied>,
    pub(super) rules: Vec<Rule>,
    pub(super) aliases: BTreeMap<String, Alias>,
    pub(super) files: Vec<PathBuf>,
    pub(super) remarks: Vec<Remark>,
}

impl Places {
    /// What is found, the deciding program's first.
    pub(super) fn load(&self) -> Result<Vec<Layer>, SettingsError> {
        Ok(vec![self.containers()?, self.docker()?, self.containerd()?])
    }

    /// What is wrong with each program's files.
    pub(super) fn problems(&self) -> Vec<SettingsError> {
        let layers = [self.containers(), self.docker(), self.containerd()];
        layers.into_iter().filter_map(Result::err).collect()
    }

    fn containers(&self) -> Result<Layer, SettingsError> {
        let mut layer = registries_conf::load(self)?;
        for folder in [
            below(self.config.as_ref(), CONTAINERS),
            self.etc(CONTAINERS),
        ] {
            certs_d::load(folder.as_deref(), &mut layer);
        }
        Ok(layer)
    }

    fn docker(&self) -> Result<Layer, SettingsError> {
        let mut layer = Layer::default();
        for folder in [
            below(self.config.as_ref(), "docker"),
            below(self.home.as_ref(), ".docker"),
            self.etc("docker"),
        ] {
            certs_d::load(folder.as_deref(), &mut layer);
            daemon_json::load(folder.as_deref(), &mut layer)?;
        }
        Ok(layer)
    }

    fn containerd(&self) -> Result<Layer, SettingsError> {
        hosts_toml::load(self.etc("containerd").as_deref())
    }

    fn etc(&self, folder: &str) -> Option<PathBuf> {
        Some(self.root.as_ref()?.join("etc").join(folder))
    }
}

/// The folder of the containers tools.
const CONTAINERS: &str = "containers";

impl Layer {
    fn host(&mut self, host: &Host) -> &mut Applied {
        self.hosts.entry(host.without_default_port()).or_default()
    }

    /// Something that is not used, which changes nothing.
    fn remark(&mut self, origin: Origin, text: impl Into<String>) {
        let text = text.into();
        let matters = false;
        self.remarks.push(Remark {
            text,
            origin,
            matters,
        });
    }

    /// Something that is not used, though the file wants it.
    fn warn(&mut self, origin: Origin, text: impl Into<String>) {
        let text = text.into();
        let matters = true;
        self.remarks.push(Remark {
            text,
            origin,
            matters,
        });
    }
}

fn below(folder: Option<&PathBuf>, name: &str) -> Option<PathBuf> {
    // A relative one would be the working folder's.
    let folder = folder.filter(|folder| folder.is_absolute())?;
    Some(folder.join(Path::new(name)))
}
