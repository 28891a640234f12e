//! From the bytes of a file to tables.

mod delimited;
mod markdown;
mod words;

use super::table::{Style, Table};

/// Largest file that is read, in bytes.
pub const MOST_BYTES: usize = 64 << 20;
/// Most cells of a file. With what is known of each, they take some hundred megabytes.
const MOST_CELLS: usize = 6_000_000;
/// Most columns of a table.
const MOST_COLUMNS: usize = 1000;
/// Most tables of a file.
const MOST_TABLES: usize = 2000;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Cells between commas or semicolons.
    Csv,
    /// Cells between tabs.
    Tsv,
    /// Any number of tables between bars, and other text.
    Markdown,
}

impl Format {
    /// What the end of a file's name says.
    fn of_name(name: &str) -> Option<Format> {
        let end = name.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase())?;
        match end.as_str() {
            "csv" => Some(Format::Csv),
            "tsv" | "tab" => Some(Format::Tsv),
            "md" | "markdown" | "mdown" => Some(Format::Markdown),
            _ => None,
        }
    }

    /// What the text looks like.
    fn of_text(text: &str) -> Format {
        if markdown::has_table(text) {
            return Format::Markdown;
        }
        let first = text.lines().next().unwrap_or_default();
        if first.matches('\t').count() > first.matches([',', ';']).count() {
            Format::Tsv
        } else {
            Format::Csv
        }
    }
}

/// Why a file cannot be looked at.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableTable {
    /// There is nothing in it.
    #[error("{name} is empty; give a CSV, TSV or Markdown file with a table")]
    Empty {
        /// The file.
        name: String,
    },
    /// It is no text in UTF-8.
    #[error("{name} is not text in UTF-8 (byte {at}); give a CSV, TSV or Markdown file, saved as UTF-8")]
    NotText {
        /// The file.
        name: String,
        /// The first byte that is none, from 0.
        at: usize,
    },
    /// It is too large.
    #[error("{name} has more than {most} {what}; cut it into smaller tables")]
    TooLarge {
        /// The file.
        name: String,
        /// How many may be.
        most: usize,
        /// Bytes, cells, columns or tables.
        what: &'static str,
    },
    /// There is no table.
    #[error("{name} has no table: {reason}")]
    NoTable {
        /// The file.
        name: String,
        /// What was looked for.
        reason: &'static str,
    },
    /// A row that cannot be taken apart.
    #[error("{name}:{line}: {reason}")]
    Row {
        /// The file.
        name: String,
        /// Its line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// Reads all tables of a file. Its name tells the format, or the text does.
pub(crate) fn tables(
    name: &str,
    bytes: &[u8],
    format: Option<Format>,
) -> Result<Vec<Table>, UnreadableTable> {
    let too_large = |most, what| UnreadableTable::TooLarge { name: name.to_owned(), most, what };
    if bytes.len() > MOST_BYTES {
        return Err(too_large(MOST_BYTES, "bytes"));
    }
    let not_text = |at| UnreadableTable::NotText { name: name.to_owned(), at };
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(not_text(at));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| not_text(error.valid_up_to()))?;
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Err(UnreadableTable::Empty { name: name.to_owned() });
    }
    let no_table = |reason| UnreadableTable::NoTable { name: name.to_owned(), reason };
    let format = format.or_else(|| Format::of_name(name)).unwrap_or_else(|| Format::of_text(text));
    let limits = Limits { cells: MOST_CELLS, tables: MOST_TABLES };
    let tables = match format {
        Format::Markdown => markdown::read(text, limits).map_err(|what| too_large(limits.of(what), what))?,
        Format::Csv | Format::Tsv => vec![delimited::read(name, text, format, limits)?],
    };
    if tables.is_empty() {
        return Err(no_table("no line of dashes and bars such as `|---|---|` below a line of names"));
    }
    if tables.iter().all(|table| table.columns() < 2) {
        return Err(no_table(
            "its first line has one column; cells are separated by commas, semicolons or tabs",
        ));
    }
    if tables.iter().any(|table| table.columns() > MOST_COLUMNS) {
        return Err(too_large(MOST_COLUMNS, "columns"));
    }
    Ok(tables)
}

/// How much of a file is taken.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    cells: usize,
    tables: usize,
}

impl Limits {
    fn of(self, what: &str) -> usize {
        if what == "cells" { self.cells } else { self.tables }
    }
}

#[cfg(test)]
mod tests;
