//! A bench for the real binary: a home of its own for every run, and what is expected of it.

mod home;
mod pattern;
mod run;

pub(crate) use home::Home;
pub(crate) use run::{Ran, Run, crossdock};
