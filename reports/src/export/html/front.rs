//! Plots of score against cost with the Pareto front. Colours and strokes are in the page's style sheet, by class.

use std::fmt::Write as _;

use super::grid::{draw_across, draw_tick};
use super::labels::{Mark, RADIUS, Rect, draw_names};
use super::plot::{marker, star, ticks};
use super::series::{SHOWN, Series};
use crate::analysis::statistics::fronts::Costed;
use crate::analysis::statistics::{CostAxis, FrontPoint};
use crate::text::{html, percent, si};

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 340.0;
const LEFT: f64 = 40.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 36.0;
/// Radius of the mark of a network that is not on the front.
const BEHIND_RADIUS: f64 = 3.0;
/// Room between two ticks of the axis of costs.
const TICK_ROOM: f64 = 38.0;

/// The words under the axis of a cost.
pub(super) fn axis_words(axis: CostAxis) -> &'static str {
    match axis {
        CostAxis::NonzeroParams => "non-zero parameters",
        CostAxis::ExecutedMacs => "MACs executed for a picture",
        CostAxis::NonzeroMacs => "MACs with a non-zero weight for a picture",
        CostAxis::LatencyMs => "latency for one picture, ms",
        CostAxis::TrainingMacs => "training MACs, in dense training pictures",
        CostAxis::PruneSeconds => "prune stage, s",
    }
}

/// Draws the networks of a board by what they cost: those on the front with their marks, colours and names, joined by the
/// front's line, and the others faint.
pub(super) fn draw(axis: CostAxis, costed: &Costed, series: &[Series], name: &str) -> String {
    let x = LogAxis::new(costed.points.iter().map(|it| it.cost));
    let y = ScoreAxis::new(costed.points.iter().map(|it| it.score));
    let mut svg = format!(
        "<svg class=\"plot front\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        html(&format!("Score against {}: {name}", axis_words(axis)))
    );
    draw_axes(&mut svg, axis, &x, &y);
    let at = |point: &FrontPoint| (x.at(point.cost), y.at(point.score));
    let (on, behind): (Vec<_>, Vec<_>) = costed.points.iter().zip(&costed.on).partition(|(_, on)| **on);
    for (point, _) in &behind {
        let (x, y) = at(point);
        draw_point(&mut svg, point, "behind", &marker(0, x, y, BEHIND_RADIUS));
    }
    let mut on: Vec<&FrontPoint> = on.into_iter().map(|(point, _)| point).collect();
    on.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let corners = stairs(on.iter().map(|it| at(it)));
    let _ = write!(svg, "<path class=\"edge\" d=\"{}\"/>", path(&corners));
    for point in &on {
        let (x, y) = at(point);
        let own = series.iter().find(|it| it.method == point.method);
        let (class, path) = match own {
            _ if point.keep >= 1.0 => ("reference".to_owned(), star(x, y, RADIUS)),
            Some(own) => {
                let hollow = if own.baseline { " baseline" } else { "" };
                (format!("s{}{hollow}", own.style % SHOWN), marker(own.style, x, y, RADIUS))
            }
            None => ("reference".to_owned(), marker(0, x, y, RADIUS)),
        };
        draw_point(&mut svg, point, &class, &path);
    }
    let names: Vec<String> = on.iter().map(|it| point_words(it)).collect();
    let marks: Vec<Mark<'_>> = on
        .iter()
        .zip(&names)
        .map(|(point, name)| Mark { name: Some(name), at: at(point) })
        .chain(behind.iter().map(|(point, _)| Mark { name: None, at: at(point) }))
        .collect();
    let frame = Rect { left: LEFT + 1.0, top: TOP - 6.0, right: WIDTH, bottom: HEIGHT - BOTTOM };
    let steps: Vec<Rect> = corners.windows(2).map(|it| around(it[0], it[1])).collect();
    // Who finds no room is named in the list beside the plot, as all are.
    draw_names(&mut svg, &marks, &steps, frame);
    svg.push_str("</svg>");
    svg
}

/// Who a point is: `imp, 0.05`.
fn point_words(point: &FrontPoint) -> String {
    if point.keep >= 1.0 { point.method.clone() } else { format!("{}, {}", point.method, point.keep) }
}

/// The corners of the front's line, from the cheapest to the dearest: what a budget buys stays the same up to the next network
/// that is better.
fn stairs(points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (x, y) in points {
        corners.extend(corners.last().map(|last| (x, last.1)));
        corners.push((x, y));
    }
    corners.extend(corners.last().map(|last| (WIDTH - RIGHT, last.1)));
    corners
}

fn path(corners: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (place, (x, y)) in corners.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' });
    }
    path
}

/// The room that a step of the line takes.
fn around(from: (f64, f64), to: (f64, f64)) -> Rect {
    Rect {
        left: from.0.min(to.0) - 1.0,
        top: from.1.min(to.1) - 1.0,
        right: from.0.max(to.0) + 1.0,
        bottom: from.1.max(to.1) + 1.0,
    }
}

fn draw_point(svg: &mut String, point: &FrontPoint, class: &str, path: &str) {
    let title = format!(
        "{}, keep {}: {} at a cost of {}",
        point.method,
        point.keep,
        percent(point.score, 2) + " %",
        si(point.cost)
    );
    let _ = write!(
        svg,
        "<g class=\"{class}\"><title>{}</title><path class=\"mark\" d=\"{path}\"/></g>",
        html(&title)
    );
}

fn draw_axes(svg: &mut String, axis: CostAxis, x: &LogAxis, y: &ScoreAxis) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let (values, decimals) = ticks(y.ends, 6.5);
    for value in values {
        draw_across(svg, (LEFT, right), y.at(value), &percent(value, decimals));
    }
    for value in x.ticks() {
        draw_tick(svg, bottom, x.at(value), &html(&short(value)));
    }
    let _ = write!(
        svg,
        "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom:.1}H{right:.1}\"/>\
         <text class=\"tick\" x=\"{right:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
         <text class=\"tick\" x=\"{LEFT}\" y=\"{:.1}\">mean score, %</text>",
        HEIGHT - 6.0,
        html(axis_words(axis)),
        TOP - 9.0
    );
}

/// A round number in as few letters as it takes.
fn short(value: f64) -> String {
    let text = si(value);
    let (digits, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let digits =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    format!("{digits}{unit}")
}

/// Scores, upwards.
struct ScoreAxis {
    ends: (f64, f64),
}

impl ScoreAxis {
    fn new(values: impl Iterator<Item = f64>) -> ScoreAxis {
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        let margin = ((high - low) * 0.08).max(0.004);
        ScoreAxis { ends: ((low - margin).max(-0.005), (high + margin).min(1.01)) }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value - self.ends.0) / (self.ends.1 - self.ends.0);
        HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP)
    }
}

/// Costs, which differ by factors: equal steps are equal factors, and less is to the left.
struct LogAxis {
    ends: (f64, f64),
}

impl LogAxis {
    fn new(values: impl Iterator<Item = f64>) -> LogAxis {
        let (low, high) = values
            .filter(|it| *it > 0.0)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), it| (low.min(it), high.max(it)));
        if low > high {
            // Nothing costs anything.
            return LogAxis { ends: (1.0, 10.0) };
        }
        let margin = (high / low).powf(0.06).max(1.05);
        LogAxis { ends: (low / margin, high * margin) }
    }

    /// What costs nothing would be infinitely far; it stands at the left end.
    fn at(&self, value: f64) -> f64 {
        let part = (value.max(self.ends.0) / self.ends.0).ln() / (self.ends.1 / self.ends.0).ln();
        LEFT + part * (WIDTH - LEFT - RIGHT)
    }

    /// Round numbers between the ends, as many as there is room for.
    fn ticks(&self) -> Vec<f64> {
        let (low, high) = self.ends;
        let values: Vec<f64> = if high / low > 4.0 {
            let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
            decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit| digit * 10.0_f64.powi(decade))).collect()
        } else {
            let rough = (high - low) / 4.0;
            let decade = 10.0_f64.powf(rough.log10().floor());
            let step = [1.0, 2.0, 5.0]
                .into_iter()
                .map(|it| it * decade)
                .find(|it| *it >= rough)
                .unwrap_or(decade * 10.0);
            let first = (low / step).ceil() as i64;
            (first..first + 6).map(|it| it as f64 * step).collect()
        };
        let mut last = f64::NEG_INFINITY;
        let fits = |value: &f64| {
            let place = self.at(*value);
            let fits = *value >= low && *value <= high && place - last >= TICK_ROOM;
            if fits {
                last = place;
            }
            fits
        };
        values.into_iter().filter(fits).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::Control;

    fn point(method: &str, keep: f64, cost: f64, score: f64) -> FrontPoint {
        FrontPoint { method: method.to_owned(), control: None, keep, cost, score }
    }

    /// Numbers of an attribute, in the order of the elements of a class.
    fn paths<'a>(svg: &'a str, class: &str) -> Vec<&'a str> {
        let begin = format!("class=\"{class}\"");
        let rests = svg.split(begin.as_str()).skip(1);
        rests.filter_map(|rest| rest.split(" d=\"").nth(1)?.split('"').next()).collect()
    }

    #[test]
    fn the_line_goes_in_steps_from_the_cheapest_to_the_dearest() {
        let points = vec![
            FrontPoint { control: Some(Control::DenseTrained), ..point("dense-trained", 1.0, 1e6, 0.9) },
            point("a", 0.1, 1e5, 0.7),
            point("b", 0.1, 1e5, 0.6),
            point("c", 0.01, 1e4, 0.5),
        ];
        let costed = Costed { points, on: vec![true, true, false, true], left_out: 0 };
        let svg = draw(CostAxis::NonzeroParams, &costed, &[], "a <board>");
        let tree = roxmltree::Document::parse(&svg).expect("an element");
        let label = tree.root_element().attribute("aria-label");
        assert_eq!(label, Some("Score against non-zero parameters: a <board>"));
        let edge = paths(&svg, "edge");
        assert_eq!(edge.len(), 1);
        // Right, up, right, up, right to the end.
        let numbers: Vec<f64> = edge[0].split(['M', 'L', ' ']).filter_map(|it| it.parse().ok()).collect();
        let corners: Vec<(f64, f64)> = numbers.chunks(2).map(|it| (it[0], it[1])).collect();
        let [a, b, c, d, e, end] = corners[..] else { panic!("{corners:?}") };
        assert!(a.1 == b.1 && b.0 == c.0 && c.1 == d.1 && d.0 == e.0 && e.1 == end.1, "{corners:?}");
        // A factor of ten is as wide wherever it is, and better is higher.
        assert!(((c.0 - a.0) - (e.0 - c.0)).abs() < 0.2 && e.0 < end.0, "{corners:?}");
        assert!(a.1 > c.1 && c.1 > e.1);
        assert_eq!(svg.matches("class=\"behind\"").count(), 1);
        for name in ["c, 0.01", "a, 0.1", "dense-trained"] {
            assert_eq!(svg.matches(&format!(">{name}</text>")).count(), 1, "{name}");
        }
    }

    #[test]
    fn ticks_are_round_and_between_the_ends() {
        for (low, high) in [(1.0, 2.0), (3.0, 3.1), (0.002, 900.0), (1e3, 1e9), (41e6, 43e6)] {
            let axis = LogAxis::new([low, high].into_iter());
            let ticks = axis.ticks();
            assert!((1..=15).contains(&ticks.len()), "{low} to {high}: {ticks:?}");
            assert!(ticks.iter().all(|it| (axis.ends.0..=axis.ends.1).contains(it)), "{ticks:?}");
            assert!(ticks.is_sorted());
        }
        assert_eq!([1e3, 2e6, 0.5, 50.0].map(short), ["1k", "2M", "0.5", "50"]);
        // Costs that are nothing leave the plot whole.
        let axis = LogAxis::new([0.0, 0.0].into_iter());
        assert!(axis.at(0.0).is_finite());
    }
}
