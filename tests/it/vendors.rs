//! What only a vendor's own API knows, against a stand-in for each vendor that reproduces its
//! documentation, with a registry of the lab behind it.

mod acr;
mod artifactory;
mod contract;
mod ecr;
mod ghcr;
mod gitlab;
mod google;
mod graphql;
mod harbor;
mod hub;
mod nexus;
mod prism;
mod quay;
mod shelf;
mod zot;
