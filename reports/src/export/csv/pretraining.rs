//! `pretraining.csv`: how far tickets of different pre-trainings go.

use serde::Serialize;

use super::table;
use crate::Report;
use crate::analysis::pretraining::{PretrainingLine, PretrainingTable};
use crate::analysis::tickets::ReachKeep;
use crate::export::write::ReportError;
use crate::row::Control;

#[rustfmt::skip]
const HEADER: [&str; 12] = [
    "suite", "protocol", "regime", "granularity", "method", "control", "pretraining", "track", "scope", "task", "keep", "gap",
];

/// One method from one pre-training on one task, or on all of them.
#[derive(Serialize)]
struct Line<'a> {
    suite: &'a str,
    protocol: &'a str,
    regime: &'a str,
    granularity: &'a str,
    method: &'a str,
    control: Option<Control>,
    pretraining: &'a str,
    track: &'a str,
    /// `universal` or `task`.
    scope: &'static str,
    task: &'a str,
    /// The smallest keep at which it is matching; empty if there is none.
    keep: Option<f64>,
    /// Whether it is not matching at some larger keep.
    gap: Option<bool>,
}

/// `pretraining.csv`: per method and pre-training one line for all tasks, and one for each.
pub fn pretraining_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report.pretrainings.iter().flat_map(|table| {
        table.lines.iter().flat_map(move |line| {
            let universal = self::line(table, line, ("universal", ""), line.universal);
            let tasks = table.tasks.iter().zip(&line.tasks);
            let tasks = tasks.map(move |(task, reach)| self::line(table, line, ("task", &task.id), *reach));
            std::iter::once(universal).chain(tasks)
        })
    });
    self::table(lines.collect(), &HEADER)
}

fn line<'a>(
    table: &'a PretrainingTable,
    line: &'a PretrainingLine,
    (scope, task): (&'static str, &'a str),
    reach: Option<ReachKeep>,
) -> Line<'a> {
    Line {
        suite: &table.suite,
        protocol: &table.protocol,
        regime: &table.regime,
        granularity: &table.granularity,
        method: &line.method,
        control: line.control,
        pretraining: &line.pretraining,
        track: &line.track,
        scope,
        task,
        keep: reach.map(|it| it.keep),
        gap: reach.map(|it| it.gap),
    }
}
