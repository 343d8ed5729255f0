//! Changes to `index.json`. One writer at a time holds the lock, and writes at once what others of
//! this process wait to change.

use super::folder::Folder;
use super::index::Index;
use super::write::{locked, write_index};
use crate::store::error::{Error, Kind, Result};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What somebody wants to change. `false`: nothing, as it is so already. With a failure nothing is
/// changed either.
type Change = Box<dyn FnOnce(&Folder, &mut Index) -> Result<bool> + Send>;

/// How a change ended, once it has.
type Outcome = Arc<Mutex<Option<Result<()>>>>;

/// The changes that wait to be written.
#[derive(Default)]
pub(super) struct Changes {
    waiting: Mutex<Vec<(Change, Outcome)>>,
    /// Held by the one who writes.
    writing: Mutex<()>,
}

/// Changes the index, and returns once that is written.
pub(super) fn change(
    folder: &Folder,
    change: impl FnOnce(&Folder, &mut Index) -> Result<bool> + Send + 'static,
) -> Result<()> {
    let outcome = Outcome::default();
    let waiting = (Box::new(change) as Change, Arc::clone(&outcome));
    held(&folder.changes.waiting).push(waiting);
    let _writing = held(&folder.changes.writing);
    // Another may have written it meanwhile.
    if let Some(ended) = held(&outcome).take() {
        return ended;
    }
    write_all(folder);
    let ended = held(&outcome).take();
    ended.unwrap_or_else(|| {
        let what = format!("writing to {} ended unexpectedly", folder.location);
        Err(folder.error(Kind::Other, what))
    })
}

fn write_all(folder: &Folder) {
    // Whoever comes while the lock is waited for is still in time.
    let locked = locked(folder);
    let waiting = std::mem::take(&mut *held(&folder.changes.waiting));
    let opened = locked.and_then(|lock| Ok((lock, folder.index_to_write()?)));
    let (_lock, index) = match opened {
        Ok(opened) => opened,
        Err(error) => return end(waiting.into_iter().map(|(_, outcome)| outcome), &Err(error)),
    };
    let mut index = Index::clone(&index);
    let mut changed = Vec::new();
    for (change, outcome) in waiting {
        match change(folder, &mut index) {
            Ok(true) => changed.push(outcome),
            unchanged => *held(&outcome) = Some(unchanged.map(|_| ())),
        }
    }
    if !changed.is_empty() {
        end(changed.into_iter(), &write_index(folder, index));
    }
}

/// Tells everybody the same.
fn end(outcomes: impl Iterator<Item = Outcome>, ended: &Result<()>) {
    for outcome in outcomes {
        *held(&outcome) = Some(ended.as_ref().copied().map_err(Error::again));
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::write::ready;
    use super::*;
    use crate::oci::reference::Tag;
    use crate::oci::{Descriptor, MediaType, digest};

    #[test]
    fn those_who_wait_for_the_lock_are_written_at_once_and_each_learns_of_its_own() {
        const WRITERS: usize = 24;
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("images"));
        ready(&folder).unwrap();
        let manifest = Descriptor::new(MediaType::ImageManifest, 1, digest::sha256(b"x"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            let lock = locked(&folder).unwrap();
            let writer = |number: usize| {
                let (folder, manifest, seen) = (&folder, manifest.clone(), Arc::clone(&seen));
                let tag: Tag = format!("v{number}").parse().unwrap();
                scope.spawn(move || {
                    change(folder, move |folder, index| {
                        let written = folder.index_to_write()?.entries().len();
                        held(&seen).push((written, index.entries().len()));
                        if number == 0 {
                            return Err(folder.error(Kind::Refused, "not this one"));
                        }
                        Ok(index.set_tag(&tag, &manifest))
                    })
                })
            };
            let writers: Vec<_> = (0..WRITERS).map(writer).collect();
            let begun = std::time::Instant::now();
            while held(&folder.changes.waiting).len() < WRITERS && begun.elapsed().as_secs() < 5 {
                std::thread::yield_now();
            }
            drop(lock);
            for (number, writer) in writers.into_iter().enumerate() {
                assert_eq!(writer.join().unwrap().is_ok(), number != 0);
            }
        });
        assert!(held(&seen).iter().all(|(written, _)| *written == 0));
        let index = Folder::new(folder.path.clone()).index().unwrap();
        assert_eq!(index.tags().len(), WRITERS - 1);
    }
}
