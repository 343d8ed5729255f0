//! Amazon ECR by the identities that machines have at AWS.

mod copies;
pub(crate) mod emulators;
mod files;
mod machines;
mod refusals;
mod renewal;
mod stand_ins;
mod variables;
