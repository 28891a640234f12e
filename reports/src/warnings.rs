//! What a reader must know before believing a board, with what to do about it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::board::{Board, BoardKey, Entry, Span, separable};
use crate::row::{Control, Outcome};
use crate::text;

/// Replicates below which a spread is no evidence (the ShrinkBench checklist asks for at least three).
pub const ENOUGH_SEEDS: usize = 3;

/// How much a warning takes from a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
            | Warning::BelowRandom { .. } => Severity::Warning,
            Warning::NotSeparableFromRandom { .. }
            | Warning::NearestCounts { .. }
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
            Warning::NotSeparableFromRandom { .. } => "Add replicates, or claim no advantage over random.",
        }
    }
}

/// A warning and the board it is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
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
            examine(board).into_iter().map(|warning| BoardWarning { board: board.key.clone(), warning })
        })
        .collect();
    found.sort_by_key(|it| it.warning.severity());
    found
}

fn examine(board: &Board) -> Vec<Warning> {
    let mut found = Vec::new();
    contradictions(board, &mut found);
    mixtures(board, &mut found);
    counts(board, &mut found);
    controls(board, &mut found);
    completeness(board, &mut found);
    against_random(board, &mut found);
    found
}

fn contradictions(board: &Board, found: &mut Vec<Warning>) {
    let mut trials = Vec::new();
    for entry in &board.entries {
        for (task, cell) in board.tasks.iter().zip(&entry.cells) {
            for trial in cell.trials.iter().filter(|trial| trial.contradiction) {
                trials.push(format!("{} on {}, replicate {}", name(entry), task.short, trial.replicate));
            }
        }
    }
    if !trials.is_empty() {
        found.push(Warning::ContradictoryRows { trials });
    }
    for entry in board.entries.iter().filter(|entry| entry.configurations.len() > 1) {
        let configurations = entry.configurations.len();
        found.push(Warning::MixedConfigurations { method: entry.method.clone(), configurations });
    }
}

fn mixtures(board: &Board, found: &mut Vec<Warning>) {
    for task in board.tasks.iter().filter(|task| task.metrics.len() > 1) {
        let metrics = task.metrics.iter().cloned().collect();
        found.push(Warning::MixedMetrics { task: task.id.clone(), metrics });
    }
    let sets: BTreeSet<&String> = board.methods().flat_map(|entry| &entry.budget.prunable_sets).collect();
    let totals = || board.methods().filter_map(|entry| entry.budget.prunable_total);
    let total = totals().map(|span| span.min).min().zip(totals().map(|span| span.max).max());
    // In the direct protocol each task has a network, and so a total, of its own.
    let differ = board.key.protocol != "direct" && total.is_some_and(|(min, max)| min != max);
    if sets.len() > 1 || differ {
        let sets = sets.into_iter().cloned().collect();
        found.push(Warning::MixedPrunableSets { sets, totals: total.map(|(min, max)| Span { min, max }) });
    }
    let mut allowances: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    for entry in board.entries.iter().filter(|entry| entry.control != Some(Control::DenseAsIs)) {
        if let Some(span) = entry.budget.allowance_samples {
            for samples in [span.min, span.max] {
                allowances.entry(samples).or_default().insert(&entry.method);
            }
        }
    }
    if allowances.len() > 1 {
        let named = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
        let allowances = allowances.into_iter().map(|(samples, methods)| (samples, named(methods))).collect();
        found.push(Warning::MixedAllowances { allowances });
    }
}

fn counts(board: &Board, found: &mut Vec<Warning>) {
    if board.key.granularity == "channels" {
        let rows = board.methods().map(|entry| entry.budget.missed_counts).sum();
        let distance = |entry: &Entry| {
            let (target, achieved) = entry.budget.target_count.zip(entry.budget.achieved_count)?;
            let most = achieved.min.abs_diff(target.min).max(achieved.max.abs_diff(target.max));
            Some(most as f64 / target.max.max(1) as f64)
        };
        let farthest = board.methods().filter_map(|entry| Some((distance(entry)?, entry)));
        if rows > 0
            && let Some((by, entry)) = farthest.max_by(|(a, _), (b, _)| a.total_cmp(b))
        {
            found.push(Warning::NearestCounts { rows, farthest: name(entry), by });
        }
        return;
    }
    for entry in board.methods().filter(|entry| entry.budget.missed_counts > 0) {
        found.push(Warning::MissedCounts {
            method: entry.method.clone(),
            keep: entry.keep,
            rows: entry.budget.missed_counts,
            target: entry.budget.target_count,
            achieved: entry.budget.achieved_count,
        });
    }
}

fn controls(board: &Board, found: &mut Vec<Warning>) {
    match board.dense_trained() {
        None => found.push(Warning::MissingDenseTrained),
        Some(dense) => {
            let scored = dense.replicate_means();
            let replicates: Vec<u32> = board
                .replicates
                .iter()
                .copied()
                .filter(|replicate| !scored.contains_key(replicate))
                .collect();
            if !replicates.is_empty() {
                found.push(Warning::UnpairedReplicates { replicates });
            }
        }
    }
    if board.methods().next().is_none() {
        return;
    }
    // Among channels, the filter norm is what magnitude is among weights, and random channels go group by group anyway.
    let wanted: &[&str] = if board.key.granularity == "channels" {
        &["random", "filter norm"]
    } else {
        &["random", "random-layerwise", "magnitude"]
    };
    for &baseline in wanted {
        if !board.methods().any(|entry| baseline_kind(entry) == Some(baseline)) {
            found.push(Warning::MissingBaseline { baseline: baseline.to_owned() });
        }
    }
}

/// Which of the mandatory baselines an entry is, by the last part of its identifier, else by its label.
fn baseline_kind(entry: &Entry) -> Option<&'static str> {
    if entry.control != Some(Control::Baseline) {
        return None;
    }
    let of = |name: &str| {
        let name = name.to_lowercase();
        match () {
            () if name.contains("random") && name.contains("layer") => Some("random-layerwise"),
            () if name.contains("random") => Some("random"),
            () if name.contains("magnitude") => Some("magnitude"),
            () if matches!(name.as_str(), "l1" | "l2" | "channel-l1" | "channel-l2") => Some("filter norm"),
            () => None,
        }
    };
    let tail = |id: &str| id.rsplit('.').next().unwrap_or_default().to_owned();
    // The label is asked first: one identifier may serve both random baselines through a parameter.
    of(&entry.method).or_else(|| entry.configurations.iter().find_map(|(id, _)| of(&tail(id))))
}

fn completeness(board: &Board, found: &mut Vec<Warning>) {
    let mut outcomes = BTreeMap::new();
    let (mut trials, mut cells) = (0, 0);
    for cell in board.entries.iter().flat_map(|entry| &entry.cells) {
        let faults = cell.trials.iter().filter(|trial| trial.score.is_none());
        let before = trials;
        for trial in faults {
            *outcomes.entry(trial.outcome).or_insert(0) += 1;
            trials += 1;
        }
        cells += usize::from(trials > before);
    }
    if trials > 0 {
        let entries = board.entries.iter().filter(|entry| !entry.complete).map(name).collect();
        found.push(Warning::IncompleteCells { trials, cells, outcomes, entries });
    }
    let replicates = board.replicates.len();
    if (1..ENOUGH_SEEDS).contains(&replicates) {
        found.push(Warning::TooFewSeeds { replicates });
    }
    let mut fewer: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for entry in board.methods().filter(|entry| entry.replicates() < replicates) {
        fewer.entry(entry.replicates()).or_default().push(name(entry));
    }
    if !fewer.is_empty() {
        found.push(Warning::FewerReplicates { replicates, entries: fewer });
    }
}

fn against_random(board: &Board, found: &mut Vec<Warning>) {
    let (mut below, mut inseparable) = (Vec::new(), Vec::new());
    let is_random = |entry: &Entry| baseline_kind(entry).is_some_and(|kind| kind.starts_with("random"));
    for keep in board.keeps() {
        let complete = || board.methods().filter(|it| it.complete && it.keep.to_bits() == keep.to_bits());
        // Entries of a keep are sorted from best to worst, so this is the better of the random baselines.
        let Some(random) = complete().find(|entry| is_random(entry)) else { continue };
        for entry in complete().filter(|entry| !is_random(entry)) {
            let Some(difference) = entry.minus(random) else { continue };
            if !separable(entry, random) {
                inseparable.push(name(entry));
            } else if difference.mean < 0.0 {
                below.push(name(entry));
            }
        }
    }
    if !below.is_empty() {
        found.push(Warning::BelowRandom { entries: below });
    }
    if !inseparable.is_empty() {
        found.push(Warning::NotSeparableFromRandom { entries: inseparable });
    }
}

fn name(entry: &Entry) -> String {
    if entry.is_dense() {
        return text::clean(&entry.method);
    }
    format!("{} at keep {}", text::clean(&entry.method), entry.keep)
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
