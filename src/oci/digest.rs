//! Hashing bytes as they pass, and which digests this program can vouch for.
//!
//! Source: OCI image-spec 1.1, `descriptor.md`, "Digests" and "Registered algorithms".

use oci_spec::image::{Descriptor, Digest, DigestAlgorithm};
use sha2::{Digest as _, Sha256, Sha512};
use std::fmt::Write as _;

/// A digest whose algorithm cannot be computed here, so that nothing under it can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{digest}: the algorithm `{algorithm}` cannot be verified; only sha256 and sha512 can")]
pub struct Unverifiable {
    digest: String,
    algorithm: String,
}

/// A text that is not a digest, or not one that can be computed here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not `sha256:` and 64, nor `sha512:` and 128 lower-case hexadecimal digits.
    #[error("`{0}` is not `sha256:` with 64 or `sha512:` with 128 lower-case hexadecimal digits")]
    Malformed(String),
    /// Well formed, and of no use.
    #[error(transparent)]
    Unverifiable(#[from] Unverifiable),
}

/// The longest part of a malformed digest that is repeated, in characters.
const SHOWN: usize = 160;

/// Reads a digest that can be computed here.
pub fn parse(text: &str) -> Result<Digest, DigestError> {
    let malformed = |_| DigestError::Malformed(text.chars().take(SHOWN).collect());
    let digest = Digest::try_from(text).map_err(malformed)?;
    verifiable(&digest)?;
    Ok(digest)
}

/// A running hash, of an algorithm that a digest names.
#[derive(Clone)]
enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    fn of(digest: &Digest) -> Result<Self, Unverifiable> {
        match digest.algorithm() {
            DigestAlgorithm::Sha256 => Ok(Self::Sha256(Sha256::new())),
            DigestAlgorithm::Sha512 => Ok(Self::Sha512(Sha512::new())),
            other => Err(Unverifiable {
                digest: digest.to_string(),
                algorithm: other.to_string(),
            }),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    fn hex(self) -> String {
        match self {
            Self::Sha256(hash) => hex(&hash.finalize()),
            Self::Sha512(hash) => hex(&hash.finalize()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Refuses a digest that cannot be computed here.
pub fn verifiable(digest: &Digest) -> Result<(), Unverifiable> {
    Hasher::of(digest).map(|_| ())
}

/// The sha256 digest of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest {
    let text = format!("sha256:{}", hex(&Sha256::digest(bytes)));
    Digest::try_from(text).expect("a computed digest is well formed")
}

/// The digest of `bytes` by the same algorithm as `like`.
pub fn compute(bytes: &[u8], like: &Digest) -> Result<Digest, Unverifiable> {
    let mut hasher = Hasher::of(like)?;
    hasher.update(bytes);
    let text = format!("{}:{}", like.algorithm(), hasher.hex());
    Ok(Digest::try_from(text).expect("a computed digest is well formed"))
}

/// Hashes bytes as they pass and says at the end whether they are the named content.
///
/// A clone is a snapshot: an upload that is resumed goes on hashing from one.
#[derive(Clone)]
pub struct Verifier {
    hasher: Hasher,
    expected: Digest,
    size: u64,
    seen: u64,
}

impl Verifier {
    /// A verifier for the content that `descriptor` names, by digest and by size in bytes.
    pub fn new(descriptor: &Descriptor) -> Result<Self, Unverifiable> {
        Ok(Self {
            hasher: Hasher::of(descriptor.digest())?,
            expected: descriptor.digest().clone(),
            size: descriptor.size(),
            seen: 0,
        })
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    /// How many bytes have been seen.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// How many bytes of the content are still to come.
    pub fn remaining(&self) -> u64 {
        self.size.saturating_sub(self.seen)
    }

    /// Whether more bytes came than the descriptor says there are.
    pub fn overrun(&self) -> bool {
        self.seen > self.size
    }

    /// Whether exactly the named content has been seen.
    pub fn matches(self) -> bool {
        self.seen == self.size && self.hasher.hex() == self.expected.digest()
    }
}
