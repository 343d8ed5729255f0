//! From a challenge to a header value: credentials, tokens and who may see them.

pub mod chain;
pub mod credential;
pub mod docker_config;
mod docker_edit;
mod docker_entry;
pub mod docker_source;
pub mod environment;
mod file;
pub mod helper;
mod http_headers;
pub mod key;
pub mod locations;
mod lock;
pub mod notes;
mod replace;
pub mod store;
mod strict_json;
mod variable_group;
