//! Upstream against transfer scores in `summary.md`.

use std::fmt::Write as _;

use super::cell;
use crate::analysis::upstream::UpstreamTable;
use crate::export::{correlation_words, rank_interval_words};

/// One line for each transfer board and keep.
pub(super) fn section(out: &mut String, tables: &[UpstreamTable]) {
    if tables.iter().all(|table| table.correlations.is_empty()) {
        return;
    }
    out.push_str(
        "## Upstream against transfer\n\nRank correlations over the methods at a keep: score on the upstream task against \
         mean score after transfer. 95 % bootstrap intervals over transfer tasks and replicates at fixed methods.\n\n\
         | board | keep | methods | Spearman | 95 % interval | Kendall's tau-b | 95 % interval |\n\
         |:---|---:|---:|---:|---:|---:|---:|\n",
    );
    for table in tables {
        for it in &table.correlations {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                cell(&table.key.title()),
                it.keep,
                it.methods,
                correlation_words(it.spearman.value),
                rank_interval_words(&it.spearman),
                correlation_words(it.kendall.value),
                rank_interval_words(&it.kendall),
            );
        }
    }
    out.push('\n');
}
