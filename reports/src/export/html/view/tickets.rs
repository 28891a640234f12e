//! Matching and winning tickets as text.

use serde::Serialize;

use super::{DASH, control_note};
use crate::analysis::tickets::{Reach, ReachKeep, Reference, TicketLine, TicketTable, Verdict};
use crate::export::{ticket_unknown_words, ticket_weights_word};
use crate::row::Control;
use crate::text::{self, clean};

/// Lines of a table that list their tasks; the page grows with both.
const MOST_LINES: usize = 240;

#[derive(Serialize)]
pub(super) struct TicketsView {
    tables: Vec<TableView>,
    /// The boards of which nothing can be told.
    unknown: String,
}

#[derive(Serialize)]
struct TableView {
    title: String,
    tasks: Vec<String>,
    /// What dense-trained scores, one for each task.
    references: Vec<String>,
    /// The same of dense-as-is, where a line is held against it.
    as_is: Vec<String>,
    /// Whether a column for all tasks makes sense.
    universal: bool,
    reaches: Vec<ReachView>,
    /// Whether a keep in `reaches` has a mark.
    gaps: bool,
    /// Lines that match somewhere.
    lines: Vec<LineView>,
    /// How many lines match nowhere.
    nowhere: usize,
    hidden: usize,
}

#[derive(Serialize)]
struct ReachView {
    method: String,
    note: &'static str,
    cells: Vec<String>,
    universal: String,
}

#[derive(Serialize)]
struct LineView {
    opens: bool,
    method: String,
    note: &'static str,
    keep: String,
    matching: String,
    /// Whether it is held against dense-as-is.
    as_is: bool,
    weights: String,
    winning: &'static str,
    universal: &'static str,
    /// Word and task lists: matching first.
    groups: Vec<(&'static str, Vec<String>)>,
}

pub(super) fn view(tables: &[TicketTable]) -> TicketsView {
    TicketsView {
        tables: tables.iter().filter(|table| table.can_be_told()).map(table_view).collect(),
        unknown: ticket_unknown_words(tables),
    }
}

fn table_view(table: &TicketTable) -> TableView {
    let shown = |reach: &&Reach| reach.tasks.iter().any(Option::is_some);
    let matching: Vec<&TicketLine> = table.lines.iter().filter(|line| line.matching > 0).collect();
    let opens =
        |place: usize| place > 0 && matching[place - 1].keep.to_bits() != matching[place].keep.to_bits();
    let lines = matching.iter().take(MOST_LINES).enumerate();
    TableView {
        title: table.key.title(),
        tasks: table.tasks.iter().map(|task| task.short.clone()).collect(),
        references: table.references.iter().map(reference_words).collect(),
        as_is: if table.needs_as_is() {
            table.as_is.iter().map(reference_words).collect()
        } else {
            Vec::new()
        },
        universal: table.tasks.len() > 1,
        gaps: table
            .reaches
            .iter()
            .any(|reach| reach.tasks.iter().chain([&reach.universal]).flatten().any(|it| it.gap)),
        reaches: table.reaches.iter().filter(shown).map(reach_view).collect(),
        lines: lines.map(|(place, line)| line_view(table, line, opens(place))).collect(),
        nowhere: table.lines.len() - matching.len(),
        hidden: matching.len().saturating_sub(MOST_LINES),
    }
}

fn reach_view(reach: &Reach) -> ReachView {
    ReachView {
        method: clean(&reach.method),
        note: control_note(reach.control),
        cells: reach.tasks.iter().map(|it| keep_words(*it)).collect(),
        universal: keep_words(reach.universal),
    }
}

/// The sparsity that was asked for: the one that a method reached may differ from it in its last digits only.
pub(super) fn keep_words(reach: Option<ReachKeep>) -> String {
    reach.map_or(DASH.to_owned(), |it| {
        let percent = text::percent(1.0 - it.keep, 2);
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        format!("{percent}{}", if it.gap { " *" } else { "" })
    })
}

fn reference_words(reference: &Option<Reference>) -> String {
    match reference {
        None => "too few scores".to_owned(),
        Some(it) if it.scores.len() == 1 => format!("at least {}", text::percent(it.threshold, 2)),
        Some(it) => format!(
            "{} ± {}, so at least {}",
            scores_words(it.mean, &it.scores),
            text::percent(it.sd, 2),
            text::percent(it.threshold, 2)
        ),
    }
}

/// `74.10 (74.00, 74.20)`: a mean, and what it is the mean of.
fn scores_words(mean: f64, scores: &[f64]) -> String {
    let each: Vec<String> = scores.iter().map(|score| text::percent(*score, 2)).collect();
    format!("{} ({})", text::percent(mean, 2), each.join(", "))
}

fn line_view(table: &TicketTable, line: &TicketLine, opens: bool) -> LineView {
    let of = |verdict: Verdict| -> Vec<String> {
        let cells = line.cells.iter().zip(&table.tasks).filter(|(cell, _)| cell.verdict == verdict);
        cells
            .map(|(cell, task)| match cell.mean {
                Some(mean) => format!("{} {}", task.short, scores_words(mean, &cell.scores)),
                None => task.short.clone(),
            })
            .collect()
    };
    let groups = [
        ("matching", of(Verdict::Matching)),
        ("below", of(Verdict::Below)),
        ("without all scores", of(Verdict::Incomplete)),
        ("cannot be told", of(Verdict::Unknown)),
    ];
    LineView {
        opens,
        method: clean(&line.method),
        note: control_note(line.control),
        keep: line.keep.to_string(),
        matching: format!("{} of {}", line.matching, line.cells.len()),
        as_is: line.against == Control::DenseAsIs,
        weights: ticket_weights_word(line),
        winning: if line.winning { "yes" } else { DASH },
        universal: match line.universal {
            Some(true) => "yes",
            Some(false) => "no",
            None => DASH,
        },
        groups: groups.into_iter().filter(|(_, tasks)| !tasks.is_empty()).collect(),
    }
}
