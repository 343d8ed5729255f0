//! A vendor's inventory where its API lets us in, and the distribution API's where it does not.

use super::{Abilities, Detail, Image, Inventory};
use crate::oci::Digest;
use crate::oci::reference::Tag;
use crate::store::{Kind, Result};
use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who is told that less is known than could be.
pub(super) type Remark = Arc<dyn Fn(&str) + Send + Sync>;

/// Both, of which the first is asked first.
pub(super) struct WithFallback {
    vendor: Arc<dyn Inventory>,
    generic: Arc<dyn Inventory>,
    /// How the vendor's API is called.
    api: &'static str,
    remark: Remark,
    is_shut: Arc<AtomicBool>,
}

impl WithFallback {
    pub(super) fn new(
        vendor: Arc<dyn Inventory>,
        generic: Arc<dyn Inventory>,
        api: &'static str,
        remark: Remark,
    ) -> Self {
        Self {
            vendor,
            generic,
            api,
            remark,
            is_shut: Arc::default(),
        }
    }
}

/// Whether an API says no to who asks, or is none: whoever may read images need not be let in
/// there.
fn is_shut(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Unauthenticated | Kind::Denied | Kind::Withheld | Kind::NotFound | Kind::Unsupported
    )
}

#[async_trait]
impl Inventory for WithFallback {
    fn abilities(&self) -> Abilities {
        if self.is_shut.load(Ordering::Relaxed) {
            self.generic.abilities()
        } else {
            self.vendor.abilities()
        }
    }

    /// Once the first image has come, the list is the vendor's.
    fn images(&self, detail: Detail) -> BoxStream<'static, Result<Image>> {
        let mut vendor = self.vendor.images(detail);
        let generic = Arc::clone(&self.generic);
        let (api, remark, is_shut_now) = (
            self.api,
            Arc::clone(&self.remark),
            Arc::clone(&self.is_shut),
        );
        let begin = async move {
            match vendor.next().await {
                Some(Err(error)) if is_shut(error.kind()) => {
                    is_shut_now.store(true, Ordering::Relaxed);
                    remark(&format!(
                        "{api} does not answer, and less is known of the images: {}",
                        error.causes_text()
                    ));
                    generic.images(detail)
                }
                None => stream::empty().boxed(),
                Some(first) => stream::iter([first]).chain(vendor).boxed(),
            }
        };
        stream::once(begin).flatten().boxed()
    }

    /// Who asks about one image is about to remove something, and what is removed is removed by the
    /// vendor's rules, or not at all.
    async fn image(&self, digest: &Digest) -> Result<Option<Image>> {
        self.vendor.image(digest).await
    }

    async fn untag(&self, tags: &[Tag]) -> Vec<Result<()>> {
        self.vendor.untag(tags).await
    }

    async fn delete(&self, images: &[Digest]) -> Vec<Result<()>> {
        self.vendor.delete(images).await
    }
}
