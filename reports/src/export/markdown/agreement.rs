//! Agreement with published rankings in `summary.md`.

use std::fmt::Write as _;

use super::cell;
use crate::analysis::agreement::Agreement;
use crate::export::{correlation_words, disagreement_words};

/// Lines of the table; the rest is in `agreement.csv`.
const MOST_LINES: usize = 24;

/// One line for each board and keep that is held against a paper.
pub(super) fn section(out: &mut String, agreements: &[Agreement]) {
    if agreements.is_empty() {
        return;
    }
    out.push_str(
        "## Agreement with published rankings\n\nKendall's tau-b of our order and a paper's of the methods that both have, \
         by the mean over tasks; 95 % intervals over our tasks and replicates and the paper's tasks. Data, networks and \
         training differ.\n\n\
         | board | keep | paper | methods | tau-b | 95 % interval | p | in the other order |\n\
         |:---|---:|:---|---:|---:|---:|---:|:---|\n",
    );
    for it in agreements.iter().take(MOST_LINES) {
        let interval = it.interval.map_or_else(
            || "–".to_owned(),
            |(low, high)| format!("{} to {}", correlation_words(Some(low)), correlation_words(Some(high))),
        );
        let _ = writeln!(
            out,
            "| {} | {} | {}, {} | {} | {} | {interval} | {} | {} |",
            cell(&it.key.title()),
            it.keep,
            cell(&it.citation),
            cell(&it.network),
            it.methods.len(),
            correlation_words(it.tau),
            it.chance.map_or_else(|| "–".to_owned(), |chance| format!("{:.3}", chance.p)),
            cell(&disagreement_words(it)),
        );
    }
    if agreements.len() > MOST_LINES {
        let _ = writeln!(out, "\n{} more are in `agreement.csv`.", agreements.len() - MOST_LINES);
    }
    out.push('\n');
}
