//! Pareto fronts as text and plots: for each board and cost, the networks that no other is better than.

use serde::Serialize;

use super::super::front;
use super::super::names::Link;
use super::super::number::Number;
use super::Context;
use super::board::KeyView;
use crate::analysis::statistics::fronts::{Measured, costed};
use crate::analysis::statistics::{CostAxis, Front, FrontPoint};
use crate::text::{self, clean};

#[derive(Serialize)]
pub(super) struct FrontsView {
    /// Costs that some board has a front of: a name for programs and one for people.
    axes: Vec<(String, &'static str)>,
    boards: Vec<FrontBoard>,
}

#[derive(Serialize)]
struct FrontBoard {
    title: String,
    key: KeyView,
    fronts: Vec<FrontView>,
}

#[derive(Serialize)]
struct FrontView {
    axis: String,
    words: &'static str,
    svg: String,
    /// Those on the front, the cheapest first.
    points: Vec<PointView>,
    on: Number,
    of: Number,
    left_out: usize,
    machine: String,
}

#[derive(Serialize)]
struct PointView {
    link: Link,
    method: String,
    keep: String,
    dense: bool,
    cost: Number,
    score: Number,
}

pub(super) fn view(context: &Context<'_>) -> FrontsView {
    let measured = Measured::of(&context.report.costs, &context.report.speeds);
    let boards: Vec<FrontBoard> = context
        .report
        .boards
        .iter()
        .filter_map(|board| {
            let statistics = context.standings.board(&board.key)?;
            let fronts: Vec<FrontView> = statistics
                .fronts
                .iter()
                .filter_map(|front| {
                    let costed = costed(board, &measured, front.axis)?;
                    let svg = front::draw(front.axis, &costed, &context.series, &board.key.title());
                    Some(front_view(context, front, svg))
                })
                .collect();
            (!fronts.is_empty()).then(|| FrontBoard {
                title: board.key.title(),
                key: KeyView::of(board),
                fronts,
            })
        })
        .collect();
    let is_there = |axis: &CostAxis| {
        let name = axis_name(*axis);
        boards.iter().flat_map(|it| &it.fronts).any(|it| it.axis == name)
    };
    let axes = CostAxis::ALL.into_iter().filter(is_there);
    FrontsView { axes: axes.map(|it| (axis_name(it), front::axis_words(it))).collect(), boards }
}

/// The name of a cost in attributes and addresses.
fn axis_name(axis: CostAxis) -> String {
    axis.label().replace(' ', "-").to_lowercase()
}

fn front_view(context: &Context<'_>, front: &Front, svg: String) -> FrontView {
    FrontView {
        axis: axis_name(front.axis),
        words: front::axis_words(front.axis),
        svg,
        points: front.front.iter().map(|it| point_view(context, front.axis, it)).collect(),
        on: Number::count("front-size", front.front.len() as u64),
        of: Number::count("front-points", front.points as u64),
        left_out: front.left_out,
        machine: front.machine.as_deref().map_or(String::new(), clean),
    }
}

fn point_view(context: &Context<'_>, axis: CostAxis, point: &FrontPoint) -> PointView {
    let cost = match axis {
        CostAxis::LatencyMs => format!("{:.3} ms", point.cost),
        CostAxis::PruneSeconds => text::seconds(point.cost),
        CostAxis::NonzeroParams | CostAxis::ExecutedMacs | CostAxis::NonzeroMacs | CostAxis::TrainingMacs => {
            text::si(point.cost)
        }
    };
    PointView {
        link: context.names.method_link(&point.method),
        method: clean(&point.method),
        keep: point.keep.to_string(),
        dense: point.keep >= 1.0,
        cost: Number::new("front-cost", point.cost, cost),
        score: Number::new("front-score", point.score, format!("{} %", text::signed(point.score, 2))),
    }
}
