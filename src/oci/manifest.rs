//! Manifests and indexes: the exact bytes they came as, and what they point to.
