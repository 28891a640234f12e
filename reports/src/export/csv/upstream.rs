//! `upstream_transfer.csv`: upstream against transfer scores.

use serde::Serialize;

use super::table;
use crate::Report;
use crate::analysis::upstream::{UpstreamCorrelation, UpstreamPoint, UpstreamTable};
use crate::export::write::ReportError;
use crate::family::Family;
use crate::row::Control;

#[rustfmt::skip]
const HEADER: [&str; 22] = [
    "suite", "track", "regime", "granularity", "scope", "keep", "method", "family", "control", "upstream_task", "upstream",
    "transfer", "tasks", "methods", "replicates", "spearman", "spearman_low", "spearman_high", "kendall", "kendall_low",
    "kendall_high", "interval_over",
];

/// A point (`scope` is `point`), or the correlations of the points at a keep (`correlation`).
#[derive(Default, Serialize)]
struct Line<'a> {
    suite: &'a str,
    track: &'a str,
    regime: &'a str,
    granularity: &'a str,
    scope: &'static str,
    keep: f64,
    method: &'a str,
    family: Option<Family>,
    control: Option<Control>,
    upstream_task: &'a str,
    upstream: Option<f64>,
    transfer: Option<f64>,
    tasks: usize,
    methods: Option<usize>,
    replicates: Option<usize>,
    spearman: Option<f64>,
    spearman_low: Option<f64>,
    spearman_high: Option<f64>,
    kendall: Option<f64>,
    kendall_low: Option<f64>,
    kendall_high: Option<f64>,
    interval_over: Option<&'static str>,
}

/// `upstream_transfer.csv`: per transfer board one line for each point and one for the correlations at each keep.
pub fn upstream_transfer_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report.upstream.iter().flat_map(|table| {
        let points = table.points.iter().map(|it| point(table, it));
        points.chain(table.correlations.iter().map(|it| correlation(table, it)))
    });
    self::table(lines.collect(), &HEADER)
}

fn head(table: &UpstreamTable) -> Line<'_> {
    Line {
        suite: &table.key.suite,
        track: &table.key.track,
        regime: &table.key.regime,
        granularity: &table.key.granularity,
        upstream_task: &table.upstream_task,
        tasks: table.tasks,
        ..Line::default()
    }
}

fn point<'a>(table: &'a UpstreamTable, it: &'a UpstreamPoint) -> Line<'a> {
    Line {
        scope: "point",
        keep: it.keep,
        method: &it.method,
        family: it.family,
        control: it.control,
        upstream: Some(it.upstream),
        transfer: Some(it.transfer),
        ..head(table)
    }
}

fn correlation<'a>(table: &'a UpstreamTable, it: &'a UpstreamCorrelation) -> Line<'a> {
    let (spearman, kendall) = (it.spearman.interval, it.kendall.interval);
    Line {
        scope: "correlation",
        keep: it.keep,
        methods: Some(it.methods),
        replicates: Some(it.replicates),
        spearman: it.spearman.value,
        spearman_low: spearman.map(|it| it.low),
        spearman_high: spearman.map(|it| it.high),
        kendall: it.kendall.value,
        kendall_low: kendall.map(|it| it.low),
        kendall_high: kendall.map(|it| it.high),
        interval_over: kendall.map(|it| it.over.label()),
        ..head(table)
    }
}
