//! Registries of each kind, with the token services that they have in the wild: who gets in, what is
//! asked for, and how often.

pub(crate) mod customs;
pub(crate) mod door;
mod journeys;
pub(crate) mod right;
mod words;
