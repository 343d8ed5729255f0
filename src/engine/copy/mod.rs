//! Copying images: plan, then apply.
//!
//! The plan is data: what is to be at the destination, children before parents, each digest once.
//! Applying it decides nothing, it only schedules.

mod apply;
pub mod event;
mod pipe;
pub mod plan;
pub mod platforms;
mod queue;

pub use apply::{Summary, apply};
pub use plan::{Destination, Plan, Work, plan};

/// How to copy.
#[derive(Debug, Clone)]
pub struct Options {
    /// So many blobs at most are on their way at once.
    pub jobs: usize,
    /// So often in a row a blob's source may break off without getting on.
    pub attempts: u32,
    /// Leave a tag alone that points to something else.
    pub no_clobber: bool,
}

/// Blobs on their way at once unless the user says otherwise.
pub const JOBS: usize = 48;

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: JOBS,
            attempts: 5,
            no_clobber: false,
        }
    }
}
