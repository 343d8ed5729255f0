//! What an image consists of: every manifest is read, whatever is wrong with others.

use super::Fault;
use crate::engine::referrers;
use crate::oci::manifest::{Child, Manifest, is_foreign};
use crate::oci::reference::Target;
use crate::oci::{Descriptor, Digest, platform};
use crate::store::{Error, Kind, Result, Store};
use futures_util::stream::{self, StreamExt};
use std::collections::HashMap;
use std::fmt;

/// After so many parts that cannot be read for reasons of their own, the others are not tried:
/// it is the network, or a permission.
const UNREAD: usize = 8;
/// Manifests read at once.
const READING: usize = 24;
/// An index inside an index inside an index … no deeper.
const DEEPEST: usize = 8;
/// No image has more manifests and blobs in all.
const MOST: usize = 200_000;
/// So many places of one part are remembered.
const REMEMBERED: usize = 16;

/// Where in the image something is listed, such as `linux/arm64 > layer 2`; the first places of
/// many. Platforms and types in them are from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The first ones.
    pub first: Vec<String>,
    /// How many more there are.
    pub more: usize,
}

/// A manifest or a blob that belongs to the image.
pub(super) struct Part {
    pub(super) descriptor: Descriptor,
    pub(super) is_manifest: bool,
    pub(super) places: Places,
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
            manifests: Vec::new(),
            patience: Patience::default(),
        }
    }

    /// Finds everything below `root`.
    pub(super) async fn image(&mut self, root: &Manifest) -> Result<()> {
        let children = self.enter(root, "")?;
        self.descend(children).await
    }

    /// Finds everything that is attached to what was found, and what that consists of.
    pub(super) async fn attachments(&mut self) -> Result<()> {
        let attached = referrers::attached_to(self.store, self.manifests.clone()).await?;
        let mut new = Vec::new();
        for attached in attached {
            let place = format!("attached {}", attached.kind());
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
                        let place = self.parts[at].places.first.first().cloned();
                        next.extend(self.enter(&manifest, &place.unwrap_or_default())?);
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
    fn enter(&mut self, manifest: &Manifest, place: &str) -> Result<Vec<usize>> {
        self.manifests.push(manifest.digest().clone());
        let mut new = Vec::new();
        let config = usize::from(manifest.config().is_some());
        for (nth, child) in manifest.children().enumerate() {
            let name = match child {
                _ if manifest.is_index() => entry(child.descriptor(), nth),
                _ if nth < config => "config".to_owned(),
                _ => format!("layer {}", nth + 1 - config),
            };
            let place = if place.is_empty() {
                name
            } else {
                format!("{place} > {name}")
            };
            match child {
                Child::Manifest(child) => new.extend(self.list(child, place, true, true)?),
                Child::Blob(blob) if is_foreign(blob) => self.foreign.push(blob.clone()),
                Child::Blob(blob) => {
                    self.list(blob, place, false, true)?;
                }
            }
        }
        Ok(new)
    }

    /// Notes that something is listed at `place`, and returns where it is noted if it is new.
    fn list(
        &mut self,
        listed: &Descriptor,
        place: String,
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
            self.parts[at].places.add(place);
            return Ok(None);
        }
        let at = self.parts.len();
        if at >= MOST {
            let what = format!("it consists of more than {MOST} manifests and blobs");
            return Err(Error::new(Kind::Corrupt, what));
        }
        self.known.insert(key, at);
        self.parts.push(Part {
            descriptor: listed.clone(),
            is_manifest,
            places: Places {
                first: vec![place],
                more: 0,
            },
            fault: None,
            unread: None,
            is_promised,
        });
        Ok(Some(at))
    }
}

impl Places {
    fn add(&mut self, place: String) {
        if self.first.len() < REMEMBERED {
            self.first.push(place);
        } else {
            self.more += 1;
        }
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.first.join(", "))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
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

/// What an index's entry is called: its platform, where it has one.
fn entry(entry: &Descriptor, nth: usize) -> String {
    let named = entry.platform().as_ref().map(platform::name);
    named
        .filter(|name| name != "unknown/unknown")
        .unwrap_or_else(|| format!("manifest {}", nth + 1))
}
