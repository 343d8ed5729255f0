//! What an image consists of: every manifest is read, whatever is wrong with others.

use super::Fault;
use super::place::{Listed, Name, Place};
use crate::engine::{DEEPEST, MOST, referrers};
use crate::oci::manifest::{Child, Manifest, is_foreign};
use crate::oci::reference::Target;
use crate::oci::{Descriptor, Digest};
use crate::store::{Error, Kind, Result, Store};
use futures_util::stream::{self, StreamExt};
use std::collections::{HashMap, HashSet};

/// After so many parts that cannot be read for reasons of their own, the others are not tried:
/// it is the network, or a permission.
const UNREAD: usize = 8;
/// Manifests read at once.
const READING: usize = 24;

/// A manifest or a blob that belongs to the image.
pub(super) struct Part {
    pub(super) descriptor: Descriptor,
    pub(super) is_manifest: bool,
    pub(super) listed: Listed,
    pub(super) fault: Option<Fault>,
    /// Why it is not known whether it is there.
    pub(super) unread: Option<Error>,
    /// The size and type that it is listed with count. A list of what is attached is not part of
    /// the image.
    is_promised: bool,
}

/// A walk through an image, breadth first.
pub(super) struct Walk<'s> {
    store: &'s dyn Store,
    /// Each digest once for every size and, of manifests, type that it is listed with.
    pub(super) parts: Vec<Part>,
    known: HashMap<(Digest, u64, String), usize>,
    pub(super) foreign: Vec<Descriptor>,
    known_foreign: HashSet<Digest>,
    /// The image itself, and the manifests that could be read.
    manifests: Vec<Digest>,
    pub(super) patience: Patience,
}

impl<'s> Walk<'s> {
    pub(super) fn new(store: &'s dyn Store) -> Self {
        Self {
            store,
            parts: Vec::new(),
            known: HashMap::new(),
            foreign: Vec::new(),
            known_foreign: HashSet::new(),
            manifests: Vec::new(),
            patience: Patience::default(),
        }
    }

    /// Finds everything below `root`.
    pub(super) async fn image(&mut self, root: &Manifest) -> Result<()> {
        let children = self.enter(root, None)?;
        self.descend(children).await
    }

    /// Finds everything that is attached to what was found, and what that consists of.
    pub(super) async fn attachments(&mut self) -> Result<()> {
        let attached = referrers::attached_to(self.store, self.manifests.clone()).await?;
        let mut new = Vec::new();
        for attached in attached {
            let place = Place {
                parent: None,
                name: Name::given(&format!("attached {}", attached.kind())),
            };
            new.extend(self.list(&attached.descriptor, place, true, false)?);
        }
        self.descend(new).await
    }

    /// Reads these manifests, and all below them.
    async fn descend(&mut self, mut level: Vec<usize>) -> Result<()> {
        for _ in 0..DEEPEST {
            let store = self.store;
            let listed = level
                .iter()
                .map(|&at| (at, self.parts[at].descriptor.clone()));
            let listed: Vec<_> = listed.collect();
            let mut read = stream::iter(listed)
                .map(|(at, listed)| async move { (at, read(store, listed).await) })
                .buffered(READING);
            let mut next = Vec::new();
            while let Some((at, manifest)) = read.next().await {
                match manifest.and_then(|manifest| self.promised(at, manifest)) {
                    Ok(manifest) => {
                        next.extend(self.enter(&manifest, Some(at))?);
                    }
                    Err(Unread::Fault(fault)) => self.parts[at].fault = Some(fault),
                    Err(Unread::Failed(error)) => {
                        self.parts[at].unread = Some(error);
                        if self.patience.is_over() {
                            return Ok(());
                        }
                    }
                }
            }
            if next.is_empty() {
                return Ok(());
            }
            level = next;
        }
        Err(Error::new(Kind::Corrupt, "its indexes are nested too deep"))
    }

    fn promised(&self, at: usize, manifest: Manifest) -> Result<Manifest, Unread> {
        let part = &self.parts[at];
        if part.is_promised {
            let checked = manifest.check_listed(&part.descriptor);
            checked.map_err(|error| Unread::Fault(Fault::of_manifest(&error)))?;
        }
        Ok(manifest)
    }

    /// Notes what a manifest lists, and returns those of its manifests that are new.
    fn enter(&mut self, manifest: &Manifest, parent: Option<usize>) -> Result<Vec<usize>> {
        self.manifests.push(manifest.digest().clone());
        let mut new = Vec::new();
        let config = usize::from(manifest.config().is_some());
        for (nth, child) in manifest.children().enumerate() {
            let name = match child {
                _ if manifest.is_index() => Name::entry(child.descriptor(), nth),
                _ if nth < config => Name::Config,
                _ => Name::Layer(nth + 1 - config),
            };
            let place = Place { parent, name };
            match child {
                Child::Manifest(child) => new.extend(self.list(child, place, true, true)?),
                Child::Blob(blob) if is_foreign(blob) => {
                    self.list_foreign(blob)?;
                }
                Child::Blob(blob) => {
                    self.list(blob, place, false, true)?;
                }
            }
        }
        Ok(new)
    }

    fn list_foreign(&mut self, layer: &Descriptor) -> Result<()> {
        self.check_number()?;
        if self.known_foreign.insert(layer.digest().clone()) {
            self.foreign.push(layer.clone());
        }
        Ok(())
    }

    fn check_number(&self) -> Result<()> {
        if self.parts.len() + self.foreign.len() < MOST {
            return Ok(());
        }
        let what = format!("it consists of more than {MOST} manifests and blobs");
        Err(Error::new(Kind::Corrupt, what))
    }

    /// Notes that something is listed at `place`, and returns where it is noted if it is new.
    fn list(
        &mut self,
        listed: &Descriptor,
        place: Place,
        is_manifest: bool,
        is_promised: bool,
    ) -> Result<Option<usize>> {
        let kind = if is_manifest {
            listed.media_type().to_string()
        } else {
            String::new()
        };
        let key = (listed.digest().clone(), listed.size(), kind);
        if let Some(&at) = self.known.get(&key) {
            self.parts[at].listed.add(place);
            return Ok(None);
        }
        let at = self.parts.len();
        self.check_number()?;
        self.known.insert(key, at);
        self.parts.push(Part {
            descriptor: listed.clone(),
            is_manifest,
            listed: Listed::at(place),
            fault: None,
            unread: None,
            is_promised,
        });
        Ok(Some(at))
    }
}

/// How many parts could not be read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Patience(usize);

impl Patience {
    /// Counts a part that could not be read.
    pub(super) fn is_over(&mut self) -> bool {
        self.0 += 1;
        self.is_lost()
    }

    /// Whether there were too many.
    pub(super) fn is_lost(self) -> bool {
        self.0 >= UNREAD
    }
}

/// Why a manifest is not read further.
enum Unread {
    /// Something is wrong with it.
    Fault(Fault),
    /// It cannot be known.
    Failed(Error),
}

async fn read(store: &dyn Store, listed: Descriptor) -> Result<Manifest, Unread> {
    let target = Target::Digest(listed.digest().clone());
    let read = store.manifest(&target).await;
    read.map_err(|error| Fault::of(error, &listed).map_or_else(Unread::Failed, Unread::Fault))
}
