//! The distribution API, typed.
