//! How much a sender that does not know the way yet may send: TCP's slow start, without losses.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The first window: ten segments (RFC 6928) of an Ethernet frame's worth.
const INITIAL: usize = 10 * 1460;

/// One direction of one connection, as its sender knows it.
#[derive(Debug)]
pub(crate) struct Congestion {
    /// Bytes that may be on the way, acknowledgments included.
    window: usize,
    in_flight: usize,
    /// When bytes were sent, and how many: those that are in flight, in their order.
    sent: VecDeque<(Instant, usize)>,
    /// When the window was last used up.
    filled: Option<Instant>,
    round_trip: Duration,
}

impl Congestion {
    /// A fresh connection.
    pub(crate) fn new(round_trip: Duration) -> Self {
        Self {
            window: INITIAL,
            in_flight: 0,
            sent: VecDeque::new(),
            filled: None,
            round_trip,
        }
    }

    /// How many bytes may be sent at this time.
    pub(crate) fn room(&mut self, now: Instant) -> usize {
        while let Some(&(sent, bytes)) = self.sent.front()
            && sent + self.round_trip <= now
        {
            self.sent.pop_front();
            self.in_flight -= bytes;
            // Who did not need the whole window does not learn that more would get through.
            if self.filled.is_some_and(|filled| filled >= sent) {
                self.window += bytes;
            }
        }
        self.window.saturating_sub(self.in_flight)
    }

    /// When the next acknowledgment arrives, if anything is in flight.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.sent.front().map(|(sent, _)| *sent + self.round_trip)
    }

    /// Notes that so many bytes, for which there is room, are sent at this time.
    pub(crate) fn send(&mut self, now: Instant, bytes: usize) {
        if bytes > 0 {
            self.in_flight += bytes;
            self.sent.push_back((now, bytes));
        }
        if self.in_flight >= self.window {
            self.filled = Some(now);
        }
    }
}
