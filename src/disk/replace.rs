//! Replacing a file, so that readers see the old content or the new one.

use super::Access;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// How many symlinks may follow on each other, as on Linux.
const LINKS: usize = 40;

/// The file that `path` means: itself, or what symlinks lead to, which need not exist.
pub fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        let is_link = fs::symlink_metadata(&path).is_ok_and(|m| m.file_type().is_symlink());
        if !is_link {
            return Ok(path);
        }
        path = folder(&path).join(fs::read_link(&path)?);
    }
    Err(io::Error::other("too many symbolic links"))
}

/// The folder of a file.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// `path` with `suffix` after its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Creates a folder that only its owner can look into, where there is none.
pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Puts `content` in place of the file at `path`, which is no symlink, in one step. Whoever could
/// read the old file can read the new one, within `access`. The caller sees to it that there is no
/// second writer. The file that is returned is the new one.
pub fn replace(path: &Path, content: &[u8], access: Access) -> io::Result<File> {
    let folder = folder(path);
    let prefix = prefix(path)?;
    sweep(folder, &prefix)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(access.mode()));
    let mut fresh = builder.tempfile_in(folder)?;
    keep_access(path, &fresh, access)?;
    fresh.write_all(content)?;
    fresh.as_file().sync_all()?;
    let file = fresh.persist(path).map_err(|error| error.error)?;
    sync(folder);
    Ok(file)
}

fn prefix(path: &Path) -> io::Result<String> {
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    Ok(format!(".{}.crossdock-", name.to_string_lossy()))
}

/// Removes what writers left that were killed.
fn sweep(folder: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let own = entry.file_name().to_string_lossy().starts_with(prefix);
        if own && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Gives `fresh` the owner of the old file, and as much of its mode as `access` allows.
#[cfg(unix)]
fn keep_access(old: &Path, fresh: &NamedTempFile, access: Access) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let old = match fs::metadata(old) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let file = fresh.as_file();
    let now = file.metadata()?;
    if (old.uid(), old.gid()) != (now.uid(), now.gid()) {
        // Only root may, and only root needs to: `sudo` with the user's home folder.
        let _ = fchown(file, Some(old.uid()), Some(old.gid()));
    }
    file.set_permissions(fs::Permissions::from_mode(old.mode() & access.mode()))
}

#[cfg(not(unix))]
fn keep_access(_old: &Path, _fresh: &NamedTempFile, _access: Access) -> io::Result<()> {
    Ok(())
}

/// Makes the names in a folder last over a power cut, where the system can.
pub fn sync(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_mode_is_kept_where_it_is_stricter() {
        let folder = tempfile::tempdir().unwrap();
        for (before, after) in [
            (0o644, 0o600),
            (0o600, 0o600),
            (0o400, 0o400),
            (0o777, 0o600),
        ] {
            let path = folder.path().join("file");
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
            replace(&path, b"new", Access::Owner).unwrap();
            assert_eq!(mode(&path), after, "{before:o}");
            assert_eq!(fs::read(&path).unwrap(), b"new");
            fs::remove_file(&path).unwrap();
        }
    }

    #[test]
    fn what_everybody_may_read_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("usual"), "").unwrap();
        replace(&at("file"), b"new", Access::Usual).unwrap();
        assert_eq!(mode(&at("file")), mode(&at("usual")));
        fs::set_permissions(at("file"), fs::Permissions::from_mode(0o640)).unwrap();
        replace(&at("file"), b"newer", Access::Usual).unwrap();
        assert_eq!(mode(&at("file")), 0o640);
    }

    #[test]
    fn new_files_and_folders_are_their_owners_alone() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a").join("b");
        create_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        replace(&folder.join("file"), b"new", Access::Owner).unwrap();
        assert_eq!(mode(&folder.join("file")), 0o600);
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for name in [".file.crossdock-x", ".other.crossdock-x", ".file.x"] {
            fs::write(folder.path().join(name), "secret").unwrap();
        }
        replace(&path, b"new", Access::Owner).unwrap();
        // Nothing of ours, whatever it is called.
        fs::create_dir(folder.path().join(".file.crossdock-folder")).unwrap();
        replace(&path, b"new", Access::Owner).unwrap();
        let names = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        let kept = [
            ".file.crossdock-folder",
            ".file.x",
            ".other.crossdock-x",
            "file",
        ];
        assert_eq!(names, kept);
    }

    #[test]
    fn symlinks_lead_to_their_target_even_where_it_does_not_exist() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("second", at("first")).unwrap();
        symlink(at("end"), at("second")).unwrap();
        symlink("loop", at("loop")).unwrap();
        assert_eq!(target(&at("first")).unwrap(), at("end"));
        assert_eq!(target(&at("none")).unwrap(), at("none"));
        assert!(target(&at("loop")).is_err());
    }
}
