//! Repetitions: whether all rows have the same, and whether ranks rest on more than one.

use std::collections::{BTreeMap, BTreeSet};

use super::number_of;
use crate::lint::finding::Log;
use crate::lint::role::Role;
use crate::lint::sheet::Sheet;

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    labels(sheet, log);
    counts(sheet, log);
    single(sheet, log);
    log.could_not("seed-count", "no column of seeds, nor of their number");
}

/// What rows with and without repetitions are about: the key but for the seeds.
pub(super) fn about(sheet: &Sheet) -> Vec<usize> {
    if !sheet.keys.key.is_empty() {
        return sheet.keys.key.iter().copied().filter(|it| sheet.columns[*it].role != Role::Seed).collect();
    }
    let asked = sheet.first(Role::Keep).or_else(|| sheet.first(Role::Requested)).is_some();
    let roles =
        [Role::Method, Role::Network, Role::Dataset, Role::Scope, Role::Label, Role::Keep, Role::Requested];
    (0..sheet.columns.len())
        .filter(|it| {
            roles.contains(&sheet.columns[*it].role) || (!asked && sheet.columns[*it].role == Role::Sparsity)
        })
        .collect()
}

/// Whether so few of all have something that it is an oversight: fewer than one in twenty, or a single one among equals.
fn are_few(count: usize, usual: usize, all: usize) -> bool {
    count < usual && (count * 20 < all || (count == 1 && all >= 4 && usual == all - 1))
}

/// Rows of single seeds.
fn labels(sheet: &Sheet, log: &mut Log) {
    let id = "seed-count";
    let Some(seed) = sheet.first(Role::Seed) else { return };
    let groups = sheet.group_ids(&about(sheet), true);
    let mut cells: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for row in (0..sheet.table.rows()).filter(|row| sheet.is_result(*row)) {
        cells.entry(groups[row]).or_default().push(row);
    }
    log.ran(id, cells.len());
    let labels =
        |rows: &[usize]| -> BTreeSet<&str> { rows.iter().map(|row| sheet.table.cell(*row, seed)).collect() };
    let (mut by_count, mut by_label): (BTreeMap<usize, usize>, BTreeMap<&str, usize>) = Default::default();
    for rows in cells.values() {
        let labels = labels(rows);
        *by_count.entry(labels.len()).or_default() += 1;
        labels.into_iter().for_each(|label| *by_label.entry(label).or_default() += 1);
    }
    let Some((usual, cells_with)) = by_count.iter().max_by_key(|(_, cells)| **cells).map(|(a, b)| (*a, *b))
    else {
        return;
    };
    let most = by_label.values().copied().max().unwrap_or(0);
    for rows in cells.values() {
        let own = labels(rows);
        let is_odd = |label: &str| are_few(by_label[label], most, cells.len());
        let stranger = rows.iter().find(|row| is_odd(sheet.table.cell(**row, seed)));
        let has_odd_count = own.len() != usual && are_few(by_count[&own.len()], cells_with, cells.len());
        if !has_odd_count && stranger.is_none() {
            continue;
        }
        let row = stranger.copied().unwrap_or(if own.len() > usual { rows[rows.len() - 1] } else { rows[0] });
        log.cell(id, sheet, row, seed, || {
            let seeds =
                |labels: &BTreeSet<&str>| labels.iter().take(8).copied().collect::<Vec<_>>().join(", ");
            let has = format!(
                "{} has {} here ({})",
                sheet.who(row),
                number_of(own.len(), "seed", "seeds"),
                seeds(&own)
            );
            if has_odd_count {
                format!("{has}; {cells_with} of {} such cells have {usual}", cells.len())
            } else {
                format!("{has}; seed {} is in no other cell, or in few", sheet.table.cell(row, seed))
            }
        });
    }
}

/// Numbers of seeds.
fn counts(sheet: &Sheet, log: &mut Log) {
    let id = "seed-count";
    for column in sheet.of(Role::Seeds) {
        let rows: Vec<(usize, u64)> = (0..sheet.table.rows())
            .filter(|row| sheet.is_result(*row))
            .filter_map(|row| Some((row, sheet.number(row, column)?.value.max(0.0) as u64)))
            .collect();
        log.ran(id, rows.len());
        let mut by_count: BTreeMap<u64, usize> = BTreeMap::new();
        rows.iter().for_each(|(_, count)| *by_count.entry(*count).or_default() += 1);
        let Some((usual, with)) = by_count.iter().max_by_key(|(_, rows)| **rows).map(|(a, b)| (*a, *b))
        else {
            continue;
        };
        for (row, count) in &rows {
            if *count != usual && are_few(by_count[count], with, rows.len()) {
                log.cell(id, sheet, *row, column, || {
                    format!("{count} here, and {usual} in {with} of {} rows", rows.len())
                });
            }
        }
    }
}

fn single(sheet: &Sheet, log: &mut Log) {
    let id = "single-seed-rank";
    let Some(rank) = sheet.first(Role::Rank) else {
        log.could_not(id, "no column of ranks");
        return;
    };
    let Some(seeds) = sheet.first(Role::Seeds) else {
        log.could_not(id, "no column says how many seeds are behind a row");
        return;
    };
    let tied = |row: usize| {
        sheet.number(row, rank).is_some_and(|it| it.tied)
            || sheet
                .first(Role::Tied)
                .is_some_and(|it| sheet.table.cell(row, it).eq_ignore_ascii_case("true"))
    };
    let ranked: Vec<usize> = (0..sheet.table.rows())
        .filter(|row| {
            sheet.holds(*row) && sheet.number(*row, rank).is_some() && sheet.number(*row, seeds).is_some()
        })
        .collect();
    log.ran(id, ranked.len());
    let single: Vec<usize> = ranked
        .iter()
        .copied()
        .filter(|row| !tied(*row) && sheet.number(*row, seeds).is_some_and(|it| it.value <= 1.0))
        .collect();
    if let Some(first) = single.first().filter(|_| ranked.len() > 1) {
        log.cell(id, sheet, *first, seeds, || {
            let (single, all) = (single.len(), ranked.len());
            format!("{single} of {all} ranked rows have one seed; another seed may well turn their order")
        });
    }
}
