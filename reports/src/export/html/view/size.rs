//! Scores by size of objects as text.

use serde::Serialize;

use super::{DASH, control_note};
use crate::sizes::{SizeLine, SizeTable, area_words};
use crate::stats::Summary;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct SizeTableView {
    title: String,
    bands: Vec<String>,
    caption: String,
    rows: Vec<SizeRow>,
}

#[derive(Serialize)]
struct SizeRow {
    method: String,
    note: &'static str,
    dense: bool,
    /// Whether it is the first of its keep.
    opens: bool,
    keep: String,
    /// AP and AP50 of each size.
    cells: Vec<SizeFigure>,
    remark: String,
}

#[derive(Serialize)]
struct SizeFigure {
    value: String,
    half: String,
}

pub(super) fn tables(sizes: &[SizeTable]) -> Vec<SizeTableView> {
    sizes.iter().map(view).collect()
}

fn view(table: &SizeTable) -> SizeTableView {
    let parts = [&table.suite, &table.track, &table.protocol, &table.regime, &table.task];
    let bands: Vec<String> = table
        .bands
        .iter()
        .map(|band| {
            format!("{}: {}, {} objects", clean(&band.name), area_words(band), text::count(band.objects))
        })
        .collect();
    SizeTableView {
        title: parts.map(|part| clean(part)).join(" · "),
        bands: table.bands.iter().map(|band| clean(&band.name)).collect(),
        caption: bands.join("; "),
        rows: table
            .lines
            .chunk_by(|a, b| a.is_dense() == b.is_dense() && a.keep.to_bits() == b.keep.to_bits())
            .flat_map(|keep| keep.iter().enumerate())
            .map(|(place, line)| row(line, table.replicates, place == 0))
            .collect(),
    }
}

fn row(line: &SizeLine, replicates: usize, opens: bool) -> SizeRow {
    let cells = line.cells.iter().flat_map(|cell| [figure(cell.ap), figure(cell.ap50)]);
    let short = !line.is_dense() && line.scored < replicates;
    SizeRow {
        method: clean(&line.method),
        note: control_note(line.control),
        dense: line.is_dense(),
        opens,
        keep: if line.is_dense() { DASH.to_owned() } else { line.keep.to_string() },
        cells: cells.collect(),
        remark: if short { format!("{} of {replicates} replicates", line.scored) } else { String::new() },
    }
}

fn figure(summary: Option<Summary>) -> SizeFigure {
    let half = summary.and_then(|it| it.half_width());
    SizeFigure {
        value: summary.map_or(DASH.to_owned(), |it| text::percent(it.mean, 2)),
        half: half.map_or(String::new(), |half| format!("±{}", text::percent(half, 2))),
    }
}
