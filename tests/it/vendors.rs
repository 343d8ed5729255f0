//! What only a vendor's own API knows, against a stand-in for each vendor that reproduces its
//! documentation, with a registry of the lab behind it.

mod contract;
mod gitlab;
mod graphql;
mod harbor;
mod shelf;
mod zot;
