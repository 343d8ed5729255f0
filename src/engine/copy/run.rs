//! What all images of one command share: the places, the room on the way, and what has arrived.

use super::Options;
use super::ahead::Window;
use super::budget::Budget;
use super::event::Progress;
use super::ledger::Ledger;
use crate::engine::guard::Guard;
use crate::oci::reference::{Location, RepositoryName, Tag, Target};
use crate::store::Store;
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use tokio::sync::OnceCell;

/// The user's rule on a tag at a place.
pub type Guards = dyn Fn(&Location, &Tag) -> Guard + Send + Sync;

/// A run from one place to several.
pub struct Run {
    pub(super) from: Arc<dyn Store>,
    pub(super) to: Vec<Destination>,
    pub(super) options: Options,
    pub(super) budget: Arc<Budget>,
    pub(super) window: Arc<Window>,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) guard: Box<Guards>,
    /// Held while somebody claims a blob for several destinations.
    pub(super) claims: Mutex<()>,
}

/// A place that a run copies to.
pub(super) struct Destination {
    pub(super) store: Arc<dyn Store>,
    pub(super) blobs: Ledger,
    pub(super) manifests: Ledger,
    /// It has not answered in time.
    pub(super) is_late: AtomicBool,
    /// All its tags, where they were listed.
    pub(super) tags: OnceLock<HashSet<Tag>>,
    /// Its registry did not link a blob from a sibling that has it.
    pub(super) links_nothing: AtomicBool,
    mounts: OnceCell<Mounts>,
}

/// Where a destination's registry may link blobs from.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    /// The source.
    pub(super) source: Option<RepositoryName>,
    /// Other destinations of the same run, which come before it.
    pub(super) siblings: Vec<(usize, RepositoryName)>,
}

impl Run {
    /// A run from `from` to each of `to`, which are different places. Nothing is asked yet. `guard`
    /// knows the user's rules on the tags of what is attached.
    pub fn new(
        from: Arc<dyn Store>,
        to: Vec<Arc<dyn Store>>,
        options: Options,
        guard: Box<Guards>,
        progress: Arc<dyn Progress>,
    ) -> Arc<Self> {
        let to = to.into_iter().map(|store| Destination {
            store,
            blobs: Ledger::default(),
            manifests: Ledger::default(),
            is_late: AtomicBool::new(false),
            tags: OnceLock::new(),
            links_nothing: AtomicBool::new(false),
            mounts: OnceCell::new(),
        });
        Arc::new(Self {
            from,
            to: to.collect(),
            budget: Budget::new(options.jobs),
            window: Arc::default(),
            options,
            progress,
            guard,
            claims: Mutex::default(),
        })
    }

    /// Whether a destination is known not to have a tag.
    pub(super) fn lacks_tag(&self, to: usize, target: &Target) -> bool {
        let tags = self.to[to].tags.get();
        let lacks = |tags: &HashSet<Tag>| target.tag().is_some_and(|tag| !tags.contains(tag));
        tags.is_some_and(lacks)
    }

    /// Where it reads.
    pub fn source(&self) -> &Arc<dyn Store> {
        &self.from
    }

    /// The store of a destination, by its position.
    pub fn destination(&self, position: usize) -> &Arc<dyn Store> {
        &self.to[position].store
    }

    /// The stores of all destinations, in their order.
    pub fn destinations(&self) -> impl Iterator<Item = &Arc<dyn Store>> {
        self.to.iter().map(|to| &to.store)
    }

    /// Whether a destination is the very place that is read.
    pub(super) fn is_source(&self, destination: usize) -> bool {
        self.to[destination].store.location() == self.from.location()
    }

    pub(super) async fn mounts(&self, destination: usize) -> &Mounts {
        let to = &self.to[destination];
        let find = async || {
            let mut mounts = Mounts {
                source: to.store.mountable(self.from.location()).await,
                siblings: Vec::new(),
            };
            for (position, sibling) in self.to[..destination].iter().enumerate() {
                if let Some(name) = to.store.mountable(sibling.store.location()).await {
                    mounts.siblings.push((position, name));
                }
            }
            mounts
        };
        to.mounts.get_or_init(find).await
    }
}
