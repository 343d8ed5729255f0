//! A page about one thing: fields, lists and tables below each other, for
//! [`Output::block`](crate::term::output::Output::block).

use crate::term::escape::escape;
use std::fmt;
use unicode_width::UnicodeWidthStr;

const INDENT: &str = "  ";
const GAP: &str = "  ";
/// A wider cell does not widen its column: one long text would otherwise come back as spaces on
/// every other row.
const WIDEST: usize = 120;
/// The longest name that is shown, in characters.
const NAME: usize = 80;

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the column's beginning.
    Left,
    /// At its end: numbers.
    Right,
}

/// The beginning of a text, in so many characters.
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A name from outside, such as a platform's, as it is shown.
pub fn name(text: &str) -> String {
    cut(text, NAME)
}

/// A page. Everything put on it is escaped here.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// Adds fields, their values below each other. Those without a value are left out.
    pub fn fields(&mut self, fields: &[(&str, Option<String>)]) {
        let rows = fields.iter().filter_map(|(name, value)| {
            let value = value.clone()?;
            Some(vec![format!("{name}:"), value])
        });
        self.aligned("", &[Align::Left, Align::Left], &rows.collect::<Vec<_>>());
    }

    /// Adds a line.
    pub fn line(&mut self, text: &str) {
        self.0.push_str(&escape(text));
        self.0.push('\n');
    }

    /// Adds a list under a title; an empty one is left out.
    pub fn list(&mut self, title: &str, items: impl IntoIterator<Item = String>) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_some() {
            self.line(&format!("{title}:"));
        }
        for item in items {
            self.0.push_str(INDENT);
            self.line(&item);
        }
    }

    /// Adds an empty line, unless the page is empty.
    pub fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }

    /// Adds a table; one without rows is left out.
    pub fn table(
        &mut self,
        columns: &[(&str, Align)],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) {
        let titles = columns
            .iter()
            .map(|(title, _)| (*title).to_owned())
            .collect();
        let titled: Vec<Vec<String>> = std::iter::once(titles).chain(rows).collect();
        let aligns: Vec<Align> = columns.iter().map(|(_, align)| *align).collect();
        if titled.len() > 1 {
            self.aligned("", &aligns, &titled);
        }
    }

    /// Adds rows whose columns line up, without titles and behind `before`.
    pub fn aligned(&mut self, before: &str, aligns: &[Align], rows: &[Vec<String>]) {
        let escaped = |cells: &Vec<String>| cells.iter().map(|c| escape(c).into_owned()).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(escaped).collect();
        let mut widths = vec![0; aligns.len()];
        for cells in &rows {
            for (width, cell) in widths.iter_mut().zip(cells) {
                let own = Some(cell.width()).filter(|own| *own <= WIDEST);
                *width = (*width).max(own.unwrap_or(0));
            }
        }
        for cells in &rows {
            self.0.push_str(before);
            self.0.push_str(&line(cells, aligns, &widths));
            self.0.push('\n');
        }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One line of columns of these widths. The cells are escaped already.
fn line(cells: &[String], aligns: &[Align], widths: &[usize]) -> String {
    let columns = cells.iter().zip(aligns).zip(widths);
    let padded = columns.map(|((cell, align), width)| {
        let padding = " ".repeat(width.saturating_sub(cell.width()));
        match align {
            Align::Left => format!("{cell}{padding}"),
            Align::Right => format!("{padding}{cell}"),
        }
    });
    let line = padded.collect::<Vec<_>>().join(GAP);
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let mut page = Page::default();
        let rows = [["v1", "9 MiB"], ["大小", "120 MiB"], ["a\tb", ""]];
        let columns = [("TAG", Align::Left), ("SIZE", Align::Right)];
        page.table(&columns, rows.map(|row| row.map(str::to_owned).to_vec()));
        assert_eq!(
            page.to_string(),
            "TAG         SIZE\nv1         9 MiB\n大小     120 MiB\na\\u{9}b\n"
        );
    }

    /// Whoever writes one long name does not make every row as long.
    #[test]
    fn a_huge_cell_takes_its_own_place_alone() {
        let huge = "x".repeat(200_000);
        let rows = (0..3000).map(|_| vec!["short".to_owned(), "end".to_owned()]);
        let rows = rows.chain([vec![huge.clone(), "end".to_owned()]]);
        let mut page = Page::default();
        page.table(&[("NAME", Align::Left), ("", Align::Left)], rows);
        let text = page.to_string();
        assert!(text.len() < 300_000, "{} bytes", text.len());
        assert!(text.contains("\nshort  end\n") && text.ends_with(&format!("{huge}  end\n")));
    }

    #[test]
    fn a_name_is_cut_between_characters() {
        assert_eq!(name("linux/amd64"), "linux/amd64");
        assert_eq!(name(&"大".repeat(100)), format!("{}…", "大".repeat(80)));
    }

    #[test]
    fn a_page_lines_up_and_is_escaped() {
        let mut page = Page::default();
        page.gap();
        page.fields(&[
            ("name", Some("a\nb".to_owned())),
            ("gone", None),
            ("digest", Some("x".to_owned())),
        ]);
        page.list("none", []);
        page.list("labels", ["a=\u{1b}[1m".to_owned()]);
        page.gap();
        let columns = [("SIZE", Align::Right), ("BY", Align::Left)];
        page.table(&columns, [vec!["1 B".to_owned(), "run\r".to_owned()]]);
        page.table(&columns, []);
        assert_eq!(
            page.to_string(),
            "name:    a\\u{a}b\ndigest:  x\nlabels:\n  a=\\u{1b}[1m\n\nSIZE  BY\n 1 B  run\\u{d}\n"
        );
    }
}
