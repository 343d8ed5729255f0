//! What only a vendor's own API knows, against a stand-in for each vendor that reproduces its
//! documentation, with a registry of the lab behind it.

mod artifactory;
mod contract;
mod harbor;
mod nexus;
mod shelf;
