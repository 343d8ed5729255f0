//! What crossdock does with images, knowing no terminal, no environment and no clock.

pub(crate) mod breaks;
pub mod check;
pub mod copy;
pub mod diff;
pub mod guard;
pub mod images;
pub mod inspect;
pub mod list;
pub mod ping;
pub mod referrers;
pub mod remove;
pub mod tag;

/// An index inside an index inside an index … no deeper; nor a signature on a signature.
pub(crate) const DEEPEST: usize = 8;
/// No image has more manifests, blobs and attachments in all, and no repository more indexes.
pub(crate) const MOST: usize = 200_000;
