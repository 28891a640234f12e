//! Whether better places have better scores.

use std::collections::HashSet;

use super::super::groups;
use crate::lint::finding::Log;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::Sheet;

/// Fewest rows whose order is taken for a ranking: of so many, one in ten thousand random orders has at most one out of place.
const FEWEST_SORTED: usize = 8;

/// Rows out of place, each with one that it stands on the wrong side of.
type Misplaced = Vec<(usize, usize)>;

/// Holds a column of ranks against the column that it follows best.
pub(super) fn ranks(sheet: &Sheet, rank: usize, groups: &[Vec<usize>], log: &mut Log) {
    let id = "rank-order";
    let main = sheet.main_score();
    let other = (0..sheet.columns.len()).filter(|it| {
        matches!(sheet.columns[*it].role, Role::Score | Role::AverageRank | Role::Delta) && Some(*it) != main
    });
    let mut best: Option<(usize, usize, Misplaced)> = None;
    for score in main.into_iter().chain(other) {
        let (found, looked) = against(sheet, rank, score, groups);
        if looked > 1 && best.as_ref().is_none_or(|(_, _, others)| found.len() < others.len()) {
            let done = found.is_empty();
            best = Some((score, looked, found));
            if done {
                break;
            }
        }
    }
    match best {
        None => log.could_not(id, "no row has a rank and a score"),
        Some((_, looked, found)) if found.len() * 2 > looked && looked > 4 => {
            log.could_not(
                id,
                format!(
                    "ranks follow no column of scores ({} of {looked} rows are out of place)",
                    found.len()
                ),
            );
        }
        Some((score, looked, found)) => {
            log.ran(id, looked);
            for (row, other) in found {
                log.cell(id, sheet, row, rank, || {
                    let say = |row: usize| {
                        format!(
                            "rank {} with {} {}",
                            sheet.table.cell(row, rank),
                            sheet.columns[score].name.trim(),
                            sheet.table.cell(row, score)
                        )
                    };
                    let relation = if sheet.number(row, rank).map(|it| it.value)
                        < sheet.number(other, rank).map(|it| it.value)
                    {
                        "is better than"
                    } else {
                        "is worse than"
                    };
                    format!(
                        "{} {relation} {} in line {}, although the score is not",
                        say(row),
                        say(other),
                        sheet.table.line_of(other)
                    )
                });
            }
        }
    }
}

/// Rows out of place by a column of scores, with the number of rows that could be looked at.
fn against(sheet: &Sheet, rank: usize, score: usize, groups: &[Vec<usize>]) -> (Misplaced, usize) {
    let (mut found, mut looked) = (Vec::new(), 0);
    for rows in groups {
        let mut ranked: Vec<(f64, usize, Range)> = rows
            .iter()
            .filter_map(|row| Some((sheet.number(*row, rank)?.value, *row, oriented(sheet, *row, score)?)))
            .collect();
        ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.2.middle().total_cmp(&a.2.middle())));
        looked += ranked.len();
        found.extend(out_of_place(&ranked));
    }
    (found, looked)
}

/// How many rows are out of place by the main score.
pub(super) fn misplaced(sheet: &Sheet, rank: usize, groups: &[Vec<usize>]) -> usize {
    sheet.main_score().map_or(0, |score| against(sheet, rank, score, groups).0.len())
}

/// Values of a column, turned so that higher is better.
fn oriented(sheet: &Sheet, row: usize, column: usize) -> Option<Range> {
    let factor = if sheet.columns[column].prefers_low() { -1.0 } else { 1.0 };
    Some(sheet.range(row, column)?.times(factor))
}

/// Of rows with places and scores (higher is better), sorted by place: the fewest rows that would have to move, each with
/// a row that it stands on the wrong side of. Scores that may be equal are in order.
fn out_of_place(ranked: &[(f64, usize, Range)]) -> Misplaced {
    // The longest run of scores that do not rise.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(ranked.len());
    let value = |index: usize| ranked[index].2.middle();
    for index in 0..ranked.len() {
        let at = ends.partition_point(|end| value(*end) >= value(index));
        before.push(at.checked_sub(1).map(|it| ends[it]));
        if at == ends.len() { ends.push(index) } else { ends[at] = index }
    }
    let mut sorted = HashSet::new();
    let mut next = ends.last().copied();
    while let Some(index) = next {
        sorted.insert(index);
        next = before[index];
    }
    if sorted.len() == ranked.len() {
        return Vec::new();
    }
    // The worst score among better places, and the best one among worse places, of the rows that stay.
    let stays: Vec<usize> = (0..ranked.len()).filter(|it| sorted.contains(it)).collect();
    let mut found = Vec::new();
    for index in (0..ranked.len()).filter(|it| !sorted.contains(it)) {
        let (place, row, own) = ranked[index];
        // Those that stay are sorted, so the nearest ones with another place are the ones to compare with.
        let better = stays[..stays.partition_point(|it| ranked[*it].0 < place)].last();
        let worse = stays.get(stays.partition_point(|it| ranked[*it].0 <= place));
        let wrong = |other: &&usize, is_better: bool| {
            let (a, b) = if is_better { (ranked[**other].2, own) } else { (own, ranked[**other].2) };
            a.below(b)
        };
        let other = better.filter(|it| wrong(it, true)).or_else(|| worse.filter(|it| wrong(it, false)));
        if let Some(other) = other {
            found.push((row, ranked[*other].1));
        }
    }
    found
}

/// Rows without ranks that are sorted by their score, but for a few.
pub(super) fn rows(sheet: &Sheet, log: &mut Log) {
    let id = "row-order";
    let (Some(score), Some(method)) = (sheet.main_score(), sheet.first(Role::Method)) else {
        log.could_not(id, "no columns of methods and scores");
        return;
    };
    let columns: Vec<usize> = (0..sheet.columns.len())
        .filter(|it| {
            matches!(
                sheet.columns[*it].role,
                Role::Network | Role::Dataset | Role::Keep | Role::Requested | Role::Label | Role::Scope
            )
        })
        .collect();
    let mut looked = 0;
    for rows in groups(sheet, &columns, |row| {
        sheet.is_result(row) && !sheet.is_dense_name(row) && sheet.number(row, score).is_some()
    }) {
        let methods: HashSet<&str> = rows.iter().map(|row| sheet.table.cell(*row, method)).collect();
        if rows.len() < FEWEST_SORTED
            || methods.len() < rows.len()
            || is_sorted_otherwise(sheet, &rows, score)
        {
            continue;
        }
        let ranked: Vec<(f64, usize, Range)> = rows
            .iter()
            .enumerate()
            .filter_map(|(place, row)| Some((place as f64, *row, oriented(sheet, *row, score)?)))
            .collect();
        let found = out_of_place(&ranked);
        if found.len() * FEWEST_SORTED > rows.len() {
            continue;
        }
        looked += rows.len();
        for (row, other) in found {
            log.cell(id, sheet, row, score, || {
                let (cell, line) = (sheet.table.cell(other, score), sheet.table.line_of(other));
                let number = rows.len();
                format!("{number} rows are sorted by this column, but line {line} with {cell} stands on the other side of this one")
            });
        }
    }
    if looked == 0 {
        log.could_not(id, "no group of eight rows or more is sorted by score");
    } else {
        log.ran(id, looked);
    }
}

/// Whether rows are in the order of some other column, so that the order of scores is no claim.
fn is_sorted_otherwise(sheet: &Sheet, rows: &[usize], score: usize) -> bool {
    (0..sheet.columns.len()).filter(|it| *it != score).any(|column| {
        let role = sheet.columns[column].role;
        if matches!(role, Role::Method | Role::Label) {
            let lower = |row: &usize| sheet.table.cell(*row, column).to_lowercase();
            return rows.windows(2).all(|pair| lower(&pair[0]) <= lower(&pair[1]))
                && lower(&rows[0]) != lower(&rows[rows.len() - 1]);
        }
        // Differences and intervals follow the score.
        if role.is_result() || sheet.columns[column].readings.is_empty() {
            return false;
        }
        let values: Option<Vec<f64>> =
            rows.iter().map(|row| sheet.number(*row, column).map(|it| it.value)).collect();
        values.is_some_and(|values| {
            let first_differs = values.first() != values.last();
            first_differs && (values.is_sorted() || values.iter().rev().is_sorted())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(scores: &[f64]) -> Vec<(f64, usize, Range)> {
        scores
            .iter()
            .enumerate()
            .map(|(row, score)| (row as f64 + 1.0, row, Range::around(*score, 0.05)))
            .collect()
    }

    #[test]
    fn the_fewest_rows_are_out_of_place() {
        assert_eq!(out_of_place(&ranked(&[76.1, 75.9, 75.2, 74.0])), []);
        assert_eq!(out_of_place(&ranked(&[76.1, 75.2, 75.9, 74.0])).len(), 1);
        // One row far from its place is one finding, not one for each row that it passed.
        assert_eq!(out_of_place(&ranked(&[76.1, 75.9, 75.2, 74.0, 77.0])), [(4, 3)]);
        // What prints alike may be in either order, and so may what rounds to the same.
        assert_eq!(out_of_place(&ranked(&[76.1, 75.2, 75.2, 75.25])), []);
    }

    #[test]
    fn a_shared_place_may_have_any_order() {
        let mut rows = ranked(&[76.1, 75.2, 75.9, 74.0]);
        rows[2].0 = 2.0;
        rows.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.2.middle().total_cmp(&a.2.middle())));
        assert_eq!(out_of_place(&rows), []);
    }
}
