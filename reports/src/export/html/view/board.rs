//! A board as text: its leaders, table, plots, counts and outcomes.

use serde::Serialize;

use super::plot::{self, Size, What};
use super::series::Series;
use super::{DASH, control_note};
use crate::board::{Board, Cell, Entry, Span};
use crate::export::{incomplete_word, metric_words, start_words};
use crate::stats::Summary;
use crate::text::{self, clean};

/// Steps of the heat colour, 0 to 8.
const HEAT_STEPS: f64 = 8.0;
#[derive(Serialize)]
pub(super) struct BoardView {
    id: String,
    tab: String,
    title: String,
    summary: String,
    over: Option<&'static str>,
    metrics: String,
    single_task: bool,
    leaders: Vec<LeaderView>,
    tasks: Vec<TaskView>,
    groups: Vec<GroupView>,
    legend: Vec<LegendView>,
    hidden_methods: usize,
    curve_word: &'static str,
    mean_plot: Option<String>,
    plots: Vec<(String, String)>,
    prunable: String,
    starts: String,
    dots: bool,
}

#[derive(Serialize)]
struct TaskView {
    short: String,
    id: String,
    metric: String,
}

#[derive(Serialize)]
struct LeaderView {
    keep: String,
    method: String,
    mean: String,
    drop: String,
    others: String,
}

#[derive(Serialize)]
struct LegendView {
    style: usize,
    method: String,
    swatch: String,
}

/// The entries of one keep.
#[derive(Serialize)]
struct GroupView {
    keep: String,
    dense: bool,
    head: String,
    rows: Vec<RowView>,
}

#[derive(Serialize)]
struct RowView {
    method: String,
    note: &'static str,
    complete: bool,
    place: String,
    place_sort: usize,
    mean: Figure,
    drop: Figure,
    rank: String,
    rank_sort: f64,
    trials: String,
    cells: Vec<CellView>,
    sparsity: String,
    compression: String,
    target: String,
    achieved: String,
    before: String,
    missed: bool,
    params: String,
    conv_fc: String,
    macs_executed: String,
    macs_nonzero: String,
    speedup: String,
    samples: String,
    training: String,
    outcomes: Vec<(String, usize)>,
}

/// A number with its half interval.
#[derive(Serialize)]
struct Figure {
    value: String,
    half: String,
    /// For sorting; far below every score where there is none.
    sort: f64,
}

#[derive(Serialize)]
struct CellView {
    /// `h0` to `h8`, or `fault`.
    class: String,
    score: Figure,
    drop: Figure,
    rank: String,
    title: String,
    dots: Vec<DotView>,
}

#[derive(Serialize)]
struct DotView {
    outcome: &'static str,
    title: String,
}

pub(super) fn board_view(
    board: &Board,
    number: usize,
    tab: String,
    series: &[Series],
    hidden_methods: usize,
    dots: bool,
) -> BoardView {
    let heat = heat_ranges(board);
    let mut groups: Vec<GroupView> = Vec::new();
    for entry in &board.entries {
        let dense = entry.is_dense();
        let keep = entry.keep.to_string();
        if groups.last().is_none_or(|group| group.dense != dense || (!dense && group.keep != keep)) {
            let head = if dense { "dense controls".to_owned() } else { keep_head(board, entry) };
            groups.push(GroupView { keep, dense, head, rows: Vec::new() });
        }
        if let Some(group) = groups.last_mut() {
            group.rows.push(row_view(board, entry, &heat, dots));
        }
    }
    let shown: Vec<&Series> =
        series.iter().filter(|it| board.methods().any(|entry| entry.method == it.method)).collect();
    let plots = (board.tasks.len() > 1)
        .then(|| {
            board.tasks.iter().enumerate().filter_map(|(index, task)| {
                let size = Size { width: 264.0, height: 178.0 };
                let plot = plot::curves(board, series, What::Task(index), &task.short, size)?;
                Some((task.short.clone(), plot))
            })
        })
        .into_iter()
        .flatten()
        .collect();
    let key = &board.key;
    BoardView {
        id: format!("board-{number}"),
        tab,
        title: key.title(),
        summary: format!(
            "{} {}, {} {}",
            board.tasks.len(),
            if board.tasks.len() == 1 { "task" } else { "tasks" },
            board.replicates.len(),
            if board.replicates.len() == 1 { "replicate" } else { "replicates" },
        ),
        over: board.interval_over().map(|over| over.label()),
        metrics: metric_words(board),
        single_task: board.tasks.len() == 1,
        leaders: leaders(board),
        tasks: board
            .tasks
            .iter()
            .map(|task| TaskView {
                short: task.short.clone(),
                id: clean(&task.id),
                metric: task.metrics.iter().map(|name| text::metric(name)).collect::<Vec<_>>().join(", "),
            })
            .collect(),
        groups,
        legend: shown
            .into_iter()
            .map(|it| LegendView { style: it.style, method: clean(&it.method), swatch: plot::swatch(it) })
            .collect(),
        hidden_methods,
        curve_word: if board.keeps().len() > 1 { "curves" } else { "points" },
        mean_plot: plot::curves(
            board,
            series,
            What::Mean,
            "mean over tasks",
            Size { width: 480.0, height: 344.0 },
        ),
        plots,
        prunable: prunable(board),
        starts: start_words(board),
        dots,
    }
}

fn keep_head(board: &Board, entry: &Entry) -> String {
    let asked = text::percent(1.0 - entry.keep, 2);
    let asked = asked.trim_end_matches('0').trim_end_matches('.');
    match board.key.granularity.as_str() {
        "weights" => format!("keep {} · {asked} % sparsity", entry.keep),
        _ => format!("keep {} · {asked} % of the budget removed", entry.keep),
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
        parts.push(format!("{} {unit}", span(Some(total))));
    }
    parts.join(", ")
}

fn leaders(board: &Board) -> Vec<LeaderView> {
    board
        .keeps()
        .into_iter()
        .take(6)
        .filter_map(|keep| {
            let group: Vec<&Entry> = board
                .methods()
                .filter(|it| {
                    it.keep.to_bits() == keep.to_bits() && it.place.is_some_and(|place| place.place == 1)
                })
                .collect();
            let leader = group.first()?;
            let names: Vec<String> = group[1..].iter().take(3).map(|entry| clean(&entry.method)).collect();
            let others = match group.len() - 1 {
                0 => String::new(),
                count if count > 3 => {
                    format!("not separable from {} and {} more", names.join(", "), count - 3)
                }
                _ => format!("not separable from {}", names.join(", ")),
            };
            Some(LeaderView {
                keep: keep_head(board, leader),
                method: clean(&leader.method),
                mean: text::percent(leader.mean?.mean, 2),
                drop: leader.drop.map_or(String::new(), |drop| {
                    let half = drop
                        .half_width()
                        .map_or(String::new(), |half| format!(" ± {}", text::percent(half, 2)));
                    format!("drop {}{half}", text::signed(drop.mean, 2))
                }),
                others,
            })
        })
        .collect()
}

/// Per task, the lowest and highest score of the methods: the ends of the heat scale.
fn heat_ranges(board: &Board) -> Vec<(f64, f64)> {
    (0..board.tasks.len())
        .map(|task| {
            board
                .methods()
                .filter_map(|entry| entry.cells[task].summary)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| {
                    (low.min(it.mean), high.max(it.mean))
                })
        })
        .collect()
}

fn row_view(board: &Board, entry: &Entry, heat: &[(f64, f64)], dots: bool) -> RowView {
    let budget = &entry.budget;
    let dash = || DASH.to_owned();
    let mut mean = figure(entry.mean, 2);
    if entry.mean.is_none() {
        mean.value = incomplete_word(entry);
    }
    RowView {
        method: clean(&entry.method),
        note: control_note(entry.control),
        complete: entry.complete,
        place: entry.place.map_or(String::new(), |place| place.to_string()),
        place_sort: entry.place.map_or(usize::MAX >> 12, |place| place.place),
        mean,
        drop: figure(entry.drop, 2),
        rank: entry.average_rank.map_or_else(dash, |rank| format!("{rank:.2}")),
        rank_sort: entry.average_rank.unwrap_or(1e9),
        trials: format!("{}/{}", entry.scored(), entry.trials()),
        cells: board
            .tasks
            .iter()
            .zip(&entry.cells)
            .zip(heat)
            .map(|((task, cell), range)| cell_view(entry, &task.short, cell, *range, dots))
            .collect(),
        sparsity: budget.sparsity.map_or_else(dash, |it| format!("{} %", text::percent(it, 2))),
        compression: budget.compression.map_or_else(dash, text::times),
        target: span(budget.target_count),
        achieved: span(budget.achieved_count),
        before: span(budget.nonzero_before),
        // Whole channels need not add up to a count; the warnings say how far they are from it.
        missed: budget.missed_counts > 0 && board.key.granularity != "channels",
        params: span(budget.params_remaining),
        conv_fc: span(budget.conv_fc_remaining),
        macs_executed: budget.macs_executed.map_or_else(dash, text::si),
        macs_nonzero: budget.macs_nonzero.map_or_else(dash, text::si),
        speedup: board.theoretical_speedup(entry).map_or_else(dash, text::times),
        samples: budget.samples().map_or_else(dash, |it| text::count(it.round() as u64)),
        training: board.training_multiple(entry).map_or_else(dash, text::times),
        outcomes: entry.outcomes.iter().map(|(outcome, count)| (outcome.word().to_owned(), *count)).collect(),
    }
}

fn cell_view(entry: &Entry, task: &str, cell: &Cell, (low, high): (f64, f64), dots: bool) -> CellView {
    let mut score = figure(cell.summary, 2);
    let mut title = String::new();
    let mut class = String::new();
    if let Some(fault) = cell.fault() {
        let scored = cell.trials.iter().filter(|trial| trial.score.is_some()).count();
        title = format!("{scored} of {} replicates have a score", cell.trials.len());
        if let Some(summary) = cell.summary {
            title = format!("{title}, with mean {}", text::percent(summary.mean, 2));
        }
        score = Figure { value: fault.word().to_owned(), half: String::new(), sort: -1.0 };
        class.push_str("fault");
    } else if let Some(summary) = cell.summary.filter(|_| !entry.is_dense()) {
        let part = if high > low { (summary.mean - low) / (high - low) } else { 0.5 };
        class = format!("h{}", (part.clamp(0.0, 1.0) * HEAT_STEPS).round() as u8);
    }
    let dots = if !dots {
        Vec::new()
    } else {
        cell.trials
            .iter()
            .map(|trial| DotView {
                outcome: trial.outcome.word(),
                title: match trial.score {
                    Some(score) => {
                        format!("{task}, replicate {}: ok, {} %", trial.replicate, text::percent(score, 2))
                    }
                    None => format!(
                        "{task}, replicate {}: {}. {}",
                        trial.replicate,
                        trial.outcome.word(),
                        clean(&trial.detail)
                    ),
                },
            })
            .collect()
    };
    CellView {
        class,
        score,
        drop: figure(cell.drop, 2),
        rank: cell.rank.map_or_else(|| DASH.to_owned(), |rank| rank.to_string()),
        title,
        dots,
    }
}

fn figure(summary: Option<Summary>, decimals: usize) -> Figure {
    match summary {
        None => Figure { value: DASH.to_owned(), half: String::new(), sort: -1e9 },
        Some(summary) => Figure {
            value: text::signed(summary.mean, decimals),
            half: summary
                .half_width()
                .map_or(String::new(), |half| format!("±{}", text::percent(half, decimals))),
            sort: summary.mean,
        },
    }
}

fn span(span: Option<Span>) -> String {
    match span {
        None => DASH.to_owned(),
        Some(Span { min, max }) if min == max => text::count(min),
        Some(Span { min, max }) => format!("{} – {}", text::count(min), text::count(max)),
    }
}
