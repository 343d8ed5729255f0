//! A page about one thing: fields, lists and tables below each other, for
//! [`Output::block`](crate::term::output::Output::block).

use crate::term::escape::escape;
use crate::term::table::{Align, line};
use std::fmt;
use unicode_width::UnicodeWidthStr;

const INDENT: &str = "  ";

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
                *width = (*width).max(cell.width());
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

#[cfg(test)]
mod tests {
    use super::*;

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
