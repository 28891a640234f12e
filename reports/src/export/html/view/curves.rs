//! Curves of a board, with what a script needs to draw them against another axis: where each method stands on it at each
//! keep.

use serde::Serialize;

use super::super::names::Link;
use super::super::plot::{self, Size, What};
use super::super::series::Series;
use super::Context;
use crate::board::{Board, Entry};
use crate::cost::MethodCost;
use crate::text::clean;

/// Room of the plot of the mean, and of one task.
const MEAN_SIZE: Size = Size { width: 480.0, height: 344.0 };
const TASK_SIZE: Size = Size { width: 264.0, height: 178.0 };

/// Plots with their legend and axes.
#[derive(Serialize)]
pub(super) struct CurvesView {
    legend: Vec<LegendView>,
    hidden_methods: usize,
    /// Whether some methods of the legend are not shown at first.
    some_off: bool,
    one_keep: bool,
    /// Axes for which there are values: a name for programs and one for people.
    axes: Vec<(&'static str, &'static str)>,
    /// JSON for a script; empty where there is no curve.
    data: String,
    /// The task's own link, if the board has but one; else the curve is of the mean.
    only_task: Option<Link>,
    mean_plot: Option<String>,
    plots: Vec<(Link, String)>,
}

#[derive(Serialize)]
struct LegendView {
    style: usize,
    method: String,
    swatch: String,
    shown: bool,
}

/// The curves of these methods on a board.
pub(super) fn curves_view(
    context: &Context<'_>,
    board: &Board,
    series: &[Series],
    hidden_methods: usize,
) -> CurvesView {
    let on_board: Vec<&Series> =
        series.iter().filter(|it| board.methods().any(|entry| entry.method == it.method)).collect();
    let plots = board.tasks.iter().enumerate().filter_map(|(index, task)| {
        let plot = plot::curves(board, series, What::Task(index), &task.short, TASK_SIZE)?;
        Some((context.task_link(&task.id, &task.short), plot))
    });
    let single = board.tasks.len() == 1;
    let (axes, data) = curve_data(context, board, series);
    CurvesView {
        some_off: on_board.iter().any(|it| !it.shown),
        legend: on_board
            .into_iter()
            .map(|it| LegendView {
                style: it.style,
                method: clean(&it.method),
                swatch: plot::swatch(it),
                shown: it.shown,
            })
            .collect(),
        hidden_methods,
        one_keep: board.keeps().len() <= 1,
        axes,
        data,
        only_task: board
            .tasks
            .first()
            .filter(|_| single)
            .map(|task| context.task_link(&task.id, &task.short)),
        mean_plot: plot::curves(board, series, What::Mean, "mean over tasks", MEAN_SIZE),
        plots: if single { Vec::new() } else { plots.collect() },
    }
}

/// The curves of one task of a board.
pub(super) fn task_curves(context: &Context<'_>, board: &Board, task: usize) -> CurvesView {
    let mut view = curves_view(context, board, &context.series, context.hidden_methods);
    let (id, short) = (&board.tasks[task].id, &board.tasks[task].short);
    view.mean_plot = plot::curves(board, &context.series, What::Task(task), short, MEAN_SIZE);
    view.only_task = Some(context.task_link(id, short));
    view.plots = Vec::new();
    view
}

/// An axis that curves can be drawn against: a name for programs, words for people, and how it is scaled.
const AXES: [Axis; 5] = [
    Axis { name: "sparsity", words: "sparsity, %", scale: "density" },
    Axis { name: "params", words: "non-zero parameters", scale: "falling" },
    Axis { name: "macs", words: "MACs executed for a picture", scale: "falling" },
    Axis { name: "latency", words: "latency for one picture, ms", scale: "falling" },
    Axis { name: "cost", words: "prune and recover stages, s", scale: "rising" },
];

#[derive(Clone, Copy, Serialize)]
struct Axis {
    name: &'static str,
    words: &'static str,
    /// `density`: equal steps are equal compressions; `falling` and `rising`: logarithmic, the largest on the left or on the right, so
    /// that what is pruned more always stands further to the right.
    scale: &'static str,
}

#[derive(Serialize)]
struct CurveData {
    axes: Vec<Axis>,
    series: Vec<SeriesData>,
}

#[derive(Serialize)]
struct SeriesData {
    style: usize,
    points: Vec<PointData>,
}

/// Where a method stands at a keep.
#[derive(Serialize)]
struct PointData {
    keep: f64,
    sparsity: f64,
    params: Option<f64>,
    macs: Option<f64>,
    latency: Option<f64>,
    cost: Option<f64>,
}

impl PointData {
    fn on(&self, axis: &Axis) -> Option<f64> {
        match axis.name {
            "params" => self.params,
            "macs" => self.macs,
            "latency" => self.latency,
            "cost" => self.cost,
            _ => Some(self.sparsity),
        }
    }
}

/// The axes for which a board has values, each with its words, and all values as JSON for a script element.
fn curve_data(
    context: &Context<'_>,
    board: &Board,
    series: &[Series],
) -> (Vec<(&'static str, &'static str)>, String) {
    let series: Vec<SeriesData> = series
        .iter()
        .map(|series| SeriesData {
            style: series.style,
            points: board
                .methods()
                .filter(|entry| entry.method == series.method && entry.keep > 0.0)
                .map(|entry| point(entry, context.costs.on(&board.key, &entry.method)))
                .collect(),
        })
        .filter(|series| !series.points.is_empty())
        .collect();
    let has = |axis: &Axis| series.iter().flat_map(|it| &it.points).any(|point| point.on(axis).is_some());
    let axes: Vec<Axis> = AXES.into_iter().filter(has).collect();
    if axes.is_empty() {
        return (Vec::new(), String::new());
    }
    let names = axes.iter().map(|axis| (axis.name, axis.words)).collect();
    // Numbers and our own words alone: nothing in it can end a script element.
    let json = serde_json::to_string(&CurveData { axes, series }).unwrap_or_default();
    (names, json)
}

fn point(entry: &Entry, cost: Option<&MethodCost>) -> PointData {
    // Logarithms want positive numbers.
    let positive = |value: Option<f64>| value.filter(|value| *value > 0.0 && value.is_finite());
    let middle = |span: crate::board::Span| (span.min as f64 + span.max as f64) / 2.0;
    let latency = cost.and_then(|cost| {
        cost.latency_ms.iter().find(|(keep, _)| keep.to_bits() == entry.keep.to_bits()).map(|(_, ms)| *ms)
    });
    let seconds = cost.and_then(|cost| {
        let parts = [cost.prune_seconds, cost.recover_seconds];
        parts.iter().any(Option::is_some).then(|| parts.iter().flatten().sum::<f64>())
    });
    PointData {
        keep: entry.keep,
        sparsity: entry.budget.sparsity.unwrap_or(1.0 - entry.keep),
        params: positive(entry.budget.params_remaining.map(middle)),
        macs: positive(entry.budget.macs_executed),
        latency: positive(latency),
        cost: positive(seconds),
    }
}
