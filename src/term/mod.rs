//! Everything about terminals.
