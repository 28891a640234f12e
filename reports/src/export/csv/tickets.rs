//! `tickets.csv`: which pruned networks score as the dense one does.

use serde::Serialize;

use super::table;
use crate::Report;
use crate::analysis::tickets::{TicketLine, TicketTable, Verdict};
use crate::export::write::ReportError;
use crate::row::Control;

#[rustfmt::skip]
const HEADER: [&str; 22] = [
    "suite", "track", "protocol", "regime", "granularity", "method", "control", "keep", "sparsity", "task", "verdict",
    "mean", "scores", "against", "dense_mean", "dense_sd", "threshold", "dense_scores", "weights_of", "winning",
    "tasks_matching", "universal",
];

/// One method at a keep on one task. Lists are separated by spaces.
#[derive(Serialize)]
struct Line<'a> {
    suite: &'a str,
    track: &'a str,
    protocol: &'a str,
    regime: &'a str,
    granularity: &'a str,
    method: &'a str,
    control: Option<Control>,
    keep: f64,
    sparsity: Option<f64>,
    task: &'a str,
    verdict: &'static str,
    mean: Option<f64>,
    scores: String,
    against: Control,
    dense_mean: Option<f64>,
    dense_sd: Option<f64>,
    threshold: Option<f64>,
    dense_scores: String,
    weights_of: Option<&'a str>,
    winning: bool,
    tasks_matching: usize,
    universal: Option<bool>,
}

/// `tickets.csv`: per board, method and keep one line for each task.
pub fn tickets_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report.tickets.iter().flat_map(|table| {
        let tasks = 0..table.tasks.len();
        table.lines.iter().flat_map(move |line| tasks.clone().map(move |task| task_line(table, line, task)))
    });
    self::table(lines.collect(), &HEADER)
}

fn task_line<'a>(table: &'a TicketTable, line: &'a TicketLine, task: usize) -> Line<'a> {
    let (cell, reference) = (&line.cells[task], table.against(line)[task].as_ref());
    Line {
        suite: &table.key.suite,
        track: &table.key.track,
        protocol: &table.key.protocol,
        regime: &table.key.regime,
        granularity: &table.key.granularity,
        method: &line.method,
        control: line.control,
        keep: line.keep,
        sparsity: line.sparsity,
        task: &table.tasks[task].id,
        verdict: cell.verdict.word(),
        mean: cell.mean,
        scores: list(&cell.scores),
        against: line.against,
        dense_mean: reference.map(|it| it.mean),
        dense_sd: reference.map(|it| it.sd),
        threshold: reference.map(|it| it.threshold),
        dense_scores: reference.map(|it| list(&it.scores)).unwrap_or_default(),
        weights_of: line.weights_of.as_deref(),
        winning: line.winning && cell.verdict == Verdict::Matching,
        tasks_matching: line.matching,
        universal: line.universal,
    }
}

fn list(values: &[f64]) -> String {
    values.iter().map(f64::to_string).collect::<Vec<_>>().join(" ")
}
