//! HTTP with timeouts, retries, limits and redirects, and the rule on where a secret may go.
//!
//! [`Transport::send`] is the only way out of the process.

pub mod address;
mod answer;
pub mod brake;
pub mod carry;
pub mod client;
mod connecting;
pub mod error;
mod fallback;
pub mod guard;
pub mod idle;
pub mod observe;
pub mod origin;
pub mod pem;
mod proxy;
pub mod redact;
pub mod request;
pub mod response;
pub mod retry;
#[cfg(test)]
pub mod script;
pub mod secret;
mod send;
pub mod tls;
mod trust;
mod warm;

pub use error::{Error, Kind};
pub use request::{Attempts, Authorization, Body, Lane, Request};
pub use response::Response;
pub use send::Transport;

/// An error of any type, kept as it is so that its own cause stays in the chain.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes on their way.
pub type ByteStream = futures_util::stream::BoxStream<'static, Result<bytes::Bytes, BoxError>>;
