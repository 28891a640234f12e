//! A board as text: its table, plots, counts and outcomes.

use serde::Serialize;

use super::super::names::Link;
use super::super::number::{Figure, Number};
use super::cells::{CellView, cell_view};
use super::curves::{CurvesView, curves_view};
use super::lookup::BoardLookup;
use super::order::{self, OrderView};
use super::standing::GroupsView;
use super::{Context, DASH, control_note};
use crate::board::{Board, Entry, Span};
use crate::export::{incomplete_word, metric_words, start_words};
use crate::text::{self, clean};

/// What all numbers of a board have in common, as attributes of its tables.
#[derive(Clone, Serialize)]
pub(super) struct KeyView {
    suite: String,
    track: String,
    protocol: String,
    regime: String,
    granularity: String,
}

impl KeyView {
    pub(super) fn of(board: &Board) -> KeyView {
        let key = &board.key;
        KeyView {
            suite: clean(&key.suite),
            track: clean(&key.track),
            protocol: clean(&key.protocol),
            regime: clean(&key.regime),
            granularity: clean(&key.granularity),
        }
    }
}

#[derive(Serialize)]
pub(super) struct BoardView {
    pub(super) id: String,
    pub(super) tab: String,
    pub(super) title: String,
    key: KeyView,
    summary: String,
    over: Option<&'static str>,
    metrics: String,
    /// Why nobody on it may be ranked in public; empty if nothing stands against it.
    barred: String,
    single_task: bool,
    tasks: Vec<TaskView>,
    families: Vec<&'static str>,
    groups: Vec<GroupView>,
    /// Methods that are not in the table, in words.
    hidden: String,
    order: Vec<OrderView>,
    curves: CurvesView,
    prunable: String,
    starts: String,
    dots: bool,
}

#[derive(Serialize)]
struct TaskView {
    link: Link,
    id: String,
    metric: String,
}

/// The entries of one keep.
#[derive(Serialize)]
pub(super) struct GroupView {
    keep: String,
    dense: bool,
    head: String,
    rows: Vec<RowView>,
    /// Those that may not be ranked in public, where others of the board may.
    below: Vec<RowView>,
}

#[derive(Serialize)]
pub(super) struct RowView {
    link: Link,
    method: String,
    keep: String,
    family: &'static str,
    note: &'static str,
    complete: bool,
    place: Number,
    /// What stands in the first column of the board: the rank in public, or where nobody may have one the place.
    rank_or_place: Number,
    /// Why it may not be ranked in public; empty if nothing stands against it.
    reasons: String,
    groups: GroupsView,
    mean: Figure,
    drop: Figure,
    rank: Number,
    scored: Number,
    trials: Number,
    cells: Vec<CellView>,
    target: [Number; 2],
    achieved: [Number; 2],
    before: [Number; 2],
    missed: bool,
    params: [Number; 2],
    conv_fc: [Number; 2],
    sparsity: Number,
    compression: Number,
    macs_executed: Number,
    macs_nonzero: Number,
    speedup: Number,
    samples: Number,
    training: Number,
    outcomes: Vec<(String, usize)>,
}

pub(super) fn board_view(context: &Context<'_>, board: &Board, number: usize, tab: String) -> BoardView {
    let mut families: Vec<&'static str> =
        board.methods().filter_map(|entry| entry.family).map(crate::Family::label).collect();
    families.sort_unstable();
    families.dedup();
    let key = &board.key;
    BoardView {
        id: board_id(number),
        tab,
        title: key.title(),
        key: KeyView::of(board),
        summary: format!(
            "{} {}, {} {}",
            board.tasks.len(),
            if board.tasks.len() == 1 { "task" } else { "tasks" },
            board.replicates.len(),
            if board.replicates.len() == 1 { "replicate" } else { "replicates" },
        ),
        over: board.interval_over().map(|over| over.label()),
        metrics: metric_words(board),
        barred: context.standings.barred(key),
        single_task: board.tasks.len() == 1,
        tasks: board
            .tasks
            .iter()
            .map(|task| TaskView {
                link: context.task_link(&task.id, &task.short),
                id: clean(&task.id),
                metric: task.metrics.iter().map(|name| text::metric(name)).collect::<Vec<_>>().join(", "),
            })
            .collect(),
        families,
        groups: groups(context, board, &context.lookups[number]),
        hidden: context.lookups[number].hidden(),
        order: order::views(context, board),
        curves: curves_view(context, board, &context.series, context.hidden_methods),
        prunable: prunable(board),
        starts: start_words(board),
        dots: context.single_dots,
    }
}

/// The identifier of a board on the overview.
pub(super) fn board_id(number: usize) -> String {
    format!("board-{number}")
}

/// The entries of a board, keep by keep.
fn groups(context: &Context<'_>, board: &Board, lookup: &BoardLookup<'_>) -> Vec<GroupView> {
    let mut groups: Vec<GroupView> = Vec::new();
    for entry in lookup.shown() {
        let dense = entry.is_dense();
        let keep = entry.keep.to_string();
        if groups.last().is_none_or(|group| group.dense != dense || (!dense && group.keep != keep)) {
            let head = if dense { "dense controls".to_owned() } else { keep_title(board, entry.keep) };
            groups.push(GroupView { keep, dense, head, rows: Vec::new(), below: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            let row = row_view(context, board, entry, &lookup.heat);
            if row.reasons.is_empty() { group.rows.push(row) } else { group.below.push(row) }
        }
    }
    groups
}

/// A keep, and what it asks for.
pub(super) fn keep_title(board: &Board, keep: f64) -> String {
    let asked = text::percent(1.0 - keep, 2);
    let asked = asked.trim_end_matches('0').trim_end_matches('.');
    match board.key.granularity.as_str() {
        "weights" => format!("keep {keep} · {asked} % sparsity"),
        _ => format!("keep {keep} · {asked} % of the budget removed"),
    }
}

fn prunable(board: &Board) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut sets: Vec<&String> = board.methods().flat_map(|entry| &entry.budget.prunable_sets).collect();
    sets.sort();
    sets.dedup();
    if !sets.is_empty() {
        parts.push(format!("set {}", sets.iter().map(|name| clean(name)).collect::<Vec<_>>().join(", ")));
    }
    if let Some(total) = board.methods().find_map(|entry| entry.budget.prunable_total) {
        // What a channel suite counts (parameters, multiply-accumulates, channels) is its own choice.
        let unit = if board.key.granularity == "channels" { "in its budget" } else { "weights" };
        parts.push(format!("{} {unit}", span_words(Some(total))));
    }
    parts.join(", ")
}

pub(super) fn row_view(context: &Context<'_>, board: &Board, entry: &Entry, heat: &[(f64, f64)]) -> RowView {
    let budget = &entry.budget;
    let standing = context.standings.row(&board.key, entry);
    let mut mean = Figure::percent(["mean", "mean-half"], entry.mean);
    if entry.mean.is_none() {
        mean = Figure::word("mean", incomplete_word(entry));
    }
    let times = |of, value| Number::maybe(of, value, text::times);
    let si = |of, value| Number::maybe(of, value, text::si);
    RowView {
        link: context.names.method_link(&entry.method),
        method: clean(&entry.method),
        keep: entry.keep.to_string(),
        family: entry.family.map_or("", crate::Family::label),
        note: control_note(entry.control),
        complete: entry.complete,
        rank_or_place: match standing.rank() {
            Some(rank) => Number::count("public-rank", rank as u64),
            // Where nobody may be ranked in public, the order of what was run is all there is.
            None if !entry.is_dense() && !context.standings.barred(&board.key).is_empty() => place(entry),
            None => Number::word("public-rank", String::new()),
        },
        place: place(entry),
        reasons: standing.reasons(),
        groups: standing.groups(),
        mean,
        drop: Figure::percent(["drop", "drop-half"], entry.drop),
        rank: Number::maybe("rank", entry.average_rank, |rank| format!("{rank:.2}")),
        scored: Number::count("scored", entry.scored() as u64),
        trials: Number::count("trials", entry.trials() as u64),
        cells: board
            .tasks
            .iter()
            .zip(&entry.cells)
            .zip(heat)
            .map(|((task, cell), range)| cell_view(context, board, entry, task, cell, *range))
            .collect(),
        target: span(["target-least", "target-most"], budget.target_count),
        achieved: span(["achieved-least", "achieved-most"], budget.achieved_count),
        before: span(["before-least", "before-most"], budget.nonzero_before),
        // Whole channels need not add up to a count; the warnings say how far they are from it.
        missed: budget.missed_counts > 0 && board.key.granularity != "channels",
        params: span(["params-least", "params-most"], budget.params_remaining),
        conv_fc: span(["conv-fc-least", "conv-fc-most"], budget.conv_fc_remaining),
        sparsity: Number::maybe("sparsity", budget.sparsity, |it| format!("{} %", text::percent(it, 2))),
        compression: times("compression", budget.compression),
        macs_executed: si("macs-executed", budget.macs_executed),
        macs_nonzero: si("macs-nonzero", budget.macs_nonzero),
        speedup: times("theory", board.theoretical_speedup(entry)),
        samples: Number::maybe("samples", budget.samples(), |it| text::count(it.round() as u64)),
        training: times("training", board.training_multiple(entry)),
        outcomes: entry.outcomes.iter().map(|(outcome, count)| (outcome.word().to_owned(), *count)).collect(),
    }
}

fn place(entry: &Entry) -> Number {
    let number = |place: crate::board::Place| Number::new("place", place.place as f64, place.to_string());
    entry.place.map_or_else(|| Number::word("place", String::new()), number)
}

/// The smallest and the largest of a count; the second is empty where they are the same.
fn span([least, most]: [&'static str; 2], span: Option<Span>) -> [Number; 2] {
    let empty = Number::word(most, String::new());
    match span {
        None => [Number::absent(least), empty],
        Some(Span { min, max }) if min == max => [Number::count(least, min), empty],
        Some(Span { min, max }) => [Number::count(least, min), Number::count(most, max)],
    }
}

/// The same in words.
fn span_words(span: Option<Span>) -> String {
    match span {
        None => DASH.to_owned(),
        Some(Span { min, max }) if min == max => text::count(min),
        Some(Span { min, max }) => format!("{} – {}", text::count(min), text::count(max)),
    }
}
