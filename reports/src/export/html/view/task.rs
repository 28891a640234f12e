//! The page of a task: what it is, how every method does on it at every keep, and what detectors see in it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::names::Link;
use super::super::number::Figure;
use super::board::{KeyView, board_id, keep_head};
use super::cells::{CellView, cell_view, heat_ranges};
use super::curves::{CurvesView, task_curves};
use super::gallery::{GalleryView, galleries};
use super::{Context, control_note};
use crate::board::Board;
use crate::text::{self, clean};

#[derive(Serialize)]
pub(in super::super) struct TaskPage {
    pub(in super::super) title: String,
    pub(in super::super) path: String,
    facts: Vec<(&'static str, String)>,
    boards: Vec<TaskBoard>,
    galleries: Vec<GalleryView>,
}

#[derive(Serialize)]
struct TaskBoard {
    id: String,
    title: String,
    key: KeyView,
    metric: String,
    groups: Vec<TaskGroup>,
    curves: CurvesView,
}

/// The entries of one keep.
#[derive(Serialize)]
struct TaskGroup {
    dense: bool,
    keep: String,
    head: String,
    rows: Vec<TaskRow>,
}

#[derive(Serialize)]
struct TaskRow {
    link: Link,
    method: String,
    keep: String,
    note: &'static str,
    cell: CellView,
    /// Mean over all tasks of the board, to hold the task's own score against.
    mean: Figure,
}

pub(super) fn task_page(context: &Context<'_>, id: &str, path: &str) -> TaskPage {
    let boards = context.report.boards.iter().enumerate();
    TaskPage {
        title: clean(id),
        path: path.to_owned(),
        facts: facts(context, id),
        boards: boards.filter_map(|(number, board)| task_board(context, number, board, id)).collect(),
        galleries: galleries(&context.report.galleries, id),
    }
}

fn task_board(context: &Context<'_>, number: usize, board: &Board, id: &str) -> Option<TaskBoard> {
    let place = board.tasks.iter().position(|task| task.id == id)?;
    let heat = heat_ranges(board);
    let task = &board.tasks[place];
    let mut groups: Vec<TaskGroup> = Vec::new();
    for entry in &board.entries {
        let (dense, keep) = (entry.is_dense(), entry.keep.to_string());
        if groups.last().is_none_or(|group| group.dense != dense || (!dense && group.keep != keep)) {
            let head = if dense { "dense controls".to_owned() } else { keep_head(board, entry) };
            groups.push(TaskGroup { dense, keep, head, rows: Vec::new() });
        }
        let row = TaskRow {
            link: context.names.method_link(&entry.method),
            method: clean(&entry.method),
            keep: entry.keep.to_string(),
            note: control_note(entry.control),
            cell: cell_view(context, board, entry, task, &entry.cells[place], heat[place]),
            mean: Figure::percent(["mean", "mean-half"], entry.mean),
        };
        if let Some(group) = groups.last_mut() {
            group.rows.push(row);
        }
    }
    // The boards go by the mean over tasks; here the best on this task comes first.
    for group in &mut groups {
        let order = |row: &TaskRow| row.cell.sort_value().map_or(f64::INFINITY, |score| -score);
        group.rows.sort_by(|a, b| order(a).total_cmp(&order(b)).then_with(|| a.method.cmp(&b.method)));
    }
    let metrics: Vec<String> = task.metrics.iter().map(|name| text::metric(name)).collect();
    Some(TaskBoard {
        id: board_id(number),
        title: board.key.title(),
        key: KeyView::of(board),
        metric: metrics.join(", "),
        groups,
        curves: task_curves(context, board, place),
    })
}

/// What the report knows of a task.
fn facts(context: &Context<'_>, id: &str) -> Vec<(&'static str, String)> {
    let rows = || context.input.rows.iter().filter(|row| row.task == id);
    let words = |set: BTreeSet<String>| set.into_iter().collect::<Vec<_>>().join(", ");
    let metrics: BTreeSet<String> =
        rows().filter(|row| !row.metric.is_empty()).map(|row| text::metric(&row.metric)).collect();
    let pictures: BTreeSet<u64> = rows().filter_map(|row| row.test_pictures).collect();
    let scored = |name: &str| -> BTreeSet<u64> {
        let stages = context.input.trials.stages.values();
        let of_task = stages.filter(|stage| stage.facts["task"] == id && stage.facts["score"].is_number());
        of_task.filter_map(|stage| stage.facts[name].as_u64()).collect()
    };
    let counts = |set: BTreeSet<u64>| words(set.into_iter().map(text::count).collect());
    let digests: BTreeSet<String> = context
        .input
        .provenance
        .data
        .iter()
        .filter(|(task, _)| task == id)
        .map(|(_, digest)| text::fit(&clean(digest), 17))
        .collect();
    let mut facts = vec![
        ("Metric", words(metrics)),
        ("Test pictures", counts(pictures)),
        ("Classes", counts(scored("classes"))),
        ("Version", counts(scored("task_version"))),
        ("Data, blake3", words(digests)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}
