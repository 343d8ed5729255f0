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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{DigestError, Verifier, compute, parse, sha256, verifiable};
    use oci_spec::image::{Descriptor, Digest, MediaType};
    use proptest::prelude::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const ABC_256: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const ABC_512: &str = "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                           2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    const MD5: &str = "md5:900150983cd24fb0d6963f7d28e17f72";

    fn verifier(digest: &str, size: u64) -> Verifier {
        let digest: Digest = digest.parse().unwrap();
        Verifier::new(&Descriptor::new(MediaType::EmptyJSON, size, digest)).unwrap()
    }

    fn seen_in(mut verifier: Verifier, pieces: &[&[u8]]) -> Verifier {
        for piece in pieces {
            verifier.update(piece);
        }
        verifier
    }

    #[test]
    fn digests_are_those_of_fips_180() {
        assert_eq!(sha256(b"").as_ref(), EMPTY);
        assert_eq!(sha256(b"abc").as_ref(), ABC_256);
        for expected in [ABC_256, ABC_512] {
            let like = expected.parse().unwrap();
            assert_eq!(compute(b"abc", &like).unwrap(), like);
            assert_ne!(compute(b"abd", &like).unwrap(), like);
        }
    }

    #[test]
    fn what_cannot_be_computed_is_never_verified() {
        let md5: Digest = MD5.parse().unwrap();
        let descriptor = Descriptor::new(MediaType::EmptyJSON, 3, md5.clone());
        let message =
            format!("{MD5}: the algorithm `md5` cannot be verified; only sha256 and sha512 can");
        let refusals = [
            verifiable(&md5).map_err(|error| error.to_string()),
            compute(b"abc", &md5)
                .map(|_| ())
                .map_err(|error| error.to_string()),
            Verifier::new(&descriptor)
                .map(|_| ())
                .map_err(|error| error.to_string()),
            parse(MD5).map(|_| ()).map_err(|error| error.to_string()),
        ];
        for refusal in refusals {
            assert_eq!(refusal, Err(message.clone()));
        }
        let sha384 = format!("sha384:{}", "0".repeat(96));
        assert!(matches!(parse(&sha384), Err(DigestError::Unverifiable(_))));
        assert!(matches!(parse("sha256:0"), Err(DigestError::Malformed(_))));
    }

    #[test]
    fn only_exactly_the_named_content_matches() {
        let cases: [(&str, u64, &[&[u8]], bool); 10] = [
            (ABC_256, 3, &[b"abc"], true),
            (ABC_512, 3, &[b"a", b"", b"bc"], true),
            (EMPTY, 0, &[], true),
            (EMPTY, 0, &[b""], true),
            (EMPTY, 1, &[], false),
            (EMPTY, 0, &[b"a"], false),
            (ABC_256, 3, &[b"ab"], false),
            (ABC_256, 3, &[b"abcd"], false),
            (ABC_256, 3, &[b"abd"], false),
            (ABC_256, 4, &[b"abc"], false),
        ];
        for (digest, size, pieces, expected) in cases {
            let matches = seen_in(verifier(digest, size), pieces).matches();
            assert_eq!(matches, expected, "{digest} {size} {pieces:?}");
        }
    }

    #[test]
    fn bytes_are_counted_and_one_too_many_is_known_at_once() {
        let none = verifier(ABC_256, 3);
        assert_eq!(
            (none.seen(), none.remaining(), none.overrun()),
            (0, 3, false)
        );
        let all = seen_in(none, &[b"abc"]);
        assert_eq!((all.seen(), all.remaining(), all.overrun()), (3, 0, false));
        let more = seen_in(all, &[b"d"]);
        assert_eq!(
            (more.seen(), more.remaining(), more.overrun()),
            (4, 0, true)
        );
    }

    #[test]
    fn a_clone_goes_on_from_where_it_was_taken() {
        let snapshot = seen_in(verifier(ABC_256, 3), &[b"ab"]);
        let wrong = seen_in(snapshot.clone(), &[b"x"]);
        let right = seen_in(snapshot.clone(), &[b"c"]);
        assert!(!wrong.matches());
        assert!(right.matches());
        assert_eq!(snapshot.seen(), 2);
    }

    proptest! {
        #[test]
        fn what_is_read_is_a_known_algorithm_with_its_digits(text in "(sha256|sha512|md5|SHA256)[:-][0-9a-fA-F./]{62,66}|sha512:[0-9a-f]{127,129}") {
            let digits = text.strip_prefix("sha256:").map(|hex| (hex, 64));
            let digits = digits.or(text.strip_prefix("sha512:").map(|hex| (hex, 128)));
            let expected = digits.is_some_and(|(hex, length)| {
                hex.len() == length && hex.bytes().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(&c))
            });
            prop_assert_eq!(parse(&text).is_ok(), expected);
        }

        #[test]
        fn pieces_make_no_difference(content: Vec<u8>, at: prop::sample::Index) {
            let (one, two) = content.split_at(at.index(content.len() + 1));
            let whole = verifier(sha256(&content).as_ref(), content.len() as u64);
            prop_assert!(seen_in(whole, &[one, two]).matches());
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            prop_assert!(parse(&text).is_err());
        }
    }
}
