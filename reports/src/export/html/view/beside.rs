//! Published figures beside ours as text.

use serde::Serialize;

use super::DASH;
use crate::analysis::beside::{Beside, BesideLine};
use crate::export::beside_reasons;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct BesideView {
    title: String,
    /// Why there are no rows.
    reasons: String,
    tasks: Vec<String>,
    left_out: Vec<String>,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    method: String,
    published: String,
    remark: String,
    keep: String,
    /// Ours and the paper's: the mean, then each task.
    cells: Vec<(String, String)>,
}

pub(super) fn views(tables: &[Beside]) -> Vec<BesideView> {
    tables.iter().map(view).collect()
}

fn view(table: &Beside) -> BesideView {
    let mark =
        |name: &String| if table.left_out.iter().any(|(other, _)| other == name) { " †" } else { "" };
    let left_out =
        table.left_out.iter().map(|(name, reason)| format!("† {}: {}", clean(name), clean(reason)));
    BesideView {
        title: format!("{}, {}", table.key.title(), clean(&table.citation)),
        reasons: clean(&beside_reasons(table)),
        tasks: table.tasks.iter().map(|(_, name)| format!("{}{}", clean(name), mark(name))).collect(),
        left_out: left_out.collect(),
        rows: table.lines.iter().map(row).collect(),
    }
}

fn row(line: &BesideLine) -> RowView {
    let words = |value: Option<f64>| value.map_or(DASH.to_owned(), |value| text::percent(value, 2));
    let cells = [(line.mean, line.published_mean)].into_iter().chain(line.cells.iter().copied());
    RowView {
        method: clean(&line.method),
        published: clean(&line.published),
        remark: line.remark.as_deref().map(clean).unwrap_or_default(),
        keep: line.keep.to_string(),
        cells: cells.map(|(ours, theirs)| (words(ours), words(theirs))).collect(),
    }
}
