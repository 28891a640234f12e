//! Scores over nights as a picture: one panel for each keep of a track and regime, a line for each method.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;

use super::draws::over_tasks;
use secateur_store::{Cell, CellKey, Night};

use super::change_points;
use crate::stats::mean;

/// Width of a panel's plot, its height, and the margins around it, in pixels.
const PLOT: (f64, f64) = (560.0, 150.0);
const MARGIN: (f64, f64, f64, f64) = (26.0, 170.0, 34.0, 52.0);
/// Chance of a change point in a series that has none.
const CHANCE: f64 = 0.01;
/// The qualitative palette of Okabe and Ito, which the colour-blind can tell apart, without its yellow: it is too light for lines.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];
const DASHES: [&str; 3] = ["none", "6 3", "2 3"];

#[derive(Serialize)]
struct Picture {
    width: f64,
    height: f64,
    title: String,
    panels: Vec<Panel>,
}

#[derive(Serialize)]
struct Panel {
    y: f64,
    title: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    ticks: Vec<(f64, String)>,
    nights: Vec<(f64, String)>,
    /// Nights in which something was other than before, with what.
    causes: Vec<(f64, String)>,
    lines: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    label: String,
    colour: &'static str,
    dash: &'static str,
    path: String,
    label_y: f64,
    /// Rotating replicates.
    dots: Vec<(f64, f64, String)>,
    /// Nights whose fixed numbers are others than the night before.
    moves: Vec<(f64, f64, String)>,
    /// Where the rotating replicates move to another level.
    points: Vec<(f64, f64, String)>,
}

/// A method's scores in a panel, by night: the mean of the fixed replicates, and the rotating ones.
#[derive(Default)]
struct Series {
    fixed: BTreeMap<u32, f64>,
    rotating: BTreeMap<u32, f64>,
}

/// The trends of a suite's nights as an SVG that stands by itself. Nights of other suites are left out; the order is that of numbers.
///
/// A line is the mean of the fixed replicates (over all tasks if there are several), a dot a rotating replicate. Vertical lines are nights in
/// which the harness, a plugin, the suite, the data or the machine was another one than before.
///
/// # Errors
/// Fails if the template cannot be rendered.
pub fn trends_svg(nights: &[Night], suite: &str) -> Result<String, minijinja::Error> {
    let mut nights: Vec<&Night> = nights.iter().filter(|night| night.suite == suite).collect();
    nights.sort_by_key(|night| night.number);
    let panels = panels(&nights);
    let height = MARGIN.0 + PLOT.1 + MARGIN.2;
    let drawn: Vec<Panel> = panels
        .iter()
        .enumerate()
        .map(|(index, (title, series))| panel(index as f64 * height, title, series, &nights))
        .collect();
    let picture = Picture {
        width: MARGIN.3 + PLOT.0 + MARGIN.1,
        height: (height * drawn.len().max(1) as f64).ceil(),
        title: format!("Nights of {suite}"),
        panels: drawn,
    };
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
    environment.add_template("trends.svg", include_str!("trends.svg"))?;
    environment.get_template("trends.svg")?.render(context! { picture => Serde(picture) })
}

/// The cells to draw of a night: means over tasks where there are several tasks, and the task's own where there is one.
fn drawn_cells(night: &Night) -> Vec<Cell> {
    let means = over_tasks(&night.cells);
    let covered: BTreeSet<CellKey> = means.iter().map(|cell| cell.key.clone()).collect();
    let single = night.cells.iter().filter(|cell| !covered.contains(&cell.key.over_tasks())).cloned();
    means.iter().cloned().chain(single).collect()
}

type Panels = BTreeMap<String, BTreeMap<String, Series>>;

fn panels(nights: &[&Night]) -> Panels {
    let mut panels = Panels::new();
    for night in nights {
        for cell in drawn_cells(night) {
            let key = &cell.key;
            let regime = if key.regime == "none" { "" } else { &format!("{} ", key.regime) };
            let title = format!("keep {}, {}, {regime}{}", key.keep, key.track, key.protocol);
            let series = panels.entry(title).or_default().entry(key.method.clone()).or_default();
            let of = |is_fixed: bool| {
                let own = cell.scores.iter().filter(|it| (it.replicate < night.fixed) == is_fixed);
                mean(&own.filter_map(|scored| scored.score).collect::<Vec<_>>())
            };
            series.fixed.extend(of(true).map(|score| (night.number, score)));
            series.rotating.extend(of(false).map(|score| (night.number, score)));
        }
    }
    panels
}

fn panel(y: f64, title: &str, series: &BTreeMap<String, Series>, nights: &[&Night]) -> Panel {
    let values = || series.values().flat_map(|one| one.fixed.values().chain(one.rotating.values()).copied());
    let (low, high) =
        values().fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
    // A flat series is drawn in the middle of a point.
    let (low, high) = if high - low < 0.01 { (low - 0.005, high + 0.005) } else { (low, high) };
    let (first, last) =
        (nights.first().map_or(0, |night| night.number), nights.last().map_or(0, |night| night.number));
    let x = |night: u32| MARGIN.3 + PLOT.0 * (f64::from(night - first) + 0.5) / f64::from(last - first + 1);
    let y_of = |score: f64| y + MARGIN.0 + PLOT.1 * (high - score) / (high - low);
    let mut lines: Vec<Line> = series
        .iter()
        .enumerate()
        .map(|(index, (method, one))| Line {
            label: method.clone(),
            colour: COLOURS[index % COLOURS.len()],
            dash: DASHES[index / COLOURS.len() % DASHES.len()],
            path: path(one.fixed.iter().map(|(night, score)| (x(*night), y_of(*score)))),
            label_y: one
                .fixed
                .values()
                .chain(one.rotating.values())
                .next_back()
                .map_or(y, |last| y_of(*last)),
            dots: dots(one, &x, &y_of),
            moves: moves(one, &x, &y_of),
            points: points(one, &x, &y_of),
        })
        .collect();
    spread_labels(&mut lines, y + MARGIN.0 + PLOT.1);
    let step = (nights.len() / 8).max(1);
    let causes = nights.windows(2).filter_map(|pair| {
        let names = differing(pair[0], pair[1]);
        (!names.is_empty())
            .then(|| (x(pair[1].number), format!("night {}: {}", pair[1].number, names.join(", "))))
    });
    Panel {
        y,
        title: title.to_owned(),
        left: MARGIN.3,
        right: MARGIN.3 + PLOT.0,
        top: y + MARGIN.0,
        bottom: y + MARGIN.0 + PLOT.1,
        ticks: [low, f64::midpoint(low, high), high]
            .map(|score| (y_of(score), format!("{:.1}", 100.0 * score)))
            .to_vec(),
        nights: nights
            .iter()
            .step_by(step)
            .map(|night| (x(night.number), night.number.to_string()))
            .collect(),
        causes: causes.collect(),
        lines,
    }
}

fn differing(before: &Night, after: &Night) -> Vec<String> {
    let names: BTreeSet<&String> = before.facts.keys().chain(after.facts.keys()).collect();
    let differs = |name: &&&String| before.facts.get(**name) != after.facts.get(**name);
    names.iter().filter(differs).map(|name| (**name).clone()).collect()
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let points: Vec<String> = points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    points.join(" ")
}

type Mark = (f64, f64, String);

fn dots(one: &Series, x: &impl Fn(u32) -> f64, y: &impl Fn(f64) -> f64) -> Vec<Mark> {
    let mark = |(night, score): (&u32, &f64)| {
        (x(*night), y(*score), format!("night {night}, rotating replicate: {:.2} %", 100.0 * score))
    };
    one.rotating.iter().map(mark).collect()
}

fn moves(one: &Series, x: &impl Fn(u32) -> f64, y: &impl Fn(f64) -> f64) -> Vec<Mark> {
    let nights: Vec<(&u32, &f64)> = one.fixed.iter().collect();
    let moved = nights.windows(2).filter(|pair| pair[0].1.to_bits() != pair[1].1.to_bits());
    moved
        .map(|pair| {
            let (night, before, after) = (pair[1].0, 100.0 * pair[0].1, 100.0 * pair[1].1);
            let text = format!("night {night}: fixed replicates {before:.2} % to {after:.2} %");
            (x(*night), y(*pair[1].1), text)
        })
        .collect()
}

fn points(one: &Series, x: &impl Fn(u32) -> f64, y: &impl Fn(f64) -> f64) -> Vec<Mark> {
    let nights: Vec<(u32, f64)> = one.rotating.iter().map(|(night, score)| (*night, *score)).collect();
    let values: Vec<f64> = nights.iter().map(|(_, score)| *score).collect();
    let mark = |index: usize| {
        let (night, score) = nights[index];
        (x(night), y(score), format!("night {night}: the rotating replicates move to another level"))
    };
    change_points(&values, CHANCE).into_iter().map(mark).collect()
}

/// Labels at the lines' ends, moved apart so that each can be read.
fn spread_labels(lines: &mut [Line], bottom: f64) {
    const APART: f64 = 12.0;
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by(|a, b| lines[*a].label_y.total_cmp(&lines[*b].label_y));
    let mut least = f64::MIN;
    for index in &order {
        lines[*index].label_y = lines[*index].label_y.max(least);
        least = lines[*index].label_y + APART;
    }
    let mut most = bottom + 4.0;
    for index in order.iter().rev() {
        lines[*index].label_y = lines[*index].label_y.min(most);
        most = lines[*index].label_y - APART;
    }
}
