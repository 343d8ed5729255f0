//! The settings file, `crossdock.yaml`.
