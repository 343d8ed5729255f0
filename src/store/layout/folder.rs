//! The files of a layout: where they are, whether they can be relied on, and what it means where
//! they cannot.
//!
//! Source: image-spec 1.1, "Image Layout".

use super::changes::Changes;
use super::index::Index;
use super::known::Known;
use crate::disk::regular::{self, OpenError};
use crate::disk::unfinished::Unfinished;
use crate::disk::{Access, replace};
use crate::oci::manifest::MAX_BYTES;
use crate::oci::reference::Location;
use crate::oci::strict::{self, Shape};
use crate::oci::{Descriptor, Digest, digest};
use crate::store::error::{Error, Kind, Length, Result};
use bytes::Bytes;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

pub(super) const MARKER: &str = "oci-layout";
pub(super) const INDEX: &str = "index.json";
pub(super) const BLOBS: &str = "blobs";
/// The only version that there is.
pub(super) const VERSION: &str = "1.0.0";

/// How many milliseconds a file that is just being replaced is waited for.
const GIVING_UP: usize = 1000;

/// A folder that is, or is to be, a layout.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) location: Location,
    /// It was found to be a layout.
    is_layout: OnceLock<()>,
    /// It was made ready to be written to.
    pub(super) is_ready: OnceLock<()>,
    /// The index as it was read or written last.
    known: Mutex<Option<Known>>,
    /// Those who wait to change the index.
    pub(super) changes: Changes,
    /// The subjects of manifests that were read to find out.
    pub(super) subjects: Mutex<HashMap<Digest, Option<Digest>>>,
    /// The files that this process is writing; `None` once it has given up.
    unfinished: Mutex<Option<HashSet<PathBuf>>>,
    /// Held while a file is replaced, which takes the time of a write to the disk.
    replacing: Mutex<()>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            location: Location::Layout(path.clone()),
            path,
            is_layout: OnceLock::new(),
            is_ready: OnceLock::new(),
            known: Mutex::default(),
            changes: Changes::default(),
            subjects: Mutex::default(),
            unfinished: Mutex::new(Some(HashSet::new())),
            replacing: Mutex::new(()),
        }
    }

    /// Begins a file that gets its name later.
    pub(super) fn begin(&self) -> Result<Unfinished> {
        let mut unfinished = self.unfinished();
        let Some(paths) = &mut *unfinished else {
            return Err(self.given_up());
        };
        let begun = Unfinished::create(&self.path);
        let begun = begun.map_err(|error| self.failed("write to", error))?;
        paths.insert(begun.path().to_owned());
        Ok(begun)
    }

    /// Replaces a file in one step, to which giving up leaves its time.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> Result<File> {
        let _replacing = held(&self.replacing);
        if self.unfinished().is_none() {
            return Err(self.given_up());
        }
        let replaced = replace::replace(&self.at(name), bytes, Access::Usual);
        replaced.map_err(|error| self.failed("write to", error))
    }

    fn given_up(&self) -> Error {
        let what = format!("writing to {} was given up", self.location);
        self.error(Kind::Other, what)
    }

    /// Gives a file its name.
    pub(super) fn finish(&self, whole: Unfinished, path: &Path) -> Result<()> {
        let begun = whole.path().to_owned();
        let finished = whole.finish(path);
        if let Some(paths) = &mut *self.unfinished() {
            paths.remove(&begun);
        }
        finished.map_err(|error| self.failed("write to", error))
    }

    /// Removes the files that are not finished, and begins no other. Whoever still writes to one
    /// may be gone with the process before that is noticed. What is just being replaced is waited
    /// for, unless the disk takes very long.
    pub(super) fn give_up(&self) {
        for path in self.unfinished().take().into_iter().flatten() {
            let _ = std::fs::remove_file(path);
        }
        for _ in 0..GIVING_UP {
            match self.replacing.try_lock() {
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
                Ok(_) | Err(TryLockError::Poisoned(_)) => return,
            }
        }
    }

    fn unfinished(&self) -> MutexGuard<'_, Option<HashSet<PathBuf>>> {
        held(&self.unfinished)
    }

    /// An error without a further cause.
    pub(super) fn error(&self, kind: Kind, what: impl Into<String>) -> Error {
        Error::new(kind, what).at(&self.location)
    }

    /// Something in the folder that is not what it must be.
    pub(super) fn corrupt(&self, cause: impl Into<crate::transport::BoxError>) -> Error {
        let what = format!("cannot read {}", self.location);
        Error::caused(Kind::Corrupt, what, cause).at(&self.location)
    }

    /// A failure of the machine's.
    pub(super) fn failed(&self, doing: &str, error: io::Error) -> Error {
        let what = format!("cannot {doing} {}", self.location);
        match error.kind() {
            ErrorKind::StorageFull => {
                self.error(Kind::Local, format!("{what}: no space left on its disk"))
            }
            ErrorKind::QuotaExceeded => self.error(
                Kind::Local,
                format!("{what}: your share of its disk is used up"),
            ),
            _ => Error::caused(Kind::Local, what, error).at(&self.location),
        }
    }

    fn unopened(&self, name: &str, error: OpenError) -> Error {
        match error {
            OpenError::Io(error) => self.failed("read", error),
            OpenError::Irregular(what) => {
                let what = format!("cannot read {}: `{name}` is {what}", self.location);
                self.error(Kind::Corrupt, what)
            }
        }
    }

    /// Says that there is no layout, and what there is.
    pub(super) fn absent(&self) -> Error {
        let folder = self.path.display();
        let why = match self.path.metadata() {
            Ok(found) if found.is_dir() => "the folder is there and has no `oci-layout`",
            Ok(_) => "it is no folder",
            Err(_) => "the folder does not exist",
        };
        let what = format!("there is no OCI layout at {folder}: {why}");
        self.error(Kind::NotFound, what)
    }

    /// Whether it is a layout. One of a version that is not known is refused.
    pub(super) fn is_layout(&self) -> Result<bool> {
        if self.is_layout.get().is_some() {
            return Ok(true);
        }
        let Some(bytes) = self.small(MARKER)? else {
            return Ok(false);
        };
        let shape = Shape::Fields(&[("imageLayoutVersion", Shape::Free)]);
        let marker = strict::parse(&bytes, shape).map_err(|error| self.corrupt(error))?;
        let version = marker["imageLayoutVersion"].as_str();
        if version != Some(VERSION) {
            let version = version.map_or("none".to_owned(), |version| format!("`{version}`"));
            let place = &self.location;
            let what = format!(
                "cannot read {place}: the version in its `oci-layout` is {version}, and only `{VERSION}` is known"
            );
            return Err(self.error(Kind::Corrupt, what));
        }
        self.is_layout.get_or_init(|| ());
        Ok(true)
    }

    /// Makes sure that there is a layout to read.
    pub(super) fn must_be_layout(&self) -> Result<()> {
        if self.is_layout()? {
            return Ok(());
        }
        match self.open(INDEX)? {
            Some(_) => {
                let what = format!("cannot read {}: it has no `oci-layout`", self.location);
                Err(self.error(Kind::Corrupt, what))
            }
            None => Err(self.absent()),
        }
    }

    /// What is listed.
    pub(super) fn index(&self) -> Result<Arc<Index>> {
        if let Some(index) = self.listed()? {
            return Ok(index);
        }
        let what = format!("cannot read {}: it has no `{INDEX}`", self.location);
        Err(self.error(Kind::Corrupt, what))
    }

    /// What is listed before something is written: nothing where there is no `index.json`.
    pub(super) fn index_to_write(&self) -> Result<Arc<Index>> {
        let index = self.listed()?;
        Ok(index.unwrap_or_else(|| Arc::new(Index::empty())))
    }

    fn listed(&self) -> Result<Option<Arc<Index>>> {
        let Some(mut file) = self.open(INDEX)? else {
            return Ok(None);
        };
        let found = file.metadata().map_err(|e| self.failed("read", e))?;
        let mut known = self.known();
        if let Some(index) = known.as_ref().and_then(|known| known.index_of(&found)) {
            return Ok(Some(index));
        }
        let index = Arc::new(self.parse(&mut file)?);
        *known = Some(Known::new(&found, &index, file));
        Ok(Some(index))
    }

    /// Takes note of what was written to `file`.
    pub(super) fn remember(&self, index: Index, file: File) {
        let found = file.metadata().ok();
        *self.known() = found.map(|found| Known::new(&found, &Arc::new(index), file));
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parse(&self, file: &mut File) -> Result<Index> {
        let bytes = self.whole(INDEX, file)?;
        Index::parse(bytes).map_err(|error| self.corrupt(error))
    }

    /// Where a blob is. Digests that cannot be computed here name nothing.
    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        let folder = self.algorithm_path(digest);
        folder.join(digest.digest())
    }

    /// The folder that a blob is in.
    pub(super) fn algorithm_path(&self, digest: &Digest) -> PathBuf {
        self.path.join(BLOBS).join(digest.algorithm().as_ref())
    }

    /// Opens a blob, and says how many bytes it has. No link is followed, wherever in the layout.
    pub(super) fn open_blob(&self, digest: &Digest) -> Result<Option<(File, u64)>> {
        digest::verifiable(digest).map_err(|error| self.corrupt(error))?;
        let algorithm = format!("{BLOBS}/{}", digest.algorithm());
        for part in [BLOBS, &algorithm] {
            let there = regular::is_folder(&self.path.join(part));
            if !there.map_err(|error| self.unopened(part, error))? {
                return Ok(None);
            }
        }
        let name = format!("{algorithm}/{}", digest.digest());
        let Some(file) = self.open(&name)? else {
            return Ok(None);
        };
        let found = file.metadata().map_err(|e| self.failed("read", e))?;
        Ok(Some((file, found.len())))
    }

    /// Opens a blob that must have the size of its descriptor.
    pub(super) fn open_sized(&self, blob: &Descriptor) -> Result<File> {
        if let Some(file) = self.find_sized(blob)? {
            return Ok(file);
        }
        self.must_be_layout()?;
        let what = format!("{} does not have {}", self.location, blob.digest());
        Err(self.error(Kind::NotFound, what))
    }

    /// The same where it need not be there.
    pub(super) fn find_sized(&self, blob: &Descriptor) -> Result<Option<File>> {
        let (digest, expected) = (blob.digest(), blob.size());
        match self.open_blob(digest)? {
            Some((_, actual)) if actual != expected => {
                let what = format!("cannot read {digest} from {}", self.location);
                let length = Length { expected, actual };
                Err(Error::caused(Kind::Corrupt, what, length).at(&self.location))
            }
            found => Ok(found.map(|(file, _)| file)),
        }
    }

    /// Opens a blob that is written where it is not there as it must be: what is no file is not
    /// there, as a file takes its place. A folder cannot be replaced so.
    pub(super) fn open_replaceable(&self, digest: &Digest) -> Result<Option<(File, u64)>> {
        let path = self.blob_path(digest);
        if regular::is_folder(&path).is_ok_and(|is_folder| is_folder) {
            let place = &self.location;
            let what = format!("cannot write {digest} to {place}: in its place is a folder");
            return Err(self.error(Kind::Corrupt, what));
        }
        if matches!(regular::open(&path), Err(OpenError::Irregular(_))) {
            return Ok(None);
        }
        self.open_blob(digest)
    }

    fn open(&self, name: &str) -> Result<Option<File>> {
        let opened = regular::open(&self.path.join(name));
        opened.map_err(|error| self.unopened(name, error))
    }

    fn small(&self, name: &str) -> Result<Option<Bytes>> {
        let file = self.open(name)?;
        file.map(|file| self.whole(name, file)).transpose()
    }

    /// Reads a small file, whole.
    pub(super) fn whole(&self, name: &str, file: impl io::Read) -> Result<Bytes> {
        let mut bytes = Vec::new();
        let most = MAX_BYTES as u64 + 1;
        let read = file.take(most).read_to_end(&mut bytes);
        read.map_err(|error| self.failed("read", error))?;
        if bytes.len() > MAX_BYTES {
            let place = &self.location;
            let what = format!("cannot read {place}: `{name}` has more than {MAX_BYTES} bytes");
            return Err(self.error(Kind::Corrupt, what));
        }
        Ok(bytes.into())
    }

    /// The folders that blobs may be in.
    pub(super) fn blob_folders(&self) -> [PathBuf; 3] {
        let blobs = self.path.join(BLOBS);
        [blobs.join("sha256"), blobs.join("sha512"), blobs]
    }

    /// A file of the folder.
    pub(super) fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_full_disk_is_said_to_be_full() {
        let folder = Folder::new("images".into());
        for (error, told) in [
            (ErrorKind::StorageFull, "no space left on its disk"),
            (
                ErrorKind::QuotaExceeded,
                "your share of its disk is used up",
            ),
        ] {
            let failed = folder.failed("write to", error.into());
            assert_eq!(failed.kind(), Kind::Local);
            assert_eq!(failed.location(), Some(&folder.location));
            assert_eq!(
                failed.to_string(),
                format!("cannot write to oci:images: {told}")
            );
        }
    }

    #[test]
    fn who_has_given_up_begins_nothing_and_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let begun = folder.begin().unwrap();
        assert!(begun.path().exists());
        folder.give_up();
        assert!(!begun.path().exists());
        assert!(folder.begin().is_err());
        assert!(folder.replace(INDEX, b"{}").is_err());
        assert!(folder.finish(begun, &place.path().join("name")).is_err());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }
}
