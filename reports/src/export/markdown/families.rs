//! Families of methods in `summary.md`.

use std::fmt::Write as _;

use super::{MOST_CHARACTERS, cell, pm};
use crate::analysis::families::{FamilyTable, ModePair};
use crate::export::{ahead_words, increase_words, interval_words, search_words, winner_words};

/// Pairs of iterative and one-shot entries shown.
const MOST_PAIRS: usize = 24;

/// The best method of every family, and iterative against one-shot pruning.
pub(super) fn section(out: &mut String, tables: &[FamilyTable], pairs: &[ModePair]) {
    if !tables.is_empty() {
        out.push_str(
            "## Families of methods\n\nThe best method of each family by its mean, and its relative increase in error over \
             dense-trained (mean over tasks, 95 % bootstrap interval over tasks and replicates).\n\n",
        );
    }
    for table in tables {
        let table = table_of(table);
        if out.len() + table.len() > MOST_CHARACTERS * 49 / 64 {
            let _ = writeln!(out, "More families are in `leaderboard.csv`.\n");
            break;
        }
        out.push_str(&table);
    }
    if pairs.is_empty() {
        return;
    }
    out.push_str(
        "## Iterative against one-shot\n\nIterative minus one-shot in points of the mean over tasks, paired by task and \
         replicate.\n\n\
         | board | keep | iterative | one-shot | difference | 95 % interval | over | iterative ahead |\n\
         |:---|---:|:---|:---|---:|---:|:---|:---|\n",
    );
    for pair in pairs.iter().take(MOST_PAIRS) {
        let interval = pair.difference.interval;
        let [iterative, one_shot] = match search_words(pair) {
            None => [pair.iterative.clone(), pair.one_shot.clone()],
            Some([ours, theirs]) => {
                [format!("{} ({ours})", pair.iterative), format!("{} ({theirs})", pair.one_shot)]
            }
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            cell(&pair.key.title()),
            pair.keep,
            cell(&iterative),
            cell(&one_shot),
            crate::text::points(pair.difference.mean, 2),
            interval.map_or_else(|| "–".to_owned(), |it| interval_words(&it)),
            interval.map_or("–", |it| it.over.label()),
            ahead_words(pair),
        );
    }
    if pairs.len() > MOST_PAIRS {
        let _ = writeln!(out, "\n{} more are in `report.json`.", pairs.len() - MOST_PAIRS);
    }
    out.push('\n');
}

fn table_of(table: &FamilyTable) -> String {
    let mut out = format!("### Families: {}\n\n", cell(&table.key.title()));
    for keep in &table.keeps {
        let _ = writeln!(out, "- keep {}: {}", keep.keep, cell(&winner_words(keep)));
    }
    out.push_str("\n| keep | family | best method | of | mean % | error increase | 95 % interval |\n");
    out.push_str("|---:|:---|:---|---:|---:|---:|---:|\n");
    for keep in &table.keeps {
        for line in &keep.lines {
            let (increase, interval) = increase_words(line.error_increase);
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {increase} | {interval} |",
                keep.keep,
                line.family.label(),
                cell(&line.method),
                line.entries,
                pm(&line.mean),
            );
        }
    }
    out.push('\n');
    out
}
