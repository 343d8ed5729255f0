//! How a registry's clock differs from this machine's.

use crate::store::registry::Answer;
use std::time::{Duration, SystemTime};

/// By how many seconds the registry's clock is ahead, where it tells its time. `now`: when its
/// answer came.
pub(super) fn ahead(answer: &Answer, now: SystemTime) -> Option<i64> {
    let date = httpdate::parse_http_date(answer.header("date")?).ok()?;
    Some(difference(date, now, answer.elapsed.unwrap_or_default()))
}

/// The registry wrote `date`, which has whole seconds, at some time in the `elapsed` before `now`.
fn difference(date: SystemTime, now: SystemTime, elapsed: Duration) -> i64 {
    let half = elapsed / 2;
    let told = seconds(date) + 0.5;
    let ahead = told - (seconds(now) - half.as_secs_f64());
    let doubt = 0.5 + half.as_secs_f64();
    if ahead.abs() <= doubt {
        return 0;
    }
    #[allow(
        clippy::cast_possible_truncation,
        reason = "dates of HTTP are in years of four digits"
    )]
    let whole = ahead.round() as i64;
    whole
}

/// The seconds since 1970.
fn seconds(time: SystemTime) -> f64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_whole_seconds_and_the_way_explain_is_no_difference() {
        let at = |millis: u64| {
            SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_000 + millis)
        };
        for (date, now, elapsed, ahead) in [
            (5_000, 5_000, 0, 0),
            (5_000, 5_999, 0, 0),
            (5_000, 6_400, 800, 0),
            (5_000, 8_000, 0, -3),
            (5_000, 1_000, 0, 5),
            (3_605_000, 5_500, 100, 3600),
            (5_000, 3_605_500, 100, -3600),
        ] {
            let found = difference(at(date), at(now), Duration::from_millis(elapsed));
            assert_eq!(found, ahead, "{date} {now} {elapsed}");
        }
    }
}
