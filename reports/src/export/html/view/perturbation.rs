//! Perturbed tickets as text.

use serde::Serialize;

use super::DASH;
use crate::analysis::perturbation::{PerturbationLine, PerturbationTable};
use crate::export::{interval_words, ticket_words};
use crate::stats::Summary;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct PerturbationView {
    title: String,
    caption: String,
    rows: Vec<PerturbationRow>,
}

#[derive(Serialize)]
struct PerturbationRow {
    keep: String,
    /// Whether it is the first of its keep.
    opens: bool,
    perturbation: String,
    method: String,
    ticket: String,
    perturbed: String,
    difference: String,
    sd: String,
    interval: String,
    zero: bool,
    n: String,
    over: &'static str,
}

pub(super) fn tables(tables: &[PerturbationTable]) -> Vec<PerturbationView> {
    tables.iter().map(view).collect()
}

fn view(table: &PerturbationTable) -> PerturbationView {
    let keeps = table.lines.chunk_by(|a, b| a.keep.to_bits() == b.keep.to_bits());
    PerturbationView {
        title: format!("{}: {}", table.board.title(), clean(&table.ticket)),
        caption: ticket_words(table),
        rows: keeps
            .flat_map(|lines| lines.iter().enumerate())
            .map(|(place, line)| row(line, place == 0))
            .collect(),
    }
}

fn row(line: &PerturbationLine, opens: bool) -> PerturbationRow {
    let mean = |summary: Option<Summary>| summary.map_or(DASH.to_owned(), |it| text::percent(it.mean, 2));
    let interval = line.difference.and_then(|it| it.interval);
    PerturbationRow {
        keep: line.keep.to_string(),
        opens,
        perturbation: clean(&line.perturbation),
        method: clean(&line.method),
        ticket: mean(line.ticket),
        perturbed: mean(line.perturbed),
        difference: line.difference.map_or(DASH.to_owned(), |it| text::points(it.mean, 2)),
        sd: line.difference.and_then(|it| it.sd).map_or(DASH.to_owned(), |sd| text::percent(sd, 2)),
        interval: interval.map_or(DASH.to_owned(), |it| interval_words(&it)),
        zero: interval.is_some_and(|it| it.contains_zero()),
        n: line.difference.map_or(DASH.to_owned(), |it| it.n.to_string()),
        over: interval.map_or("", |it| it.over.label()),
    }
}
