//! A scatter plot of transfer against upstream scores, with names that do not cover one another.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::grid::draw_across;
use super::labels::{Mark, RADIUS, Rect, draw_names};
use super::plot::{marker, star, ticks};
use crate::analysis::upstream::{UpstreamPoint, UpstreamTable};
use crate::family::Family;
use crate::row::Control;
use crate::text::{html, percent};

const WIDTH: f64 = 1240.0;
const HEIGHT: f64 = 580.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 36.0;

/// A drawn plot.
pub(super) struct Scatter {
    pub(super) svg: String,
    /// Points whose name found no room.
    pub(super) nameless: usize,
}

/// One axis: its ends, and where they lie.
struct Axis {
    ends: (f64, f64),
    room: (f64, f64),
}

impl Axis {
    fn new(values: impl Iterator<Item = f64>, room: (f64, f64)) -> Axis {
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        let margin = ((high - low) * 0.06).max(0.004);
        Axis { ends: ((low - margin).max(-0.005), (high + margin).min(1.005)), room }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value - self.ends.0) / (self.ends.1 - self.ends.0);
        self.room.0 + part * (self.room.1 - self.room.0)
    }
}

/// The number of a keep's marker.
pub(super) fn shape(keeps: &[f64], keep: f64) -> usize {
    keeps.iter().position(|it| it.to_bits() == keep.to_bits()).unwrap_or(0)
}

/// The keeps of a table's methods, from large to small.
pub(super) fn keeps(table: &UpstreamTable) -> Vec<f64> {
    let mut keeps: Vec<f64> =
        table.points.iter().filter(|it| it.family.is_some()).map(|it| it.keep).collect();
    keeps.sort_by(|a, b| b.total_cmp(a));
    keeps.dedup_by(|a, b| a.to_bits() == b.to_bits());
    keeps
}

/// Draws all points of a table.
pub(super) fn scatter(table: &UpstreamTable) -> Scatter {
    let x = Axis::new(table.points.iter().map(|it| it.upstream), (LEFT, WIDTH - RIGHT));
    let y = Axis::new(table.points.iter().map(|it| it.transfer), (HEIGHT - BOTTOM, TOP));
    let mut svg = format!(
        "<svg class=\"plot scatter\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        html(&format!("Mean transfer score against upstream score: {}", table.key.title()))
    );
    draw_axes(&mut svg, &x, &y);
    let places: Vec<(f64, f64)> =
        table.points.iter().map(|it| (x.at(it.upstream), y.at(it.transfer))).collect();
    let keeps = keeps(table);
    for (point, (x, y)) in table.points.iter().zip(&places) {
        draw_point(&mut svg, point, shape(&keeps, point.keep), *x, *y);
    }
    let frame = Rect { left: LEFT + 1.0, top: TOP - 6.0, right: WIDTH, bottom: HEIGHT - BOTTOM };
    let marks: Vec<Mark<'_>> =
        table.points.iter().zip(&places).map(|(it, at)| Mark { name: Some(&it.method), at: *at }).collect();
    let nameless = draw_names(&mut svg, &marks, &[], frame);
    svg.push_str("</svg>");
    Scatter { svg, nameless }
}

fn draw_axes(svg: &mut String, x: &Axis, y: &Axis) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let (values, decimals) = ticks(y.ends, 8.0);
    for value in values {
        draw_across(svg, (LEFT, right), y.at(value), &percent(value, decimals));
    }
    let (values, decimals) = ticks(x.ends, 12.0);
    for value in values {
        let at = x.at(value);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{at:.1} {TOP}V{bottom:.1}\"/>\
             <text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 13.0,
            percent(value, decimals)
        );
    }
    let _ = write!(
        svg,
        "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom:.1}H{right:.1}\"/>\
         <text class=\"tick\" x=\"{right:.1}\" y=\"{:.1}\" text-anchor=\"end\">score on the upstream task, %</text>\
         <text class=\"tick\" x=\"{LEFT}\" y=\"{:.1}\">mean score after transfer, %</text>",
        HEIGHT - 6.0,
        TOP - 9.0
    );
}

/// Colour and outline of a point: the family's, hollow for baselines, ink for dense controls.
fn class(point: &UpstreamPoint) -> String {
    match point.family {
        None => "reference".to_owned(),
        Some(family) => {
            let hollow = if point.control == Some(Control::Baseline) { " baseline" } else { "" };
            format!("s{}{hollow}", colour(family))
        }
    }
}

/// Number of a family's colour.
pub(super) fn colour(family: Family) -> usize {
    Family::ALL.iter().position(|it| *it == family).unwrap_or(0)
}

fn draw_point(svg: &mut String, point: &UpstreamPoint, shape: usize, x: f64, y: f64) {
    let what = match point.family {
        None => point.method.clone(),
        Some(family) => format!("{} ({}), keep {}", point.method, family.label(), point.keep),
    };
    let title = format!(
        "{what}: upstream {} %, transfer {} %",
        percent(point.upstream, 2),
        percent(point.transfer, 2)
    );
    let path = if point.family.is_none() { star(x, y, RADIUS) } else { marker(shape, x, y, RADIUS) };
    let _ = write!(
        svg,
        "<g class=\"{}\"><title>{}</title><path class=\"mark\" d=\"{path}\"/></g>",
        class(point),
        html(&title)
    );
}

/// The mark of dense controls alone, for legends.
pub(super) fn star_swatch() -> String {
    swatch("reference", &star(14.0, 6.0, RADIUS))
}

/// A marker alone, for legends.
pub(super) fn shape_swatch(shape: usize) -> String {
    swatch("reference", &marker(shape, 14.0, 6.0, 4.0))
}

/// A family's colour alone, for legends.
pub(super) fn family_swatch(family: Family) -> String {
    swatch(&format!("s{}", colour(family)), &marker(0, 14.0, 6.0, 4.0))
}

fn swatch(class: &str, path: &str) -> String {
    format!(
        "<svg class=\"swatch scatter\" viewBox=\"0 0 28 12\" aria-hidden=\"true\"><g class=\"{class}\">\
         <path class=\"mark\" d=\"{path}\"/></g></svg>"
    )
}

/// Families that a table has, for its legend.
pub(super) fn families(table: &UpstreamTable) -> Vec<Family> {
    let found: BTreeMap<Family, ()> = table.points.iter().filter_map(|it| Some((it.family?, ()))).collect();
    found.into_keys().collect()
}
