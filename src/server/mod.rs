//! A registry in memory, for demonstrations and tests.
