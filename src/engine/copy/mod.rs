//! Copying images from one place to several: plan, then apply.
//!
//! The plan is data: what is to be at each destination, children before parents, each digest once.
//! Applying it decides nothing, it only schedules. What several images or destinations share is
//! read once and sent once.

mod ahead;
mod apply;
mod arrivals;
mod attachments;
mod budget;
#[cfg(test)]
mod cases;
mod choice;
pub mod event;
mod first;
mod forecast;
mod gauge;
mod ledger;
mod looks;
mod missing;
mod mover;
mod pipe;
pub mod plan;
pub mod platforms;
mod publish;
mod run;
#[cfg(test)]
mod shelf;
mod summary;
mod tee;
mod walk;

pub use attachments::Attachment;
pub use looks::Patience;
pub use plan::{Name, Part, Plan, PlannedName};
pub use run::{Guards, Run};
pub use summary::{Applied, Summary, Told};
pub use walk::{Node, Work};

use crate::oci::platform::PlatformPattern;

/// How to copy.
#[derive(Debug, Clone)]
pub struct Options {
    /// So many blobs at most are on their way at once.
    pub jobs: usize,
    /// So often in a row a blob's source may break off without getting on.
    pub attempts: u32,
    /// Leave a tag alone that points to something else.
    pub no_clobber: bool,
    /// Only these platforms; all where there is none.
    pub platforms: Vec<PlatformPattern>,
    /// Take along what is attached to the image, and to the images of an index.
    pub referrers: bool,
    /// Look for everything at the destinations, though the image is there.
    pub deep: bool,
    /// Plans are made to be looked at: nothing is prepared for carrying them out.
    pub only_plans: bool,
}

/// Blobs on their way at once unless the user says otherwise.
pub const JOBS: usize = 48;

impl Default for Options {
    fn default() -> Self {
        Self {
            jobs: JOBS,
            attempts: 5,
            no_clobber: false,
            platforms: Vec::new(),
            referrers: false,
            deep: false,
            only_plans: false,
        }
    }
}
