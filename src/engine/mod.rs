//! What crossdock does with images, knowing no terminal, no environment and no clock.

pub mod copy;
