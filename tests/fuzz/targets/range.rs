//! Ranges and waits: a part is inside its whole, and nobody is waited for longer than is allowed.

use super::text;
use crate::target::Target;
use crossdock::registry::range::{ContentRange, received};
use crossdock::transport::retry::{Outcome, RetryPolicy, retry_after};
use http::StatusCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) const TARGET: Target = Target {
    name: "range",
    longest: 128,
    seeds: SEEDS,
    words: &[
        "bytes ",
        "bytes=",
        "0-",
        "/*",
        "18446744073709551615",
        "18446744073709551616",
        "Fri, 20 Nov 2026 12:00:05 GMT",
        "Friday, 20-Nov-26 12:00:05 GMT",
        "Fri Nov 20 12:00:05 2026",
        "9999",
    ],
    check,
};

fn check(bytes: &[u8]) {
    let Some(value) = text(bytes) else { return };
    if let Some(count) = received(value) {
        let range = value.trim();
        let range = range.strip_prefix("bytes=").unwrap_or(range);
        let last: u64 = range.split('-').nth(1).unwrap().trim().parse().unwrap();
        assert!(count == 0 && last == 0 || count.checked_sub(1) == Some(last));
    }
    if let Some(range) = ContentRange::read(value) {
        assert!(range.first <= range.last);
        assert!(range.total.is_none_or(|total| range.last < total));
        let total = range
            .total
            .map_or("*".to_owned(), |total| total.to_string());
        let written = format!("bytes {}-{}/{total}", range.first, range.last);
        assert_eq!(ContentRange::read(&written), Some(range));
    }
    // Long ago, lately, and as late as a header can say.
    for now in [0, 1_795_176_000, 253_402_300_799] {
        waited(value, UNIX_EPOCH + Duration::from_secs(now));
    }
}

fn waited(value: &str, now: SystemTime) {
    let after = retry_after(value, now);
    let policy = RetryPolicy::default();
    for (status, jitter) in [
        (StatusCode::TOO_MANY_REQUESTS, 0.0),
        (StatusCode::BAD_GATEWAY, 1.0),
    ] {
        let wait = policy.delay(1, Outcome::Answered { status, after }, jitter);
        match (after, wait) {
            (Some(asked), Some(wait)) => {
                assert!(asked <= wait && wait <= asked + Duration::from_millis(100));
                assert!(asked <= policy.longest_asked);
            }
            (Some(asked), None) => assert!(asked > policy.longest_asked),
            (None, wait) => assert!(wait.is_some_and(|wait| wait <= policy.cap)),
        }
    }
}

#[test]
fn range() {
    crate::inputs::replay("range");
}

const SEEDS: &[&[u8]] = &[
    b"",
    b"0-39999",
    b"bytes=0-9",
    b"0-0",
    b"5-9",
    b"0-",
    b"0--1",
    b"0-18446744073709551615",
    b" 0 - 9 ",
    b"0-+9",
    b"bytes 5-9/10",
    b"bytes 5-9/*",
    b"5-9/10",
    b"bytes 5-9",
    b"bytes 9-5/10",
    b"bytes 5-10/10",
    b"bytes -9/10",
    b"bytes 5-/10",
    b"bytes */10",
    b"bytes 5-9/x",
    b"bytes +5-9/10",
    b"bytes 5-9/10/1",
    b"items 5-9/10",
    b"bytes 0-0/1",
    b"bytes  5-9/10",
    b"bytes 0-18446744073709551614/18446744073709551615",
    b"bytes 05-09/010",
    b"3",
    b" 0 ",
    b"-1",
    b"120",
    b"121",
    b"1e9",
    b"99999999999999999999",
    b"Fri, 20 Nov 2026 12:00:05 GMT",
    b"Fri, 31 Feb 2026 11:59:00 GMT",
    b"Fri, 31 Dec 9999 23:59:59 GMT",
    b"soon",
    b"Friday, 20-Nov-26 12:00:05 GMT",
    b"Fri Nov 20 12:00:05 2026",
];
