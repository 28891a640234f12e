//! Published figures as text.

use serde::Serialize;

use super::DASH;
use crate::published::PublishedTable;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct PublishedView {
    title: String,
    sources: Vec<String>,
    columns: Vec<Column>,
    /// What is different of marked columns.
    marks: Vec<String>,
    rows: Vec<PublishedRow>,
}

#[derive(Serialize)]
struct Column {
    task: String,
    metric: String,
    /// Whether it is of another split than the official one.
    marked: bool,
}

#[derive(Serialize)]
struct PublishedRow {
    method: String,
    sparsity: String,
    /// Value and spread.
    cells: Vec<(String, String)>,
}

pub(super) fn tables(tables: &[PublishedTable]) -> Vec<PublishedView> {
    tables.iter().map(view).collect()
}

fn view(table: &PublishedTable) -> PublishedView {
    let parts = [&table.citation, &table.network, &table.protocol, &table.regime];
    let columns = table.columns.iter();
    let rows = table.lines.iter().map(|line| PublishedRow {
        method: clean(&line.method),
        sparsity: line.sparsity_percent.map_or(DASH.to_owned(), |percent| format!("{percent} %")),
        cells: line
            .values
            .iter()
            .map(|value| match value {
                None => (DASH.to_owned(), String::new()),
                Some((value, spread)) => (
                    clean(value),
                    spread.as_ref().map_or(String::new(), |spread| format!("± {}", clean(spread))),
                ),
            })
            .collect(),
    });
    PublishedView {
        title: parts.map(|part| clean(part)).join(" · "),
        sources: table.sources.iter().map(|source| clean(source)).collect(),
        columns: columns
            .map(|(task, metric)| Column {
                task: clean(task),
                metric: text::metric(metric),
                marked: table.other_splits.contains_key(task),
            })
            .collect(),
        marks: table
            .other_splits
            .iter()
            .map(|(task, reason)| format!("{}: {}", clean(task), clean(reason)))
            .collect(),
        rows: rows.collect(),
    }
}
