//! HTTP with timeouts, retries, limits and redirects, and the rule on where a secret may go.

pub mod secret;

/// An error of any type, kept as it is so that its own cause stays in the chain.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Bytes on their way.
pub type ByteStream = futures_util::stream::BoxStream<'static, Result<bytes::Bytes, BoxError>>;
