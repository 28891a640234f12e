//! Matching and winning tickets in `summary.md`.

use std::fmt::Write as _;

use super::{MOST_CHARACTERS, MOST_METHODS, cell};
use crate::analysis::tickets::{TicketLine, TicketTable};
use crate::export::{ticket_unknown_words, ticket_weights_word};
use crate::row::Control;
use crate::text;

/// The tickets of all boards, as far as there is room.
pub(super) fn section(out: &mut String, tables: &[TicketTable]) {
    if tables.is_empty() {
        return;
    }
    out.push_str(
        "## Matching and winning tickets\n\nMatching: the mean over replicates is at least that of dense-trained minus one of \
         its standard deviations, a weak criterion with few replicates. Winning: matching, and trained on the task from the \
         unchanged weights of the pre-trained network. Universal: matching on every task (arXiv:2012.06908). At an equal \
         allowance tickets are trained with what their method left of it. Tickets that were set back to where the training of \
         the dense network began are held against dense-as-is (*).\n\n",
    );
    let unknown = ticket_unknown_words(tables);
    if !unknown.is_empty() {
        let _ = writeln!(out, "{}\n", cell(&unknown));
    }
    for table in tables.iter().filter(|table| table.can_be_told()) {
        let table = table_of(table);
        if out.len() + table.len() > MOST_CHARACTERS * 25 / 32 {
            let _ = writeln!(out, "More tickets are in `tickets.csv`.\n");
            return;
        }
        out.push_str(&table);
    }
}

fn table_of(table: &TicketTable) -> String {
    let mut out = format!("### Tickets: {}\n\n", cell(&table.key.title()));
    let matching: Vec<&TicketLine> = table.lines.iter().filter(|line| line.matching > 0).collect();
    if matching.is_empty() {
        out.push_str("No method is matching on any task at any keep that was run.\n\n");
        return out;
    }
    let nowhere = table.lines.len() - matching.len();
    if nowhere > 0 {
        let _ = writeln!(out, "{nowhere} more combinations of method and keep match on no task.\n");
    }
    out.push_str(
        "| keep | method | matching on | weights | winning | universal |\n|---:|:---|---:|:---|:---|:---|\n",
    );
    let same_keep = |a: &&TicketLine, b: &&TicketLine| a.keep.to_bits() == b.keep.to_bits();
    for lines in matching.chunk_by(same_keep) {
        let mut hidden = 0;
        for (place, line) in lines.iter().enumerate() {
            if place < MOST_METHODS || line.control == Some(Control::Baseline) {
                let _ = writeln!(
                    out,
                    "| {} | {}{} | {} of {} | {} | {} | {} |",
                    line.keep,
                    cell(&line.method),
                    if line.against == Control::DenseAsIs { " \\*" } else { "" },
                    line.matching,
                    line.cells.len(),
                    cell(&ticket_weights_word(line)),
                    if line.winning { "yes" } else { "–" },
                    line.universal.map_or("–", |it| if it { "yes" } else { "no" }),
                );
            } else {
                hidden += 1;
            }
        }
        if hidden > 0 {
            let _ = writeln!(
                out,
                "| {} | *{} more in `tickets.csv`* | | | | |",
                lines[0].keep,
                text::count(hidden)
            );
        }
    }
    out.push('\n');
    out
}
