//! Where an upload's bytes come from.

use crate::transport::{BoxError, ByteStream};
use async_trait::async_trait;

/// Bytes that can be opened again, from any offset: an upload may have to start over.
#[async_trait]
pub trait Source: Send + Sync {
    /// Says that the bytes will probably be wanted from the beginning, so that their way can be
    /// prepared. It may take as long as it likes, and may be dropped.
    async fn prepare(&self);
    /// The bytes from `offset` on. Whether they are what their digest says is the source's duty:
    /// it ends the stream with an error rather than hand over the last of wrong bytes.
    async fn open(&self, offset: u64) -> Result<ByteStream, BoxError>;
}
