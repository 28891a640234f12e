//! The page of a task: what it is, how every method does on it at every keep, and what detectors see in it.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::names::Link;
use super::super::number::{Figure, Number};
use super::board::{KeyView, board_id, keep_title};
use super::cells::{CellView, cell_view};
use super::curves::{CurvesView, task_curves};
use super::gallery::{GalleryView, galleries};
use super::{Context, control_note};
use crate::board::Board;
use crate::difficulty::{Difficulty, TaskTest, reading_order};
use crate::text::{self, clean};

#[derive(Serialize)]
pub(in super::super) struct TaskPage {
    pub(in super::super) title: String,
    pub(in super::super) path: String,
    facts: Vec<(&'static str, String)>,
    boards: Vec<TaskBoard>,
    tests: Vec<TestView>,
    galleries: Vec<GalleryView>,
}

/// The test split of a suite.
#[derive(Serialize)]
struct TestView {
    suite: String,
    problem: Option<String>,
    pictures: String,
    shown: usize,
    examples: Vec<(String, String)>,
    rows: Vec<DifficultyView>,
}

#[derive(Serialize)]
struct DifficultyView {
    track: String,
    protocol: String,
    regime: String,
    keep: String,
    networks: Number,
    all: Number,
    none: Number,
    lost: Number,
}

#[derive(Serialize)]
struct TaskBoard {
    id: String,
    title: String,
    key: KeyView,
    metric: String,
    groups: Vec<TaskGroup>,
    /// Methods that are not in the table, in words.
    hidden: String,
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
        tests: tests(context, id),
        galleries: galleries(&context.report.galleries, id),
    }
}

fn task_board(context: &Context<'_>, number: usize, board: &Board, id: &str) -> Option<TaskBoard> {
    let place = board.tasks.iter().position(|task| task.id == id)?;
    let lookup = &context.lookups[number];
    let task = &board.tasks[place];
    let mut groups: Vec<TaskGroup> = Vec::new();
    for entry in lookup.shown() {
        let (dense, keep) = (entry.is_dense(), entry.keep.to_string());
        if groups.last().is_none_or(|group| group.dense != dense || (!dense && group.keep != keep)) {
            let head = if dense { "dense controls".to_owned() } else { keep_title(board, entry.keep) };
            groups.push(TaskGroup { dense, keep, head, rows: Vec::new() });
        }
        let row = TaskRow {
            link: context.names.method_link(&entry.method),
            method: clean(&entry.method),
            keep: entry.keep.to_string(),
            note: control_note(entry.control),
            cell: cell_view(context, board, entry, task, &entry.cells[place], lookup.heat[place]),
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
        hidden: lookup.hidden(),
        curves: task_curves(context, board, place),
    })
}

/// Test splits of a task, with the hardest keep last.
fn tests(context: &Context<'_>, id: &str) -> Vec<TestView> {
    let mut tests: Vec<&TaskTest> = context.input.tests.iter().filter(|test| test.task == id).collect();
    tests.sort_by(|a, b| reading_order(a, b));
    tests.into_iter().map(test_view).collect()
}

fn test_view(test: &TaskTest) -> TestView {
    let class = |class: usize| {
        test.classes.get(class).map_or_else(|| format!("class {class}"), |name| text::fit(&clean(name), 24))
    };
    let mut difficulty: Vec<&Difficulty> = test.difficulty.iter().collect();
    difficulty.sort_by(|a, b| {
        (&a.track, &a.protocol, &a.regime)
            .cmp(&(&b.track, &b.protocol, &b.regime))
            .then_with(|| b.keep.total_cmp(&a.keep))
    });
    let part = |of, count: Option<usize>| {
        let part = count.filter(|_| test.pictures > 0).map(|count| count as f64 / test.pictures as f64);
        Number::maybe(of, part, |part| format!("{} %", text::percent(part, 1)))
    };
    TestView {
        suite: clean(&test.suite),
        problem: test.problem.as_deref().map(clean),
        pictures: text::count(test.pictures as u64),
        shown: test.examples.len(),
        examples: test.examples.iter().map(|it| (text::html(&it.png), class(it.class))).collect(),
        rows: difficulty
            .into_iter()
            .map(|it| DifficultyView {
                track: clean(&it.track),
                protocol: clean(&it.protocol),
                regime: clean(&it.regime),
                keep: it.keep.to_string(),
                networks: Number::count("networks", it.networks as u64),
                all: part("right-by-all", Some(it.right_by_all)),
                none: part("right-by-none", Some(it.right_by_none)),
                lost: part("lost", it.lost),
            })
            .collect(),
    }
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
