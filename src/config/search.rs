//! Where the settings files are looked for.

use super::elsewhere::Places;
use std::fs;
use std::path::{Path, PathBuf};

/// What the file is called.
const NAME: &str = "crossdock.yaml";

/// The places to look in, as the caller found them in the command line and the environment.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// `--config-file FILE`.
    pub named: Option<PathBuf>,
    /// `CROSSDOCK_CONFIG_FILE`; an empty value counts as unset.
    pub environment: Option<PathBuf>,
    /// The folder the user works in, for `crossdock.yaml` in it.
    pub working_folder: Option<PathBuf>,
    /// The user's configuration folder (`~/.config` on Linux), for `crossdock/crossdock.yaml`.
    pub user_folder: Option<PathBuf>,
    /// Where other programs have their settings.
    pub elsewhere: Places,
}

impl Search {
    /// The file that the user names, which is then the only one.
    pub fn named_file(&self) -> Option<&Path> {
        let environment = self.environment.as_deref();
        let set = environment.filter(|path| !path.as_os_str().is_empty());
        self.named.as_deref().or(set)
    }

    /// Where the user's own file is, or would be.
    pub fn user_file(&self) -> Option<PathBuf> {
        let folder = self.user_folder.as_ref()?;
        Some(folder.join("crossdock").join(NAME))
    }

    /// Where the working folder's file is, or would be; none where that is the user's own.
    pub fn working_file(&self) -> Option<PathBuf> {
        let working = self.working_folder.as_ref()?.join(NAME);
        let own = self.user_file();
        let same = own.is_some_and(|own| same_file(&own, &working));
        (!same).then_some(working)
    }
}

/// Whether both paths lead to one file. A file that is not there is nobody's.
fn same_file(left: &Path, right: &Path) -> bool {
    match (fs::canonicalize(left), fs::canonicalize(right)) {
        (Ok(left), Ok(right)) => left == right,
        _ => false,
    }
}
