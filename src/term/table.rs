//! Columns that line up, for lists that may be long: only the first rows are held back to measure
//! them, later ones flow and widen a column if they must.

use crate::term::escape::escape;
use crate::term::output::{Output, WriteError};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// A row of a table: `Serialize` for programs, cells for people.
pub trait Cells: Serialize {
    /// One text for each column. Not escaped: the table does that.
    fn cells(&self) -> Vec<String>;
}

/// Where the text of a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the column's beginning.
    Left,
    /// At its end: numbers.
    Right,
}

/// How many rows are held back at most.
const WINDOW: usize = 100;

const GAP: &str = "  ";

/// A table on stdout. With `--json` it is a list of objects.
pub struct Table<'a> {
    output: &'a Output,
    aligns: Vec<Align>,
    widths: Vec<usize>,
    /// The titles until they are laid out with the first row.
    titles: Option<Vec<String>>,
    held: Vec<Vec<String>>,
    measured: bool,
}

impl<'a> Table<'a> {
    /// A table with these columns, each under its title. The line of titles is left out where
    /// there are no rows, or no titles.
    pub fn new(output: &'a Output, columns: &[(&str, Align)]) -> Self {
        output.list();
        let titles = columns.iter().map(|(title, _)| (*title).to_owned());
        Self {
            output,
            aligns: columns.iter().map(|(_, align)| *align).collect(),
            widths: vec![0; columns.len()],
            titles: Some(titles.collect())
                .filter(|titles: &Vec<_>| titles.iter().any(|title: &String| !title.is_empty())),
            held: Vec::new(),
            measured: false,
        }
    }

    /// Adds a row.
    pub fn row(&mut self, row: &impl Cells) -> Result<(), WriteError> {
        if self.output.settings().json {
            return self.output.element(row);
        }
        self.held.extend(self.titles.take());
        let cells = row.cells();
        let escaped = cells.iter().map(|cell| escape(cell).into_owned());
        self.held.push(escaped.collect());
        if self.measured || self.held.len() > WINDOW {
            self.print()?;
        }
        Ok(())
    }

    /// Shows every row so far, such as when a page of a list has come in and the next is awaited.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        self.print()?;
        self.output.flush()
    }

    /// Shows every row. A table that is dropped does so too, but cannot say that it failed.
    pub fn finish(mut self) -> Result<(), WriteError> {
        self.flush()
    }

    fn print(&mut self) -> Result<(), WriteError> {
        let rows = std::mem::take(&mut self.held);
        self.measured |= !rows.is_empty();
        for cells in &rows {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.width());
            }
        }
        rows.iter().try_for_each(|cells| {
            let line = line(cells, &self.aligns, &self.widths);
            self.output.laid_out(&line)
        })
    }
}

/// One line of a table with columns of these widths. The cells are escaped already.
pub(super) fn line(cells: &[String], aligns: &[Align], widths: &[usize]) -> String {
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

impl Drop for Table<'_> {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::term::captured::captured;
    use crate::term::output::Settings;

    #[derive(Serialize)]
    struct Image {
        tag: String,
        size: String,
    }

    impl Cells for Image {
        fn cells(&self) -> Vec<String> {
            vec![self.tag.clone(), self.size.clone(), String::new()]
        }
    }

    fn image(tag: &str, size: &str) -> Image {
        Image {
            tag: tag.into(),
            size: size.into(),
        }
    }

    const COLUMNS: &[(&str, Align)] = &[
        ("TAG", Align::Left),
        ("SIZE", Align::Right),
        ("NOTE", Align::Left),
    ];

    fn printed(json: bool, columns: &[(&str, Align)], images: &[Image]) -> String {
        let (output, stdout, stderr) = captured(Settings {
            json,
            ..Settings::default()
        });
        let mut table = Table::new(&output, columns);
        for image in images {
            table.row(image).unwrap();
        }
        table.finish().unwrap();
        output.finish().unwrap();
        assert_eq!(stderr.text(), "");
        stdout.text()
    }

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let images = [
            image("v1", "9 MiB"),
            image("大小", "120 MiB"),
            image("a\tb", ""),
        ];
        assert_eq!(
            printed(false, COLUMNS, &images),
            "TAG         SIZE  NOTE\n\
             v1         9 MiB\n\
             大小     120 MiB\n\
             a\\u{9}b\n"
        );
        let untitled = [("", Align::Left), ("", Align::Right)];
        assert_eq!(
            printed(false, &untitled, &images[..2]),
            "v1      9 MiB\n大小  120 MiB\n"
        );
    }

    #[test]
    fn an_empty_table_has_no_titles() {
        assert_eq!(printed(false, COLUMNS, &[]), "");
        assert_eq!(printed(true, COLUMNS, &[]), "[]\n");
    }

    #[test]
    fn in_json_a_table_is_a_list() {
        assert_eq!(
            printed(true, COLUMNS, &[image("v1", "9")]),
            "[\n{\"tag\":\"v1\",\"size\":\"9\"}\n]\n"
        );
    }

    #[test]
    fn rows_are_held_back_only_until_they_can_be_measured() {
        let (output, stdout, _) = captured(Settings::default());
        let mut table = Table::new(&output, &[("", Align::Left), ("", Align::Left)]);
        table.row(&image("v1", "x")).unwrap();
        assert_eq!(stdout.text(), "");
        table.flush().unwrap();
        assert_eq!(stdout.text(), "v1  x\n");
        table.row(&image("longer", "x")).unwrap();
        table.row(&image("v2", "x")).unwrap();
        drop(table);
        assert_eq!(stdout.text(), "v1  x\nlonger  x\nv2      x\n");
    }

    #[test]
    fn a_long_table_holds_back_its_first_rows_only() {
        let (output, _, _) = captured(Settings::default());
        let mut table = Table::new(&output, COLUMNS);
        for _ in 0..10 * WINDOW {
            table.row(&image("v1", "x")).unwrap();
            assert!(table.held.len() <= WINDOW);
        }
    }
}
