//! From a challenge to a header value: credentials, tokens and who may see them.

mod asking;
mod authenticator;
mod cache;
pub mod chain;
pub mod challenge;
mod claims;
pub mod credential;
pub mod docker_config;
mod docker_edit;
mod docker_entry;
pub mod docker_source;
pub mod environment;
pub mod error;
mod file;
mod granted;
pub mod helper;
mod http_headers;
pub mod identity;
pub mod inventory;
pub mod key;
pub mod keyring;
pub mod locations;
pub mod notes;
pub mod offer;
pub mod removal;
pub mod scope;
pub mod store;
mod strict_json;
pub mod token;
mod variable_group;

pub use authenticator::{Authenticator, Refusal};
pub use error::Error;
pub use granted::{Access, Granted};
