//! The binary as its users meet it: real runs against registries on loopback ports.

#![allow(clippy::unwrap_used)]

mod clouds;
mod commands;
mod copy;
#[cfg(unix)]
mod credentials;
mod faults;
mod floors;
mod generated;
mod hostile;
#[cfg(unix)]
mod identities;
mod lab;
#[cfg(unix)]
mod layouts;
mod mirrors;
#[cfg(unix)]
mod readme;
#[cfg(target_os = "linux")]
mod real;
mod referrers;
mod secrets;
#[cfg(unix)]
mod settings;
mod slow_start;
#[cfg(target_os = "linux")]
mod sweeps;
mod tls;
mod vendors;
mod wild;
