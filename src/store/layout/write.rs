//! Changes to a layout. Whatever a killed writer leaves behind, each name in `index.json` has its
//! bytes, and each blob under its name is whole.

use super::blob;
use super::changes::change;
use super::folder::{BLOBS, Folder, INDEX, MARKER, VERSION};
use super::index::Index;
use super::read;
use crate::disk::lock::{self, Lock};
use crate::disk::regular::{self, OpenError};
use crate::disk::unfinished::{self, Unfinished};
use crate::disk::{Access, replace};
use crate::oci::manifest::Manifest;
use crate::oci::reference::Target;
use crate::oci::referrers::{MergeError, fallback_tag, merged};
use crate::oci::{Descriptor, Digest, digest};
use crate::registry::{Precondition, Put};
use crate::store::error::{Error, Kind, Result};
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::time::Duration;

const LOCK: &str = ".crossdock.lock";
/// How long other writers are waited for. One write of the index takes milliseconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// Sees to it that the folder is a layout that can be written to, and removes what writers left
/// there that were killed.
pub(super) fn ready(folder: &Folder) -> Result<()> {
    if folder.is_ready.get().is_some() {
        return Ok(());
    }
    if folder.is_layout()? {
        make_blobs(folder)?;
    } else {
        begin(folder)?;
    }
    // What cannot be removed does no harm.
    let _ = unfinished::sweep(&folder.path);
    folder.is_ready.get_or_init(|| ());
    Ok(())
}

/// Makes a layout. Its mark comes last: what has it is complete.
fn begin(folder: &Folder) -> Result<()> {
    let unwritable = |error| folder.failed("write to", error);
    fs::create_dir_all(&folder.path).map_err(unwritable)?;
    let _lock = locked(folder)?;
    make_blobs(folder)?;
    if folder.is_layout()? {
        return Ok(());
    }
    // One that is there must be readable.
    let empty = folder.index_to_write()?;
    if !folder.at(INDEX).try_exists().map_err(unwritable)? {
        write_index(folder, Index::clone(&empty))?;
    }
    let marker = format!(r#"{{"imageLayoutVersion":"{VERSION}"}}"#);
    folder.replace(MARKER, marker.as_bytes()).map(|_| ())
}

fn make_blobs(folder: &Folder) -> Result<()> {
    for name in [BLOBS.to_owned(), format!("{BLOBS}/sha256")] {
        folder.make(&name)?;
    }
    Ok(())
}

pub(super) fn locked(folder: &Folder) -> Result<Lock> {
    locked_within(folder, PATIENCE)
}

fn locked_within(folder: &Folder, patience: Duration) -> Result<Lock> {
    let acquired = lock::acquire(&folder.at(LOCK), patience, Access::Usual);
    acquired.map_err(|error| {
        if error.kind() == ErrorKind::TimedOut {
            let (place, seconds) = (&folder.location, patience.as_secs());
            let what = format!(
                "cannot write to {place}: another writer holds `{LOCK}` since more than {seconds} s"
            );
            return folder.error(Kind::Local, what);
        }
        folder.failed("write to", error)
    })
}

impl Folder {
    /// Makes a folder in the layout, where there is none.
    fn make(&self, name: &str) -> Result<()> {
        let path = self.at(name);
        match fs::create_dir(&path) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(self.failed("write to", error));
            }
            _ => {}
        }
        match regular::is_folder(&path) {
            Ok(_) => Ok(()),
            Err(OpenError::Io(error)) => Err(self.failed("write to", error)),
            Err(OpenError::Irregular(what)) => {
                let what = format!("cannot write to {}: `{name}` is {what}", self.location);
                Err(self.error(Kind::Corrupt, what))
            }
        }
    }

    /// Gives a blob its name.
    pub(super) fn place(&self, whole: Unfinished, digest: &Digest) -> Result<()> {
        digest::verifiable(digest).map_err(|error| self.corrupt(error))?;
        self.make(&format!("{BLOBS}/{}", digest.algorithm()))?;
        self.finish(whole, &self.blob_path(digest))
    }

    /// Writes a small blob, unless exactly this is there.
    fn place_bytes(&self, bytes: &[u8], digest: &Digest) -> Result<()> {
        if let Some((mut file, length)) = self.open_replaceable(digest)?
            && length == bytes.len() as u64
        {
            let mut there = Vec::with_capacity(bytes.len());
            let read = file.by_ref().take(length).read_to_end(&mut there);
            if read.is_ok() && there == bytes {
                return Ok(());
            }
        }
        let mut whole = self.begin()?;
        let written = whole.write(bytes);
        written.map_err(|error| self.failed("write to", error))?;
        self.place(whole, digest)
    }
}

/// Replaces the index, once the blobs that it names have their names for good. The lock is held.
pub(super) fn write_index(folder: &Folder, index: Index) -> Result<()> {
    let bytes = index.bytes().map_err(|error| {
        let what = format!("cannot write the `{INDEX}` of {}", folder.location);
        Error::caused(Kind::Other, what, error).at(&folder.location)
    })?;
    for blobs in folder.blob_folders() {
        replace::sync(&blobs);
    }
    let file = folder.replace(INDEX, &bytes)?;
    folder.remember(index, file);
    Ok(())
}

/// Puts a manifest under a tag, or under its own digest alone.
pub(super) fn put(
    folder: &Folder,
    target: &Target,
    manifest: &Manifest,
    precondition: &Precondition,
) -> Result<Put> {
    ready(folder)?;
    let digest = match target {
        Target::Digest(digest) => own_digest(folder, target, manifest, digest)?,
        Target::Tag(_) => manifest.digest().clone(),
    };
    let put = Put {
        digest: digest.clone(),
        subject_accepted: false,
    };
    let Target::Tag(tag) = target else {
        if *precondition != Precondition::Anything {
            let there = read::find(folder, target)?;
            check(folder, target, precondition, there.as_ref())?;
        }
        folder.place_bytes(manifest.bytes(), &digest)?;
        return Ok(put);
    };
    // Others may do the same meanwhile, and only what is left to do waits for the lock.
    folder.place_bytes(manifest.bytes(), &digest)?;
    let (tag, target) = (tag.clone(), target.clone());
    let (manifest, precondition) = (manifest.clone(), precondition.clone());
    change(folder, move |folder, index| {
        if precondition != Precondition::Anything {
            let there = read::find_in(folder, index, &target)?;
            check(folder, &target, &precondition, there.as_ref())?;
        }
        // Somebody may have removed it since.
        folder.place_bytes(manifest.bytes(), manifest.digest())?;
        Ok(index.set_tag(&tag, manifest.descriptor()))
    })?;
    Ok(put)
}

/// The digest to put a manifest under, which may be of another algorithm than its own.
fn own_digest(
    folder: &Folder,
    target: &Target,
    manifest: &Manifest,
    digest: &Digest,
) -> Result<Digest> {
    let own = digest::compute(manifest.bytes(), digest).map_err(|error| folder.corrupt(error))?;
    if own == *digest {
        return Ok(own);
    }
    let reference = folder.location.reference(target);
    let what = format!("cannot write {reference}: the manifest is {own}");
    Err(folder.error(Kind::Corrupt, what))
}

fn check(
    folder: &Folder,
    target: &Target,
    precondition: &Precondition,
    there: Option<&Descriptor>,
) -> Result<()> {
    let there = there.map(Descriptor::digest);
    let holds = match precondition {
        Precondition::Anything => true,
        Precondition::Absent => there.is_none(),
        Precondition::Is(digest) => there == Some(digest),
    };
    if holds {
        return Ok(());
    }
    let reference = folder.location.reference(target);
    let now = there.map_or("nothing".to_owned(), ToString::to_string);
    let what = format!("cannot write {reference}: it points to {now} by now");
    Err(folder.error(Kind::Refused, what))
}

/// Lists a manifest that has no tag.
pub(super) fn list_untagged(folder: &Folder, manifest: &Descriptor) -> Result<()> {
    ready(folder)?;
    let manifest = manifest.clone();
    change(folder, move |folder, index| {
        if !blob::is_there(folder, &manifest)? {
            let target = Target::Digest(manifest.digest().clone());
            return Err(read::not_there(folder, "list", &target));
        }
        Ok(index.add_untagged(&manifest))
    })
}

/// Removes a tag, or a manifest with all its tags.
pub(super) fn delete(folder: &Folder, target: &Target) -> Result<()> {
    folder.must_be_layout()?;
    // Held until the manifest is gone, so that nobody tags it meanwhile.
    let _lock = locked(folder)?;
    let mut index = Index::clone(&*folder.index_to_write()?);
    let listed = index.remove(target);
    if listed {
        write_index(folder, index)?;
    }
    match target {
        Target::Tag(_) if listed => Ok(()),
        // A layer, which is no manifest, is not removed by its digest.
        Target::Digest(digest) if listed || read::manifest(folder, target).is_ok() => {
            match fs::remove_file(folder.blob_path(digest)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(folder.failed("remove from", error))
                }
                _ => Ok(()),
            }
        }
        _ => Err(read::not_there(folder, "remove", target)),
    }
}

/// Lists `referrers` in the index that stands for the list of what is attached to `subject`.
pub(super) fn attach(folder: &Folder, subject: &Digest, referrers: &[Descriptor]) -> Result<()> {
    ready(folder)?;
    let (subject, referrers) = (subject.clone(), referrers.to_vec());
    change(folder, move |folder, index| {
        let tag = fallback_tag(&subject);
        let old = read::referrers_index(folder, index, &subject)?;
        let list = merged(old.as_ref(), &referrers).map_err(|error| {
            let list = folder.location.reference(&tag.clone().into());
            let what = format!("cannot attach to {subject} in its list, {list}");
            let kind = match error {
                // Something of somebody else's is under the tag.
                MergeError::NotIndex(_) => Kind::Refused,
                MergeError::Unfit(_) => Kind::Other,
            };
            Error::caused(kind, what, error).at(&folder.location)
        })?;
        let Some(list) = list else {
            return Ok(false);
        };
        folder.place_bytes(list.bytes(), list.digest())?;
        Ok(index.set_tag(&tag, list.descriptor()))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_let_go_is_a_failure_of_the_machine() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        let _held = locked(&folder).unwrap();
        let refused = locked_within(&folder, Duration::from_millis(50)).unwrap_err();
        assert_eq!(refused.kind(), Kind::Local);
        let text = refused.to_string();
        assert!(
            text.contains("another writer holds `.crossdock.lock`"),
            "{text}"
        );
    }
}
