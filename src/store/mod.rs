//! One repository, wherever it lives.

pub mod error;
