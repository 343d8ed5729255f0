//! A blob's bytes in memory, in blocks, so that a large one needs no large allocation and a reader
//! copies nothing.

use crate::oci::digest::Verifier;
use crate::oci::{Descriptor, Digest, MediaType};
use crate::transport::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// The length, in bytes, of every block but the last.
const BLOCK: usize = 256 * 1024;

/// The bytes of a blob that is complete.
#[derive(Debug, Clone)]
pub(super) struct Content {
    blocks: Arc<[Bytes]>,
    size: u64,
}

impl Content {
    /// How many bytes there are.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The bytes of `range`, which is cut to what there is.
    pub(super) fn read(&self, range: Range<u64>) -> ByteStream {
        let content = self.clone();
        let end = range.end.min(self.size);
        let pieces = stream::unfold(range.start, move |at| {
            let piece = content.piece(at, end);
            async move { piece.map(|piece| (Ok(piece.clone()), at + piece.len() as u64)) }
        });
        pieces.boxed()
    }

    /// What there is from `at` to `end` or to the end of the block.
    fn piece(&self, at: u64, end: u64) -> Option<Bytes> {
        let length = usize::try_from(end.checked_sub(at)?).unwrap_or(usize::MAX);
        let at = usize::try_from(at).ok()?;
        let block = self.blocks.get(at / BLOCK)?;
        let start = at % BLOCK;
        let stop = block.len().min(start.saturating_add(length));
        (start < stop).then(|| block.slice(start..stop))
    }
}

/// The bytes of a blob that is still coming in, hashed as they come.
#[derive(Default)]
pub(super) struct Growing {
    blocks: Vec<Bytes>,
    tail: BytesMut,
    size: u64,
    sha256: Sha256,
}

impl Growing {
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        self.sha256.update(bytes);
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.tail.len()));
            self.tail.extend_from_slice(now);
            bytes = later;
            if self.tail.len() == BLOCK {
                self.blocks.push(std::mem::take(&mut self.tail).freeze());
            }
        }
    }

    /// The content, if it is what `digest` names.
    pub(super) fn finish(mut self, digest: &Digest) -> Option<Content> {
        if !self.tail.is_empty() {
            self.blocks.push(Bytes::copy_from_slice(&self.tail));
        }
        let matches = match digest.as_ref().strip_prefix("sha256:") {
            Some(expected) => hex(&self.sha256.finalize()) == expected,
            None => matches(&self.blocks, self.size, digest),
        };
        matches.then(|| Content {
            blocks: self.blocks.into(),
            size: self.size,
        })
    }
}

/// Hashes again, for an algorithm that was not computed on the way.
fn matches(blocks: &[Bytes], size: u64, digest: &Digest) -> bool {
    let media_type = MediaType::Other("application/octet-stream".to_owned());
    let Ok(mut verifier) = Verifier::new(&Descriptor::new(media_type, size, digest.clone())) else {
        return false;
    };
    for block in blocks {
        verifier.update(block);
    }
    verifier.matches()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::oci::digest::{compute, sha256};
    use proptest::prelude::*;

    fn content(bytes: &[u8], step: usize) -> Content {
        let mut growing = Growing::default();
        bytes.chunks(step).for_each(|chunk| growing.push(chunk));
        growing.finish(&sha256(bytes)).unwrap()
    }

    fn collect(stream: ByteStream) -> Vec<u8> {
        let chunks: Vec<_> = futures_util::FutureExt::now_or_never(stream.collect()).unwrap();
        chunks
            .into_iter()
            .flat_map(|chunk| chunk.unwrap().to_vec())
            .collect()
    }

    #[test]
    fn only_the_named_bytes_become_content() {
        for bytes in [&b""[..], b"x", &vec![7; 3 * BLOCK], &vec![7; BLOCK + 1]] {
            let grown = || {
                let mut growing = Growing::default();
                growing.push(bytes);
                growing
            };
            let sha512 = format!("sha512:{}", "00".repeat(64)).parse().unwrap();
            assert!(grown().finish(&sha256(bytes)).is_some());
            assert!(grown().finish(&compute(bytes, &sha512).unwrap()).is_some());
            assert!(grown().finish(&sha512).is_none());
            assert!(grown().finish(&sha256(b"other")).is_none());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_range_reads_what_was_written(
            size in 0..3 * BLOCK, step in 1..2 * BLOCK, start in 0..3 * BLOCK, length in 0..3 * BLOCK,
        ) {
            let bytes: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let read = collect(content(&bytes, step).read(start as u64..(start + length) as u64));
            let start = start.min(size);
            prop_assert!(read == bytes[start..(start + length).min(size)]);
        }
    }
}
