//! The relative increase in error over the dense network: the measure over tasks of Iofinova et al. (arXiv:2111.13445).
//!
//! On one task it is (e - d) / d, where e is the error of the pruned network (one minus the score, mean over replicates)
//! and d that of `dense-trained`; over tasks it is the mean of that. A point lost counts more where the dense network makes
//! few errors, unlike in the mean score.

use std::sync::OnceLock;

use rayon::prelude::*;
use serde::Serialize;

use super::Entry;
use crate::draws::{Draws, DrawsOf, Scores};
use crate::stats::Interval;

/// A relative increase in error; 0.1 is a tenth more errors than `dense-trained` makes, and below zero is fewer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ErrorIncrease {
    /// Mean over tasks.
    pub mean: f64,
    /// Bootstrap interval over tasks and replicates, of the method and `dense-trained` together; absent for one of each.
    pub interval: Option<Interval>,
}

/// The relative increase in error on a task, from the means of both sides. Nothing where dense-trained makes no error.
fn increase(pruned: f64, dense: f64) -> Option<f64> {
    let error = 1.0 - dense;
    (error > 0.0).then(|| (dense - pruned) / error)
}

/// Fills in the increases of all complete entries but the dense controls.
pub(super) fn fill(entries: &mut [Entry]) {
    let Some(dense) = entries.iter().find(|it| it.control == Some(crate::row::Control::DenseTrained)) else {
        return;
    };
    let dense_means: Vec<Option<f64>> = dense.cells.iter().map(|cell| Some(cell.summary?.mean)).collect();
    let dense_scores = Scores::of(dense);
    let draws = DrawsOf::entries(entries.iter());
    let drawn: Vec<OnceLock<Vec<Vec<f64>>>> = draws.counts().map(|_| OnceLock::new()).collect();
    entries.par_iter_mut().filter(|entry| !entry.is_dense()).for_each(|entry| {
        for (cell, dense) in entry.cells.iter_mut().zip(&dense_means) {
            let means = cell.summary.filter(|_| cell.complete).zip(*dense);
            cell.error_increase = means.and_then(|(own, dense)| increase(own.mean, dense));
        }
        if let (Some(own), Some(dense)) = (Scores::of(entry), &dense_scores) {
            let replicates = own.replicates().max(dense.replicates());
            let Some((draws, drawn)) = draws.replicates(replicates).zip(drawn.get(replicates)) else {
                return;
            };
            let drawn = drawn.get_or_init(|| draws.means(dense));
            entry.error_increase = over_tasks(&own, dense, draws, drawn);
        }
    });
}

/// `drawn` has the means of the dense network on the tasks of each draw, which all methods share.
fn over_tasks(own: &Scores, dense: &Scores, draws: &Draws, drawn: &[Vec<f64>]) -> Option<ErrorIncrease> {
    let mean = mean_increase(own.means().into_iter(), &dense.means())?;
    let interval = draws.interval_with(drawn, |draw, dense| mean_increase(draw.each_mean(own), dense));
    Some(ErrorIncrease { mean, interval })
}

/// The mean of the increases on each task. Without a list of them, since it is made a thousand times for each method.
fn mean_increase(pruned: impl Iterator<Item = f64>, dense: &[f64]) -> Option<f64> {
    let mut sum = 0.0;
    let mut count = 0_u32;
    for (pruned, dense) in pruned.zip(dense) {
        sum += increase(pruned, *dense)?;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use crate::boards;
    use crate::row::{Control, Row};
    use crate::stats::Over;
    use crate::testing::{Sample, sample};

    fn rows(method: &'static str, keep: f64, scores: &[(&'static str, u32, f64)]) -> Vec<Row> {
        let control = (keep >= 1.0).then_some(Control::DenseTrained);
        let row = |(task, replicate, score): &(&'static str, u32, f64)| {
            sample(&Sample { method, control, keep, task, replicate: *replicate, score: Some(*score) })
        };
        scores.iter().map(row).collect()
    }

    #[test]
    fn errors_are_held_against_those_of_dense_on_each_task() {
        let mut all = rows("dense-trained", 1.0, &[("a", 0, 0.9), ("b", 0, 0.5)]);
        // A tenth of errors becomes two, one half becomes a quarter: +100 % and -50 %.
        all.extend(rows("m", 0.1, &[("a", 0, 0.8), ("b", 0, 0.75)]));
        let board = boards(&all).remove(0);
        let entry = board.methods().next().expect("a method");
        let on = |task: usize| entry.cells[task].error_increase.expect("an increase");
        assert!((on(0) - 1.0).abs() < 1e-12 && (on(1) + 0.5).abs() < 1e-12);
        let found = entry.error_increase.expect("an increase");
        assert!((found.mean - 0.25).abs() < 1e-12);
        // Two tasks, drawn with replacement: either one alone in a quarter of the draws each.
        let interval = found.interval.expect("an interval");
        assert_eq!(interval.over, Over::Tasks);
        assert!((interval.low + 0.5).abs() < 1e-12 && (interval.high - 1.0).abs() < 1e-12);
        assert!(board.entries.iter().filter(|it| it.is_dense()).all(|it| it.error_increase.is_none()));
    }

    #[test]
    fn there_is_none_over_no_error_or_without_all_scores() {
        let mut all = rows("dense-trained", 1.0, &[("a", 0, 1.0), ("b", 0, 0.5)]);
        all.extend(rows("m", 0.1, &[("a", 0, 0.8), ("b", 0, 0.75)]));
        let board = boards(&all).remove(0);
        let entry = board.methods().next().expect("a method");
        assert_eq!((entry.error_increase, entry.cells[0].error_increase), (None, None));
        assert!(entry.cells[1].error_increase.is_some());
        let board = boards(&rows("m", 0.1, &[("a", 0, 0.8)])).remove(0);
        assert_eq!(board.methods().next().expect("a method").error_increase, None);
    }

    #[test]
    fn seeds_that_both_sides_share_cancel() {
        // In each replicate the method makes twice the errors of dense-trained.
        let mut all = rows("dense-trained", 1.0, &[("a", 0, 0.75), ("a", 1, 0.875), ("a", 2, 0.9375)]);
        all.extend(rows("m", 0.1, &[("a", 0, 0.5), ("a", 1, 0.75), ("a", 2, 0.875)]));
        let board = boards(&all).remove(0);
        let interval =
            board.methods().next().and_then(|it| it.error_increase?.interval).expect("an interval");
        assert_eq!(interval.over, Over::SeedsAtFixedTasks);
        assert!((interval.low - 1.0).abs() < 1e-12 && (interval.high - 1.0).abs() < 1e-12);
    }
}
