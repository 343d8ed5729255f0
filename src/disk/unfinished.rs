//! Files that get their name only once they are whole.
//!
//! Whoever writes one holds a lock on it. The system lets go of it when its holder ends, however it
//! ends, also in another container: so a file whose lock is free is left over.

use super::Access;
use super::regular::careful;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// How the names begin; the process's id and a random number follow.
const PREFIX: &str = ".crossdock-";
/// How many digits that number has.
const DIGITS: usize = 16;
/// How often another name is tried.
const ATTEMPTS: usize = 100;

/// A file under a name that nobody reads. It is removed with the value unless it is finished.
#[derive(Debug)]
pub struct Unfinished {
    file: File,
    path: PathBuf,
    finished: bool,
}

impl Unfinished {
    /// Begins a file in `folder`. Only its owner can read it.
    pub fn create(folder: &Path) -> io::Result<Self> {
        for _ in 0..ATTEMPTS {
            let path = folder.join(fresh_name());
            let file = match make(&path, Access::Owner) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let begun = Self {
                file,
                path,
                finished: false,
            };
            match begun.file.try_lock() {
                Ok(()) if begun.is_linked()? => return Ok(begun),
                // It looked left over before it was locked, and was swept away.
                Ok(()) | Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Where it is until it is finished.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds bytes at the end.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Gives it its name, in place of what has it, once its bytes last over a power cut. Whoever
    /// may usually read files may read it then.
    pub fn finish(mut self, path: &Path) -> io::Result<()> {
        self.open_up()?;
        self.file.sync_all()?;
        fs::rename(&self.path, path)?;
        self.finished = true;
        Ok(())
    }

    #[cfg(unix)]
    fn open_up(&self) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mode = fs::Permissions::from_mode(usual_mode(folder)?);
        self.file.set_permissions(mode)
    }

    #[cfg(not(unix))]
    fn open_up(&self) -> io::Result<()> {
        let _ = usual_mode;
        self.file.metadata().map(|_| ())
    }

    #[cfg(unix)]
    fn is_linked(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;
        Ok(self.file.metadata()?.nlink() > 0)
    }

    #[cfg(not(unix))]
    fn is_linked(&self) -> io::Result<bool> {
        self.path.try_exists()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes what writers left in `folder` that were killed. What cannot be removed stays.
pub fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let own = entry.file_name().to_str().is_some_and(is_own_name);
        if own && entry.file_type()?.is_file() {
            remove_left_over(&entry.path());
        }
    }
    Ok(())
}

/// Removes a file whose lock nobody holds. The lock is held until the file is gone, so that whoever
/// is just about to take it finds out.
fn remove_left_over(path: &Path) {
    let mut options = OpenOptions::new();
    careful(options.write(true));
    if let Ok(file) = options.open(path)
        && file.try_lock().is_ok()
    {
        let _ = fs::remove_file(path);
    }
}

fn fresh_name() -> String {
    let number = fastrand::u64(..);
    format!("{PREFIX}{}-{number:0DIGITS$x}", std::process::id())
}

fn is_own_name(name: &str) -> bool {
    let parts = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once('-'));
    parts.is_some_and(|(process, number)| {
        let digits = process.bytes().all(|byte| byte.is_ascii_digit());
        let hex = number.bytes().all(|byte| byte.is_ascii_hexdigit());
        !process.is_empty() && digits && hex && number.len() == DIGITS
    })
}

fn make(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, access.mode());
    #[cfg(not(unix))]
    let _ = access;
    options.open(path)
}

/// The mode that new files have. The mask behind it can only be asked for by changing it, for all
/// threads at once; so a file is made, once, to see.
fn usual_mode(folder: &Path) -> io::Result<u32> {
    static MODE: OnceLock<u32> = OnceLock::new();
    if let Some(mode) = MODE.get() {
        return Ok(*mode);
    }
    let path = folder.join(fresh_name());
    let made = make(&path, Access::Usual)?.metadata();
    let _ = fs::remove_file(&path);
    let mode = mode(&made?);
    Ok(*MODE.get_or_init(|| mode))
}

#[cfg(unix)]
fn mode(made: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(made) & 0o777
}

#[cfg(not(unix))]
fn mode(_made: &fs::Metadata) -> u32 {
    0
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_is_its_owners_alone_until_it_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("usual"), "").unwrap();
        let mut file = Unfinished::create(folder.path()).unwrap();
        file.write(b"whole").unwrap();
        assert_eq!(mode_of(&file.path), 0o600);
        file.finish(&at("name")).unwrap();
        assert_eq!(fs::read(at("name")).unwrap(), b"whole");
        assert_eq!(mode_of(&at("name")), mode_of(&at("usual")));
        assert_eq!(names(folder.path()), ["name", "usual"]);
    }

    #[test]
    fn what_is_given_up_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        drop(Unfinished::create(folder.path()).unwrap());
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn what_was_left_over_is_swept_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let left = ".crossdock-1-0123456789abcdef";
        let others = [
            ".crossdock-1-0123456789abcde",
            ".crossdock--0123456789abcdef",
            ".crossdock-1-0123456789abcdeg",
            ".crossdock.lock",
            "crossdock-1-0123456789abcdef",
        ];
        for name in others.iter().chain([&left]) {
            fs::write(at(name), "").unwrap();
        }
        let link = ".crossdock-2-0123456789abcdef";
        symlink(at(".crossdock.lock"), at(link)).unwrap();
        let live = Unfinished::create(folder.path()).unwrap();
        sweep(folder.path()).unwrap();
        let mut kept: Vec<String> = others.map(str::to_owned).to_vec();
        kept.push(link.to_owned());
        kept.push(live.path.file_name().unwrap().to_str().unwrap().to_owned());
        kept.sort();
        assert_eq!(names(folder.path()), kept);
    }

    #[test]
    fn writers_and_sweepers_get_along() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let folder = folder.path();
                scope.spawn(move || {
                    for number in 0..50 {
                        let mut file = Unfinished::create(folder).unwrap();
                        sweep(folder).unwrap();
                        file.write(b"x").unwrap();
                        file.finish(&folder.join(format!("{writer}-{number}")))
                            .unwrap();
                    }
                });
            }
        });
        assert_eq!(names(folder.path()).len(), 200);
    }
}
