//! Registries of the clouds, by the names that they have there, and the services beside them.
//!
//! No name is resolved: everything goes through a proxy that knows where the names are, over TLS
//! with certificates of the lab's own authority.

#[cfg(unix)]
pub(crate) mod aws;
mod azure;
mod google;
pub(crate) mod world;
