//! Rows that are means or deviations of other rows.

use std::collections::HashMap;

use crate::lint::claims::{Sureness, Way, hold};
use crate::lint::finding::Log;
use crate::lint::number::Number;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::{Kind, Sheet};

use super::{KINDS, deviation};

/// Most parts whose cells are told.
const MOST_TOLD: usize = 8;

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    let sums = |kind: Kind| (0..sheet.table.rows()).any(|row| sheet.kinds[row] == kind);
    if sums(Kind::Mean) {
        means(sheet, log);
    }
    if sums(Kind::Deviation) {
        deviations(sheet, log);
    }
    log.could_not("mean-of-rows", "no row is called a mean of other rows");
}

/// The rows that each row of that kind sums up.
fn parts(sheet: &Sheet, kind: Kind) -> Vec<Vec<usize>> {
    let summed = [Role::Dataset, Role::Seed, Role::Scope];
    let about = super::super::seeds::about(sheet);
    let mut parts = vec![Vec::new(); sheet.table.rows()];
    // A row may be a mean over tasks, over seeds, or over both.
    let mut by_columns: HashMap<Vec<usize>, Vec<usize>> = HashMap::new();
    for row in (0..sheet.table.rows()).filter(|row| sheet.kinds[*row] == kind) {
        let mut fixed: Vec<usize> =
            about.iter().copied().filter(|it| !summed.contains(&sheet.columns[*it].role)).collect();
        for role in [Role::Dataset, Role::Seed] {
            let column = sheet.first(role).filter(|column| is_part(sheet.table.cell(row, *column)));
            fixed.extend(column);
        }
        by_columns.entry(fixed).or_default().push(row);
    }
    for (columns, rows) in by_columns {
        let groups = sheet.group_ids(&columns, true);
        let mut of: HashMap<u32, Vec<usize>> = HashMap::new();
        for row in (0..sheet.table.rows()).filter(|row| sheet.is_result(*row)) {
            of.entry(groups[row]).or_default().push(row);
        }
        for row in rows {
            // Of several rows of means about the same, the later ones are not checked, since each would walk through all of its parts again.
            parts[row] = of.remove(&groups[row]).unwrap_or_default();
        }
    }
    parts
}

/// Whether a cell names one task or seed, and not what was summed up.
fn is_part(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    let sums = ["mean", "average", "avg", "overall", "std", "sd", "stdev", "±"];
    !cell.is_empty() && !sums.iter().any(|word| cell.trim_end_matches('.').starts_with(word))
}

fn cells(sheet: &Sheet, rows: &[usize], column: usize) -> String {
    let cells: Vec<&str> = rows.iter().take(MOST_TOLD).map(|row| sheet.table.cell(*row, column)).collect();
    let more =
        if rows.len() > MOST_TOLD { format!(" and {} more", rows.len() - MOST_TOLD) } else { String::new() };
    format!("{}{more}", cells.join(", "))
}

fn means(sheet: &Sheet, log: &mut Log) {
    let parts = parts(sheet, Kind::Mean);
    for column in 0..sheet.columns.len() {
        if !matches!(
            sheet.columns[column].role,
            Role::Score | Role::Mean | Role::Delta | Role::Base | Role::AverageRank
        ) {
            continue;
        }
        let parts = &parts;
        let way = Way::new(
            move |row| {
                let cells: Option<Vec<Range>> =
                    parts[row].iter().map(|part| sheet.fraction(*part, column)).collect();
                Range::mean(&cells?)
            },
            move |row| format!("the mean of {} is", cells(sheet, &parts[row], column)),
        );
        hold(log, "mean-of-rows", sheet, column, &[way], Sureness::Named);
    }
}

fn deviations(sheet: &Sheet, log: &mut Log) {
    let parts = parts(sheet, Kind::Deviation);
    for column in 0..sheet.columns.len() {
        if !matches!(sheet.columns[column].role, Role::Score | Role::Mean) {
            continue;
        }
        let parts = &parts;
        let factor = if sheet.columns[column].percent { 0.01 } else { 1.0 };
        let ways: Vec<Way> = KINDS
            .iter()
            .map(|kind| {
                Way::new(
                    move |row| {
                        let numbers: Option<Vec<Number>> =
                            parts[row].iter().map(|part| sheet.number(*part, column)).collect();
                        Some(deviation(&numbers?, *kind)?.times(factor))
                    },
                    move |row| format!("the {} of {} is", kind.words(), cells(sheet, &parts[row], column)),
                )
            })
            .collect();
        hold(log, "spread", sheet, column, &ways, Sureness::Named);
    }
}
