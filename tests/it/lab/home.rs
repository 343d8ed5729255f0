//! A user's home that holds nothing but what a test puts there.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A temporary home, removed with the value. Its parts are `home`, `config`, `cache`, `data`,
/// `state`, `run`, `tmp` and `work`, the folder that commands run in.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = TempDir::with_prefix("crossdock-test-").unwrap();
        for part in [
            "home", "config", "cache", "data", "state", "run", "tmp", "work",
        ] {
            fs::create_dir(folder.path().join(part)).unwrap();
        }
        // Stands for the machine's own file, which is none of a test's business.
        let containers = folder.path().join("config/containers");
        fs::create_dir(&containers).unwrap();
        fs::write(containers.join("registries.conf"), "").unwrap();
        Self { folder }
    }

    /// A path below the folder that holds everything.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Writes a file, and the folders above it; readable by nobody else.
    pub(crate) fn write(&self, relative: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        path
    }

    /// A file's text, `None` where there is none.
    pub(crate) fn read(&self, relative: &str) -> Option<String> {
        fs::read_to_string(self.path(relative)).ok()
    }

    /// Writes Docker's file of credentials, where the binary looks for it.
    pub(crate) fn docker_config(&self, content: &serde_json::Value) -> PathBuf {
        self.write("home/.docker/config.json", content.to_string())
    }

    /// Writes the settings of the folder that commands run in.
    pub(crate) fn settings(&self, content: &str) -> PathBuf {
        self.write("work/crossdock.yaml", content)
    }

    /// Writes the settings that the user owns, which may say how registries are spoken to.
    pub(crate) fn user_settings(&self, content: &str) -> PathBuf {
        self.write("config/crossdock/crossdock.yaml", content)
    }

    /// Every file there is, with its content.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(self.folder.path(), &mut files);
        files
    }

    /// The environment that makes this the user's home, and no other.
    pub(super) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut variables = vec![
            ("HOME", self.path("home")),
            ("USERPROFILE", self.path("home")),
            ("XDG_CONFIG_HOME", self.path("config")),
            ("XDG_CACHE_HOME", self.path("cache")),
            ("XDG_DATA_HOME", self.path("data")),
            ("XDG_STATE_HOME", self.path("state")),
            ("XDG_RUNTIME_DIR", self.path("run")),
            ("TMPDIR", self.path("tmp")),
            // Half of what threads have, so that a future that is too deep shows early.
            ("RUST_MIN_STACK", "1048576".into()),
        ];
        if cfg!(windows) {
            // The system's own folders go over these variables there.
            variables.push(("DOCKER_CONFIG", self.path("home/.docker")));
        }
        variables
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if let Ok(content) = fs::read(&path) {
            files.push((path, content));
        }
    }
}
