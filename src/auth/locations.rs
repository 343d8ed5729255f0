//! Where credential files are: docker's `config.json` and containers' `auth.json`.
//!
//! Docker looks in `$DOCKER_CONFIG`, else in `~/.docker`, on every system. The containers tools
//! (containers-auth.json(5)) look in `$XDG_RUNTIME_DIR` on Linux, which is emptied at logout,
//! and in `~/.config` on macOS and Windows; then, everywhere, in `$XDG_CONFIG_HOME`.

use crate::auth::variable_group::{Variables, value};
use std::path::{Path, PathBuf};

/// A credential file and what people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, which need not exist.
    pub path: PathBuf,
    /// The path with `~` for the home folder.
    pub name: String,
}

/// The folders of the user, where the system has them. Variables go over them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// The home folder.
    pub home: Option<PathBuf>,
    /// What stands for an unset `$XDG_CONFIG_HOME`; `~/.config` without it.
    pub config: Option<PathBuf>,
    /// What stands for an unset `$XDG_RUNTIME_DIR`.
    pub runtime: Option<PathBuf>,
}

/// The credential files in the order in which they are asked.
pub fn readable(variables: &Variables, folders: &Folders) -> Vec<Location> {
    let auth_json = |folder: PathBuf| folder.join("containers").join("auth.json");
    let paths = [
        explicit(variables),
        docker(variables, folders),
        primary(variables, folders).map(auth_json),
        config(variables, folders).map(auth_json),
    ];
    let mut locations: Vec<Location> = Vec::new();
    for path in paths.into_iter().flatten() {
        if locations.iter().all(|known| known.path != path) {
            locations.push(location(path, folders));
        }
    }
    locations
}

/// The file that login writes to, unless it is told otherwise: `$REGISTRY_AUTH_FILE`, else
/// docker's, because that is the one that every other tool reads.
pub fn writable(variables: &Variables, folders: &Folders) -> Option<Location> {
    let path = explicit(variables).or_else(|| docker(variables, folders))?;
    Some(location(path, folders))
}

/// docker's own file, which says more than credentials.
pub fn docker_file(variables: &Variables, folders: &Folders) -> Option<Location> {
    Some(location(docker(variables, folders)?, folders))
}

fn explicit(variables: &Variables) -> Option<PathBuf> {
    folder(variables, "REGISTRY_AUTH_FILE")
}

fn docker(variables: &Variables, folders: &Folders) -> Option<PathBuf> {
    let own = folder(variables, "DOCKER_CONFIG");
    let folder = own.or_else(|| Some(folders.home.as_ref()?.join(".docker")))?;
    Some(folder.join("config.json"))
}

/// The folder of the file that the containers tools write to.
fn primary(variables: &Variables, folders: &Folders) -> Option<PathBuf> {
    if cfg!(any(windows, target_os = "macos")) {
        return Some(folders.home.as_ref()?.join(".config"));
    }
    folder(variables, "XDG_RUNTIME_DIR").or_else(|| folders.runtime.clone())
}

fn config(variables: &Variables, folders: &Folders) -> Option<PathBuf> {
    folder(variables, "XDG_CONFIG_HOME")
        .or_else(|| folders.config.clone())
        .or_else(|| Some(folders.home.as_ref()?.join(".config")))
}

fn folder(variables: &Variables, name: &str) -> Option<PathBuf> {
    value(variables, name).map(PathBuf::from)
}

fn location(path: PathBuf, folders: &Folders) -> Location {
    let name = shown(&path, folders.home.as_deref());
    Location { path, name }
}

/// A path as people write it: below the home folder, from there.
pub(crate) fn shown(path: &Path, home: Option<&Path>) -> String {
    match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(below) => Path::new("~").join(below).display().to_string(),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn folders() -> Folders {
        Folders {
            home: Some("/home/me".into()),
            config: None,
            runtime: None,
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn files_are_asked_in_order() {
        for (pairs, expected) in [
            (
                &[][..],
                &["~/.docker/config.json", "~/.config/containers/auth.json"][..],
            ),
            (
                &[
                    ("XDG_RUNTIME_DIR", "/run/user/1"),
                    ("XDG_CONFIG_HOME", "/cfg"),
                ],
                &[
                    "~/.docker/config.json",
                    "/run/user/1/containers/auth.json",
                    "/cfg/containers/auth.json",
                ],
            ),
            (
                &[("REGISTRY_AUTH_FILE", "ci.json"), ("DOCKER_CONFIG", "/d")],
                &[
                    "ci.json",
                    "/d/config.json",
                    "~/.config/containers/auth.json",
                ],
            ),
            (
                &[
                    ("REGISTRY_AUTH_FILE", "/home/me/.docker/config.json"),
                    ("DOCKER_CONFIG", ""),
                ],
                &["~/.docker/config.json", "~/.config/containers/auth.json"],
            ),
        ] {
            let locations = readable(&variables(pairs), &folders());
            let names: Vec<&str> = locations.iter().map(|l| l.name.as_str()).collect();
            assert_eq!(names, expected, "{pairs:?}");
        }
    }

    #[cfg(any(windows, target_os = "macos"))]
    #[test]
    fn the_runtime_folder_is_for_linux_only() {
        let pairs = [("XDG_RUNTIME_DIR", "/run/user/1")];
        let locations = readable(&variables(&pairs), &folders());
        let home = Path::new("/home/me");
        let paths: Vec<&Path> = locations.iter().map(|l| l.path.as_path()).collect();
        let auth_json = home.join(".config").join("containers").join("auth.json");
        assert_eq!(paths, [home.join(".docker").join("config.json"), auth_json]);
    }

    #[test]
    fn login_writes_where_the_user_says_or_docker_looks() {
        let path = |pairs: &[(&str, &str)]| writable(&variables(pairs), &folders()).unwrap().path;
        let docker = Path::new("/home/me").join(".docker").join("config.json");
        assert_eq!(path(&[]), docker);
        assert_eq!(
            path(&[("DOCKER_CONFIG", "d")]),
            Path::new("d").join("config.json")
        );
        assert_eq!(
            path(&[("REGISTRY_AUTH_FILE", "ci.json")]),
            Path::new("ci.json")
        );
        assert_eq!(writable(&variables(&[]), &Folders::default()), None);
    }
}
