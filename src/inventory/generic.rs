//! The distribution API's own inventory: a HEAD for each tag, and the manifest and the config for
//! what is to be known beyond the digest. It keeps no time but the one that an image was made at,
//! and lists nothing without a tag; a folder does.

use super::time::Times;
use super::{Abilities, Clock, Detail, Image, Inventory, Tagged, Untagging};
use crate::oci::Platform;
use crate::oci::config::{Config, is_config_type};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::store::content::{listed, whole};
use crate::store::{Error, Kind, Result, Root, Store};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Tags looked at at once.
const LOOKING: usize = 32;
/// Manifests of one index read at once.
const READING: usize = 4;
/// A config is read no further.
const LONGEST: u64 = 4 * 1024 * 1024;
/// Where whoever built an image says when.
const CREATED: &str = "org.opencontainers.image.created";

/// An inventory over a store.
#[derive(Clone)]
pub(super) struct Generic {
    store: Arc<dyn Store>,
    times: Times,
    facts: Arc<Mutex<HashMap<Digest, Known>>>,
}

type Known = Arc<OnceCell<Arc<Facts>>>;

/// What a manifest and what it refers to say.
#[derive(Debug, Default)]
struct Facts {
    artifact_type: Option<String>,
    size: u64,
    platforms: Vec<Platform>,
    created: Option<Timestamp>,
    parts: Vec<Digest>,
    subject: Option<Digest>,
}

impl Generic {
    pub(super) fn new(store: Arc<dyn Store>, times: Times) -> Self {
        Self {
            store,
            times,
            facts: Arc::default(),
        }
    }

    /// What is at `tag`; `None`: it was removed since it was listed.
    async fn at(self, tag: Tag, detail: Detail) -> Result<Option<Image>> {
        let there = self.store.look(&Target::Tag(tag.clone())).await?;
        let Some(descriptor) = there else {
            return Ok(None);
        };
        self.known(&descriptor, Some(tag), detail).await.map(Some)
    }

    /// What a folder lists, under all its tags.
    async fn root(
        self,
        (descriptor, tags): (Descriptor, Vec<Tag>),
        detail: Detail,
    ) -> Result<Image> {
        let mut image = self.known(&descriptor, None, detail).await?;
        image.tags = tags.into_iter().map(Tagged::new).collect();
        Ok(image)
    }

    async fn known(
        &self,
        descriptor: &Descriptor,
        tag: Option<Tag>,
        detail: Detail,
    ) -> Result<Image> {
        let mut image = Image::new(descriptor.digest().clone());
        image.media_type = Some(descriptor.media_type().clone());
        image.tags = tag.into_iter().map(Tagged::new).collect();
        // Where reading counts as a pull, a list is not worth it.
        if detail == Detail::Listed || self.store.counts_reading() {
            return Ok(image);
        }
        match self.facts(&image.digest).await {
            Ok(facts) => {
                image.artifact_type.clone_from(&facts.artifact_type);
                image.size = Some(facts.size);
                image.platforms.clone_from(&facts.platforms);
                image.created = facts.created;
                image.parts.clone_from(&facts.parts);
                image.subject.clone_from(&facts.subject);
            }
            // What is broken or gone is listed, and nothing is known of it.
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Corrupt) => {}
            Err(error) => return Err(error),
        }
        Ok(image)
    }

    /// What is known of a manifest, which is read once however many tags point to it.
    async fn facts(&self, digest: &Digest) -> Result<Arc<Facts>> {
        let known = {
            let mut facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(facts.entry(digest.clone()).or_default())
        };
        let read = known.get_or_try_init(|| async {
            let target = Target::Digest(digest.clone());
            let manifest = self.store.manifest(&target).await?;
            self.read(&manifest).await.map(Arc::new)
        });
        read.await.map(Arc::clone)
    }

    async fn read(&self, manifest: &Manifest) -> Result<Facts> {
        let annotated = manifest.annotations().get(CREATED);
        let mut facts = Facts {
            artifact_type: manifest.artifact_type().map(str::to_owned),
            created: self.times.read(annotated.map(String::as_str)),
            subject: manifest.subject().map(|subject| subject.digest().clone()),
            ..Facts::default()
        };
        if manifest.is_index() {
            self.read_parts(manifest, &mut facts).await?;
        } else {
            facts.size = blobs(manifest).map(Descriptor::size).sum();
            self.read_config(manifest, &mut facts).await?;
        }
        Ok(facts)
    }

    async fn read_parts(&self, index: &Manifest, facts: &mut Facts) -> Result<()> {
        let entries = index.manifests();
        facts.parts = entries.iter().map(|entry| entry.digest().clone()).collect();
        let platforms = entries.iter().filter_map(|entry| entry.platform().as_ref());
        facts.platforms = platforms.filter(|p| is_known(p)).cloned().collect();
        let reading = stream::iter(entries.iter().cloned())
            .map(|entry| async move { (listed(&*self.store, &entry).await, entry) })
            .buffered(READING);
        let read: Vec<(Result<Manifest>, Descriptor)> = reading.collect().await;
        let mut counted = HashSet::new();
        for (part, entry) in read {
            let part = match part {
                Ok(part) => part,
                // An index may list what is only elsewhere.
                Err(error) if error.kind() == Kind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let new = blobs(&part).filter(|blob| counted.insert(blob.digest().clone()));
            facts.size += new.map(Descriptor::size).sum::<u64>();
            let is_image = entry.platform().as_ref().is_none_or(is_known);
            if facts.created.is_none() && is_image && !part.is_index() {
                let mut own = Facts::default();
                self.read_config(&part, &mut own).await?;
                facts.created = own.created;
            }
        }
        Ok(())
    }

    async fn read_config(&self, manifest: &Manifest, facts: &mut Facts) -> Result<()> {
        let Some(config) = manifest.config() else {
            return Ok(());
        };
        if !is_config_type(config.media_type().as_ref()) {
            let own = || config.media_type().to_string();
            facts.artifact_type.get_or_insert_with(own);
            return Ok(());
        }
        if config.size() > LONGEST {
            return Ok(());
        }
        let bytes = match whole(&*self.store, config).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Kind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Ok(config) = Config::read(&bytes) {
            let created = config.created().and_then(|time| self.times.trusted(time));
            facts.created = facts.created.or(created);
            facts.platforms.extend(config.platform());
        }
        Ok(())
    }
}

/// The images of a folder in its order, each with the tags of all its entries.
fn by_image(roots: Vec<Root>) -> Vec<(Descriptor, Vec<Tag>)> {
    let mut images: Vec<(Descriptor, Vec<Tag>)> = Vec::new();
    let mut places: HashMap<Digest, usize> = HashMap::new();
    for Root { name, descriptor } in roots {
        let place = *places
            .entry(descriptor.digest().clone())
            .or_insert(images.len());
        if place == images.len() {
            images.push((descriptor, Vec::new()));
        }
        images[place]
            .1
            .extend(name.and_then(|name| name.parse().ok()));
    }
    images
}

/// Everything that a manifest refers to and that is no manifest.
fn blobs(manifest: &Manifest) -> impl Iterator<Item = &Descriptor> {
    manifest.config().into_iter().chain(manifest.layers())
}

/// Attestations are listed for no platform that there is.
fn is_known(platform: &Platform) -> bool {
    platform.os().to_string() != "unknown"
}

#[async_trait]
impl Inventory for Generic {
    fn abilities(&self) -> Abilities {
        let is_folder = self.store.location().folder().is_some();
        Abilities {
            untagged: is_folder,
            clock: Some(Clock::Created).filter(|_| !self.store.counts_reading()),
            pulled: false,
            untagging: if is_folder {
                Untagging::Keeps
            } else {
                Untagging::Unknown
            },
            guards_parts: false,
            batch: 1,
        }
    }

    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let inventory = self.clone();
        let listed = async move {
            if let Some(roots) = inventory.store.roots().await? {
                let images = stream::iter(by_image(roots))
                    .map(move |root| inventory.clone().root(root, detail))
                    .buffered(LOOKING);
                return Ok::<_, Error>(images.boxed());
            }
            let tags = inventory.store.tags();
            let images = tags
                .map_ok(move |tag| inventory.clone().at(tag, detail))
                .try_buffered(LOOKING)
                .try_filter_map(|image| std::future::ready(Ok(image)));
            Ok(images.boxed())
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        let there = self.store.look(&Target::Digest(digest.clone())).await?;
        let Some(descriptor) = there else {
            return Ok(None);
        };
        let mut image = self.known(&descriptor, None, Detail::Full).await?;
        let mut listed = self.images(Detail::Listed);
        while let Some(other) = listed.try_next().await? {
            if other.digest == *digest {
                image.tags.extend(other.tags);
            }
        }
        Ok(Some(image))
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        let targets = tags.iter().cloned().map(Target::Tag);
        remove(&*self.store, targets.collect()).await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        let targets = images.iter().cloned().map(Target::Digest);
        remove(&*self.store, targets.collect()).await
    }
}

/// Removes each target by itself, a few at once.
pub(super) async fn remove(store: &dyn Store, targets: Vec<Target>) -> Vec<Result<()>> {
    const AT_ONCE: usize = 8;
    stream::iter(targets)
        .map(|target| async move { store.delete(&target).await })
        .buffered(AT_ONCE)
        .collect()
        .await
}
