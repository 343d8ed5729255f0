//! The window of the bench's wire, which `cargo bench` itself cannot test.

#[path = "../../benches/scenarios/congestion.rs"]
mod congestion;

use congestion::Congestion;
use std::time::{Duration, Instant};

const ROUND_TRIP: Duration = Duration::from_millis(50);
const SEGMENT: usize = 1460;

/// A fresh connection, and a moment so many milliseconds after its first.
fn connection() -> (Congestion, impl Fn(u64) -> Instant) {
    let start = Instant::now();
    let at = move |millis| start + Duration::from_millis(millis);
    (Congestion::new(ROUND_TRIP), at)
}

/// Sends all that may be sent, and says how much that was.
fn fill(congestion: &mut Congestion, now: Instant) -> usize {
    let room = congestion.room(now);
    congestion.send(now, room);
    room
}

#[test]
fn a_full_window_doubles_each_round_trip() {
    let (mut congestion, at) = connection();
    let sent = [0, 50, 100, 150, 200].map(|millis| fill(&mut congestion, at(millis)));
    assert_eq!(sent, [10, 20, 40, 80, 160].map(|count| count * SEGMENT));
}

#[test]
fn nothing_is_sent_beyond_the_window_before_the_acknowledgment() {
    let (mut congestion, at) = connection();
    assert_eq!(congestion.next(), None);
    fill(&mut congestion, at(0));
    assert_eq!(congestion.room(at(49)), 0);
    assert_eq!(congestion.next(), Some(at(50)));
    assert_eq!(congestion.room(at(50)), 20 * SEGMENT);
    assert_eq!(congestion.next(), None);
}

/// Each acknowledgment makes room for what it is for, and for as much again.
#[test]
fn parts_of_a_window_are_acknowledged_one_by_one() {
    let (mut congestion, at) = connection();
    congestion.send(at(0), 4 * SEGMENT);
    congestion.send(at(10), 6 * SEGMENT);
    assert_eq!(congestion.room(at(49)), 0);
    assert_eq!(congestion.next(), Some(at(50)));
    assert_eq!(fill(&mut congestion, at(50)), 8 * SEGMENT);
    assert_eq!(congestion.next(), Some(at(60)));
    assert_eq!(congestion.room(at(59)), 0);
    assert_eq!(fill(&mut congestion, at(60)), 12 * SEGMENT);
}

#[test]
fn a_window_that_was_not_filled_stays_as_it_is() {
    let (mut congestion, at) = connection();
    for millis in [0, 50, 100] {
        assert_eq!(congestion.room(at(millis)), 10 * SEGMENT);
        congestion.send(at(millis), 9 * SEGMENT);
    }
    assert_eq!(congestion.room(at(150)), 10 * SEGMENT);
}

#[test]
fn what_was_sent_after_the_window_was_filled_does_not_count() {
    let (mut congestion, at) = connection();
    fill(&mut congestion, at(0));
    assert_eq!(congestion.room(at(50)), 20 * SEGMENT);
    congestion.send(at(50), SEGMENT);
    assert_eq!(congestion.room(at(100)), 20 * SEGMENT);
}

/// All acknowledgments have arrived by then, and the window is as wide as they made it.
#[test]
fn a_pause_changes_nothing() {
    let (mut congestion, at) = connection();
    congestion.send(at(0), 4 * SEGMENT);
    congestion.send(at(10), 6 * SEGMENT);
    assert_eq!(congestion.room(at(60_000)), 20 * SEGMENT);
}
