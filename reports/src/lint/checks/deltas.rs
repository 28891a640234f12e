//! Differences against the scores that they are differences of.

use crate::lint::bases::Bases;
use crate::lint::claims::{Sureness, Way, hold};
use crate::lint::finding::Log;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::Sheet;

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    let id = "delta";
    let deltas = sheet.of(Role::Delta);
    if deltas.is_empty() {
        log.could_not(id, "no column of differences");
        return;
    }
    let bases = Bases::new(sheet);
    for delta in deltas {
        let name = sheet.columns[delta].name.trim();
        let scores: Vec<usize> = match matching(sheet, delta, &[Role::Score, Role::Mean]) {
            Some(score) => vec![score],
            None => sheet.main_score().into_iter().collect(),
        };
        let Some(score) = scores.first().copied() else {
            log.could_not(id, format!("no column has the scores that `{name}` is about"));
            continue;
        };
        let base_column = matching(sheet, delta, &[Role::Base]).or_else(|| match &sheet.of(Role::Base)[..] {
            [only] => Some(*only),
            _ => None,
        });
        let mut ways = Vec::new();
        let column = &sheet.columns[delta];
        // Signs that the name does not say are tried after the one it does.
        let signs: &[bool] = match (column.sign_given, column.drop) {
            (true, true) => &[true],
            (true, false) => &[false],
            (false, true) => &[true, false],
            (false, false) => &[false, true],
        };
        for drop in signs {
            if let Some(base) = base_column {
                ways.push(way(sheet, score, *drop, move |row| Some((row, base))));
            } else {
                for index in 0..bases.names.len() {
                    let bases = &bases;
                    ways.push(way(sheet, score, *drop, move |row| {
                        bases
                            .of(index, row)
                            .filter(|base| same_repetitions(sheet, row, *base))
                            .map(|base| (base, score))
                    }));
                }
            }
        }
        if ways.is_empty() {
            log.could_not(
                id,
                format!("there is neither a dense row nor a column of dense scores for `{name}`"),
            );
            continue;
        }
        hold(log, id, sheet, delta, &ways, Sureness::Named);
    }
}

/// Score minus base, or base minus score; `base` gives the cell of the base.
fn way<'a>(
    sheet: &'a Sheet,
    score: usize,
    drop: bool,
    base: impl Fn(usize) -> Option<(usize, usize)> + Clone + 'a,
) -> Way<'a> {
    let of = base.clone();
    Way::new(
        move |row| {
            let (at, column) = base(row)?;
            let (own, dense) = (sheet.fraction(row, score)?, sheet.fraction(at, column)?);
            Some(if drop { Range::minus(dense, own) } else { Range::minus(own, dense) })
        },
        move |row| {
            let own = sheet.table.cell(row, score);
            let Some((at, column)) = of(row) else { return String::new() };
            let dense = sheet.table.cell(at, column);
            let place =
                if at == row { String::new() } else { format!(" (line {})", sheet.table.line_of(at)) };
            if drop {
                format!("{dense}{place} minus {own} is")
            } else {
                format!("{own} minus {dense}{place} is")
            }
        },
    )
}

/// The one column of these roles that has the same words in its name, or the one that is there at all.
fn matching(sheet: &Sheet, delta: usize, roles: &[Role]) -> Option<usize> {
    let candidates: Vec<usize> = (0..sheet.columns.len())
        .filter(|it| roles.contains(&sheet.columns[*it].role) && !sheet.columns[*it].one_seed)
        .collect();
    let stem = &sheet.columns[delta].stem;
    let same: Vec<usize> = candidates.iter().copied().filter(|it| sheet.columns[*it].stem == *stem).collect();
    match (&same[..], &candidates[..]) {
        ([one], _) | ([], [one]) => Some(*one),
        _ => None,
    }
}

/// Differences are paired by repetition, so where a row has other repetitions than its base they are no difference of means.
fn same_repetitions(sheet: &Sheet, row: usize, base: usize) -> bool {
    [Role::Seeds, Role::Trials].into_iter().flat_map(|role| sheet.of(role)).all(|column| {
        let (own, dense) = (sheet.table.cell(row, column), sheet.table.cell(base, column));
        own == dense
    })
}
