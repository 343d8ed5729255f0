//! Digests, sizes and times in the few characters that a line of progress has for them.

use crate::oci::Digest;
use indicatif::BinaryBytes;
use std::fmt;
use std::time::Duration;

/// A digest's algorithm and its first twelve digits: `sha256:0123456789ab`.
pub fn short(digest: &Digest) -> String {
    let hex = digest.digest();
    format!("{}:{}", digest.algorithm(), &hex[..hex.len().min(12)])
}

/// A number of bytes: `1.20 GiB`.
pub(super) fn size(bytes: u64) -> BinaryBytes {
    BinaryBytes(bytes)
}

/// Bytes in a time, as bytes in a second; nothing where the time is too short to tell.
pub(super) fn rate(bytes: u64, time: Duration) -> Option<u64> {
    let bytes_a_millisecond = u128::from(bytes) * 1000;
    let rate = bytes_a_millisecond.checked_div(time.as_millis())?;
    u64::try_from(rate).ok()
}

/// A time for people: `0.3 s`, `14.0 s`, `2 min 5 s`, `1 h 2 min`.
pub(super) struct Span(pub(super) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
            (0, 0, seconds) => write!(f, "{seconds}.{} s", self.0.subsec_millis() / 100),
            (0, minutes, seconds) => write!(f, "{minutes} min {seconds} s"),
            (hours, minutes, _) => write!(f, "{hours} h {minutes} min"),
        }
    }
}

/// A number of things: `1 blob`, `3 manifests`.
pub(super) struct Count(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, noun) = self;
        let plural = if *number == 1 { "" } else { "s" };
        write!(f, "{number} {noun}{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::digest;

    #[test]
    fn figures_are_short() {
        assert_eq!(short(&digest::sha256(b"")), "sha256:e3b0c44298fc");
        assert_eq!(size(3 << 29).to_string(), "1.50 GiB");
        for (millis, text) in [
            (0, "0.0 s"),
            (349, "0.3 s"),
            (59_999, "59.9 s"),
            (125_000, "2 min 5 s"),
            (3_725_000, "1 h 2 min"),
        ] {
            assert_eq!(Span(Duration::from_millis(millis)).to_string(), text);
        }
        assert_eq!(Count(1, "blob").to_string(), "1 blob");
        assert_eq!(Count(0, "blob").to_string(), "0 blobs");
    }

    #[test]
    fn a_rate_needs_a_time() {
        assert_eq!(rate(3 << 20, Duration::from_secs(2)), Some(3 << 19));
        assert_eq!(rate(1, Duration::ZERO), None);
        assert_eq!(rate(u64::MAX, Duration::from_millis(1)), None);
    }
}
