//! Tests through the built binary and real servers.
