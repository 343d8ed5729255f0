//! crossdock between real registries: Debian's `docker-registry`, filled and read back with
//! `skopeo`. `tests/run` installs both; a test that misses one fails and says so.

mod access_log;
mod attached;
mod cache;
mod certificate;
mod check;
mod copies;
mod customs;
mod distribution;
mod folders;
mod images;
mod layout;
mod login;
mod memory;
mod odd_server;
mod ping;
mod program;
mod referrers;
mod refusals;
mod requests;
mod resume;
mod several;
mod skopeo;
mod tags;
mod tls;
mod token_service;
mod user;
mod wire;

pub(crate) use program::missing;

use crate::lab::authority;
