//! From a challenge to a header value: credentials, tokens and who may see them.

pub mod credential;
