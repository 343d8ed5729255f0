//! What is on the terminal while a copy runs.

use super::*;
use crate::term::captured::Captured;
use crate::term::output::Settings;
use crate::term::progress::samples::{MIB, blob};
use indicatif::{InMemoryTerm, TermLike};
use std::io::{self, Write};

/// stderr that is the terminal the bars are on.
struct Terminal(InMemoryTerm);

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
        self.0.write_str(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        TermLike::flush(&self.0)
    }
}

fn bars() -> (Bars, InMemoryTerm, Captured) {
    let terminal = InMemoryTerm::new(24, 110);
    let stdout = Captured::default();
    let output = Output::new(
        stdout.clone(),
        Terminal(terminal.clone()),
        Settings::default(),
    );
    // As often as it likes: what is compared is the last state.
    let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
    (Bars::on(output, target), terminal, stdout)
}

fn planned(bytes: u64, blobs: usize) -> Event<'static> {
    Event::Planned {
        bytes,
        blobs,
        manifests: 1,
    }
}

/// The lines now: the name, how much is sent and of how much, and not what depends on the
/// clock.
fn lines(bars: &Bars, terminal: &InMemoryTerm) -> Vec<String> {
    let blobs = bars.blobs.read().unwrap_or_else(PoisonError::into_inner);
    blobs.shown.values().for_each(ProgressBar::force_draw);
    bars.total.force_draw();
    let shown = terminal.contents();
    shown.lines().map(figures).collect()
}

fn figures(line: &str) -> String {
    let words: Vec<_> = line
        .split_whitespace()
        .filter(|word| !word.starts_with('='))
        .collect();
    match words.iter().rposition(|word| *word == "of") {
        Some(of) if line.contains("B/s") => words[..of + 3].join(" "),
        _ => words.join(" "),
    }
}

#[test]
fn each_blob_on_its_way_has_a_bar_above_the_total() {
    let (bars, terminal, _) = bars();
    let (a, b, c) = (blob("a", 8 * MIB), blob("b", 2 * MIB), blob("c", MIB));
    let seen = |event| {
        bars.report(event);
        lines(&bars, &terminal)
    };
    assert_eq!(
        seen(planned(11 * MIB, 3)),
        ["0 of 3 blobs 0 B of 11.00 MiB"]
    );
    seen(Event::Started(&a));
    seen(Event::Started(&b));
    assert_eq!(
        seen(Event::Moved(&a, 4 * MIB)),
        [
            "sha256:ca978112ca1b 4.00 MiB of 8.00 MiB",
            "sha256:3e23e8160039 0 B of 2.00 MiB",
            "0 of 3 blobs 4.00 MiB of 11.00 MiB",
        ]
    );
    seen(Event::Resumed(&a, MIB));
    seen(Event::Done(&b, Placed::Sent));
    assert_eq!(
        seen(Event::Done(&c, Placed::Present)),
        [
            "sha256:ca978112ca1b 1.00 MiB of 8.00 MiB",
            "2 of 3 blobs 3.00 MiB of 10.00 MiB",
        ]
    );
    assert_eq!(
        seen(Event::Note("odd"))[..2],
        ["note: odd", "sha256:ca978112ca1b 1.00 MiB of 8.00 MiB"]
    );
}

/// What somebody is asked stays where it is until it is answered.
#[test]
fn nothing_is_drawn_before_there_is_anything_to_do() {
    for finished in [true, false] {
        let (bars, terminal, _) = bars();
        bars.output.ask("User name: ");
        std::thread::sleep(TICK * 3);
        assert_eq!(terminal.contents(), "User name:");
        if finished {
            bars.finish();
        }
        drop(bars);
        assert_eq!(terminal.contents(), "User name:");
    }
    let (bars, terminal, _) = bars();
    bars.report(planned(MIB, 1));
    std::thread::sleep(TICK * 3);
    assert!(terminal.contents().contains("0 of 1 blob"));
}

#[test]
fn one_blob_to_two_destinations_has_one_bar() {
    let (bars, terminal, _) = bars();
    let a = blob("a", 2 * MIB);
    bars.report(planned(4 * MIB, 2));
    for event in [
        Event::Started(&a),
        Event::Started(&a),
        Event::Moved(&a, 3 * MIB),
    ] {
        bars.report(event);
    }
    let bar = "sha256:ca978112ca1b 3.00 MiB of 4.00 MiB";
    assert_eq!(lines(&bars, &terminal)[0], bar);
    bars.report(Event::Done(&a, Placed::Sent));
    assert_eq!(
        lines(&bars, &terminal).last().map(String::as_str),
        Some("1 of 2 blobs 3.00 MiB of 4.00 MiB")
    );
    bars.report(Event::Done(&a, Placed::Sent));
    assert_eq!(
        lines(&bars, &terminal),
        ["2 of 2 blobs 4.00 MiB of 4.00 MiB"]
    );
}

#[test]
fn of_many_blobs_eight_have_bars_and_the_next_takes_a_place_that_is_free() {
    let (bars, terminal, _) = bars();
    let blobs: Vec<_> = (0..20).map(|n| blob(&n.to_string(), MIB)).collect();
    bars.report(planned(20 * MIB, blobs.len()));
    for blob in &blobs {
        bars.report(Event::Started(blob));
        bars.report(Event::Moved(blob, MIB / 2));
    }
    let shown = lines(&bars, &terminal);
    assert_eq!(shown.len(), MOST + 1);
    assert_eq!(shown[MOST], "0 of 20 blobs 10.00 MiB of 20.00 MiB");
    bars.report(Event::Done(&blobs[12], Placed::Sent));
    bars.report(Event::Done(&blobs[0], Placed::Sent));
    let shown = lines(&bars, &terminal);
    assert_eq!(shown.len(), MOST + 1);
    let next = format!("{} 512.00 KiB of 1.00 MiB", short(blobs[8].digest()));
    assert_eq!(shown[MOST - 1], next);
    for blob in &blobs[1..] {
        bars.report(Event::Done(blob, Placed::Sent));
    }
    assert_eq!(lines(&bars, &terminal).len(), 1);
}

#[test]
fn at_the_end_a_line_is_left_and_nothing_else() {
    let (bars, terminal, stdout) = bars();
    let (a, b) = (blob("a", 8 * MIB), blob("b", MIB));
    bars.report(planned(9 * MIB, 2));
    bars.report(Event::Started(&a));
    bars.report(Event::Moved(&a, MIB));
    bars.report(Event::Done(&b, Placed::Mounted));
    bars.finish();
    let left = "1 of 2 blobs: 1 mounted; 0 of 1 manifest";
    assert_eq!(terminal.contents(), left);
    bars.report(Event::Moved(&a, MIB));
    bars.finish();
    drop(bars);
    assert_eq!(terminal.contents(), left);
    assert_eq!(stdout.text(), "");
}

#[test]
fn bars_that_are_dropped_are_taken_away() {
    let (bars, terminal, _) = bars();
    bars.report(planned(MIB, 1));
    bars.report(Event::Started(&blob("a", MIB)));
    assert_eq!(lines(&bars, &terminal).len(), 2);
    drop(bars);
    assert_eq!(terminal.contents(), "");
}

#[test]
fn lines_of_others_do_not_tear_the_bars() {
    let (bars, terminal, _) = bars();
    let output = bars.output.clone();
    bars.report(planned(MIB, 1));
    std::thread::scope(|scope| {
        for name in ["w", "x"] {
            let output = output.clone();
            scope.spawn(move || (0..5).for_each(|_| output.warn(name)));
        }
        let blob = blob("a", MIB);
        bars.report(Event::Started(&blob));
        (0..64).for_each(|_| bars.report(Event::Moved(&blob, MIB / 64)));
    });
    let mut shown = lines(&bars, &terminal);
    let bars = shown.split_off(10);
    shown.sort();
    assert_eq!(shown[..5], ["warning: w"; 5]);
    assert_eq!(shown[5..], ["warning: x"; 5]);
    assert_eq!(
        bars,
        [
            "sha256:ca978112ca1b 1.00 MiB of 1.00 MiB",
            "0 of 1 blob 1.00 MiB of 1.00 MiB",
        ]
    );
}
