//! Copying images: plan, then apply.

pub mod event;
