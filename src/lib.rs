//! crossdock moves container images between registries.
//!
//! The floors, each of which uses only what lies below it (`tests/it/floors.rs` holds the table):
//!
//! ```text
//!  6  main.rs ──> command/             what the user typed → one engine call → rows
//!  5  app.rs      term/                the composition root · everything about terminals
//!  4  engine/     server/              copy, tag, list, delete, login · a registry in memory
//!     inventory/                       what only a registry's own API knows
//!  3  store/      provider/            one repository, wherever it is · the machine's identities
//!  2  registry/                        the distribution API, typed
//!  1  auth/       config/              challenge → credential → token · the settings file
//!  0  oci/        transport/  disk/    the vocabulary · HTTP with retry, limits, redirects · files
//!     vendor/                          whose registry a host is
//! ```

#![forbid(unsafe_code)]

pub mod app;
pub mod auth;
pub mod command;
pub mod config;
pub mod disk;
pub mod engine;
pub mod inventory;
pub mod oci;
pub mod provider;
pub mod registry;
pub mod server;
pub mod store;
pub mod term;
pub mod transport;
pub mod vendor;
