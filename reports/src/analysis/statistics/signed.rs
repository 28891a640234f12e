//! Wilcoxon's signed-rank test over tasks, with Holm's correction for the number of methods.

use serde::Serialize;

use super::{ENOUGH_TASKS, task_means};
use crate::board::Entry;
use crate::stats::compare::holm;
use crate::stats::wilcoxon::{Wilcoxon, Zeros, wilcoxon};

/// Zeros are ranked and then left out: methods that are equal on most tasks should not look surely different by the rest.
const ZEROS: Zeros = Zeros::Pratt;

/// A method against a reference, over the means on each task.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SignedRanks {
    /// Tasks on which the two differ.
    pub tasks: usize,
    /// Sum of the ranks of the tasks on which the method is ahead.
    pub ahead: f64,
    /// Sum of the ranks of the tasks on which the reference is ahead.
    pub behind: f64,
    /// The two-sided p-value by itself.
    pub p: f64,
    /// Corrected after Holm for all methods that are held against the same reference at this keep.
    pub p_holm: f64,
    /// Whether p is counted; else it is that of a normal approximation.
    pub exact: bool,
}

/// Every method but the reference against it; nothing for fewer than five tasks.
pub(super) fn against(ranked: &[&Entry], reference: Option<&Entry>) -> Vec<Option<SignedRanks>> {
    let none = || vec![None; ranked.len()];
    let Some(reference) = reference else { return none() };
    let theirs = task_means(reference);
    if theirs.len() < ENOUGH_TASKS {
        return none();
    }
    let test = |entry: &&Entry| -> Option<Wilcoxon> {
        if std::ptr::eq(*entry, reference) {
            return None;
        }
        let differences: Vec<f64> =
            task_means(entry).iter().zip(&theirs).map(|(ours, theirs)| ours - theirs).collect();
        wilcoxon(&differences, ZEROS)
    };
    let tests: Vec<Option<Wilcoxon>> = ranked.iter().map(test).collect();
    let chances: Vec<f64> = tests.iter().flatten().map(|it| it.p).collect();
    let mut corrected = holm(&chances).into_iter();
    let with_holm = |test: Option<Wilcoxon>| {
        let test = test?;
        Some(SignedRanks {
            tasks: test.n,
            ahead: test.positive,
            behind: test.negative,
            p: test.p,
            p_holm: corrected.next()?,
            exact: test.exact,
        })
    };
    tests.into_iter().map(with_holm).collect()
}
