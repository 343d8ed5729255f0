//! Whether to try again, and when. Pure: no clock, no randomness of its own.

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How often and how patiently a request is repeated.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The wait before the second attempt; doubled for each one after.
    pub base: Duration,
    /// No wait of our own is longer.
    pub cap: Duration,
    /// The longest `Retry-After` that is waited for.
    pub longest_asked: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 5,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            longest_asked: Duration::from_mins(2),
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// No connection: the request cannot have been seen. Refused connections are tried less
    /// often, since a mistyped port is the likeliest cause.
    NotSent {
        /// The peer's machine answered that nobody listens.
        refused: bool,
    },
    /// The connection broke, or the answer did not come in time.
    MaybeSent,
    /// The server answered.
    Answered {
        /// The status.
        status: StatusCode,
        /// What its `Retry-After` asks for.
        after: Option<Duration>,
    },
}

impl Outcome {
    /// The answer's status, where there was one.
    pub fn status(self) -> Option<StatusCode> {
        match self {
            Self::Answered { status, .. } => Some(status),
            Self::NotSent { .. } | Self::MaybeSent => None,
        }
    }
}

impl RetryPolicy {
    /// How long to wait before the next attempt, or `None` to give up.
    ///
    /// `attempt` counts from 1; `jitter` is between 0 and 1 and spreads our own waits by ±20 %.
    pub fn delay(&self, attempt: u32, outcome: Outcome, jitter: f64) -> Option<Duration> {
        let attempts = match outcome {
            Outcome::NotSent { refused: true } => self.attempts.min(3),
            _ => self.attempts,
        };
        if attempt >= attempts {
            return None;
        }
        match outcome {
            Outcome::NotSent { .. } | Outcome::MaybeSent => Some(self.backoff(attempt, jitter)),
            Outcome::Answered { status, .. } if !is_temporary(status) => None,
            Outcome::Answered { after, .. } => match after {
                Some(asked) if asked > self.longest_asked => None,
                // Never earlier than asked; a little later, so that not everybody comes at once.
                Some(asked) => Some(asked + Duration::from_millis(100).mul_f64(jitter)),
                None => Some(self.backoff(attempt, jitter)),
            },
        }
    }

    fn backoff(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = self.base.saturating_mul(1 << (attempt - 1).min(16));
        doubled.min(self.cap).mul_f64(0.8 + 0.4 * jitter)
    }
}

/// Whether the same request may succeed later.
pub fn is_temporary(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        408 | 429 | 499 | 500 | 502 | 503 | 504 | 522
    )
}

/// How long whoever sent these headers asks to be left alone: by `Retry-After`; by `X-Retry-After`,
/// which is a moment and no time span (Docker Hub); by the moment at which there is something left
/// again, where nothing is (GitHub, Docker Hub).
pub fn asked(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    if let Some(value) = text(RETRY_AFTER.as_str()) {
        return retry_after(value, now);
    }
    let moment = text("x-retry-after").or_else(|| {
        let is_used_up = text("x-ratelimit-remaining")?.trim() == "0";
        text("x-ratelimit-reset").filter(|_| is_used_up)
    });
    let moment = Duration::from_secs(moment?.trim().parse().ok()?);
    // Others count from now on.
    if moment < Duration::from_secs(1_000_000_000) {
        return Some(moment);
    }
    let now = now.duration_since(UNIX_EPOCH).ok()?;
    Some(moment.saturating_sub(now))
}

/// Reads `Retry-After` in both its forms (RFC 9110, section 10.2.3): seconds, or a date.
///
/// A date in the past and anything unreadable are `None`, so that our own schedule applies.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.len() > 64 {
        return None;
    }
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(u32::MAX);
        return Some(Duration::from_secs(seconds.into()));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // A date has whole seconds: the moment it names may be up to one later.
    date.duration_since(now)
        .ok()
        .map(|wait| wait + Duration::from_millis(500))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answered(status: u16, after: Option<u64>) -> Outcome {
        Outcome::Answered {
            status: StatusCode::from_u16(status).unwrap(),
            after: after.map(Duration::from_secs),
        }
    }

    fn seconds(outcome: Outcome, attempt: u32) -> Option<f64> {
        let delay = RetryPolicy::default().delay(attempt, outcome, 0.5)?;
        Some(delay.as_secs_f64())
    }

    #[test]
    fn waits_double_up_to_the_last_attempt() {
        let waits: Vec<_> = (1..=5).map(|n| seconds(Outcome::MaybeSent, n)).collect();
        assert_eq!(waits, [Some(0.5), Some(1.0), Some(2.0), Some(4.0), None]);
        let policy = RetryPolicy {
            attempts: 40,
            ..RetryPolicy::default()
        };
        let late = policy.delay(39, Outcome::MaybeSent, 0.5).unwrap();
        assert_eq!(late, policy.cap);
    }

    #[test]
    fn jitter_spreads_a_wait_by_a_fifth() {
        let policy = RetryPolicy::default();
        let low = policy.delay(1, Outcome::MaybeSent, 0.0).unwrap();
        let high = policy.delay(1, Outcome::MaybeSent, 1.0).unwrap();
        assert_eq!((low.as_millis(), high.as_millis()), (400, 600));
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        for status in [408, 429, 499, 500, 502, 503, 504, 522] {
            assert_eq!(seconds(answered(status, None), 1), Some(0.5), "{status}");
        }
        for status in [200, 201, 400, 401, 403, 404, 405, 409, 412, 413, 416, 501] {
            assert_eq!(seconds(answered(status, None), 1), None, "{status}");
        }
    }

    #[test]
    fn a_refused_connection_is_tried_three_times() {
        let refused = Outcome::NotSent { refused: true };
        assert_eq!(seconds(refused, 2), Some(1.0));
        assert_eq!(seconds(refused, 3), None);
        assert_eq!(seconds(Outcome::NotSent { refused: false }, 3), Some(2.0));
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for_unless_it_is_too_long() {
        let wait = seconds(answered(429, Some(3)), 1).unwrap();
        assert!((3.0..=3.1).contains(&wait), "{wait}");
        assert_eq!(seconds(answered(503, Some(99_999)), 1), None);
    }

    #[test]
    fn retry_after_comes_as_seconds_or_as_a_date() {
        let now = httpdate::parse_http_date("Fri, 20 Nov 2026 12:00:00 GMT").unwrap();
        for (value, expected) in [
            ("3", Some(3_000)),
            (" 0 ", Some(0)),
            ("99999999999999999999", Some(u128::from(u32::MAX) * 1000)),
            ("Fri, 20 Nov 2026 12:00:05 GMT", Some(5_500)),
            ("Fri, 20 Nov 2026 11:59:00 GMT", None),
            ("Fri, 31 Feb 2026 11:59:00 GMT", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            let wait = retry_after(value, now).map(|wait| wait.as_millis());
            assert_eq!(wait, expected, "{value:?}");
        }
    }

    #[test]
    fn moments_are_waited_for_as_well() {
        let now = UNIX_EPOCH + Duration::from_hours(500_000);
        for (headers, expected) in [
            (&[("x-retry-after", "1800000007")][..], Some(7)),
            (&[("x-retry-after", "1799999999")], Some(0)),
            (&[("x-retry-after", "3")], Some(3)),
            (
                &[("retry-after", "2"), ("x-retry-after", "1800000007")],
                Some(2),
            ),
            (&[("x-ratelimit-reset", "1800000009")], None),
            (
                &[
                    ("x-ratelimit-reset", "1800000009"),
                    ("x-ratelimit-remaining", "1"),
                ],
                None,
            ),
            (
                &[
                    ("x-ratelimit-reset", "1800000009"),
                    ("x-ratelimit-remaining", "0"),
                ],
                Some(9),
            ),
            (&[("x-retry-after", "soon")], None),
            (&[], None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            let told = asked(&map, now).map(|wait| wait.as_secs());
            assert_eq!(told, expected, "{headers:?}");
        }
    }
}
