//! A method on one task, as text: its score, and one mark for each replicate.

use serde::Serialize;

use super::super::number::{Figure, Number};
use super::Context;
use crate::board::{Board, BoardTask, Cell, Entry, Trial};
use crate::text::{self, clean};

/// Steps of the heat colour, 0 to 8.
const HEAT_STEPS: f64 = 8.0;

#[derive(Serialize)]
pub(super) struct CellView {
    /// Task identifier.
    task: String,
    /// `h0` to `h8`, or `fault`.
    class: String,
    score: Figure,
    drop: Figure,
    rank: Number,
    title: String,
    dots: Vec<DotView>,
}

#[derive(Serialize)]
struct DotView {
    outcome: &'static str,
    title: String,
    /// The page of the trial; empty where it has none.
    path: String,
}

impl CellView {
    /// The score that the cell shows, if it shows one.
    pub(super) fn sort_value(&self) -> Option<f64> {
        self.score.mean.value()
    }
}

/// Per task, the lowest and highest score of the methods: the ends of the heat scale.
pub(super) fn heat_ranges(board: &Board) -> Vec<(f64, f64)> {
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

pub(super) fn cell_view(
    context: &Context<'_>,
    board: &Board,
    entry: &Entry,
    task: &BoardTask,
    cell: &Cell,
    (low, high): (f64, f64),
) -> CellView {
    let mut score = Figure::percent(["score", "score-half"], cell.summary);
    let mut title = String::new();
    let mut class = String::new();
    if let Some(fault) = cell.fault() {
        let scored = cell.trials.iter().filter(|trial| trial.score.is_some()).count();
        title = format!("{scored} of {} replicates have a score", cell.trials.len());
        if let Some(summary) = cell.summary {
            title = format!("{title}, with mean {}", text::percent(summary.mean, 2));
        }
        score = Figure::word("score", fault.word().to_owned());
        class.push_str("fault");
    } else if let Some(summary) = cell.summary.filter(|_| !entry.is_dense()) {
        let part = if high > low { (summary.mean - low) / (high - low) } else { 0.5 };
        class = format!("h{}", (part.clamp(0.0, 1.0) * HEAT_STEPS).round() as u8);
    }
    let dot = |trial: &Trial| DotView {
        outcome: trial.outcome.word(),
        title: dot_title(&task.short, trial),
        path: context.trials.path(&board.key, entry, &task.id, trial.replicate),
    };
    CellView {
        task: clean(&task.id),
        class,
        score,
        drop: Figure::percent(["drop", "drop-half"], cell.drop),
        rank: Number::maybe("rank", cell.rank, |rank| rank.to_string()),
        title,
        dots: if context.single_dots { cell.trials.iter().map(dot).collect() } else { Vec::new() },
    }
}

fn dot_title(task: &str, trial: &Trial) -> String {
    match trial.score {
        Some(score) => format!("{task}, replicate {}: ok, {} %", trial.replicate, text::percent(score, 2)),
        None => {
            format!(
                "{task}, replicate {}: {}. {}",
                trial.replicate,
                trial.outcome.word(),
                clean(&trial.detail)
            )
        }
    }
}
