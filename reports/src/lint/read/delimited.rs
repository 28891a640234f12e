//! Files with a row a line and a separator between cells.

use super::{Format, Limits, Style, Table, UnreadableTable};
use crate::lint::number::Decimals;

/// Reads the one table of a file.
pub(super) fn read(name: &str, text: &str, format: Format, limits: Limits) -> Result<Table, UnreadableTable> {
    let delimiter = match format {
        Format::Tsv => b'\t',
        _ => separator(text),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut table: Option<Table> = None;
    loop {
        let more = reader.read_record(&mut record).map_err(|error| UnreadableTable::Row {
            name: name.to_owned(),
            line: error.position().map_or(0, csv::Position::line),
            reason: error.to_string(),
        })?;
        if !more {
            break;
        }
        let line = record.position().map_or(0, csv::Position::line) as usize;
        let Some(table) = &mut table else {
            let header = record.iter().map(|cell| cell.trim().to_owned()).collect();
            table = Some(Table::new(Style::Delimited, line, header));
            continue;
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        table.begin_row(line);
        for cell in &record {
            table.push_cell(cell, false);
        }
        if table.cells() > limits.cells {
            let (most, what) = (limits.cells, "cells");
            return Err(UnreadableTable::TooLarge { name: name.to_owned(), most, what });
        }
    }
    let mut table = table.ok_or_else(|| UnreadableTable::Empty { name: name.to_owned() })?;
    if delimiter == b';' && has_decimal_commas(&table) {
        table.decimals = Decimals::Comma;
    }
    Ok(table)
}

/// The separator that the header has most of, outside of quotes.
fn separator(text: &str) -> u8 {
    let mut quoted = false;
    let (mut commas, mut semicolons, mut tabs) = (0, 0, 0);
    for c in text.chars().take_while(|c| *c != '\n') {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => commas += 1,
            ';' if !quoted => semicolons += 1,
            '\t' if !quoted => tabs += 1,
            _ => {}
        }
    }
    if commas >= semicolons && commas >= tabs {
        b','
    } else if semicolons >= tabs {
        b';'
    } else {
        b'\t'
    }
}

/// Whether more cells look like `76,1` than like `76.1`.
fn has_decimal_commas(table: &Table) -> bool {
    let count = |point: char| {
        let is_number = |cell: &str| {
            cell.split_once(point).is_some_and(|(whole, fraction)| {
                let whole = whole.trim_start_matches(['-', '−', '+']);
                [whole, fraction]
                    .iter()
                    .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()) && !part.is_empty())
            })
        };
        let cells = |row| (0..table.width_of(row)).map(move |column| table.cell(row, column));
        (0..table.rows()).flat_map(cells).filter(|cell| is_number(cell)).count()
    };
    count(',') > count('.')
}
