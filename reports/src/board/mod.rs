//! Boards: the tables whose rows may be compared with one another.
//!
//! Rows that differ in suite, track, protocol, regime or granularity never meet in one board. The dense controls
//! of a track, protocol and regime stand in every one of its boards, for every drop is against `dense-trained`.

mod baseline;
mod build;
mod error;
mod rank;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::family::Family;
use crate::row::{Control, Outcome};
use crate::stats::{Over, Summary};

pub use build::boards;
pub use error::ErrorIncrease;
pub(crate) use rank::separable;

/// What all rows of a board have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
pub struct BoardKey {
    /// Suite name.
    pub suite: String,
    /// Track name.
    pub track: String,
    /// `transfer`, `direct` or `upstream`.
    pub protocol: String,
    /// `linear`, `full` or `none`.
    pub regime: String,
    /// `weights`, `channels`, or `dense` where nothing was pruned yet.
    pub granularity: String,
}

impl BoardKey {
    /// The key in one line.
    #[must_use]
    pub fn title(&self) -> String {
        [&self.suite, &self.track, &self.protocol, &self.regime, &self.granularity]
            .map(|part| crate::text::clean(part))
            .join(" · ")
    }
}

/// A task of a board, one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct BoardTask {
    /// Task identifier.
    pub id: String,
    /// Short name for column heads, unique in the board.
    pub short: String,
    /// Names of the metrics its rows were scored with; more than one is a fault.
    pub metrics: BTreeSet<String>,
}

/// One table of comparable rows.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Board {
    /// What its rows have in common.
    pub key: BoardKey,
    /// Columns, sorted by identifier.
    pub tasks: Vec<BoardTask>,
    /// Replicates that its methods were run with.
    pub replicates: BTreeSet<u32>,
    /// Dense controls first, then by keep from large to small, then from best to worst; incomplete ones last.
    pub entries: Vec<Entry>,
}

/// One line of a board: a method at a keep.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Entry {
    /// Method label.
    pub method: String,
    /// Method identifiers and parameters behind the label; more than one pair is a fault.
    pub configurations: BTreeSet<(String, String)>,
    /// The family of its method; absent for dense controls and perturbed tickets.
    pub family: Option<Family>,
    /// Which control it is, if any.
    pub control: Option<Control>,
    /// Fraction of prunable weights asked for.
    pub keep: f64,
    /// One cell per task of the board, in its order.
    pub cells: Vec<Cell>,
    /// Whether every trial of every task has a score. Only complete entries have a mean and ranks.
    pub complete: bool,
    /// Mean over tasks. Its interval is over seeds at fixed tasks, hence absent with one replicate.
    pub mean: Option<Summary>,
    /// Drop of the mean against `dense-trained`: dense minus this, positive is worse. Paired over the common
    /// replicates, or over tasks where there is one replicate.
    pub drop: Option<Summary>,
    /// Relative increase in error over `dense-trained`; absent for dense controls and incomplete entries, and where
    /// `dense-trained` makes no error on a task.
    pub error_increase: Option<ErrorIncrease>,
    /// Mean over tasks of the rank among complete methods at the same keep; absent for dense controls.
    pub average_rank: Option<f64>,
    /// Place within the keep; absent for dense controls, incomplete entries, and where another number of weights remains than a
    /// board of weights asks for: such a method has not run the same race. The average rank goes with it.
    pub place: Option<Place>,
    /// Number of trials per outcome.
    #[schemars(with = "BTreeMap<String, usize>")]
    pub outcomes: BTreeMap<Outcome, usize>,
    /// The upstream checkpoint whose values the weights that the method left have, where all its scored trials name the
    /// same one.
    pub weights_of: Option<String>,
    /// Which checkpoint is the pre-trained network, where its trials agree.
    pub pretrained: Option<String>,
    /// What was kept and what it cost.
    pub budget: Budget,
}

/// Place of a method within its keep, by the mean over tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Place {
    /// 1 is the best; the members of a tie group share the place of its first.
    pub place: usize,
    /// Whether the group has other members: their paired difference to the first member has an interval that
    /// contains zero, or none could be computed.
    pub tied: bool,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.place, if self.tied { "=" } else { "" })
    }
}

/// A method at a keep on one task.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Cell {
    /// One per replicate, sorted by replicate.
    pub trials: Vec<Trial>,
    /// Whether every trial has a score.
    pub complete: bool,
    /// Over the trials that have a score; read it with `complete`.
    pub summary: Option<Summary>,
    /// Drop against `dense-trained` on this task, paired over the common replicates.
    pub drop: Option<Summary>,
    /// Relative increase in error over `dense-trained` on this task, from the means of both.
    pub error_increase: Option<f64>,
    /// Rank among the complete methods at the same keep.
    pub rank: Option<f64>,
}

impl Cell {
    /// The first outcome that is not `ok`, for the cell's face.
    #[must_use]
    pub fn fault(&self) -> Option<Outcome> {
        self.trials.iter().map(|trial| trial.outcome).find(|outcome| *outcome != Outcome::Ok)
    }
}

/// One replicate of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Trial {
    /// Replicate number.
    pub replicate: u32,
    /// How it ended.
    #[schemars(with = "String")]
    pub outcome: Outcome,
    /// The task's own metric; absent if not `ok`.
    pub score: Option<f64>,
    /// Why there is no score.
    pub detail: String,
    /// Whether stored rows for this one trial contradict each other.
    pub contradiction: bool,
}

/// Smallest and largest of a number over the rows of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Span {
    /// Smallest.
    pub min: u64,
    /// Largest.
    pub max: u64,
}

/// What an entry kept and what its making cost. Means are over the rows that state the number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Budget {
    /// Names of the prunable sets; more than one in a board is a fault.
    pub prunable_sets: BTreeSet<String>,
    /// Prunable weights of the dense network.
    pub prunable_total: Option<Span>,
    /// Prunable weights to remain.
    pub target_count: Option<Span>,
    /// Prunable weights that remain.
    pub achieved_count: Option<Span>,
    /// Prunable weights that were not zero when the host last selected what stays.
    pub nonzero_before: Option<Span>,
    /// Rows of which the achieved count is not the target.
    pub missed_counts: usize,
    /// Fraction of zeros among the prunable weights.
    pub sparsity: Option<f64>,
    /// Dense parameters divided by remaining ones, all parameters counted.
    pub compression: Option<f64>,
    /// All parameters that remain.
    pub params_remaining: Option<Span>,
    /// Convolution and fully connected weights that remain.
    pub conv_fc_remaining: Option<Span>,
    /// Executed multiply-accumulates for one picture.
    pub macs_executed: Option<f64>,
    /// Multiply-accumulates with a non-zero weight for one picture.
    pub macs_nonzero: Option<f64>,
    /// Training samples of the allowance.
    pub allowance_samples: Option<Span>,
    /// Training samples beside the allowance, of a method that begins from initialization.
    pub init_samples: u64,
    /// The factor by which the suite multiplies both for this method.
    pub stretch: u32,
    /// Training samples the method spent.
    pub method_samples: Option<f64>,
    /// Training samples the host spent on recovery.
    pub recover_samples: Option<f64>,
    /// Training multiply-accumulates, as a multiple of one dense training sample.
    pub training_macs: Option<f64>,
}

impl Budget {
    /// Training samples of method and recovery together, where they are known.
    #[must_use]
    pub fn samples(&self) -> Option<f64> {
        Some(self.method_samples? + self.recover_samples?)
    }
}

impl Entry {
    /// Whether it is one of the two dense controls, which have a drop but no rank.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        matches!(self.control, Some(Control::DenseAsIs | Control::DenseTrained | Control::Scratch))
    }

    /// Trials of all tasks together.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.outcomes.values().sum()
    }

    /// Trials with a score.
    #[must_use]
    pub fn scored(&self) -> usize {
        self.cells.iter().flat_map(|cell| &cell.trials).filter(|trial| trial.score.is_some()).count()
    }

    /// Most replicates any of its cells has.
    #[must_use]
    pub fn replicates(&self) -> usize {
        self.cells.iter().map(|cell| cell.trials.len()).max().unwrap_or(0)
    }

    /// Mean over tasks per replicate, for the replicates that have a score on every task.
    pub(crate) fn replicate_means(&self) -> BTreeMap<u32, f64> {
        let mut sums: BTreeMap<u32, (f64, usize)> = BTreeMap::new();
        for trial in self.cells.iter().flat_map(|cell| &cell.trials) {
            if let Some(score) = trial.score {
                let sum = sums.entry(trial.replicate).or_default();
                sum.0 += score;
                sum.1 += 1;
            }
        }
        let tasks = self.cells.len();
        sums.into_iter()
            .filter(|(_, (_, scored))| *scored == tasks)
            .map(|(replicate, (sum, _))| (replicate, sum / tasks as f64))
            .collect()
    }

    /// Paired difference of the means over tasks, this minus `other`.
    ///
    /// With two or more common replicates the repetitions are the replicates (seeds at fixed tasks). With one they
    /// are the tasks. Nothing if no replicate has all scores on both sides.
    #[must_use]
    pub fn minus(&self, other: &Entry) -> Option<Summary> {
        let theirs = other.replicate_means();
        let pairs: Vec<(u32, f64)> = self
            .replicate_means()
            .into_iter()
            .filter_map(|(replicate, mean)| Some((replicate, mean - theirs.get(&replicate)?)))
            .collect();
        if let [(replicate, _)] = pairs[..] {
            let score = |cell: &Cell| cell.trials.iter().find(|it| it.replicate == replicate)?.score;
            let differences: Option<Vec<f64>> = self
                .cells
                .iter()
                .zip(&other.cells)
                .map(|(ours, theirs)| Some(score(ours)? - score(theirs)?))
                .collect();
            return Summary::of(&differences?, Over::Tasks);
        }
        let differences: Vec<f64> = pairs.into_iter().map(|(_, difference)| difference).collect();
        Summary::of(&differences, Over::SeedsAtFixedTasks)
    }
}

impl Board {
    /// The `dense-as-is` control, if the board has it.
    #[must_use]
    pub fn dense_as_is(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.control == Some(Control::DenseAsIs))
    }

    /// The `dense-trained` control, if the board has it.
    #[must_use]
    pub fn dense_trained(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.control == Some(Control::DenseTrained))
    }

    /// Entries that are not dense controls.
    pub fn methods(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_dense())
    }

    /// Keeps of its methods, from large to small.
    #[must_use]
    pub fn keeps(&self) -> Vec<f64> {
        let mut keeps: Vec<f64> = self.methods().map(|entry| entry.keep).collect();
        keeps.dedup_by(|a, b| a.to_bits() == b.to_bits());
        keeps
    }

    /// What the intervals of the drops are over, if any entry has one.
    #[must_use]
    pub fn interval_over(&self) -> Option<Over> {
        self.methods().find_map(|entry| entry.drop?.interval.map(|interval| interval.over))
    }

    /// Training multiply-accumulates of `entry` as a multiple of what `dense-trained` had, with the upstream network's training
    /// for those that begin from initialization: from where the method began, how much more was it trained than the dense
    /// network? Nothing on boards without training.
    #[must_use]
    pub fn training_multiple(&self, entry: &Entry) -> Option<f64> {
        let dense = self.dense_trained()?.budget.training_macs?;
        let reference = dense + entry.budget.init_samples as f64;
        Some(entry.budget.training_macs? / Some(reference).filter(|samples| *samples > 0.0)?)
    }

    /// Dense multiply-accumulates divided by the executed ones of `entry`.
    #[must_use]
    pub fn theoretical_speedup(&self, entry: &Entry) -> Option<f64> {
        let dense = self.entries.iter().filter(|it| it.is_dense()).find_map(|it| it.budget.macs_executed)?;
        let executed = entry.budget.macs_executed.filter(|macs| *macs > 0.0)?;
        Some(dense / executed)
    }
}

#[cfg(test)]
mod tests;
