//! Published figures beside ours in `summary.md`.

use std::fmt::Write as _;

use super::cell;
use crate::analysis::beside::Beside;
use crate::export::beside_reasons;
use crate::text;

/// Lines of all tables; the rest is on the page.
const MOST_LINES: usize = 24;

/// The means of methods that a paper has, too, and for every other board why its figures do not stand there.
pub(super) fn section(out: &mut String, tables: &[Beside]) {
    if tables.is_empty() {
        return;
    }
    out.push_str("## Published figures beside ours\n\n");
    let mut left = MOST_LINES;
    let mut cut = false;
    for table in tables {
        let title = format!("{}, {}", table.key.title(), table.citation);
        if table.lines.is_empty() {
            let _ = writeln!(out, "{}: {}\n", cell(&title), cell(&beside_reasons(table)));
            continue;
        }
        if left == 0 {
            cut = true;
            continue;
        }
        cut |= table.lines.len() > left;
        let _ = writeln!(out, "{}, means in percent over the tasks that both have:\n", cell(&title));
        out.push_str("| method | published as | keep | ours | published |\n|:---|:---|---:|---:|---:|\n");
        let mean = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| text::percent(value, 2));
        for line in table.lines.iter().take(left) {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                cell(&line.method),
                cell(&line.published),
                line.keep,
                mean(line.mean),
                mean(line.published_mean)
            );
        }
        left -= left.min(table.lines.len());
        let reasons = table.left_out.iter().map(|(name, reason)| format!("{name}, {reason}"));
        let left_out = reasons.collect::<Vec<_>>().join("; ");
        if !left_out.is_empty() {
            let _ = writeln!(out, "\nIn no mean: {}.", cell(&left_out));
        }
        out.push('\n');
    }
    if cut {
        out.push_str("The other lines are on the page `analyses.html`.\n\n");
    }
}

#[cfg(test)]
mod tests;
