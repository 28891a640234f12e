//! A table as it was read: cells with their lines, before anything is known of their meaning.

use super::number::Decimals;

/// How a table was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Cells between separators, a row a line.
    Delimited,
    /// Cells between bars, below a heading.
    Markdown,
}

/// A table. All cells share one text, since a table may have millions of them.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// How it was written.
    pub(crate) style: Style,
    /// Decimal separator of its numbers.
    pub(crate) decimals: Decimals,
    /// The heading above it; empty if there is none.
    pub(crate) title: String,
    /// Line of the header, from 1.
    pub(crate) line: usize,
    /// Names of the columns.
    pub(crate) header: Vec<String>,
    /// Cells of the line of dashes below the header of a Markdown table.
    pub(crate) dashes: Option<usize>,
    rows: Vec<RowAt>,
    cells: Vec<CellAt>,
    text: String,
}

#[derive(Clone, Copy, Debug)]
struct RowAt {
    line: u32,
    first: u32,
    cells: u32,
}

#[derive(Clone, Copy, Debug)]
struct CellAt {
    start: u32,
    end: u32,
    bold: bool,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(style: Style, line: usize, header: Vec<String>) -> Table {
        let (decimals, title) = (Decimals::Point, String::new());
        let (rows, cells, text) = Default::default();
        Table { style, decimals, title, line, header, dashes: None, rows, cells, text }
    }

    /// Begins a row.
    pub(crate) fn begin_row(&mut self, line: usize) {
        let first = self.cells.len() as u32;
        self.rows.push(RowAt { line: line as u32, first, cells: 0 });
    }

    /// Adds a cell to the last row.
    pub(crate) fn push_cell(&mut self, text: &str, bold: bool) {
        let start = self.text.len() as u32;
        self.text.push_str(text.trim());
        self.cells.push(CellAt { start, end: self.text.len() as u32, bold });
        if let Some(row) = self.rows.last_mut() {
            row.cells += 1;
        }
    }

    /// Takes the last row away again.
    pub(crate) fn drop_row(&mut self) {
        if let Some(row) = self.rows.pop() {
            self.cells.truncate(row.first as usize);
        }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Number of columns that the header names.
    pub(crate) fn columns(&self) -> usize {
        self.header.len()
    }

    /// Cells of all rows.
    pub(crate) fn cells(&self) -> usize {
        self.cells.len()
    }

    /// Line of a row, from 1.
    pub(crate) fn line_of(&self, row: usize) -> usize {
        self.rows[row].line as usize
    }

    /// How many cells a row has.
    pub(crate) fn width_of(&self, row: usize) -> usize {
        self.rows[row].cells as usize
    }

    /// Text of a cell; empty where the row has none.
    pub(crate) fn cell(&self, row: usize, column: usize) -> &str {
        self.at(row, column).map_or("", |at| &self.text[at.start as usize..at.end as usize])
    }

    /// Whether a cell is marked as the best.
    pub(crate) fn is_bold(&self, row: usize, column: usize) -> bool {
        self.at(row, column).is_some_and(|at| at.bold)
    }

    fn at(&self, row: usize, column: usize) -> Option<CellAt> {
        let row = self.rows[row];
        (column < row.cells as usize).then(|| self.cells[row.first as usize + column])
    }
}
