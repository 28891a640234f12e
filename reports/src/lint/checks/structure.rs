//! The form of a table: cells, names, numbers, decimals.

use std::collections::BTreeMap;

use super::number_of;
use crate::lint::finding::Log;
use crate::lint::number::{Number, Reading};
use crate::lint::role::Role;
use crate::lint::sheet::{Kind, Sheet};
use crate::lint::table::Style;

/// Decimals that people write at the most; what has more was written by a program, which writes as many as it needs.
const DIGITS_OF_PEOPLE: u8 = 6;

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    cells(sheet, log);
    names(sheet, log);
    numbers(sheet, log);
}

fn cells(sheet: &Sheet, log: &mut Log) {
    let columns = sheet.table.columns();
    let names = || number_of(columns, "name", "names");
    if let Some(dashes) = sheet.table.dashes.filter(|it| *it != columns) {
        log.header("cell-count", sheet, None, || {
            format!(
                "the header has {}, the line of dashes below it {}",
                names(),
                number_of(dashes, "cell", "cells")
            )
        });
    }
    log.ran("cell-count", sheet.table.rows());
    for row in (0..sheet.table.rows()).filter(|row| sheet.kinds[*row] == Kind::Ragged) {
        let width = sheet.table.width_of(row);
        log.row("cell-count", sheet, row, || {
            format!("the row has {}, the header {}", number_of(width, "cell", "cells"), names())
        });
    }
}

fn names(sheet: &Sheet, log: &mut Log) {
    let held = |column: usize| {
        (0..sheet.table.rows())
            .filter(move |row| sheet.holds(*row))
            .map(move |row| sheet.table.cell(row, column))
    };
    log.ran("empty-column", sheet.columns.len());
    log.ran("repeated-column", sheet.columns.len());
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (index, column) in sheet.columns.iter().enumerate() {
        let name = column.name.trim().to_lowercase();
        if name.is_empty() {
            // A first column without a name is a column of names.
            if index > 0 && held(index).all(str::is_empty) {
                let place = number_of(index + 1, "", "");
                log.header("empty-column", sheet, Some(index), || {
                    format!(
                        "column {}has no name and no cell: a separator too many at the end of the header?",
                        place
                    )
                });
            }
            continue;
        }
        match first.get(&name) {
            // Names of which nothing is known may stand below others that tell them apart.
            Some(other)
                if column.role != Role::Other
                    && column.role != Role::Label
                    && held(index).ne(held(*other)) =>
            {
                let places = (other + 1, index + 1);
                log.header("repeated-column", sheet, Some(index), || {
                    format!("columns {} and {} are both called so, and differ", places.0, places.1)
                });
            }
            Some(_) => {}
            None => {
                first.insert(name, index);
            }
        }
    }
}

fn numbers(sheet: &Sheet, log: &mut Log) {
    let mut looked = 0;
    for (index, column) in sheet.columns.iter().enumerate().filter(|(_, column)| !column.readings.is_empty())
    {
        looked += column.readings.len();
        for (row, _) in column.readings.iter().enumerate().filter(|(_, it)| **it == Reading::Broken) {
            log.cell("not-a-number", sheet, row, index, || advice(sheet.table.cell(row, index)));
        }
    }
    if looked == 0 {
        log.could_not("not-a-number", "no column has numbers");
    } else {
        log.ran("not-a-number", looked);
    }
}

/// What may have been meant.
fn advice(cell: &str) -> String {
    let digits = |c: char| match c {
        'O' | 'o' => '0',
        'l' | 'I' => '1',
        'S' => '5',
        'B' => '8',
        other => other,
    };
    let meant: String = cell.chars().map(digits).collect();
    let readable =
        |text: &str| matches!(crate::lint::number::read(text, Default::default()), Reading::Number(_));
    let point = cell.replace(',', ".");
    if cell.eq_ignore_ascii_case("nan") || cell.to_lowercase().contains("inf") {
        format!("{cell} is no result; leave the cell empty, or say what happened")
    } else if meant != cell && readable(&meant) {
        format!("has a letter for a digit; {meant}?")
    } else if point != cell && readable(&point) {
        format!("has a comma for a point; {point}?")
    } else {
        "cannot be read as a number".to_owned()
    }
}

/// Numbers of decimals.
pub(super) fn precision(sheet: &Sheet, log: &mut Log) {
    let id = "mixed-precision";
    let roles = [Role::Score, Role::Mean, Role::Base, Role::Delta, Role::Sparsity, Role::AverageRank];
    let mut looked = 0;
    for (index, column) in sheet.columns.iter().enumerate().filter(|(_, it)| roles.contains(&it.role)) {
        let numbers: Vec<(usize, Number)> =
            column.readings.iter().enumerate().filter_map(|(row, it)| Some((row, it.number()?))).collect();
        // A program that writes 0.5 for 0.50 leaves no zero at the end of any number.
        let drops_zeros =
            sheet.table.style == Style::Delimited && !numbers.iter().any(|(_, it)| it.ends_in_zero);
        let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
        for (_, number) in &numbers {
            *counts.entry(number.decimals).or_default() += 1;
        }
        let Some((most, count)) = counts.iter().max_by_key(|(_, count)| **count).map(|(a, b)| (*a, *b))
        else {
            continue;
        };
        if numbers.len() < 3
            || count * 5 < numbers.len() * 3
            || most > 4
            || counts.keys().any(|it| *it > DIGITS_OF_PEOPLE)
        {
            continue;
        }
        looked += numbers.len();
        let odd: Vec<&(usize, Number)> = numbers
            .iter()
            .filter(|(_, it)| it.decimals > most || (it.decimals < most && !drops_zeros))
            .collect();
        if let Some((row, number)) = odd.first() {
            let (row, decimals) = (*row, number.decimals);
            log.cell(id, sheet, row, index, || {
                let most = number_of(usize::from(most), "decimal", "decimals");
                let more =
                    if odd.len() > 1 { format!(", and {} more", odd.len() - 1) } else { String::new() };
                format!("{count} of {} cells have {most}, this one {decimals}{more}", numbers.len())
            });
        }
    }
    if looked == 0 {
        log.could_not(id, "no column of scores has a usual number of decimals");
    } else {
        log.ran(id, looked);
    }
}
