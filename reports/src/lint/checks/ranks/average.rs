//! Average ranks against the scores on the tasks.

use super::super::{groupings, groups};
use crate::lint::claims::{Sureness, Way, hold};
use crate::lint::finding::Log;
use crate::lint::range::Range;
use crate::lint::role::Role;
use crate::lint::sheet::{Kind, Sheet};

pub(super) fn check(sheet: &Sheet, log: &mut Log) {
    let id = "average-rank";
    let Some(column) = sheet.first(Role::AverageRank) else {
        log.could_not(id, "no column of average ranks");
        return;
    };
    let tasks: Vec<usize> =
        sheet.of(Role::Score).into_iter().filter(|it| !sheet.columns[*it].one_seed).collect();
    if tasks.len() < 2 {
        log.could_not(id, "average ranks stand without the scores on the tasks");
        return;
    }
    if sheet.is_cut {
        log.could_not(id, "a line says that rows were left out");
        return;
    }
    let mut ways = Vec::new();
    for columns in groupings(sheet) {
        // Dense networks are in the ranking, or they are not.
        for with_dense in [false, true] {
            let takes = |row: usize| sheet.kinds[row] == Kind::Plain || (with_dense && sheet.is_result(row));
            let mut expected: Vec<Option<Range>> = vec![None; sheet.table.rows()];
            for rows in groups(sheet, &columns, takes) {
                rank(sheet, &tasks, &rows, &mut expected);
            }
            ways.push(Way::new(
                move |row| expected[row],
                |row| {
                    let scores: Vec<&str> =
                        tasks.iter().take(12).map(|task| sheet.table.cell(row, *task)).collect();
                    format!(
                        "the mean of the ranks of {} among the methods of its group is",
                        scores.join(", ")
                    )
                },
            ));
        }
    }
    hold(log, id, sheet, column, &ways, Sureness::Named);
}

/// The ranges of the mean ranks of rows that are ranked together, where all of them have all scores.
fn rank(sheet: &Sheet, tasks: &[usize], rows: &[usize], expected: &mut [Option<Range>]) {
    let mut ranks: Vec<Vec<Range>> = vec![Vec::new(); rows.len()];
    for task in tasks {
        let sign = if sheet.columns[*task].prefers_low() { -1.0 } else { 1.0 };
        let scores: Option<Vec<Range>> =
            rows.iter().map(|row| Some(sheet.range(*row, *task)?.times(sign))).collect();
        let Some(scores) = scores else { return };
        let (mut lows, mut highs): (Vec<f64>, Vec<f64>) = scores.iter().map(|it| (it.low, it.high)).unzip();
        lows.sort_by(f64::total_cmp);
        highs.sort_by(f64::total_cmp);
        for (own, ranks) in scores.iter().zip(&mut ranks) {
            // Ends that touch may be one value.
            let slack = 1e-9 * own.high.abs().max(own.low.abs());
            let better = rows.len() - lows.partition_point(|low| *low <= own.high + slack);
            let worse = highs.partition_point(|high| *high < own.low - slack);
            ranks.push(Range { low: better as f64 + 1.0, high: (rows.len() - worse) as f64 });
        }
    }
    for (row, ranks) in rows.iter().zip(ranks) {
        expected[*row] = Range::mean(&ranks);
    }
}
