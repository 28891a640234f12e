//! Tickets of different pre-trainings in `summary.md`.

use std::fmt::Write as _;

use super::{MOST_CHARACTERS, cell};
use crate::analysis::pretraining::PretrainingTable;
use crate::analysis::tickets::ReachKeep;
use crate::text;

/// One line for each method and pre-training, as far as there is room: of its tasks only on how many it is matching at all.
pub(super) fn section(out: &mut String, tables: &[PretrainingTable]) {
    for table in tables {
        let table = table_of(table);
        if out.len() + table.len() > MOST_CHARACTERS * 13 / 16 {
            let _ = writeln!(out, "More tickets of different pre-trainings are in `pretraining.csv`.\n");
            return;
        }
        out.push_str(&table);
    }
}

fn table_of(table: &PretrainingTable) -> String {
    let several = table.has_several_tracks();
    let (head, rule) = if several { (" track |", ":---|") } else { ("", "") };
    let mut out = format!(
        "## Tickets of different pre-trainings: {}\n\nLargest sparsity in percent at which a method is matching the dense network of the \
         same pre-training on every task (universal, arXiv:2012.06908), and on how many tasks it is matching at some sparsity. * It is \
         not matching at some smaller sparsity.\n\n| method | pre-training |{head} universal % | tasks |\n|:---|:---|{rule}---:|---:|\n",
        cell(&table.title())
    );
    for line in &table.lines {
        let _ = writeln!(
            out,
            "| {} | {} |{} {} | {} of {} |",
            cell(&line.method),
            cell(&line.pretraining),
            if several { format!(" {} |", cell(&line.track)) } else { String::new() },
            line.universal.map_or_else(|| "–".to_owned(), words),
            line.tasks.iter().flatten().count(),
            line.tasks.len()
        );
    }
    out.push('\n');
    out
}

fn words(reach: ReachKeep) -> String {
    format!("{}{}", text::percent(1.0 - reach.keep, 2), if reach.gap { " *" } else { "" })
}
