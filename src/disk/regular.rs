//! Opening a file that a stranger may have made, without being led elsewhere by it.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Why a file is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system says no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is no regular file, but this.
    #[error("it is {0}")]
    Irregular(&'static str),
}

/// Opens the regular file at `path` to read it; `None` where there is nothing.
pub fn open(path: &Path) -> Result<Option<File>, OpenError> {
    let looked = match fs::symlink_metadata(path) {
        Ok(looked) => looked.file_type(),
        Err(error) if is_nothing(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    check(looked)?;
    let mut options = OpenOptions::new();
    options.read(true);
    careful(&mut options);
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if is_nothing(&error) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // Somebody may have put something else there since.
    check(file.metadata()?.file_type())?;
    Ok(Some(file))
}

/// Whether there is a folder at `path` itself, and not behind a link.
pub fn is_folder(path: &Path) -> Result<bool, OpenError> {
    match fs::symlink_metadata(path) {
        Ok(looked) if looked.is_dir() => Ok(true),
        Ok(looked) if looked.is_symlink() => Err(OpenError::Irregular("a symbolic link")),
        Ok(_) => Err(OpenError::Irregular("no folder")),
        Err(error) if is_nothing(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A path that leads through a file leads to nothing, too.
fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Follows no link at the end of the path, and does not wait for the other end of a pipe.
pub(super) fn careful(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.custom_flags(flags.bits().cast_signed());
    }
    #[cfg(not(unix))]
    let _ = options;
}

fn check(found: FileType) -> Result<(), OpenError> {
    let what = if found.is_file() {
        return Ok(());
    } else if found.is_symlink() {
        "a symbolic link"
    } else if found.is_dir() {
        "a folder"
    } else {
        "no regular file"
    };
    Err(OpenError::Irregular(what))
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").unwrap();
        symlink(at("file"), at("link")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(at("pipe"))
            .status();
        assert!(made.unwrap().success());
        assert!(open(&at("file")).unwrap().is_some());
        for nothing in ["none", "file/below"] {
            assert!(open(&at(nothing)).unwrap().is_none());
            assert!(!is_folder(&at(nothing)).unwrap());
        }
        for (path, what) in [
            (at("link"), "it is a symbolic link"),
            (at("pipe"), "it is no regular file"),
            (folder.path().to_owned(), "it is a folder"),
        ] {
            assert_eq!(open(&path).unwrap_err().to_string(), what);
        }
    }

    #[test]
    fn a_link_that_was_put_there_meanwhile_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "x").unwrap();
        symlink(at("file"), at("link")).unwrap();
        let mut options = OpenOptions::new();
        careful(options.read(true));
        assert!(options.open(at("file")).is_ok());
        assert!(options.open(at("link")).is_err());
    }
}
