//! What a copy says about itself while it runs.

use crate::oci::reference::Location;
use crate::oci::{Descriptor, Digest};
use std::time::Duration;

pub use crate::store::Placed;

/// One thing that happened. Sizes are in bytes.
#[derive(Debug)]
pub enum Event<'a> {
    /// The plan is made: so many blobs, manifests and bytes are to be there at the end.
    Planned {
        /// The blobs' sizes added up.
        bytes: u64,
        /// How many different blobs.
        blobs: usize,
        /// How many manifests and indexes.
        manifests: usize,
    },
    /// So much is to be looked at, and nothing is moved: what flows is only read.
    Checking {
        /// The blobs' sizes added up.
        bytes: u64,
        /// How many different blobs.
        blobs: usize,
        /// How many manifests and indexes, which were read.
        manifests: usize,
    },
    /// A blob's bytes begin to flow.
    Started(&'a Descriptor),
    /// So many more bytes of it have been sent.
    Moved(&'a Descriptor, u64),
    /// It goes on from this offset after a break; what was sent beyond it does not count.
    Resumed(&'a Descriptor, u64),
    /// It is read once more, for this destination alone: that one lagged behind the others, or
    /// its upload had to start over.
    ReadAgain(&'a Descriptor, &'a Location),
    /// It is at the destination.
    Done(&'a Descriptor, Placed),
    /// A manifest or index is at the destination.
    Published(&'a Digest),
    /// Something worth a line to the user.
    Note(&'a str),
    /// Something that the user asked for and does not get.
    Warning(&'a str),
    /// A registry asked to wait, or could not be reached; the next attempt is after `wait`.
    Waiting {
        /// The registry's host.
        host: &'a str,
        /// Why.
        reason: &'a str,
        /// How long.
        wait: Duration,
    },
}

/// Where an engine says what it is doing. It never asks anything back.
pub trait Progress: Send + Sync {
    /// Takes note of an event. Must be quick: it is called for every chunk.
    fn report(&self, event: Event<'_>);
}

impl Progress for () {
    fn report(&self, _: Event<'_>) {}
}
