//! What is looked for on a board.

use std::collections::{BTreeMap, BTreeSet};

use super::{ENOUGH_SEEDS, Warning};
use crate::board::{Board, Entry, Span, separable};
use crate::row::Control;
use crate::text;

pub(super) fn examine(board: &Board) -> Vec<Warning> {
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
    for baseline in board.missing_baselines() {
        found.push(Warning::MissingBaseline { baseline: baseline.to_owned() });
    }
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
    let is_random = |entry: &Entry| entry.baseline().is_some_and(|kind| kind.starts_with("random"));
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

pub(super) fn name(entry: &Entry) -> String {
    if entry.is_dense() {
        return text::clean(&entry.method);
    }
    format!("{} at keep {}", text::clean(&entry.method), entry.keep)
}
