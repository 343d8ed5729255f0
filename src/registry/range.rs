//! The `Range` headers of both directions.

/// How many bytes of an upload have arrived, by the `Range` of its status: `0-N` means N + 1.
///
/// Some registries say `0-0` when there are none. One byte is never worth the doubt: it counts as
/// none, and the upload ends with a wrong digest, and begins anew, if there was one.
pub fn received(range: &str) -> Option<u64> {
    let range = range.trim();
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let (first, last) = range.split_once('-')?;
    if first.trim() != "0" {
        return None;
    }
    let last: u64 = last.trim().parse().ok()?;
    Some(if last == 0 { 0 } else { last.checked_add(1)? })
}

/// What part of the content a 206 brings (RFC 9110, section 14.4).
#[derive(Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// Its first byte's place.
    pub first: u64,
    /// Its last byte's.
    pub last: u64,
    /// How many bytes the whole content has, where that is told.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Reads a `Content-Range`; `None` where it makes no sense.
    pub fn read(value: &str) -> Option<Self> {
        let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| text.parse::<u64>().ok()).flatten()
        };
        let total = match total {
            "*" => None,
            total => Some(number(total)?),
        };
        let (first, last) = (number(first)?, number(last)?);
        let sound = first <= last && total.is_none_or(|total| last < total);
        sound.then_some(Self { first, last, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_upload_has_received() {
        for (range, bytes) in [
            ("0-39999", Some(40_000)),
            ("bytes=0-9", Some(10)),
            ("0-0", Some(0)),
            ("5-9", None),
            ("0-", None),
            ("", None),
            ("0--1", None),
            ("0-18446744073709551615", None),
        ] {
            assert_eq!(received(range), bytes, "{range:?}");
        }
    }

    #[test]
    fn what_a_partial_answer_brings() {
        let good = ContentRange {
            first: 5,
            last: 9,
            total: Some(10),
        };
        assert_eq!(ContentRange::read("bytes 5-9/10"), Some(good));
        let open = ContentRange {
            first: 5,
            last: 9,
            total: None,
        };
        assert_eq!(ContentRange::read("bytes 5-9/*"), Some(open));
        for bad in [
            "",
            "5-9/10",
            "bytes 5-9",
            "bytes 9-5/10",
            "bytes 5-10/10",
            "bytes -9/10",
            "bytes 5-/10",
            "bytes */10",
            "bytes 5-9/x",
            "bytes +5-9/10",
            "bytes 5-9/10/1",
            "items 5-9/10",
        ] {
            assert_eq!(ContentRange::read(bad), None, "{bad:?}");
        }
    }
}
