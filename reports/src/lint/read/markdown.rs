//! Tables of Markdown, as GitHub draws them.
//!
//! A parser of Markdown would give a table with as many cells in each row as the header has, and that rows have too many or
//! too few is one of the things to find. The grammar of these tables is small: bars split cells, a backslash takes a
//! bar's power, nothing else does.

use super::words::{marked, plain};
use super::{Limits, Style, Table};

/// Whether a text has a table.
pub(super) fn has_table(text: &str) -> bool {
    let mut before = "";
    for line in text.lines().take(10_000) {
        if dashes(line).is_some() && before.contains('|') {
            return true;
        }
        before = line;
    }
    false
}

/// Reads all tables outside of code. `Err` says what there are too many of.
pub(super) fn read(text: &str, limits: Limits) -> Result<Vec<Table>, &'static str> {
    let mut tables: Vec<Table> = Vec::new();
    let (mut open, mut before, mut title) = (false, "", String::new());
    let mut fence: Option<&str> = None;
    let mut cells = 0;
    for (index, line) in text.lines().enumerate() {
        let line = unquoted(line);
        if let Some(mark) = fence {
            if line.trim_start().starts_with(mark) {
                fence = None;
            }
            continue;
        }
        if let Some(mark) = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark)) {
            (fence, open, before) = (Some(mark), false, "");
            continue;
        }
        if let Some(table) = tables.last_mut().filter(|_| open) {
            if line.contains('|') {
                add_row(table, index + 1, line);
                cells += table.width_of(table.rows() - 1);
                if is_empty(table) {
                    table.drop_row();
                }
                if cells > limits.cells {
                    return Err("cells");
                }
                continue;
            }
            open = false;
        } else if let Some(count) = dashes(line).filter(|_| before.contains('|')) {
            let header = split(before).map(|cell| plain(&cell)).collect();
            let mut table = Table::new(Style::Markdown, index, header);
            (table.title, table.dashes) = (title.clone(), Some(count));
            tables.push(table);
            (open, before) = (true, "");
            if tables.len() > limits.tables {
                return Err("tables");
            }
            continue;
        }
        if line.starts_with('#') {
            title = plain(line.trim_start_matches('#'));
        }
        before = line;
    }
    Ok(tables)
}

/// A line without the marks of quotes before it.
fn unquoted(line: &str) -> &str {
    let mut line = line;
    while let Some(rest) = line.trim_start().strip_prefix('>') {
        line = rest;
    }
    line
}

/// How many cells a line of dashes has, if it is one.
fn dashes(line: &str) -> Option<usize> {
    let line = line.trim();
    if !line.contains('|') || line.contains(|c: char| !matches!(c, '|' | '-' | ':' | ' ' | '\t')) {
        return None;
    }
    let mut count = 0;
    for cell in split(line) {
        let inner = cell.strip_prefix(':').unwrap_or(&cell);
        let inner = inner.strip_suffix(':').unwrap_or(inner);
        if inner.is_empty() || inner.contains(|c| c != '-') {
            return None;
        }
        count += 1;
    }
    Some(count)
}

/// The cells of a line, trimmed, without the bars around it.
fn split(line: &str) -> impl Iterator<Item = String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        let last = cells.len() - 1;
        match c {
            '|' if !escaped => cells.push(String::new()),
            // Other escapes are left for who reads the cell.
            '|' => {
                cells[last].pop();
                cells[last].push('|');
            }
            _ => cells[last].push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    if cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.into_iter().map(|cell| cell.trim().to_owned())
}

fn add_row(table: &mut Table, line: usize, text: &str) {
    table.begin_row(line);
    for cell in split(text) {
        let (text, bold) = marked(&cell);
        table.push_cell(&text, bold);
    }
}

/// Whether the last row has nothing in it.
fn is_empty(table: &Table) -> bool {
    let row = table.rows() - 1;
    (0..table.width_of(row)).all(|column| table.cell(row, column).is_empty())
}
