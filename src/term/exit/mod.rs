//! How a run ends: from an error to its printed chain, its hint and its exit code.

mod chain;
mod class;
mod context;
mod failure;
mod kinds;

pub use class::{Class, Code};
pub use context::{At, Different, Hint, Partial, Stopped};
pub use failure::{Failure, conclude, report};
pub use kinds::Kinds;
