//! The commands besides `copy`, one file each.

mod check;
mod diff;
mod digest;
mod inspect;
mod login;
mod ls;
mod ls_images;
mod needed;
mod ping;
mod rm;
mod tag;
mod usage;
