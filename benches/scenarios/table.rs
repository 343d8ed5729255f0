//! The table, in Markdown.

use crate::measure::{Figures, Row};
use crate::registry::Counts;
use crate::tools::OURS;
use std::time::Duration;

const HEAD: &str = "\
| case | round trip | tool | wall | | cpu | | peak memory | requests: source + destination | connections |
| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |
";

/// One line for each tool in each case, with ratios to crossdock in the same case.
pub(crate) fn render(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| {
        let ours = rows
            .iter()
            .find(|other| other.tool == OURS && other.case == row.case && other.delay == row.delay);
        let (case, delay, tool) = (&row.case, row.delay, &row.tool);
        let rest = match &row.figures {
            Ok(figures) => cells(figures, ours.and_then(|row| row.figures.as_ref().ok())),
            Err(error) => format!("failed: {}", escaped(&format!("{error:#}"))),
        };
        format!("| {case} | {delay} ms | {tool} | {rest} |\n")
    });
    format!("\n{HEAD}{}", lines.collect::<String>())
}

fn cells(figures: &Figures, ours: Option<&Figures>) -> String {
    let (own, ours) = (&figures.median, ours.map(|ours| ours.median));
    let [source, destination] = figures.requests.each_ref().map(counts);
    let connections = figures.connections.map(|count| count.to_string());
    [
        time(own.wall),
        ratio(own.wall, ours.map(|ours| ours.wall)),
        time(own.cpu),
        ratio(own.cpu, ours.map(|ours| ours.cpu)),
        memory(own.peak),
        format!("{source} + {destination}"),
        connections.unwrap_or_default(),
    ]
    .join(" | ")
}

fn time(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 20.0 {
        format!("{millis:.1} ms")
    } else {
        format!("{millis:.0} ms")
    }
}

fn memory(bytes: u64) -> String {
    let tenths = bytes * 10 / (1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

fn ratio(own: Duration, ours: Option<Duration>) -> String {
    let ours = ours.filter(|ours| !ours.is_zero());
    let ratio = ours.map(|ours| own.as_secs_f64() / ours.as_secs_f64());
    ratio.map_or_else(String::new, |ratio| format!("{ratio:.2} ×"))
}

/// `43 (42 GET, 1 HEAD)`.
fn counts(counts: &Counts) -> String {
    let all: usize = counts.values().sum();
    if counts.len() < 2 {
        let method = counts.keys().next();
        return method.map_or_else(|| "0".to_owned(), |method| format!("{all} {method}"));
    }
    let each = counts
        .iter()
        .map(|(method, count)| format!("{count} {method}"));
    format!("{all} ({})", each.collect::<Vec<_>>().join(", "))
}

fn escaped(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('|', "\\|").chars().take(300).collect()
}
