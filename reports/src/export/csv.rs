//! Tables for other programs: raw rows, stage costs and the leaderboard.
//!
//! Numbers are printed in the shortest form that reads back to the same bits, and rows are sorted by all their
//! fields, so equal results give equal bytes however the store was filled.

pub(crate) mod agreement;
mod analysis;
pub(crate) mod columns;
pub(crate) mod pretraining;
pub(crate) mod statistics;
pub(crate) mod strata;
pub(crate) mod tickets;
pub(crate) mod upstream;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::Write;

use rayon::prelude::*;
use serde::Serialize;

use super::write::ReportError;
use crate::Report;
use crate::analysis::statistics::{BoardStatistics, Ineligible, Standing};
use crate::board::{Board, BoardKey, Entry};
use crate::family::Family;
use crate::pairs::{Pair, PairKeep, PairTable};
use crate::row::{Control, ReportInput, Row, StageCost};
use crate::speed::Speed;
use crate::stats::{Interval, Summary};

pub use analysis::{layers_csv, mask_similarity_csv, perturbation_csv};

/// `results.csv`: every row with all its fields.
pub fn results_csv(input: &ReportInput) -> Result<Vec<u8>, ReportError> {
    in_memory(|out| write_results(input, out))
}

/// `costs.csv`: every stage. Not reproducible, for it has times.
pub fn costs_csv(input: &ReportInput) -> Result<Vec<u8>, ReportError> {
    in_memory(|out| write_costs(input, out))
}

/// As [`results_csv`], row by row: there may be a million.
pub(crate) fn write_results(input: &ReportInput, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut rows: Vec<&Row> = input.rows.iter().collect();
    rows.par_sort_by(|a, b| row_order(a, b));
    write_table(rows, &RESULTS_HEADER, out)
}

/// As [`costs_csv`], row by row.
pub(crate) fn write_costs(input: &ReportInput, out: &mut dyn Write) -> Result<(), ReportError> {
    let mut costs: Vec<&StageCost> = input.costs.iter().collect();
    costs.par_sort_by(|a, b| cost_order(a, b));
    write_table(costs, &COSTS_HEADER, out)
}

/// `speed.csv`: every measured network. Not reproducible, for it has times.
pub fn speed_csv(input: &ReportInput) -> Result<Vec<u8>, ReportError> {
    let mut speeds: Vec<&Speed> = input.speeds.iter().collect();
    speeds.sort_by(|a, b| speed_order(a, b));
    table(speeds, &SPEED_HEADER)
}

/// `pairs.csv`: every difference between two methods. Fractions, as everywhere in these tables.
pub fn pairs_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report.pairs.iter().flat_map(|table| {
        table
            .keeps
            .iter()
            .flat_map(move |keep| keep.pairs.iter().map(move |pair| pair_line(table, keep, pair)))
    });
    self::table(lines.collect(), &PAIRS_HEADER)
}

/// The order of measured networks: by all that names them.
pub(crate) fn speed_order(a: &Speed, b: &Speed) -> Ordering {
    let names = |it: &Speed| (it.suite.clone(), it.track.clone(), it.method.clone());
    names(a)
        .cmp(&names(b))
        .then_with(|| b.keep.total_cmp(&a.keep))
        .then_with(|| (&a.stage, &a.form, a.batch).cmp(&(&b.stage, &b.form, b.batch)))
}

/// The csv crate writes a header only with the first row; an empty table must have one too. A test holds these
/// lists against the fields.
#[rustfmt::skip]
const RESULTS_HEADER: [&str; 46] = [
    "suite", "track", "protocol", "regime", "granularity", "task", "method", "method_id", "params", "control", "keep",
    "replicate", "outcome", "outcome_detail", "metric", "score", "top1", "mean_per_class", "test_pictures",
    "target_count", "achieved_count", "prunable_total", "prunable_set", "params_total", "params_remaining",
    "conv_fc_total", "conv_fc_remaining", "macs_executed", "macs_nonzero", "allowance_samples", "init_samples",
    "stretch", "method_samples", "recover_samples", "training_macs", "stage", "prune_stage", "weights_of", "pretrained",
    "nonzero_before", "ap", "ap50", "ar", "ap_small", "ap_medium", "ap_large",
];
#[rustfmt::skip]
const COSTS_HEADER: [&str; 16] = [
    "suite", "track", "method", "keep", "replicate", "kind", "task", "regime", "outcome", "seconds", "peak_bytes",
    "threads", "attempts", "finished", "stage", "latency_ms",
];

#[rustfmt::skip]
const SPEED_HEADER: [&str; 22] = [
    "suite", "track", "method", "keep", "form", "params", "params_nonzero", "bytes", "macs_core", "macs_tp",
    "working_bytes", "unaligned_layers", "batch", "p10_ms", "median_ms", "p90_ms", "pictures_per_second",
    "theoretical_speedup", "measured_speedup", "threads", "stage", "machine",
];

#[rustfmt::skip]
const PAIRS_HEADER: [&str; 15] = [
    "suite", "track", "protocol", "regime", "task", "keep", "method", "against", "replicates", "difference", "low", "high",
    "ahead", "draws", "interval_over",
];

fn table<T: Serialize>(rows: Vec<T>, header: &[&str]) -> Result<Vec<u8>, ReportError> {
    in_memory(|out| write_table(rows, header, out))
}

fn in_memory(write: impl FnOnce(&mut dyn Write) -> Result<(), ReportError>) -> Result<Vec<u8>, ReportError> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    Ok(bytes)
}

fn write_table<T: Serialize>(rows: Vec<T>, header: &[&str], out: &mut dyn Write) -> Result<(), ReportError> {
    let mut writer = csv::Writer::from_writer(out);
    if rows.is_empty() {
        writer.write_record(header)?;
    }
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush().map_err(|error| ReportError::Csv(csv::Error::from(error)))
}

fn control_place(control: Option<Control>) -> u8 {
    match control {
        Some(Control::DenseAsIs) => 0,
        Some(Control::DenseTrained) => 1,
        Some(Control::Scratch) => 2,
        Some(Control::Baseline) => 3,
        None => 4,
    }
}

/// Absent values come first.
pub(crate) fn float_order(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (a, b) => a.is_some().cmp(&b.is_some()),
    }
}

/// Values one by one; absent ones come first.
pub(crate) fn floats_order(a: &[Option<f64>], b: &[Option<f64>]) -> Ordering {
    let orders = a.iter().zip(b).map(|(a, b)| float_order(*a, *b));
    orders.fold(Ordering::Equal, Ordering::then)
}

/// First what identifies a row, then everything else: only rows that are equal in all fields may compare equal.
fn row_order(a: &Row, b: &Row) -> Ordering {
    fn who(row: &Row) -> impl Ord + '_ {
        (&row.suite, &row.track, &row.protocol, &row.regime, &row.granularity, &row.task)
    }
    fn which(row: &Row) -> impl Ord + '_ {
        (control_place(row.control), &row.method, &row.method_id, &row.params)
    }
    fn what(row: &Row) -> impl Ord + '_ {
        (
            row.replicate,
            row.outcome,
            &row.outcome_detail,
            &row.metric,
            &row.stage,
            &row.prune_stage,
            &row.weights_of,
            &row.prunable_set,
        )
    }
    fn counts(row: &Row) -> impl Ord + use<> {
        let kept = (row.target_count, row.achieved_count, row.prunable_total);
        let sizes = (row.params_total, row.params_remaining, row.conv_fc_total, row.conv_fc_remaining);
        let macs = (row.macs_executed, row.macs_nonzero);
        let given = (row.allowance_samples, row.init_samples);
        let spent = (row.method_samples, row.recover_samples);
        (row.test_pictures, kept, sizes, macs, given, spent, row.nonzero_before)
    }
    who(a)
        .cmp(&who(b))
        .then_with(|| which(a).cmp(&which(b)))
        .then_with(|| b.keep.total_cmp(&a.keep))
        .then_with(|| what(a).cmp(&what(b)))
        .then_with(|| counts(a).cmp(&counts(b)))
        .then_with(|| float_order(a.score, b.score))
        .then_with(|| float_order(a.top1, b.top1))
        .then_with(|| float_order(a.mean_per_class, b.mean_per_class))
        .then_with(|| float_order(a.training_macs, b.training_macs))
        .then_with(|| floats_order(&detection_values(a), &detection_values(b)))
}

fn detection_values(row: &Row) -> [Option<f64>; 6] {
    [row.ap, row.ap50, row.ar, row.ap_small, row.ap_medium, row.ap_large]
}

fn cost_order(a: &StageCost, b: &StageCost) -> Ordering {
    fn what(cost: &StageCost) -> impl Ord + '_ {
        let run = (cost.outcome, cost.peak_bytes, cost.threads, cost.attempts);
        (&cost.kind, &cost.task, &cost.regime, cost.replicate, &cost.finished, &cost.stage, run)
    }
    (&a.suite, &a.track, &a.method)
        .cmp(&(&b.suite, &b.track, &b.method))
        .then_with(|| float_order(b.keep, a.keep))
        .then_with(|| what(a).cmp(&what(b)))
        .then_with(|| a.seconds.total_cmp(&b.seconds))
        .then_with(|| float_order(a.latency_ms, b.latency_ms))
}

/// One line of `leaderboard.csv`: an entry on one task, or its mean over tasks (`task` is `mean`).
#[derive(Serialize)]
struct Line<'a> {
    suite: &'a str,
    track: &'a str,
    protocol: &'a str,
    regime: &'a str,
    granularity: &'a str,
    method: &'a str,
    family: Option<Family>,
    control: Option<Control>,
    keep: f64,
    /// `task` or `mean-over-tasks`, so that a task may be called anything.
    scope: &'static str,
    task: &'a str,
    metric: String,
    complete: bool,
    trials: usize,
    scored: usize,
    outcomes: String,
    n: Option<usize>,
    mean: Option<f64>,
    sd: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    interval_over: Option<&'static str>,
    drop: Option<f64>,
    drop_low: Option<f64>,
    drop_high: Option<f64>,
    drop_interval_over: Option<&'static str>,
    error_increase: Option<f64>,
    error_increase_low: Option<f64>,
    error_increase_high: Option<f64>,
    error_increase_interval_over: Option<&'static str>,
    rank: Option<f64>,
    place: Option<usize>,
    tied: Option<bool>,
    target_count: Option<u64>,
    achieved_count_min: Option<u64>,
    achieved_count_max: Option<u64>,
    sparsity: Option<f64>,
    compression: Option<f64>,
    macs_executed: Option<f64>,
    macs_nonzero: Option<f64>,
    theoretical_speedup: Option<f64>,
    init_samples: u64,
    stretch: u32,
    method_samples: Option<f64>,
    recover_samples: Option<f64>,
    training_macs: Option<f64>,
    training_multiple: Option<f64>,
    /// Its rank among those that may be ranked in public.
    public_rank: Option<usize>,
    /// Why it has none, of the method and of the board.
    ineligible: String,
    drawn_low: Option<f64>,
    drawn_high: Option<f64>,
    drawn_over: Option<&'static str>,
}

/// `leaderboard.csv`: per board, method and keep one line per task and one for the mean over tasks.
pub fn leaderboard_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    in_memory(|out| write_leaderboard(report, out))
}

/// As [`leaderboard_csv`], line by line.
pub(crate) fn write_leaderboard(report: &Report, out: &mut dyn Write) -> Result<(), ReportError> {
    let verdicts = Verdicts::of(&report.statistics);
    let verdicts = &verdicts;
    let lines = report.boards.iter().flat_map(|board| {
        board.entries.iter().flat_map(move |entry| {
            let tasks = (0..board.tasks.len()).map(move |task| task_line(board, entry, task));
            std::iter::once(mean_line(board, entry, verdicts)).chain(tasks)
        })
    });
    let mut writer = csv::Writer::from_writer(out);
    for line in lines {
        writer.serialize(line)?;
    }
    writer.flush().map_err(|error| ReportError::Csv(csv::Error::from(error)))
}

/// One line of `pairs.csv`.
#[derive(Serialize)]
struct PairLine<'a> {
    suite: &'a str,
    track: &'a str,
    protocol: &'a str,
    regime: &'a str,
    task: &'a str,
    keep: f64,
    method: &'a str,
    against: &'a str,
    replicates: usize,
    difference: f64,
    low: f64,
    high: f64,
    ahead: f64,
    draws: usize,
    interval_over: &'static str,
}

fn pair_line<'a>(table: &'a PairTable, keep: &'a PairKeep, pair: &'a Pair) -> PairLine<'a> {
    PairLine {
        suite: &table.suite,
        track: &table.track,
        protocol: &table.protocol,
        regime: &table.regime,
        task: &table.task,
        keep: keep.keep,
        method: &pair.method,
        against: &pair.against,
        replicates: pair.replicates,
        difference: pair.difference,
        low: pair.interval.low,
        high: pair.interval.high,
        ahead: pair.ahead,
        draws: pair.draws,
        interval_over: pair.interval.over.label(),
    }
}

/// What the statistics say of each method at each keep of each board.
#[derive(Default)]
struct Verdicts<'a> {
    of: BTreeMap<(&'a BoardKey, u64, &'a str), (&'a Standing, Option<Interval>)>,
    of_board: BTreeMap<&'a BoardKey, &'a [Ineligible]>,
}

impl<'a> Verdicts<'a> {
    fn of(statistics: &'a [BoardStatistics]) -> Verdicts<'a> {
        let mut verdicts = Verdicts::default();
        for board in statistics {
            verdicts.of_board.insert(&board.key, &board.ineligible);
            for keep in &board.keeps {
                let drawn: BTreeMap<&str, Option<Interval>> =
                    keep.methods.iter().map(|it| (it.method.as_str(), it.drawn)).collect();
                for standing in &keep.standings {
                    let name = standing.method.as_str();
                    let drawn = drawn.get(name).copied().flatten();
                    verdicts.of.insert((&board.key, keep.keep.to_bits(), name), (standing, drawn));
                }
            }
        }
        verdicts
    }

    /// Public rank, reasons against it, and the interval of the mean from draws.
    fn get(&self, key: &BoardKey, entry: &Entry) -> (Option<usize>, String, Option<Interval>) {
        let Some((standing, drawn)) = self.of.get(&(key, entry.keep.to_bits(), entry.method.as_str())) else {
            return (None, String::new(), None);
        };
        let of_board = self.of_board.get(key).copied().unwrap_or_default();
        let reasons: Vec<Ineligible> = of_board.iter().chain(&standing.reasons).cloned().collect();
        (standing.rank, statistics::reason_words(&reasons), *drawn)
    }
}

fn mean_line<'a>(board: &'a Board, entry: &'a Entry, verdicts: &Verdicts<'_>) -> Line<'a> {
    let (public_rank, ineligible, drawn) = verdicts.get(&board.key, entry);
    let budget = &entry.budget;
    let (low, high, interval_over) = ends(entry.mean);
    let (drop_low, drop_high, drop_interval_over) = ends(entry.drop);
    let error_interval = entry.error_increase.and_then(|it| it.interval);
    Line {
        suite: &board.key.suite,
        track: &board.key.track,
        protocol: &board.key.protocol,
        regime: &board.key.regime,
        granularity: &board.key.granularity,
        method: &entry.method,
        family: entry.family,
        control: entry.control,
        keep: entry.keep,
        scope: "mean-over-tasks",
        task: "",
        metric: String::new(),
        complete: entry.complete,
        trials: entry.trials(),
        scored: entry.scored(),
        outcomes: outcomes(entry.outcomes.iter().map(|(outcome, count)| (outcome.word(), *count))),
        n: entry.mean.map(|it| it.n),
        mean: entry.mean.map(|it| it.mean),
        sd: entry.mean.and_then(|it| it.sd),
        low,
        high,
        interval_over,
        drop: entry.drop.map(|it| it.mean),
        drop_low,
        drop_high,
        drop_interval_over,
        error_increase: entry.error_increase.map(|it| it.mean),
        error_increase_low: error_interval.map(|it| it.low),
        error_increase_high: error_interval.map(|it| it.high),
        error_increase_interval_over: error_interval.map(|it| it.over.label()),
        rank: entry.average_rank,
        place: entry.place.map(|it| it.place),
        tied: entry.place.map(|it| it.tied),
        target_count: budget.target_count.filter(|it| it.min == it.max).map(|it| it.min),
        achieved_count_min: budget.achieved_count.map(|it| it.min),
        achieved_count_max: budget.achieved_count.map(|it| it.max),
        sparsity: budget.sparsity,
        compression: budget.compression,
        macs_executed: budget.macs_executed,
        macs_nonzero: budget.macs_nonzero,
        theoretical_speedup: board.theoretical_speedup(entry),
        init_samples: budget.init_samples,
        stretch: budget.stretch,
        method_samples: budget.method_samples,
        recover_samples: budget.recover_samples,
        training_macs: budget.training_macs,
        training_multiple: board.training_multiple(entry),
        public_rank,
        ineligible,
        drawn_low: drawn.map(|it| it.low),
        drawn_high: drawn.map(|it| it.high),
        drawn_over: drawn.map(|it| it.over.label()),
    }
}

fn task_line<'a>(board: &'a Board, entry: &'a Entry, task: usize) -> Line<'a> {
    let (cell, column) = (&entry.cells[task], &board.tasks[task]);
    let (low, high, interval_over) = ends(cell.summary);
    let (drop_low, drop_high, drop_interval_over) = ends(cell.drop);
    let mut counts = std::collections::BTreeMap::new();
    for trial in &cell.trials {
        *counts.entry(trial.outcome).or_insert(0) += 1;
    }
    Line {
        scope: "task",
        task: &column.id,
        metric: column.metrics.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
        complete: cell.complete,
        trials: cell.trials.len(),
        scored: cell.trials.iter().filter(|trial| trial.score.is_some()).count(),
        outcomes: outcomes(counts.iter().map(|(outcome, count)| (outcome.word(), *count))),
        n: cell.summary.map(|it| it.n),
        mean: cell.summary.map(|it| it.mean),
        sd: cell.summary.and_then(|it| it.sd),
        low,
        high,
        interval_over,
        drop: cell.drop.map(|it| it.mean),
        drop_low,
        drop_high,
        drop_interval_over,
        error_increase: cell.error_increase,
        error_increase_low: None,
        error_increase_high: None,
        error_increase_interval_over: None,
        rank: cell.rank,
        place: None,
        tied: None,
        ..mean_line(board, entry, &Verdicts::default())
    }
}

fn ends(summary: Option<Summary>) -> (Option<f64>, Option<f64>, Option<&'static str>) {
    let interval = summary.and_then(|it| it.interval);
    (interval.map(|it| it.low), interval.map(|it| it.high), interval.map(|it| it.over.label()))
}

fn outcomes<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> String {
    counts.map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
