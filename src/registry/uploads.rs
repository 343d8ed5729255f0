//! The uploads that are open at a registry, so that they can be given up once nobody goes on with
//! them.

use super::Client;
use super::session::Session;
use crate::auth::Access;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Uploads that were begun and have not ended.
#[derive(Debug, Default)]
pub(super) struct Uploads {
    begun: AtomicU64,
    open: Mutex<HashMap<u64, (Session, Access)>>,
}

impl Uploads {
    /// A number for an upload to be.
    pub(super) fn number(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn begin(&self, session: &Session, access: &Access) {
        let upload = (session.clone(), access.clone());
        self.lock().insert(session.number, upload);
    }

    /// Takes note of the place where it goes on.
    pub(super) fn go_on(&self, session: &Session) {
        if let Some((known, _)) = self.lock().get_mut(&session.number) {
            known.url.clone_from(&session.url);
        }
    }

    /// It is complete, or not there any more.
    pub(super) fn end(&self, session: &Session) {
        self.lock().remove(&session.number);
    }

    fn take(&self) -> Vec<(Session, Access)> {
        self.lock().drain().map(|(_, upload)| upload).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, (Session, Access)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// Gives up all uploads that are open, once nobody goes on with them. Whether it works does
    /// not matter.
    pub async fn give_up_uploads(&self) {
        let open = self.uploads.take();
        join_all(
            open.iter()
                .map(|(session, access)| self.cancel(session, access)),
        )
        .await;
    }
}
