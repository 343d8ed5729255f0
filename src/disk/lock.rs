//! One writer at a time: an advisory lock on a file next to the one that is written.
//!
//! The lock file stays where it is: were it removed, two writers could each hold a lock on a file
//! of that name. The system lets go of the lock when its holder ends, however it ends.

use super::Access;
use super::regular::careful;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock that is kept in `path`, a file that `access` may use. Waits for at most
/// `patience`, then fails with [`ErrorKind::TimedOut`].
pub fn acquire(path: &Path, patience: Duration, access: Access) -> io::Result<Lock> {
    let file = open(path, access)?;
    let start = Instant::now();
    while !is_taken(&file, start, patience)? {
        std::thread::sleep(pause());
    }
    Ok(Lock { _file: file })
}

/// The same for those who may be told meanwhile to wait no longer: then nothing is taken.
pub async fn wait(path: &Path, patience: Duration, access: Access) -> io::Result<Lock> {
    let file = open(path, access)?;
    let start = Instant::now();
    while !is_taken(&file, start, patience)? {
        tokio::time::sleep(pause()).await;
    }
    Ok(Lock { _file: file })
}

/// One attempt, which fails where it was the last one.
fn is_taken(file: &File, start: Instant, patience: Duration) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
            Err(ErrorKind::TimedOut.into())
        }
        Err(TryLockError::WouldBlock) => Ok(false),
    }
}

/// Uneven, so that many who wait do not ask in step.
fn pause() -> Duration {
    Duration::from_millis(fastrand::u64(1..10))
}

fn open(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    careful(options.write(true).create(true).truncate(false));
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, access.mode());
    #[cfg(not(unix))]
    let _ = access;
    match options.open(path) {
        // Another user made it, and a lock can be had on what can only be read.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let mut options = OpenOptions::new();
            careful(options.read(true));
            options.open(path).map_err(|_| error)
        }
        opened => opened,
    }
    .map_err(|error| told(path, error))
}

/// Says what is in the way where that is not the file that it must be.
fn told(path: &Path, error: io::Error) -> io::Error {
    let name = path.file_name().unwrap_or_default().display();
    match path.symlink_metadata().map(|found| found.file_type()) {
        Ok(found) if found.is_symlink() => io::Error::other(format!("`{name}` is a symbolic link")),
        Ok(found) if found.is_dir() => io::Error::other(format!("`{name}` is a folder")),
        Ok(found) if !found.is_file() => io::Error::other(format!("`{name}` is no regular file")),
        _ => error,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_waits_and_gives_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = acquire(&path, Duration::ZERO, Access::Owner).unwrap();
        let refused = acquire(&path, Duration::from_millis(20), Access::Owner).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TimedOut);
        drop(held);
        assert!(acquire(&path, Duration::ZERO, Access::Owner).is_ok());
    }

    #[tokio::test]
    async fn who_waits_no_longer_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let held = acquire(&path, Duration::ZERO, Access::Owner).unwrap();
        let waiting = wait(&path, Duration::from_mins(1), Access::Owner);
        let cut = tokio::time::timeout(Duration::from_millis(50), waiting).await;
        assert!(cut.is_err());
        drop(held);
        let taken = wait(&path, Duration::ZERO, Access::Owner).await.unwrap();
        let refused = wait(&path, Duration::ZERO, Access::Owner).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::TimedOut);
        drop(taken);
    }

    /// Whoever may do everything may also write it, and sees no difference.
    #[cfg(unix)]
    #[test]
    fn a_lock_that_may_only_be_read_is_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
        let _held = acquire(&path, Duration::ZERO, Access::Owner).unwrap();
        let refused = acquire(&path, Duration::ZERO, Access::Owner).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TimedOut);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_in_the_place_of_the_lock_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink(at("elsewhere"), at("link")).unwrap();
        std::fs::create_dir(at("folder")).unwrap();
        for (name, told) in [
            ("link", "`link` is a symbolic link"),
            ("folder", "`folder` is a folder"),
        ] {
            let error = acquire(&at(name), Duration::ZERO, Access::Owner).unwrap_err();
            assert_eq!(error.to_string(), told);
        }
        assert!(!at("elsewhere").exists());
    }
}
