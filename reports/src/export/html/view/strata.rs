//! Scores by size and by class of objects as text.

use serde::Serialize;

use super::{DASH, control_note};
use crate::export::strata::{Measure, is_correlated, mean_correlation_words, measures, strata_words};
use crate::stats::Summary;
use crate::strata::{StrataLine, StrataTable};
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct StrataTableView {
    title: String,
    strata: Vec<String>,
    /// Of the columns of each stratum.
    heads: Vec<&'static str>,
    /// Whether there is a column for correlations with frequency.
    correlated: bool,
    caption: String,
    rows: Vec<StrataRow>,
}

#[derive(Serialize)]
struct StrataRow {
    method: String,
    note: &'static str,
    dense: bool,
    /// Whether it is the first of its keep.
    opens: bool,
    keep: String,
    /// The measures of each stratum, and the correlation if the table has a column for it.
    cells: Vec<StrataFigure>,
    remark: String,
}

#[derive(Serialize)]
struct StrataFigure {
    /// Whether it is the first of its stratum.
    opens: bool,
    value: String,
    half: String,
}

pub(super) fn tables(tables: &[StrataTable]) -> Vec<StrataTableView> {
    tables.iter().map(view).collect()
}

fn view(table: &StrataTable) -> StrataTableView {
    let parts = [&table.suite, &table.track, &table.protocol, &table.regime, &table.task];
    let (measures, correlated) = (measures(table), is_correlated(table));
    StrataTableView {
        title: parts.map(|part| clean(part)).join(" · "),
        strata: table.strata.iter().map(|stratum| clean(&stratum.name)).collect(),
        heads: measures.iter().map(|(head, _)| *head).collect(),
        correlated,
        caption: strata_words(table, clean),
        rows: table
            .lines
            .chunk_by(|a, b| a.is_dense() == b.is_dense() && a.keep.to_bits() == b.keep.to_bits())
            .flat_map(|keep| keep.iter().enumerate())
            .map(|(place, line)| row(line, figures(line, measures, correlated), table.replicates, place == 0))
            .collect(),
    }
}

fn row(line: &StrataLine, cells: Vec<StrataFigure>, replicates: usize, opens: bool) -> StrataRow {
    let short = !line.is_dense() && line.scored < replicates;
    StrataRow {
        method: clean(&line.method),
        note: control_note(line.control),
        dense: line.is_dense(),
        opens,
        keep: if line.is_dense() { DASH.to_owned() } else { line.keep.to_string() },
        cells,
        remark: if short { format!("{} of {replicates} replicates", line.scored) } else { String::new() },
    }
}

fn figures(line: &StrataLine, measures: &[Measure], correlated: bool) -> Vec<StrataFigure> {
    let cells = line.cells.iter().flat_map(|cell| {
        measures.iter().enumerate().map(|(place, (_, value))| figure(value(cell), place == 0))
    });
    let (value, half) = mean_correlation_words(line.frequency_correlation);
    cells.chain(correlated.then_some(StrataFigure { opens: true, value, half })).collect()
}

fn figure(summary: Option<Summary>, opens: bool) -> StrataFigure {
    let half = summary.and_then(|it| it.half_width());
    StrataFigure {
        opens,
        value: summary.map_or(DASH.to_owned(), |it| text::percent(it.mean, 2)),
        half: half.map_or(String::new(), |half| format!("±{}", text::percent(half, 2))),
    }
}
