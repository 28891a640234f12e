//! Whether the networks that are good on the task they were pruned on are the ones that transfer.

use serde::Serialize;

use crate::board::{Board, BoardKey, Entry};
use crate::draws::{self, DRAWS, Draw, Scores};
use crate::family::Family;
use crate::row::Control;
use crate::stats::Interval;
use crate::stats::bootstrap::percentile_ends;
use crate::stats::correlation::{kendall_tau_b, spearman};

/// The fewest methods of which an order is worth a correlation: of two it is always 1 or −1.
const FEWEST: usize = 3;

/// Upstream and transfer scores of one transfer board.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct UpstreamTable {
    /// The transfer board.
    pub key: BoardKey,
    /// The task that networks were pruned on.
    pub upstream_task: String,
    /// Number of tasks that they were transferred to.
    pub tasks: usize,
    /// Every method and keep with a mean on both boards, dense controls first, in the board's order.
    pub points: Vec<UpstreamPoint>,
    /// Correlations over the methods at each keep, from large to small.
    pub correlations: Vec<UpstreamCorrelation>,
}

/// A method at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct UpstreamPoint {
    /// Method label.
    pub method: String,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// The family of its method; absent for dense controls.
    pub family: Option<Family>,
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Mean over replicates on the upstream task.
    pub upstream: f64,
    /// Mean over tasks and replicates after transfer.
    pub transfer: f64,
}

/// How far the order of the methods upstream is that after transfer.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct UpstreamCorrelation {
    /// Fraction of the prunable weights asked for.
    pub keep: f64,
    /// Methods with a mean on both boards.
    pub methods: usize,
    /// The most replicates that one of them has.
    pub replicates: usize,
    /// Spearman's rank correlation.
    pub spearman: Rank,
    /// Kendall's tau-b.
    pub kendall: Rank,
}

/// A rank correlation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Rank {
    /// Absent where one side is tied altogether.
    pub value: Option<f64>,
    /// Its bootstrap interval over tasks and replicates at fixed methods; absent for one of each.
    pub interval: Option<Interval>,
    /// Draws in which a side is tied altogether, and which are left out.
    pub left_out: usize,
}

/// Sets every transfer board beside the upstream board of its suite, track and granularity.
#[must_use]
pub fn tables(boards: &[Board]) -> Vec<UpstreamTable> {
    let beside = |transfer: &Board| {
        let key = &transfer.key;
        let is_its_upstream = |board: &&Board| {
            let other = &board.key;
            other.protocol == "upstream"
                && (&other.suite, &other.track, &other.granularity)
                    == (&key.suite, &key.track, &key.granularity)
        };
        table(boards.iter().find(is_its_upstream)?, transfer)
    };
    boards.iter().filter(|board| board.key.protocol == "transfer").filter_map(beside).collect()
}

/// A method at a keep on both boards.
struct Both<'a> {
    entry: &'a Entry,
    upstream: Scores,
    transfer: Scores,
    means: (f64, f64),
}

fn table(upstream: &Board, transfer: &Board) -> Option<UpstreamTable> {
    let both: Vec<Both<'_>> = transfer
        .entries
        .iter()
        .filter_map(|entry| {
            let same = |it: &&Entry| {
                (&it.method, it.keep.to_bits(), it.control)
                    == (&entry.method, entry.keep.to_bits(), entry.control)
            };
            let upstream = Scores::of(upstream.entries.iter().find(same)?)?;
            let transfer = Scores::of(entry)?;
            let means = (upstream.mean()?, transfer.mean()?);
            Some(Both { entry, upstream, transfer, means })
        })
        .collect();
    let points: Vec<UpstreamPoint> = both
        .iter()
        .map(|it| UpstreamPoint {
            method: it.entry.method.clone(),
            control: it.entry.control,
            family: it.entry.family,
            keep: it.entry.keep,
            upstream: it.means.0,
            transfer: it.means.1,
        })
        .collect();
    let correlations: Vec<UpstreamCorrelation> = transfer
        .keeps()
        .into_iter()
        .filter_map(|keep| {
            let at_keep = |it: &&Both<'_>| !it.entry.is_dense() && it.entry.keep.to_bits() == keep.to_bits();
            correlation(keep, &both.iter().filter(at_keep).collect::<Vec<_>>())
        })
        .collect();
    // Without any method there is nothing to hold against the dense network.
    both.iter().any(|it| !it.entry.is_dense()).then(|| UpstreamTable {
        key: transfer.key.clone(),
        upstream_task: upstream.tasks.iter().map(|task| task.id.as_str()).collect::<Vec<_>>().join(", "),
        tasks: transfer.tasks.len(),
        points,
        correlations,
    })
}

fn correlation(keep: f64, both: &[&Both<'_>]) -> Option<UpstreamCorrelation> {
    if both.len() < FEWEST {
        return None;
    }
    let tasks = both.iter().map(|it| it.transfer.tasks()).max()?;
    let upstream_tasks = both.iter().map(|it| it.upstream.tasks()).max()?;
    let replicates = both.iter().map(|it| it.upstream.replicates().max(it.transfer.replicates())).max()?;
    let (x, y): (Vec<f64>, Vec<f64>) = both.iter().map(|it| it.means).unzip();
    let over = draws::over(tasks, replicates);
    // A replicate is one pruned network on both boards, and the same numbers draw it on both.
    let drawn: Vec<(Vec<f64>, Vec<f64>)> = (0..if over.is_some() { DRAWS } else { 0 })
        .filter_map(|number| {
            let (upstream, transfer) = (
                Draw::of_replicates(number, upstream_tasks, replicates),
                Draw::new(number, tasks, replicates),
            );
            let pairs: Option<Vec<(f64, f64)>> = both
                .iter()
                .map(|it| Some((upstream.mean(&it.upstream)?, transfer.mean(&it.transfer)?)))
                .collect();
            Some(pairs?.into_iter().unzip())
        })
        .collect();
    let rank = |of: fn(&[f64], &[f64]) -> Option<f64>| {
        let values: Vec<f64> = drawn.iter().filter_map(|(x, y)| of(x, y)).collect();
        let left_out = drawn.len() - values.len();
        let interval =
            over.zip(percentile_ends(values)).map(|(over, (low, high))| Interval { low, high, over });
        Rank { value: of(&x, &y), interval, left_out }
    };
    Some(UpstreamCorrelation {
        keep,
        methods: both.len(),
        replicates,
        spearman: rank(spearman),
        kendall: rank(kendall_tau_b),
    })
}

#[cfg(test)]
mod tests;
