//! One file for each target: its property, its seeds and its words.

pub(crate) mod challenge;
pub(crate) mod digest;
pub(crate) mod docker_config;
pub(crate) mod error_body;
mod go;
pub(crate) mod helper;
pub(crate) mod link;
pub(crate) mod location;
pub(crate) mod manifest;
pub(crate) mod range;
pub(crate) mod reference;
pub(crate) mod settings;
pub(crate) mod token_reply;

/// The input as text; what is not UTF-8 is left to others.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
