//! `agreement.csv`: how far our rankings agree with published ones.

use serde::Serialize;

use super::table;
use crate::Report;
use crate::analysis::agreement::{AgreedMethod, Agreement};
use crate::draws::DRAWS;
use crate::export::write::ReportError;

#[rustfmt::skip]
const HEADER: [&str; 21] = [
    "suite", "track", "protocol", "regime", "granularity", "keep", "citation", "network", "methods", "tasks", "replicates",
    "published_tasks", "tau_b", "low", "high", "interval_over", "draws", "p", "p_exact", "ranking", "published_ranking",
];

/// One board at a keep against one table. Rankings are lists, separated by semicolons, the best first.
#[derive(Serialize)]
struct Line<'a> {
    suite: &'a str,
    track: &'a str,
    protocol: &'a str,
    regime: &'a str,
    granularity: &'a str,
    keep: f64,
    citation: &'a str,
    network: &'a str,
    methods: usize,
    tasks: usize,
    replicates: usize,
    published_tasks: usize,
    tau_b: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    interval_over: String,
    draws: usize,
    p: Option<f64>,
    p_exact: Option<bool>,
    ranking: String,
    published_ranking: String,
}

/// `agreement.csv`: one line for each board and keep that is held against a table.
pub fn agreement_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    self::table(report.agreements.iter().map(line).collect(), &HEADER)
}

fn line(it: &Agreement) -> Line<'_> {
    let mut theirs: Vec<&AgreedMethod> = it.methods.iter().collect();
    theirs.sort_by(|a, b| a.published_rank.total_cmp(&b.published_rank));
    let join = |names: Vec<&str>| names.join("; ");
    Line {
        suite: &it.key.suite,
        track: &it.key.track,
        protocol: &it.key.protocol,
        regime: &it.key.regime,
        granularity: &it.key.granularity,
        keep: it.keep,
        citation: &it.citation,
        network: &it.network,
        methods: it.methods.len(),
        tasks: it.tasks,
        replicates: it.replicates,
        published_tasks: it.published_tasks,
        tau_b: it.tau,
        low: it.interval.map(|ends| ends.0),
        high: it.interval.map(|ends| ends.1),
        interval_over: it.drawn.join(", "),
        draws: if it.drawn.is_empty() { 0 } else { DRAWS - it.left_out },
        p: it.chance.map(|chance| chance.p),
        p_exact: it.chance.map(|chance| chance.exact),
        ranking: join(it.methods.iter().map(|method| method.method.as_str()).collect()),
        published_ranking: join(theirs.into_iter().map(|method| method.published.as_str()).collect()),
    }
}
