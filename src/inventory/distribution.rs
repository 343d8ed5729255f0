//! The distribution API's own catalog: every repository of a registry, for whoever may know of them
//! all.

use super::Catalog;
use super::open::Site;
use crate::oci::reference::RepositoryName;
use crate::registry;
use crate::store::{Error, Result, Wanted};
use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};

/// `_catalog`.
pub(super) struct Distribution {
    site: Site,
}

impl Distribution {
    pub(super) fn new(site: Site) -> Self {
        Self { site }
    }
}

#[async_trait]
impl Catalog for Distribution {
    fn repositories(&self, _prefix: &str) -> BoxStream<'static, Result<RepositoryName>> {
        let (host, kind) = (self.site.host.clone(), self.site.kind);
        let failed = move |error: registry::Error| {
            let what = format!("cannot list the repositories of {host}");
            Error::of_registry(what, error).asked(kind, Wanted::List)
        };
        self.site.client.catalog().map_err(failed).boxed()
    }
}
