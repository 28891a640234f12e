//! Paired differences from a baseline, with the intervals that say what each is over.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{ENOUGH_TASKS, task_means};
use crate::board::Entry;
use crate::draws::{DrawsOf, Scores};
use crate::stats::bootstrap::{bca_ends, means_left_one_out};
use crate::stats::{self, Interval, Over, Summary, same_score};

/// How far a method is from a baseline at the same keep, method minus baseline: positive is better.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BaselineDifference {
    /// Label of the baseline.
    pub against: String,
    /// Paired by task and seed. Its t-interval is over seeds at fixed tasks, or over tasks where one replicate is shared.
    pub seeds: Summary,
    /// The difference on each task, mean over replicates, as repetitions over tasks; absent with one task.
    pub tasks: Option<Summary>,
    /// Percentile interval from draws of tasks and of shared replicates.
    pub drawn: Option<Interval>,
    /// Bias-corrected and accelerated interval from draws of tasks; absent with fewer than five tasks.
    pub accelerated: Option<Interval>,
    /// Tasks on which the method is ahead.
    pub tasks_ahead: usize,
    /// Tasks on which the baseline is ahead.
    pub tasks_behind: usize,
}

/// The percentile interval of an entry's mean.
pub(super) fn drawn_mean(entry: &Entry, draws: &DrawsOf) -> Option<Interval> {
    let scores = Scores::of(entry)?;
    draws.replicates(scores.replicates())?.interval(|draw| draw.mean(&scores))
}

/// `entry` minus `baseline`; nothing for itself, or where they share no replicate.
pub(super) fn difference(entry: &Entry, baseline: &Entry, draws: &DrawsOf) -> Option<BaselineDifference> {
    if std::ptr::eq(entry, baseline) {
        return None;
    }
    let seeds = entry.minus(baseline)?;
    let replicates = |it: &Entry| it.replicate_means().into_keys().collect::<BTreeSet<u32>>();
    let shared: BTreeSet<u32> = replicates(entry).intersection(&replicates(baseline)).copied().collect();
    let scores = Scores::of_replicates(entry, &shared)?.minus(&Scores::of_replicates(baseline, &shared)?);
    let by_task: Vec<f64> =
        task_means(entry).iter().zip(task_means(baseline)).map(|(ours, theirs)| ours - theirs).collect();
    let drawn = draws.replicates(shared.len())?.interval(|draw| draw.mean(&scores));
    let ahead = |sign: f64| {
        by_task.iter().filter(|it| !same_score(**it, 0.0) && it.is_sign_positive() == (sign > 0.0)).count()
    };
    Some(BaselineDifference {
        against: baseline.method.clone(),
        seeds,
        tasks: Summary::of(&by_task, Over::Tasks).filter(|it| it.n > 1),
        drawn,
        accelerated: accelerated(&by_task, draws),
        tasks_ahead: ahead(1.0),
        tasks_behind: ahead(-1.0),
    })
}

fn accelerated(by_task: &[f64], draws: &DrawsOf) -> Option<Interval> {
    if by_task.len() < ENOUGH_TASKS {
        return None;
    }
    let scores = Scores::of_tasks(by_task);
    let drawn = draws.replicates(1)?.values(|draw| draw.mean(&scores))?;
    let (low, high) = bca_ends(drawn, stats::mean(by_task)?, &means_left_one_out(by_task)?)?;
    Some(Interval { low, high, over: Over::Tasks })
}
