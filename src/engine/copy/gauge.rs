//! Whether it is a stream that everybody waits for, or those who take its bytes.

use std::time::Duration;
use tokio::time::Instant;

/// So many bytes make a measurement, or so much time.
const ENOUGH: u64 = 8 * 1024 * 1024;
const LONG: Duration = Duration::from_secs(1);
/// A stream is fast that brings so many bytes a second, whoever waits for it.
const FAST: u128 = 200_000_000;

/// Measures one stream.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    waited: Duration,
    taken: Duration,
    bytes: u64,
    since: Option<Instant>,
    held_up: bool,
}

impl Gauge {
    /// More bytes are wanted.
    pub(super) fn waits(&mut self) {
        let lap = self.lap();
        self.taken += lap;
    }

    /// So many have come.
    pub(super) fn arrived(&mut self, bytes: usize) {
        let lap = self.lap();
        self.waited += lap;
        self.bytes += bytes as u64;
        let all = self.waited + self.taken;
        if self.bytes < ENOUGH && all < LONG {
            return;
        }
        let slow = u128::from(self.bytes) * 1_000_000_000 < FAST * all.as_nanos();
        let held_up = slow && self.waited > 3 * self.taken;
        *self = Self {
            held_up,
            since: self.since,
            ..Self::default()
        };
    }

    /// Whether the stream was slow when it was last measured, and those who take its bytes were
    /// not.
    pub(super) fn is_held_up(&self) -> bool {
        self.held_up
    }

    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let since = self.since.replace(now);
        since.map_or(Duration::ZERO, |since| now - since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn measured(bytes: usize, waited: u64, taken: u64) -> bool {
        let mut gauge = Gauge::default();
        for _ in 0..12 {
            gauge.waits();
            tokio::time::advance(Duration::from_millis(waited)).await;
            gauge.arrived(bytes);
            tokio::time::advance(Duration::from_millis(taken)).await;
        }
        gauge.is_held_up()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_is_slow_that_is_waited_for() {
        const MIB: usize = 1024 * 1024;
        for (bytes, waited, taken, held_up) in [
            (MIB, 20, 1, true),
            (MIB, 20, 20, false),
            (MIB, 1, 20, false),
            // Fast enough, although nothing else takes time.
            (MIB, 4, 0, false),
            // So slow that time makes the measurement.
            (1000, 200, 0, true),
            // Not measured for long enough.
            (1000, 20, 0, false),
        ] {
            let found = measured(bytes, waited, taken).await;
            assert_eq!(found, held_up, "{bytes} bytes, {waited} ms, {taken} ms");
        }
    }
}
