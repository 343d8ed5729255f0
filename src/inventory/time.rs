//! Times as registries write them, and those that only stand for none.

use jiff::{Timestamp, ToSpan as _};

/// Images were not pushed before there were registries; 1970, 1980 and the year 1 stand for none.
const FIRST: i64 = 1_325_376_000; // 2012-01-01
/// A clock that is ahead of ours by more than this is wrong.
const AHEAD_HOURS: i64 = 24;

/// Reads times, and knows what time it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    now: Timestamp,
}

impl Times {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { now }
    }

    /// A time as in RFC 3339, with any number of digits after the second.
    pub(super) fn read(&self, text: Option<&str>) -> Option<Timestamp> {
        self.trusted(text?.parse().ok()?)
    }

    /// Seconds since 1970, with a fraction or without.
    pub(super) fn seconds(&self, seconds: Option<f64>) -> Option<Timestamp> {
        let seconds = seconds.filter(|seconds| seconds.is_finite() && seconds.abs() < 1e11)?;
        #[allow(clippy::cast_possible_truncation)]
        let milliseconds = (seconds * 1000.0) as i64;
        self.trusted(Timestamp::from_millisecond(milliseconds).ok()?)
    }

    /// Milliseconds since 1970.
    pub(super) fn milliseconds(&self, milliseconds: Option<i64>) -> Option<Timestamp> {
        self.trusted(Timestamp::from_millisecond(milliseconds?).ok()?)
    }

    /// A time, unless it lies.
    pub(super) fn trusted(&self, time: Timestamp) -> Option<Timestamp> {
        let latest = self.now.checked_add(AHEAD_HOURS.hours()).ok()?;
        (time.as_second() >= FIRST && time <= latest).then_some(time)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn times_that_lie_are_unknown() {
        let times = Times::at("2026-11-22T00:00:00Z".parse().unwrap());
        for (text, told) in [
            ("2026-01-02T03:04:05Z", Some("2026-01-02T03:04:05Z")),
            (
                "2026-01-02T03:04:05.1234567Z",
                Some("2026-01-02T03:04:05.1234567Z"),
            ),
            (
                "2026-01-02T03:04:05.678+02:00",
                Some("2026-01-02T01:04:05.678Z"),
            ),
            ("2026-11-22T23:59:59Z", Some("2026-11-22T23:59:59Z")),
            ("2026-11-23T00:00:01Z", None),
            ("0001-01-01T00:00:00.000Z", None),
            ("1970-01-01T00:00:00Z", None),
            ("1980-01-01T00:00:00Z", None),
            ("2038-01-19T03:14:07Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            let read = times.read(Some(text)).map(|time| time.to_string());
            assert_eq!(read.as_deref(), told, "{text}");
        }
        assert_eq!(times.read(None), None);
    }

    #[test]
    fn seconds_and_milliseconds_are_read() {
        let times = Times::at("2026-11-22T00:00:00Z".parse().unwrap());
        let told = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
        assert_eq!(
            told(times.seconds(Some(1_767_323_045.5))),
            Some(1_767_323_045_500)
        );
        assert_eq!(
            told(times.milliseconds(Some(1_767_323_045_123))),
            Some(1_767_323_045_123)
        );
        for seconds in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300, 4e9] {
            assert_eq!(times.seconds(Some(seconds)), None, "{seconds}");
        }
        for milliseconds in [0, -1, i64::MAX, i64::MIN] {
            assert_eq!(
                times.milliseconds(Some(milliseconds)),
                None,
                "{milliseconds}"
            );
        }
    }
}
