//! The `crossdock` command.

#![forbid(unsafe_code)]

fn main() {}
