//! Quirks.
