//! Places in a ranking against scores.

mod average;
mod order;

use std::collections::BTreeMap;

use super::{groupings, groups};
use crate::lint::finding::Log;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::Sheet;

/// Rows that share a place with unequal scores before they are taken for groups of rows that cannot be told apart.
const SHARED_PLACES: usize = 3;

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    average::check(sheet, log);
    let Some(rank) = sheet.first(Role::Rank) else {
        for id in ["rank-order", "rank-sequence"] {
            log.could_not(id, "no column of ranks");
        }
        order::rows(sheet, log);
        return;
    };
    log.could_not("row-order", "there is a column of ranks");
    let ranked: Vec<bool> =
        (0..sheet.table.rows()).map(|row| sheet.holds(row) && sheet.number(row, rank).is_some()).collect();
    if !ranked.contains(&true) {
        for id in ["rank-order", "rank-sequence"] {
            log.could_not(id, "no row has a rank");
        }
        return;
    }
    // The ranks themselves tell what was ranked together: rows among which they run from 1, by score, without gaps.
    let split = |columns: &Vec<usize>| groups(sheet, columns, |row| ranked[row]);
    let misfit = |groups: &Vec<Vec<usize>>| -> usize {
        let gaps: usize = groups.iter().map(|rows| gaps(&places(sheet, rank, rows)).len()).sum();
        gaps + shared(sheet, rank, groups).len() + order::misplaced(sheet, rank, groups)
    };
    let Some(groups) = groupings(sheet).iter().map(split).min_by_key(misfit) else { return };
    sequence(sheet, rank, &groups, log);
    order::ranks(sheet, rank, &groups, log);
}

/// Whether a row's place is marked as shared.
fn is_tied(sheet: &Sheet, rank: usize, row: usize) -> bool {
    let tied = |column: usize| {
        matches!(sheet.table.cell(row, column).to_lowercase().as_str(), "true" | "yes" | "1" | "=")
    };
    sheet.number(row, rank).is_some_and(|it| it.tied) || sheet.first(Role::Tied).is_some_and(tied)
}

/// Places with their rows, sorted.
fn places(sheet: &Sheet, rank: usize, rows: &[usize]) -> Vec<(u64, usize)> {
    let mut places: Vec<(u64, usize)> =
        rows.iter().filter_map(|row| Some((sheet.number(*row, rank)?.value.max(0.0) as u64, *row))).collect();
    places.sort_unstable();
    places
}

/// Indices of places that fit none of the usual ways to count: 1, 2, 2, 4; 1, 2, 2, 3; and 1, 3, 3, 4.
fn gaps(places: &[(u64, usize)]) -> Vec<usize> {
    let expected = |way: fn(usize, usize, u64) -> u64| -> Vec<usize> {
        let (mut smaller, mut distinct) = (0, 0);
        let mut wrong = Vec::new();
        for (index, (place, _)) in places.iter().enumerate() {
            if index == 0 || places[index - 1].0 != *place {
                (smaller, distinct) = (index, distinct + 1);
            }
            let until = places.partition_point(|(other, _)| other <= place);
            if way(smaller, until, distinct) != *place {
                wrong.push(index);
            }
        }
        wrong
    };
    let standard = expected(|smaller, _, _| smaller as u64 + 1);
    let dense = expected(|_, _, distinct| distinct);
    let last = expected(|_, until, _| until as u64);
    [standard, dense, last].into_iter().min_by_key(Vec::len).unwrap_or_default()
}

/// Places that rows share without a sign of it although their scores differ: the place, and two of its rows.
fn shared(sheet: &Sheet, rank: usize, groups: &[Vec<usize>]) -> Vec<(u64, usize, usize)> {
    let mut shared = Vec::new();
    let Some(score) = sheet.main_score() else { return shared };
    for rows in groups {
        let mut by_place: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        places(sheet, rank, rows)
            .into_iter()
            .for_each(|(place, row)| by_place.entry(place).or_default().push(row));
        for (place, rows) in by_place.into_iter().filter(|(_, rows)| rows.len() > 1) {
            if rows.iter().all(|row| is_tied(sheet, rank, *row)) {
                continue;
            }
            let ranges: Vec<(usize, Range)> =
                rows.iter().filter_map(|row| Some((*row, sheet.range(*row, score)?))).collect();
            let low = ranges.iter().min_by(|a, b| a.1.high.total_cmp(&b.1.high));
            let high = ranges.iter().max_by(|a, b| a.1.low.total_cmp(&b.1.low));
            if let (Some(low), Some(high)) = (low, high)
                && low.1.below(high.1)
            {
                shared.push((place, low.0.max(high.0), low.0.min(high.0)));
            }
        }
    }
    shared
}

fn sequence(sheet: &Sheet, rank: usize, groups: &[Vec<usize>], log: &mut Log) {
    let id = "rank-sequence";
    for rows in groups {
        let places = places(sheet, rank, rows);
        log.ran(id, places.len());
        if !sheet.is_cut
            && let Some(first) = gaps(&places).first()
        {
            // A row at the end that is far from the others is what is wrong, and not those that it left a gap among.
            let last = places.len() - 1;
            let jumps = last > 0 && places[last].0 > places[last - 1].0 + 1;
            let index = if jumps { last } else { *first };
            let (place, row) = places[index];
            log.cell(id, sheet, row, rank, || gap_words(&places, index, place));
        }
    }
    let shared = shared(sheet, rank, groups);
    let Some(score) = sheet.main_score().filter(|_| shared.len() < SHARED_PLACES) else { return };
    for (place, row, other) in shared {
        log.cell(id, sheet, row, rank, || {
            let line = sheet.table.line_of(other);
            let (own, others) = (sheet.table.cell(row, score), sheet.table.cell(other, score));
            format!("rank {place} stands in line {line}, too, with {others} there and {own} here, and no sign of a tie")
        });
    }
}

fn gap_words(places: &[(u64, usize)], index: usize, place: u64) -> String {
    let Some(before) = index.checked_sub(1).map(|before| places[before].0) else {
        return format!("the best rank of its group is {place}, not 1");
    };
    // Ranks may be any numbers, so no more than a few are told.
    let missing: Vec<String> = (before + 1..place).take(5).map(|it| it.to_string()).collect();
    if missing.is_empty() {
        format!("rank {before} is followed by {place}")
    } else {
        format!("rank {before} is followed by {place}; {} is missing", missing.join(", "))
    }
}
