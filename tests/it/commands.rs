//! The commands besides `copy`, one file each.

mod check;
mod digest;
mod login;
mod ls;
mod needed;
mod rm;
mod tag;
mod usage;
