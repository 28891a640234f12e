//! What is on a Pareto front, and areas under curves, from the tables alone.

use crate::chances::Tables;
use crate::oracle::{Board, Context, Oracle, Record, mean, number};
use crate::order::half;

/// A network with what it costs.
struct Point {
    method: String,
    keep: String,
    cost: f64,
    score: f64,
}

/// A number of a front.
pub(crate) fn value(oracle: &Oracle, board: &Board<'_>, of: &str, context: &Context) -> Option<f64> {
    let points = points(oracle, board, context);
    let is_on = |it: &Point| {
        let beats = |other: &Point| {
            let (cheaper, better) = (other.cost < it.cost, other.score > it.score + 1e-12);
            other.cost <= it.cost && other.score >= it.score - 1e-12 && (cheaper || better)
        };
        !points.iter().any(beats)
    };
    match of {
        "front-points" => Some(points.len() as f64),
        "front-size" => Some(points.iter().filter(|it| is_on(it)).count() as f64),
        _ => {
            let own = points.iter().find(|it| it.method == context.method && it.keep == context.keep)?;
            is_on(own).then_some(if of == "front-cost" { own.cost } else { own.score })
        }
    }
}

fn points(oracle: &Oracle, board: &Board<'_>, context: &Context) -> Vec<Point> {
    let mut networks = vec![("dense-trained".to_owned(), "1".to_owned())];
    for keep in board.keeps() {
        networks.extend(board.ranked(&keep).into_iter().map(|method| (method, keep.clone())));
    }
    networks
        .into_iter()
        .filter_map(|(method, keep)| {
            let scores = board.scores(&method, &keep);
            let score = mean(&board.means(&scores).into_values().collect::<Vec<_>>())?;
            let cost = cost(oracle, board, context, &method, &keep)?;
            Some(Point { method, keep, cost, score })
        })
        .collect()
}

fn cost(oracle: &Oracle, board: &Board<'_>, context: &Context, method: &str, keep: &str) -> Option<f64> {
    let rows = board.own(method, keep);
    let column = |name: &str| rows.iter().filter_map(|row| number(row, name)).collect::<Vec<f64>>();
    match context.cost.as_str() {
        "non-zero-params" => column("params_remaining").into_iter().reduce(f64::max),
        "executed-macs" => mean(&column("macs_executed")),
        "non-zero-macs" => mean(&column("macs_nonzero")),
        "training-macs" => mean(&column("training_macs")),
        // The dense network is not pruned.
        "prune-seconds" if method == "dense-trained" => None,
        "prune-seconds" => {
            let own = Context { method: method.to_owned(), ..context.clone() };
            oracle.cost("prune-seconds", &own)
        }
        "latency" => {
            let is_own = |it: &&Record| {
                it["suite"] == context.suite
                    && it["track"] == context.track
                    && it["method"] == method
                    && it["keep"] == keep
                    && it["batch"] == "1"
            };
            // What is compacted counts rather than what is masked, and this rather than what is dense.
            let forms = ["compacted", "masked", "dense"];
            let of_form = |form: &&str| {
                let own = oracle.speeds.iter().filter(is_own).filter(|it| it["form"] == *form);
                mean(&own.filter_map(|it| number(it, "median_ms")).collect::<Vec<_>>())
            };
            forms.iter().find_map(of_form)
        }
        _ => None,
    }
}

/// The area under a method's curve, by replicate: the mean of it, or half of its interval.
pub(crate) fn area(board: &Board<'_>, of: &str, method: &str, tables: &Tables) -> Option<f64> {
    let mut curve = Vec::new();
    for keep in board.keeps() {
        board.ranked(&keep).contains(&method.to_owned()).then_some(())?;
        let doublings = -keep.parse::<f64>().ok()?.log2();
        curve.push((doublings, board.replicates(&board.scores(method, &keep))));
    }
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    let width = curve.last()?.0 - curve.first()?.0;
    let areas: Vec<f64> = curve[0]
        .1
        .keys()
        .filter_map(|replicate| {
            let heights: Option<Vec<f64>> = curve.iter().map(|it| it.1.get(replicate).copied()).collect();
            let heights = heights?;
            // Every point weighs half of the way to both of its neighbours.
            let last = curve.len() - 1;
            let weight = |at: usize| (curve[last.min(at + 1)].0 - curve[at.saturating_sub(1)].0) / 2.0;
            Some((0..=last).map(|at| heights[at] * weight(at)).sum::<f64>() / width)
        })
        .collect();
    if of == "area" { mean(&areas) } else { half(&areas, tables) }
}
