//! The `Range` of a read and the `Content-Range` of a chunk.
//!
//! Source: RFC 9110, 14; OCI distribution-spec 1.1, "Pushing a blob in chunks".

use http::HeaderMap;
use http::header::{CONTENT_RANGE, IF_RANGE, RANGE};
use std::ops::Range;

/// What of a blob is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    Part(Range<u64>),
    /// A range that the blob does not have.
    Nothing,
}

/// What a request wants of a blob of `size` bytes. Several ranges, another unit and what cannot be
/// read are ignored, as the RFC allows.
pub(super) fn wanted(headers: &HeaderMap, size: u64, etag: &str) -> Wanted {
    let same = headers
        .get(IF_RANGE)
        .is_none_or(|value| value.as_bytes() == etag.as_bytes());
    let range = headers.get(RANGE).and_then(|value| value.to_str().ok());
    match range.filter(|_| same).and_then(parse) {
        None => Wanted::Whole,
        Some(asked) => part(asked, size),
    }
}

#[derive(Clone, Copy)]
enum Asked {
    From(u64),
    Between(u64, u64),
    Last(u64),
}

fn parse(text: &str) -> Option<Asked> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", last) => Some(Asked::Last(number(last)?)),
        (first, "") => Some(Asked::From(number(first)?)),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::Between(first, last))
        }
    }
}

fn part(asked: Asked, size: u64) -> Wanted {
    let range = match asked {
        Asked::From(first) => first..size,
        Asked::Between(first, last) => first..last.saturating_add(1).min(size),
        Asked::Last(length) => size.saturating_sub(length)..size,
    };
    if range.is_empty() {
        Wanted::Nothing
    } else {
        Wanted::Part(range)
    }
}

/// The bytes that a chunk says it is: `FIRST-LAST`, without a unit and without a total. `None`
/// where it does not say.
pub(super) fn chunk(headers: &HeaderMap) -> Option<Result<Range<u64>, ()>> {
    let text = headers.get(CONTENT_RANGE)?.to_str().unwrap_or_default();
    let bounds = text.split_once('-');
    let bounds = bounds.and_then(|(first, last)| Some((number(first)?, number(last)?)));
    let bounds = bounds.filter(|(first, last)| first <= last && *last < u64::MAX);
    Some(bounds.map(|(first, last)| first..last + 1).ok_or(()))
}

/// Digits and nothing else: no sign, no blank.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_rfc() {
        let cases = [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=3-", Wanted::Part(3..10)),
            ("bytes=-4", Wanted::Part(6..10)),
            ("bytes=-40", Wanted::Part(0..10)),
            ("bytes=5-99", Wanted::Part(5..10)),
            ("bytes=5-18446744073709551615", Wanted::Part(5..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=10-12", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=5-3", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("bytes=99999999999999999999-", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ];
        for (text, expected) in cases {
            let headers = HeaderMap::from_iter([(RANGE, text.parse().unwrap())]);
            assert_eq!(wanted(&headers, 10, "\"e\""), expected, "{text}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_the_whole() {
        let with = |etag: &str| {
            let range = (RANGE, "bytes=1-2".parse().unwrap());
            HeaderMap::from_iter([range, (IF_RANGE, etag.parse().unwrap())])
        };
        assert_eq!(wanted(&with("\"e\""), 10, "\"e\""), Wanted::Part(1..3));
        assert_eq!(wanted(&with("\"f\""), 10, "\"e\""), Wanted::Whole);
    }

    #[test]
    fn a_chunk_says_where_it_belongs() {
        let cases = [
            ("0-0", Ok(0..1)),
            ("5-9", Ok(5..10)),
            ("9-5", Err(())),
            ("bytes 0-9/10", Err(())),
            ("0-9/10", Err(())),
            ("-1-5", Err(())),
            ("0-18446744073709551615", Err(())),
            ("x", Err(())),
        ];
        for (text, expected) in cases {
            let headers = HeaderMap::from_iter([(CONTENT_RANGE, text.parse().unwrap())]);
            assert_eq!(chunk(&headers), Some(expected), "{text}");
        }
        assert_eq!(chunk(&HeaderMap::new()), None);
    }
}
