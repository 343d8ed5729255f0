//! Reading a small file whole, without being led into anything else.

use crate::auth::credential::CredentialError;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// Files of this many bytes and more are refused; the largest honest ones have a few thousand.
const TOO_LARGE: u64 = 16 * 1024 * 1024;

/// The content of the file at `path`, or `None` where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, CredentialError> {
    // Looked at before it is opened: opening a named pipe would wait for a writer.
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(malformed(path, "not a regular file")),
        Ok(metadata) if metadata.len() >= TOO_LARGE => Err(malformed(path, "16 MiB or larger")),
        Ok(metadata) => content(path, metadata.len()),
        Err(error) => absent(path, error),
    }
}

fn content(path: &Path, length: u64) -> Result<Option<Zeroizing<Vec<u8>>>, CredentialError> {
    // Reserved in one piece: a buffer that grows leaves copies of its content behind.
    let capacity = usize::try_from(length).unwrap_or(0) + 1;
    let mut content = Zeroizing::new(Vec::with_capacity(capacity));
    let read = File::open(path).and_then(|f| f.take(TOO_LARGE).read_to_end(&mut content));
    match read {
        Ok(_) if content.len() as u64 >= TOO_LARGE => Err(malformed(path, "16 MiB or larger")),
        Ok(_) => Ok(Some(content)),
        Err(error) => absent(path, error),
    }
}

/// A path that leads through a file (`DOCKER_CONFIG=/dev/null`) leads to nothing, too.
fn absent<T>(path: &Path, error: io::Error) -> Result<Option<T>, CredentialError> {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Ok(None),
        _ => Err(CredentialError::Unreadable {
            path: path.to_owned(),
            source: error,
        }),
    }
}

fn malformed(path: &Path, reason: &str) -> CredentialError {
    CredentialError::Malformed {
        origin: path.display().to_string(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        assert_eq!(read(&file).unwrap(), None);
        fs::write(&file, "x").unwrap();
        assert_eq!(**read(&file).unwrap().unwrap(), *b"x");
        assert_eq!(read(&file.join("config.json")).unwrap(), None);
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let large = folder.path().join("large");
        File::create(&large).unwrap().set_len(TOO_LARGE).unwrap();
        for path in [folder.path(), &large] {
            let refused = read(path);
            assert!(matches!(refused, Err(CredentialError::Malformed { .. })));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_symlink_loop_and_a_pipe_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&link, &link).unwrap();
        assert!(matches!(
            read(&link),
            Err(CredentialError::Unreadable { .. })
        ));
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(matches!(
            read(&pipe),
            Err(CredentialError::Malformed { .. })
        ));
    }
}
