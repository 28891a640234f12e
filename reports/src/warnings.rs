//! What a reader must know before believing a board, with what to do about it.

mod checks;
pub(crate) mod measured;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::board::{Board, BoardKey, Span};
use crate::row::Outcome;
use crate::text;

/// Replicates below which a spread is no evidence (the ShrinkBench checklist asks for at least three).
pub const ENOUGH_SEEDS: usize = 3;

/// How much a warning takes from a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The board must not be published like this.
    Error,
    /// The board needs a caveat.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// The word that stands in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// A fault or a caveat of one board.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// Stored rows of one trial disagree.
    ContradictoryRows {
        /// The trials: method, keep, task and replicate.
        trials: Vec<String>,
    },
    /// One label stands for several method identifiers or parameter sets.
    MixedConfigurations {
        /// The label.
        method: String,
        /// How many configurations it stands for.
        configurations: usize,
    },
    /// A task was scored with different metrics.
    MixedMetrics {
        /// Task identifier.
        task: String,
        /// The metrics.
        metrics: Vec<String>,
    },
    /// The rows were pruned over different prunable sets.
    MixedPrunableSets {
        /// Names of the sets.
        sets: Vec<String>,
        /// Smallest and largest total of prunable weights.
        totals: Option<Span>,
    },
    /// The rows had different allowances of training samples.
    MixedAllowances {
        /// Allowance and the methods that had it.
        allowances: BTreeMap<u64, Vec<String>>,
    },
    /// A weight method missed the published count.
    MissedCounts {
        /// Method label.
        method: String,
        /// Keep.
        keep: f64,
        /// Rows that missed it.
        rows: usize,
        /// The target.
        target: Option<Span>,
        /// What remained.
        achieved: Option<Span>,
    },
    /// Whole channels did not add up to the published counts.
    NearestCounts {
        /// Rows that differ from their target.
        rows: usize,
        /// The method, with its keep, that is farthest away.
        farthest: String,
        /// How far, as a fraction of its target.
        by: f64,
    },
    /// The board has no `dense-trained` control.
    MissingDenseTrained,
    /// The `dense-trained` control lacks replicates that methods have.
    UnpairedReplicates {
        /// The replicates it lacks.
        replicates: Vec<u32>,
    },
    /// The board lacks a baseline that every run should have.
    MissingBaseline {
        /// `random`, `random-layerwise` or `magnitude`.
        baseline: String,
    },
    /// Networks of which a layer has no weight left.
    EmptiedLayers {
        /// Methods with at least one such network, with the keep and the layers.
        entries: Vec<String>,
    },
    /// Trials without a score.
    IncompleteCells {
        /// Trials without a score.
        trials: usize,
        /// Number of cells (method, keep, task) they are in.
        cells: usize,
        /// How often each outcome occurred.
        #[schemars(with = "BTreeMap<String, usize>")]
        outcomes: BTreeMap<Outcome, usize>,
        /// Methods with at least one, with the keep.
        entries: Vec<String>,
    },
    /// Methods that the suite runs in fewer replicates than others.
    FewerReplicates {
        /// Replicates of the board.
        replicates: usize,
        /// For each smaller number of replicates, the methods that have it, with the keep.
        entries: BTreeMap<usize, Vec<String>>,
    },
    /// Too few replicates to know a spread.
    TooFewSeeds {
        /// Replicates of the board.
        replicates: usize,
    },
    /// A method's mean is below random pruning at the same keep.
    BelowRandom {
        /// Methods with keep.
        entries: Vec<String>,
    },
    /// Compared stages ran with different numbers of threads.
    MixedThreads {
        /// Number of threads and the methods that had it.
        threads: BTreeMap<u32, Vec<String>>,
    },
    /// Compared networks were measured with different batch sizes.
    MixedBatchSizes {
        /// Batch sizes and the methods that were measured with these.
        batches: BTreeMap<String, Vec<String>>,
    },
    /// Compared networks were measured on different machines.
    MixedMachines {
        /// The machines.
        machines: Vec<String>,
    },
    /// Repeated measurements of one network are far apart.
    NoisyMachine {
        /// Measurements that are.
        noisy: usize,
        /// All measurements of the track.
        measurements: usize,
        /// The method, with its keep and batch size, whose measurements are farthest apart.
        widest: String,
        /// The distance of its 10th and 90th percentiles over its median.
        spread: f64,
    },
    /// With so few tasks no p-value can be small enough.
    LevelOutOfReach {
        /// Tasks.
        tasks: usize,
        /// Methods that are held against one reference.
        comparisons: usize,
        /// The smallest p-value that there can be, after correction.
        smallest: f64,
    },
    /// Neighbours in the order whose intervals overlap.
    OverlappingIntervals {
        /// Pairs of neighbours at all keeps with overlapping intervals.
        overlapping: usize,
        /// All pairs of neighbours.
        pairs: usize,
    },
    /// A method cannot be told apart from random pruning at the same keep.
    NotSeparableFromRandom {
        /// Methods with keep.
        entries: Vec<String>,
    },
}

impl Warning {
    /// How much it takes from the board.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Warning::ContradictoryRows { .. }
            | Warning::MixedConfigurations { .. }
            | Warning::MixedMetrics { .. }
            | Warning::MixedPrunableSets { .. }
            | Warning::MissingDenseTrained
            | Warning::MissedCounts { .. } => Severity::Error,
            Warning::MixedAllowances { .. }
            | Warning::UnpairedReplicates { .. }
            | Warning::MissingBaseline { .. }
            | Warning::IncompleteCells { .. }
            | Warning::EmptiedLayers { .. }
            | Warning::TooFewSeeds { .. }
            | Warning::MixedThreads { .. }
            | Warning::MixedBatchSizes { .. }
            | Warning::MixedMachines { .. }
            | Warning::NoisyMachine { .. }
            | Warning::BelowRandom { .. } => Severity::Warning,
            Warning::NotSeparableFromRandom { .. }
            | Warning::NearestCounts { .. }
            | Warning::LevelOutOfReach { .. }
            | Warning::OverlappingIntervals { .. }
            | Warning::FewerReplicates { .. } => Severity::Note,
        }
    }

    /// What is the matter, in one sentence.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Warning::ContradictoryRows { trials } => {
                format!("{} have stored rows that disagree: {}.", plural(trials.len(), "trial"), list(trials))
            }
            Warning::MixedConfigurations { method, configurations } => {
                format!(
                    "The label {} stands for {configurations} different configurations.",
                    text::clean(method)
                )
            }
            Warning::MixedMetrics { task, metrics } => {
                let metrics: Vec<String> = metrics.iter().map(|name| text::metric(name)).collect();
                format!("Task {} was scored with different metrics: {}.", text::clean(task), list(&metrics))
            }
            Warning::MixedPrunableSets { sets, totals } => match totals {
                Some(Span { min, max }) if min != max => format!(
                    "Rows were pruned over different prunable sets: {} ({} to {} weights).",
                    list(sets),
                    text::count(*min),
                    text::count(*max)
                ),
                _ => format!("Rows were pruned over different prunable sets: {}.", list(sets)),
            },
            Warning::MixedAllowances { allowances } => {
                let parts: Vec<String> = allowances
                    .iter()
                    .map(|(samples, methods)| {
                        format!("{} samples for {}", text::count(*samples), list(methods))
                    })
                    .collect();
                format!("Rows had different allowances: {}.", parts.join("; "))
            }
            Warning::MissedCounts { method, keep, rows, target, achieved } => format!(
                "{} at keep {keep} left {} prunable weights where {} were asked for ({}).",
                text::clean(method),
                span(*achieved),
                span(*target),
                plural(*rows, "row")
            ),
            Warning::NearestCounts { rows, farthest, by } => format!(
                "Whole channels do not add up to the counts that were asked for in {}; the farthest is {farthest}, by {} %.",
                plural(*rows, "row"),
                text::percent(*by, 2)
            ),
            Warning::MissingDenseTrained => {
                "There is no dense-trained control, so no drop can be given.".to_owned()
            }
            Warning::UnpairedReplicates { replicates } => {
                let names: Vec<String> = replicates.iter().map(u32::to_string).collect();
                format!(
                    "dense-trained lacks scores of replicate {}; drops use the others only.",
                    list(&names)
                )
            }
            Warning::MissingBaseline { baseline } => format!("The baseline {baseline} was not run."),
            Warning::EmptiedLayers { entries } => {
                format!("Layers without a weight left: {}.", list(entries))
            }
            Warning::IncompleteCells { trials, cells, outcomes, entries } => {
                let words: Vec<String> =
                    outcomes.iter().map(|(outcome, count)| format!("{count} {}", outcome.word())).collect();
                format!(
                    "{} in {} without a score ({}); not ranked: {}.",
                    plural(*trials, "trial"),
                    plural(*cells, "cell"),
                    words.join(", "),
                    list(entries)
                )
            }
            Warning::FewerReplicates { replicates, entries } => {
                let parts: Vec<String> =
                    entries.iter().map(|(count, names)| format!("{count} for {}", list(names))).collect();
                format!("The suite has fewer than {replicates} replicates for some: {}.", parts.join("; "))
            }
            Warning::TooFewSeeds { replicates: 1 } => {
                "One replicate only: no interval over seeds exists; what intervals there are, are over tasks."
                    .to_owned()
            }
            Warning::TooFewSeeds { replicates } => {
                format!(
                    "Only {replicates} replicates: intervals over seeds are wide and many ranks are ties."
                )
            }
            Warning::BelowRandom { entries } => format!("Below random pruning: {}.", list(entries)),
            Warning::MixedThreads { threads } => {
                let parts: Vec<String> =
                    threads.iter().map(|(count, methods)| format!("{count} for {}", list(methods))).collect();
                format!("Stages ran with different numbers of threads: {}.", parts.join("; "))
            }
            Warning::MixedBatchSizes { batches } => {
                let parts: Vec<String> =
                    batches.iter().map(|(sizes, methods)| format!("{sizes} for {}", list(methods))).collect();
                format!("Networks were measured with different batch sizes: {}.", parts.join("; "))
            }
            Warning::MixedMachines { machines } => {
                format!("Networks were measured on different machines: {}.", machines_words(machines))
            }
            Warning::NoisyMachine { noisy, measurements, widest, spread } => format!(
                "Repeated measurements are far apart in {noisy} of {measurements}; the farthest are those of {}, by {} % of \
                 the median.",
                text::clean(widest),
                text::percent(*spread, 0)
            ),
            Warning::LevelOutOfReach { tasks, comparisons, smallest } => format!(
                "Over {tasks} tasks and with {} no p-value of Wilcoxon's test can be below {smallest:.3}.",
                plural(*comparisons, "comparison")
            ),
            Warning::OverlappingIntervals { overlapping, pairs } => format!(
                "The intervals of {overlapping} of {} in the order overlap.",
                plural(*pairs, "pair") + " of neighbours"
            ),
            Warning::NotSeparableFromRandom { entries } => {
                format!("Not separable from random pruning: {}.", list(entries))
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Warning::ContradictoryRows { .. } => {
                "Find out which of the stored results is right; equal identities must give equal scores."
            }
            Warning::MixedConfigurations { .. } => "Give each configuration a label of its own in the suite.",
            Warning::MixedMetrics { .. } => "Rescore the task with one metric.",
            Warning::MixedPrunableSets { .. } => {
                "Rerun with the suite's prunable set; sparsities over different sets do not compare."
            }
            Warning::MixedAllowances { .. } => {
                "Compare only within one allowance, unless the difference is the declared one for methods that \
                 start from initialization."
            }
            Warning::NearestCounts { .. } => "Expected of channel methods; compare by the achieved count.",
            Warning::MissedCounts { .. } => {
                "Treat the row as invalid: a method must reach the count exactly."
            }
            Warning::MissingDenseTrained => "Add the control `dense-trained` to the suite and run again.",
            Warning::UnpairedReplicates { .. } => "Run the control with the same replicates as the methods.",
            Warning::MissingBaseline { .. } => "Add the baseline to the suite and run again.",
            Warning::EmptiedLayers { .. } => {
                "Nothing passes such a layer; look at the layers and at the method's rule for spending its budget."
            }
            Warning::IncompleteCells { .. } => {
                "Look at the outcomes table, mend the cause and run again: finished trials are not repeated."
            }
            Warning::FewerReplicates { .. } => {
                "Their means are over other seeds; differences are taken over the replicates that both have."
            }
            Warning::TooFewSeeds { .. } => "Set at least 3 replicates in the suite and run again.",
            Warning::BelowRandom { .. } => {
                "Check the method's scores: a sign may be turned or a layer emptied."
            }
            Warning::MixedThreads { .. } => {
                "Compare neither scores nor times of different thread counts; run all with the suite's."
            }
            Warning::MixedBatchSizes { .. } => "Compare latencies at one batch size only.",
            Warning::MixedMachines { .. } => {
                "Measure all on one machine; until then latencies are on no front and prove no speed-up."
            }
            Warning::NoisyMachine { .. } => {
                "Measure again on a machine with nothing else to do, and trust no difference below the spread."
            }
            Warning::LevelOutOfReach { .. } => "Add tasks, or claim no difference by this test.",
            Warning::OverlappingIntervals { .. } => {
                "Read tie groups, not places; to tell neighbours apart takes more replicates."
            }
            Warning::NotSeparableFromRandom { .. } => "Add replicates, or claim no advantage over random.",
        }
    }
}

/// A warning and the board it is about.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct BoardWarning {
    /// The board.
    pub board: BoardKey,
    /// What is the matter.
    #[serde(flatten)]
    pub warning: Warning,
}

/// Examines `boards`. The worst come first, otherwise in the order of the boards.
#[must_use]
pub fn warnings(boards: &[Board]) -> Vec<BoardWarning> {
    let mut found: Vec<BoardWarning> = boards
        .iter()
        .flat_map(|board| {
            checks::examine(board)
                .into_iter()
                .map(|warning| BoardWarning { board: board.key.clone(), warning })
        })
        .collect();
    found.sort_by_key(|it| it.warning.severity());
    found
}

fn span(span: Option<Span>) -> String {
    match span {
        None => "an unknown number of".to_owned(),
        Some(Span { min, max }) if min == max => text::count(min),
        Some(Span { min, max }) => format!("{} to {}", text::count(min), text::count(max)),
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Machines have commas in their names.
fn machines_words(machines: &[String]) -> String {
    machines.iter().map(|name| text::clean(name)).collect::<Vec<_>>().join("; ")
}

/// At most eight names; the tables have the rest.
fn list(names: &[String]) -> String {
    const MOST: usize = 8;
    let shown: Vec<String> = names.iter().take(MOST).map(|name| text::clean(name)).collect();
    match names.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests;
