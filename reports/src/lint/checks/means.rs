//! Means, deviations and intervals against what they sum up.

mod rows;

use crate::lint::claims::{Sureness, Way, hold, hold_claims};
use crate::lint::finding::Log;
use crate::lint::number::Number;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::Sheet;
use crate::stats;

/// Most columns of means that are held against the other columns.
const MOST_MEANS: usize = 8;

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    let scores = |one_seed: bool| -> Vec<usize> {
        sheet.of(Role::Score).into_iter().filter(|it| sheet.columns[*it].one_seed == one_seed).collect()
    };
    let (tasks, seeds) = (comparable(sheet, scores(false)), scores(true));
    of_columns(sheet, &tasks, &seeds, log);
    spreads(sheet, &seeds, log);
    rows::check(sheet, log);
    intervals(sheet, log);
}

/// Of columns of scores those that a mean may be over: the largest set of one unit and one direction.
fn comparable(sheet: &Sheet, columns: Vec<usize>) -> Vec<usize> {
    let kind = |column: usize| (sheet.columns[column].percent, sheet.columns[column].lower_is_better);
    let kinds = [(true, false), (false, false), (true, true), (false, true)];
    kinds
        .into_iter()
        .map(|of| columns.iter().copied().filter(|it| kind(*it) == of).collect::<Vec<_>>())
        .max_by_key(Vec::len)
        .unwrap_or_default()
}

/// Means over the columns of tasks, or of seeds.
fn of_columns(sheet: &Sheet, tasks: &[usize], seeds: &[usize], log: &mut Log) {
    let id = "mean-of-tasks";
    let means = sheet.of(Role::Mean);
    if means.is_empty() {
        log.could_not(id, "no column of means");
        return;
    }
    for mean in means.into_iter().take(MOST_MEANS) {
        let mut ways = Vec::new();
        // A mean stands behind what it sums up, or before; other scores may stand on its other side.
        let before = tasks.iter().copied().filter(|it| *it < mean).collect::<Vec<_>>();
        let after = tasks.iter().copied().filter(|it| *it > mean).collect::<Vec<_>>();
        for columns in [seeds.to_vec(), tasks.to_vec(), before, after] {
            if columns.len() < 2 {
                continue;
            }
            let of = columns.clone();
            ways.push(Way::new(
                move |row| {
                    let cells: Option<Vec<Range>> =
                        columns.iter().map(|it| sheet.fraction(row, *it)).collect();
                    Range::mean(&cells?)
                },
                move |row| {
                    let cells: Vec<&str> = of.iter().take(12).map(|it| sheet.table.cell(row, *it)).collect();
                    let more = if of.len() > 12 { ", …" } else { "" };
                    format!("the mean of {}{more} is", cells.join(", "))
                },
            ));
        }
        if ways.is_empty() {
            log.could_not(id, "the means stand without what they are means of");
            continue;
        }
        let sureness = if seeds.len() > 1 { Sureness::Named } else { Sureness::IfMostAgree };
        hold(log, id, sheet, mean, &ways, sureness);
    }
}

/// What stands behind a ±, or in a column of deviations, against the columns of seeds.
fn spreads(sheet: &Sheet, seeds: &[usize], log: &mut Log) {
    let id = "spread";
    if seeds.len() < 2 {
        log.could_not(id, "no columns or rows of single seeds that a deviation would follow from");
        return;
    }
    let values =
        move |row: usize| -> Option<Vec<Number>> { seeds.iter().map(|it| sheet.number(row, *it)).collect() };
    let ways = |column: usize| -> Vec<Way<'_>> {
        let factor = sheet.columns[column].scale * if sheet.columns[column].percent { 0.01 } else { 1.0 };
        KINDS
            .iter()
            .map(|kind| {
                Way::new(
                    move |row| Some(deviation(&values(row)?, *kind)?.times(factor)),
                    move |row| {
                        let cells: Vec<&str> =
                            seeds.iter().take(12).map(|it| sheet.table.cell(row, *it)).collect();
                        format!("the {} of {} is", kind.words(), cells.join(", "))
                    },
                )
            })
            .collect()
    };
    for column in sheet.of(Role::Spread).into_iter().take(MOST_MEANS) {
        hold(log, id, sheet, column, &ways(column), Sureness::Named);
    }
    for column in sheet.of(Role::Mean).into_iter().take(MOST_MEANS) {
        let claim = |row: usize| {
            let number = sheet.number(row, column)?;
            let (value, half) = number.spread?;
            Some(Number { value, half, ..number })
        };
        if (0..sheet.table.rows()).any(|row| claim(row).is_some()) {
            hold_claims(log, id, sheet, column, claim, &ways(column), Sureness::Named);
        }
    }
    log.could_not(id, "no deviations");
}

/// What people print behind a ±.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deviation {
    Sample,
    Population,
    Error,
    HalfInterval,
}

const KINDS: [Deviation; 4] =
    [Deviation::Sample, Deviation::Population, Deviation::Error, Deviation::HalfInterval];

impl Deviation {
    fn words(self) -> &'static str {
        match self {
            Deviation::Sample => "sample standard deviation",
            Deviation::Population => "population standard deviation",
            Deviation::Error => "standard error",
            Deviation::HalfInterval => "half 95 % t-interval",
        }
    }

    /// As a multiple of the sample deviation.
    fn factor(self, n: usize) -> Option<f64> {
        let count = n as f64;
        Some(match self {
            Deviation::Sample => 1.0,
            Deviation::Population => ((count - 1.0) / count).sqrt(),
            Deviation::Error => 1.0 / count.sqrt(),
            Deviation::HalfInterval => stats::t_critical(n)? / count.sqrt(),
        })
    }
}

/// All deviations that values that print so may have.
///
/// A deviation is a length of a vector divided by √(n − 1), so values that are off by h at the most move it by no more
/// than h·√(n / (n − 1)).
fn deviation(values: &[Number], kind: Deviation) -> Option<Range> {
    let middle: Vec<f64> = values.iter().map(|it| it.value).collect();
    let n = middle.len();
    let half = values.iter().map(|it| it.half).fold(0.0, f64::max);
    let room = half * (n as f64 / (n as f64 - 1.0)).sqrt();
    let range = Range::exactly(stats::sample_sd(&middle)?).widened(room);
    Some(Range { low: range.low.max(0.0), ..range }.times(kind.factor(n)?))
}

/// Whether intervals are the right way round, and hold their means.
fn intervals(sheet: &Sheet, log: &mut Log) {
    let id = "interval";
    let (lows, highs) = (sheet.of(Role::Low), sheet.of(Role::High));
    let mut any = false;
    for (low, high) in lows.into_iter().zip(highs) {
        // What an interval is of stands to its left.
        let skips = |column: &usize| {
            matches!(sheet.columns[*column].role, Role::Spread | Role::Low | Role::High | Role::Seeds)
        };
        let of = (0..low.min(high))
            .rev()
            .find(|it| !skips(it))
            .filter(|it| matches!(sheet.columns[*it].role, Role::Score | Role::Mean | Role::Delta));
        for row in (0..sheet.table.rows()).filter(|row| sheet.holds(*row)) {
            let (Some(from), Some(to)) = (sheet.range(row, low), sheet.range(row, high)) else { continue };
            any = true;
            log.ran(id, 1);
            let say = |column: usize| sheet.table.cell(row, column);
            if to.below(from) {
                log.cell(id, sheet, row, low, || format!("is above {}, the upper end", say(high)));
            } else if let Some((of, mean)) = of.and_then(|of| Some((of, sheet.range(row, of)?)))
                && (mean.below(from) || to.below(mean))
            {
                log.cell(id, sheet, row, of, || {
                    format!("is not in its interval from {} to {}", say(low), say(high))
                });
            }
        }
    }
    if !any {
        log.could_not(id, "no columns of lower and upper ends");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lint::number::read;

    fn printed(value: f64) -> Number {
        read(&format!("{value:.2}"), Default::default()).number().expect("a number")
    }

    proptest! {
        #[test]
        fn the_deviation_of_what_was_rounded_is_in_the_range(values in proptest::collection::vec(0.0..100.0_f64, 2..8)) {
            let rounded: Vec<Number> = values.iter().map(|it| printed(*it)).collect();
            let exact = stats::sample_sd(&values).expect("two values");
            for kind in KINDS {
                let factor = kind.factor(values.len()).expect("two values");
                let range = deviation(&rounded, kind).expect("two values");
                prop_assert!(range.meets(Range::exactly(exact * factor)), "{kind:?}: {exact} {range:?}");
            }
        }
    }
}
