//! Friedman's test of average ranks, with Nemenyi's of all pairs.

use serde::Serialize;

use super::{ALPHA, ENOUGH_TASKS, task_means};
use crate::board::Entry;
use crate::stats::friedman::{Friedman, friedman};
use crate::stats::range::critical_difference;

/// Whether the methods of a keep differ over tasks, and which average ranks are too close to tell.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct RankTest {
    /// Friedman's test over the means on each task.
    pub friedman: Friedman,
    /// Whether the F of Iman and Davenport has a p-value below 0.05. If it has not, no two methods are shown to differ, whatever
    /// their ranks.
    pub differs: bool,
    /// Nemenyi's critical difference at 0.05: average ranks that are farther apart are told apart.
    pub critical_difference: f64,
    /// Methods and their average ranks, the best first.
    pub ranks: Vec<(String, f64)>,
    /// Largest runs of methods within one critical difference, by their first and last place in `ranks`; the bars of a
    /// critical-difference diagram. Two methods that share no run are told apart.
    pub inseparable: Vec<(usize, usize)>,
}

/// The test of `ranked` methods, or why there is none.
pub(super) fn rank_test(ranked: &[&Entry], tasks: usize) -> Result<RankTest, String> {
    if tasks < ENOUGH_TASKS {
        let noun = if tasks == 1 { "task" } else { "tasks" };
        return Err(format!("{tasks} {noun}; a test of ranks needs at least {ENOUGH_TASKS}"));
    }
    if ranked.len() < 3 {
        return Err(format!("{} ranked methods; a test of ranks needs at least 3", ranked.len()));
    }
    let means: Vec<Vec<f64>> = ranked.iter().map(|entry| task_means(entry)).collect();
    let of_task = |task: usize| means.iter().map(|scores| scores.get(task).copied()).collect();
    let scores: Option<Vec<Vec<f64>>> = (0..tasks).map(of_task).collect();
    let friedman = scores.and_then(|scores| friedman(&scores));
    let friedman = friedman.ok_or_else(|| "all methods are tied on all tasks".to_owned())?;
    let difference = critical_difference(ALPHA, ranked.len(), tasks)
        .ok_or_else(|| "there is no critical difference".to_owned())?;
    let mut ranks: Vec<(String, f64)> =
        ranked.iter().filter_map(|it| Some((it.method.clone(), it.average_rank?))).collect();
    // Equal ranks stay in the board's order.
    ranks.sort_by(|a, b| a.1.total_cmp(&b.1));
    Ok(RankTest {
        differs: friedman.f_p < ALPHA,
        friedman,
        critical_difference: difference,
        inseparable: runs(&ranks.iter().map(|it| it.1).collect::<Vec<f64>>(), difference),
        ranks,
    })
}

/// The largest runs of at least two sorted numbers that lie within `difference`.
fn runs(sorted: &[f64], difference: f64) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut last = 0;
    for first in 0..sorted.len() {
        last = last.max(first);
        while last + 1 < sorted.len() && sorted[last + 1] - sorted[first] <= difference {
            last += 1;
        }
        // A run that ends where the one before it ends is part of that.
        if last > first && runs.last().is_none_or(|it| it.1 < last) {
            runs.push((first, last));
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::runs;

    #[test]
    fn runs_are_the_largest_ones() {
        assert_eq!(runs(&[1.0, 2.0, 3.0, 5.0, 5.5, 9.0], 2.0), [(0, 2), (2, 3), (3, 4)]);
        assert_eq!(runs(&[1.0, 2.0, 3.0], 2.0), [(0, 2)]);
        assert_eq!(runs(&[1.0, 4.0, 7.0], 2.0), []);
        assert_eq!(runs(&[], 2.0), []);
    }
}
