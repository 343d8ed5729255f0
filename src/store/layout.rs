//! A folder in the form of the image-spec's "OCI Image Layout".
//!
//! Children of an index are blobs and nothing more; `index.json` lists what has a tag, and what was
//! put there by digest alone. Readers need no lock: each file under its name is whole.

mod blob;
mod changes;
mod folder;
mod index;
mod known;
mod read;
mod write;

use super::error::{Error, Kind, Result};
use super::{Hints, Lane, Opened, Placed, Precondition, Put, Referrers, Root, Source, Store};
use crate::oci::manifest::Manifest;
use crate::oci::reference::{Location, RepositoryName, Tag, Target};
use crate::oci::{Descriptor, Digest};
use crate::transport::observe::Observer;
use async_trait::async_trait;
use folder::Folder;
use futures_util::stream::{self, BoxStream, StreamExt, TryStreamExt};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// An image layout. Its clones are the same.
#[derive(Clone)]
pub(super) struct Layout {
    folder: Arc<Folder>,
    observer: Arc<dyn Observer>,
}

impl Layout {
    pub(super) fn new(folder: PathBuf, observer: Arc<dyn Observer>) -> Self {
        Self {
            folder: Arc::new(Folder::new(folder)),
            observer,
        }
    }

    /// Removes what is not finished, and begins nothing else.
    pub(super) fn give_up(&self) {
        self.folder.give_up();
    }
}

/// Does `work`, which waits for the disk, where waiting holds nobody up.
async fn off<T: Send + 'static>(
    folder: &Arc<Folder>,
    work: impl FnOnce(&Folder) -> Result<T> + Send + 'static,
) -> Result<T> {
    let folder = Arc::clone(folder);
    let done = tokio::task::spawn_blocking(move || work(&folder)).await;
    done.unwrap_or_else(|error| {
        let what = "work on a folder ended unexpectedly";
        Err(Error::caused(Kind::Other, what, error))
    })
}

#[async_trait]
impl Store for Layout {
    fn location(&self) -> &Location {
        &self.folder.location
    }

    fn warm(&self, _: Lane, _: usize) {}

    async fn usual_target(&self) -> Result<Target> {
        off(&self.folder, read::usual_target).await
    }

    async fn resolve(&self, target: &Target) -> Result<Descriptor> {
        let manifest = self.manifest(target).await?;
        Ok(manifest.descriptor().clone())
    }

    async fn find(&self, target: &Target) -> Result<Option<Descriptor>> {
        let target = target.clone();
        off(&self.folder, move |folder| read::find(folder, &target)).await
    }

    async fn manifest(&self, target: &Target) -> Result<Manifest> {
        let target = target.clone();
        off(&self.folder, move |folder| read::manifest(folder, &target)).await
    }

    async fn put_manifest(
        &self,
        target: &Target,
        manifest: &Manifest,
        precondition: &Precondition,
    ) -> Result<Put> {
        let (target, manifest) = (target.clone(), manifest.clone());
        let precondition = precondition.clone();
        off(&self.folder, move |folder| {
            write::put(folder, &target, &manifest, &precondition)
        })
        .await
    }

    async fn list_untagged(&self, manifest: &Descriptor) -> Result<()> {
        let manifest = manifest.clone();
        off(&self.folder, move |folder| {
            write::list_untagged(folder, &manifest)
        })
        .await
    }

    async fn blob(&self, blob: &Descriptor, range: Range<u64>) -> Result<Opened> {
        blob::open(&self.folder, blob, range).await
    }

    async fn has_blob(&self, blob: &Descriptor) -> Result<bool> {
        let blob = blob.clone();
        off(&self.folder, move |folder| {
            Ok(folder.find_sized(&blob)?.is_some())
        })
        .await
    }

    async fn ensure_blob(
        &self,
        blob: &Descriptor,
        source: &dyn Source,
        hints: Hints<'_>,
    ) -> Result<Placed> {
        blob::ensure(&self.folder, blob, source, hints.verify).await
    }

    async fn mountable(&self, _other: &Location) -> Option<RepositoryName> {
        None
    }

    async fn referrers(&self, subject: &Digest) -> Result<Referrers> {
        let (subject, observer) = (subject.clone(), Arc::clone(&self.observer));
        off(&self.folder, move |folder| {
            let place = folder.location.to_string();
            read::referrers(folder, &subject, |text| observer.warning(&place, text))
        })
        .await
    }

    async fn attach(&self, subject: &Digest, referrers: &[Descriptor]) -> Result<()> {
        let (subject, referrers) = (subject.clone(), referrers.to_vec());
        off(&self.folder, move |folder| {
            write::attach(folder, &subject, &referrers)
        })
        .await
    }

    fn tags(&self) -> BoxStream<'static, Result<Tag>> {
        let folder = Arc::clone(&self.folder);
        let listed = async move {
            let tags = off(&folder, |folder| {
                folder.must_be_layout()?;
                Ok(folder.index()?.tags())
            });
            Ok::<_, Error>(stream::iter(tags.await?).map(Ok))
        };
        stream::once(listed).try_flatten().boxed()
    }

    async fn roots(&self) -> Result<Option<Vec<Root>>> {
        off(&self.folder, read::roots).await.map(Some)
    }

    fn counts_reading(&self) -> bool {
        false
    }

    async fn delete(&self, target: &Target) -> Result<()> {
        let target = target.clone();
        off(&self.folder, move |folder| write::delete(folder, &target)).await
    }
}
