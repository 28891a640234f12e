//! Small SVG plots of score against sparsity. Colours and strokes are in the page's style sheet, by class.

use std::fmt::Write as _;

use super::grid::{draw_across, draw_tick};
use super::series::Series;
use crate::board::{Board, Entry};
use crate::stats::Summary;
use crate::text::{html, percent, signed};

/// Room of a plot in its own units.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

const LEFT: f64 = 36.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 34.0;

/// One measured point.
struct Point {
    keep: f64,
    /// Sparsity that was reached, or asked for where none is known.
    sparsity: f64,
    summary: Summary,
}

/// Which number of an entry a plot shows.
#[derive(Clone, Copy)]
pub(super) enum What {
    Mean,
    Task(usize),
}

impl What {
    fn of(self, entry: &Entry) -> Option<Summary> {
        match self {
            What::Mean => entry.mean,
            // A cell that lost trials would show the mean of the lucky ones.
            What::Task(task) => entry.cells.get(task).filter(|cell| cell.complete)?.summary,
        }
    }
}

/// Draws one plot; nothing if no method has a point.
pub(super) fn curves(board: &Board, series: &[Series], what: What, name: &str, size: Size) -> Option<String> {
    let lines: Vec<(&Series, Vec<Point>)> = series
        .iter()
        .map(|series| (series, points(board, &series.method, what)))
        .filter(|(_, points)| !points.is_empty())
        .collect();
    if lines.is_empty() {
        return None;
    }
    let dense = board.dense_trained().and_then(|entry| what.of(entry));
    let axes = Axes::new(board, &lines, dense, size);
    // A script may move the points to another axis; it needs to know where the plot's sides are.
    let mut svg = format!(
        "<svg class=\"plot\" viewBox=\"0 0 {} {}\" data-left=\"{LEFT}\" data-right=\"{}\" data-bottom=\"{}\" role=\"img\" aria-label=\"{}\">",
        size.width,
        size.height,
        size.width - RIGHT,
        size.height - BOTTOM,
        html(&format!("Score against sparsity: {name}"))
    );
    axes.draw(&mut svg);
    if let Some(dense) = dense {
        axes.dense(&mut svg, dense);
    }
    let count = lines.iter().filter(|(series, _)| series.shown).count().max(1);
    for (place, (series, points)) in lines.iter().enumerate() {
        // Points of one keep stand side by side, or their error bars would hide each other. Those that are not shown at first
        // share the room of those that are.
        let dodge = ((place % count) as f64 - (count as f64 - 1.0) / 2.0) * 2.6;
        axes.series(&mut svg, series, points, dodge);
    }
    svg.push_str("</svg>");
    Some(svg)
}

fn points(board: &Board, method: &str, what: What) -> Vec<Point> {
    board
        .methods()
        .filter(|entry| entry.method == method && entry.keep > 0.0)
        .filter_map(|entry| {
            let sparsity = entry.budget.sparsity.unwrap_or(1.0 - entry.keep);
            Some(Point { keep: entry.keep, sparsity, summary: what.of(entry)? })
        })
        .collect()
}

struct Axes {
    size: Size,
    /// Ends of the x axis as −log(1 − sparsity): equal steps are equal compressions.
    x: (f64, f64),
    /// Ends of the y axis.
    y: (f64, f64),
    x_ticks: Vec<f64>,
    y_ticks: Vec<f64>,
    y_decimals: usize,
}

/// Sparsity on the axis; capped, for a network without any weight would be infinitely far.
fn log_density(sparsity: f64) -> f64 {
    -(1.0 - sparsity).clamp(1e-4, 1.0).ln()
}

impl Axes {
    fn new(board: &Board, lines: &[(&Series, Vec<Point>)], dense: Option<Summary>, size: Size) -> Axes {
        let all = || lines.iter().flat_map(|(_, points)| points);
        let mut x = (f64::INFINITY, f64::NEG_INFINITY);
        let mut y = (f64::INFINITY, f64::NEG_INFINITY);
        for point in all() {
            let place = log_density(point.sparsity);
            x = (x.0.min(place), x.1.max(place));
            y = (y.0.min(point.summary.mean), y.1.max(point.summary.mean));
        }
        if let Some(dense) = dense {
            y = (y.0.min(dense.mean), y.1.max(dense.mean));
        }
        // An interval from two seeds can be wider than everything else; it may stretch the axis by half at most.
        let stretch = (y.1 - y.0).max(0.004) * 0.5;
        let ends = y;
        for interval in all().map(|point| point.summary).chain(dense).filter_map(|summary| summary.interval) {
            y.0 = y.0.min(interval.low.max(ends.0 - stretch));
            y.1 = y.1.max(interval.high.min(ends.1 + stretch));
        }
        let margin = ((y.1 - y.0) * 0.06).max(0.002);
        y = ((y.0 - margin).max(0.0), (y.1 + margin).min(1.0));
        if y.1 <= y.0 {
            y = (y.0 - 0.01, y.0 + 0.01);
        }
        let pad = ((x.1 - x.0) * 0.08).max(0.12);
        x = (x.0 - pad, x.1 + pad);
        let (y_ticks, y_decimals) = ticks(y, 5.5);
        let x_ticks = thin(board.keeps().into_iter().map(|keep| 1.0 - keep).collect(), x, size);
        Axes { size, x, y, x_ticks, y_ticks, y_decimals }
    }

    fn px(&self, sparsity: f64) -> f64 {
        let part = (log_density(sparsity) - self.x.0) / (self.x.1 - self.x.0);
        LEFT + part * (self.size.width - LEFT - RIGHT)
    }

    fn py(&self, score: f64) -> f64 {
        let part = (score.clamp(self.y.0, self.y.1) - self.y.0) / (self.y.1 - self.y.0);
        self.size.height - BOTTOM - part * (self.size.height - TOP - BOTTOM)
    }

    fn draw(&self, svg: &mut String) {
        let (right, bottom) = (self.size.width - RIGHT, self.size.height - BOTTOM);
        for tick in &self.y_ticks {
            let y = self.py(*tick);
            draw_across(svg, (LEFT, right), y, &percent(*tick, self.y_decimals));
        }
        svg.push_str("<g class=\"x-axis\">");
        for tick in &self.x_ticks {
            draw_tick(svg, bottom, self.px(*tick), &number(*tick * 100.0));
        }
        let _ = write!(
            svg,
            "<path class=\"axis\" d=\"M{LEFT} {bottom:.1}H{right:.1}\"/>\
             <text class=\"tick\" x=\"{right:.1}\" y=\"{:.1}\" text-anchor=\"end\">sparsity, %</text></g>",
            self.size.height - 6.0
        );
    }

    fn dense(&self, svg: &mut String, dense: Summary) {
        let width = self.size.width - LEFT - RIGHT;
        let y = self.py(dense.mean);
        let _ = write!(svg, "<g class=\"dense\"><title>dense-trained {}</title>", html(&describe(&dense)));
        if let Some(interval) = dense.interval {
            let (top, bottom) = (self.py(interval.high), self.py(interval.low));
            let height = bottom - top;
            let _ = write!(
                svg,
                "<rect class=\"band\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
            );
        }
        let _ = write!(svg, "<path class=\"line\" d=\"M{LEFT} {y:.1}h{width:.1}\"/></g>");
    }

    fn series(&self, svg: &mut String, series: &Series, points: &[Point], dodge: f64) {
        let _ = write!(svg, "<g class=\"series {}\" data-series=\"{}\">", series.classes(), series.style);
        let at = |point: &Point| (self.px(point.sparsity) + dodge, self.py(point.summary.mean));
        let mut path = String::new();
        for (place, point) in points.iter().enumerate() {
            let (x, y) = at(point);
            let _ = write!(path, "{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' });
        }
        if points.len() > 1 {
            let _ = write!(svg, "<path class=\"line\" d=\"{path}\"/>");
        }
        for point in points {
            let (x, y) = at(point);
            let title = format!(
                "{}, keep {}, sparsity {} %: {}",
                series.method,
                point.keep,
                percent(point.sparsity, 2),
                describe(&point.summary)
            );
            let _ = write!(
                svg,
                "<g class=\"point\" data-keep=\"{}\" data-x=\"{x:.1}\" data-y=\"{y:.1}\"><title>{}</title>",
                point.keep,
                html(&title)
            );
            if let Some(interval) = point.summary.interval {
                let (top, bottom) = (self.py(interval.high), self.py(interval.low));
                let _ = write!(svg, "<path class=\"bar\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/>");
            }
            let _ = write!(svg, "<path class=\"mark\" d=\"{}\"/></g>", marker(series.style, x, y, 3.4));
        }
        svg.push_str("</g>");
    }
}

/// The marker of a style alone, for legends.
pub(super) fn swatch(series: &Series) -> String {
    // A swatch shows its method whether the plots do or not.
    let classes = Series { shown: true, ..series.clone() }.classes();
    format!(
        "<svg class=\"swatch\" viewBox=\"0 0 28 12\" aria-hidden=\"true\"><g class=\"series {classes}\">\
         <path class=\"line\" d=\"M1 6H27\"/><path class=\"mark\" d=\"{}\"/></g></svg>",
        marker(series.style, 14.0, 6.0, 4.0)
    )
}

/// A marker per style, so that no series is known by its colour alone.
pub(super) fn marker(style: usize, x: f64, y: f64, r: f64) -> String {
    let s = r * 0.9;
    match style % 8 {
        0 => format!("M{:.1} {y:.1}a{r} {r} 0 1 0 {:.1} 0a{r} {r} 0 1 0 {:.1} 0Z", x - r, 2.0 * r, -2.0 * r),
        1 => format!("M{:.1} {:.1}h{w:.1}v{w:.1}h-{w:.1}Z", x - s, y - s, w = 2.0 * s),
        2 => format!(
            "M{x:.1} {:.1}l{t:.1} {h:.1}h-{w:.1}Z",
            y - r * 1.15,
            t = r * 1.1,
            h = r * 2.0,
            w = r * 2.2
        ),
        3 => {
            format!("M{x:.1} {:.1}l{d:.1} {d:.1}l-{d:.1} {d:.1}l-{d:.1} -{d:.1}Z", y - r * 1.25, d = r * 1.25)
        }
        4 => format!(
            "M{x:.1} {:.1}l{t:.1} -{h:.1}h-{w:.1}Z",
            y + r * 1.15,
            t = r * 1.1,
            h = r * 2.0,
            w = r * 2.2
        ),
        5 => {
            // A plus, drawn as an outline so that it can be filled like the others.
            let (a, b) = (r * 0.4, r * 0.8);
            format!(
                "M{:.1} {:.1}h{c:.1}v{b:.1}h{b:.1}v{c:.1}h-{b:.1}v{b:.1}h-{c:.1}v-{b:.1}h-{b:.1}v-{c:.1}h{b:.1}Z",
                x - a,
                y - a - b,
                c = 2.0 * a
            )
        }
        6 => format!(
            "M{:.1} {y:.1}l{q:.1} -{h:.1}h{r:.1}l{q:.1} {h:.1}l-{q:.1} {h:.1}h-{r:.1}Z",
            x - r,
            q = r * 0.5,
            h = r * 0.9
        ),
        _ => format!(
            "M{:.1} {:.1}h{w:.1}v{h:.1}h-{w:.1}Z",
            x - r * 1.3,
            y - r * 0.55,
            w = r * 2.6,
            h = r * 1.1
        ),
    }
}

/// The mark of dense controls: a star of five points, as no series and no keep has.
pub(super) fn star(x: f64, y: f64, r: f64) -> String {
    let corner = |number: usize| {
        let angle = std::f64::consts::PI * (number as f64 / 5.0 - 0.5);
        let radius = if number.is_multiple_of(2) { r * 1.9 } else { r * 0.8 };
        format!("{:.1} {:.1}", x + radius * angle.cos(), y + radius * angle.sin())
    };
    format!("M{}Z", (0..10).map(corner).collect::<Vec<_>>().join("L"))
}

fn describe(summary: &Summary) -> String {
    match summary.half_width() {
        Some(half) => format!("{} ± {} % (n = {})", signed(summary.mean, 2), percent(half, 2), summary.n),
        None => format!("{} % (n = {})", signed(summary.mean, 2), summary.n),
    }
}

/// Round numbers between the ends, at most `most` steps apart, and the decimals they need as percentages.
pub(super) fn ticks((low, high): (f64, f64), most: f64) -> (Vec<f64>, usize) {
    let span = high - low;
    let step = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25]
        .into_iter()
        .find(|step| span / step <= most)
        .unwrap_or(0.25);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    let values = (first..=last).map(|it| it as f64 * step).collect();
    (values, usize::from(step < 0.01))
}

/// Leaves out ticks that would touch the one before.
fn thin(mut values: Vec<f64>, x: (f64, f64), size: Size) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let scale = (size.width - LEFT - RIGHT) / (x.1 - x.0);
    let mut last = f64::NEG_INFINITY;
    values.retain(|value| {
        let place = log_density(*value);
        let fits = place >= x.0 && place <= x.1 && (place - last) * scale >= 24.0;
        if fits {
            last = place;
        }
        fits
    });
    values
}

/// At most two decimals, without trailing zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
