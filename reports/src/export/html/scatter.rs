//! A scatter plot of transfer against upstream scores, with names that do not cover one another.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::plot::{marker, ticks};
use crate::analysis::upstream::{UpstreamPoint, UpstreamTable};
use crate::family::Family;
use crate::row::Control;
use crate::text::{clean, fit, html, percent};

const WIDTH: f64 = 1240.0;
const HEIGHT: f64 = 580.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 36.0;
/// Radius of a mark.
const RADIUS: f64 = 4.2;
/// Size of a name's letters, and the width of one for it: that of wide typefaces, lest names touch.
const LETTER: f64 = 10.0;
const LETTER_WIDTH: f64 = 0.6;
/// Characters of a name.
const LONGEST_NAME: usize = 26;
/// How far from its mark a name may stand; beyond the first a line leads to it.
const DISTANCES: [f64; 4] = [3.0, 12.0, 22.0, 34.0];

/// A drawn plot.
pub(super) struct Scatter {
    pub(super) svg: String,
    /// Points whose name found no room.
    pub(super) nameless: usize,
}

#[derive(Clone, Copy)]
struct Rect {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Rect {
    fn around(x: f64, y: f64, half: f64) -> Rect {
        Rect { left: x - half, top: y - half, right: x + half, bottom: y + half }
    }

    fn touches(&self, other: &Rect) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn is_inside(&self, outer: &Rect) -> bool {
        self.left >= outer.left
            && self.right <= outer.right
            && self.top >= outer.top
            && self.bottom <= outer.bottom
    }
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
    let nameless = draw_names(&mut svg, &table.points, &places);
    svg.push_str("</svg>");
    Scatter { svg, nameless }
}

fn draw_axes(svg: &mut String, x: &Axis, y: &Axis) {
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let (values, decimals) = ticks(y.ends, 8.0);
    for value in values {
        let at = y.at(value);
        let _ = write!(
            svg,
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right:.1}\"/>\
             <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 5.0,
            at + 3.2,
            percent(value, decimals)
        );
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
    let path = if point.family.is_none() { star(x, y) } else { marker(shape, x, y, RADIUS) };
    let _ = write!(
        svg,
        "<g class=\"{}\"><title>{}</title><path class=\"mark\" d=\"{path}\"/></g>",
        class(point),
        html(&title)
    );
}

/// The mark of dense controls: a star of five points, as no keep has.
fn star(x: f64, y: f64) -> String {
    let corner = |number: usize| {
        let angle = std::f64::consts::PI * (number as f64 / 5.0 - 0.5);
        let radius = if number.is_multiple_of(2) { RADIUS * 1.9 } else { RADIUS * 0.8 };
        format!("{:.1} {:.1}", x + radius * angle.cos(), y + radius * angle.sin())
    };
    format!("M{}Z", (0..10).map(corner).collect::<Vec<_>>().join("L"))
}

/// The mark of dense controls alone, for legends.
pub(super) fn star_swatch() -> String {
    swatch("reference", &star(14.0, 6.0))
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

/// Writes the names of the points, in their order, each in the nearest place that covers no mark and no name before it.
/// Returns how many found no room.
fn draw_names(svg: &mut String, points: &[UpstreamPoint], places: &[(f64, f64)]) -> usize {
    let frame = Rect { left: LEFT + 1.0, top: TOP - 6.0, right: WIDTH, bottom: HEIGHT - BOTTOM };
    let marks: Vec<Rect> = places.iter().map(|(x, y)| Rect::around(*x, *y, RADIUS + 1.0)).collect();
    let mut names: Vec<Rect> = Vec::new();
    let mut nameless = 0;
    for (number, (point, (x, y))) in points.iter().zip(places).enumerate() {
        let name = fit(&clean(&point.method), LONGEST_NAME);
        let width = name.chars().count() as f64 * LETTER * LETTER_WIDTH;
        let is_free = |rect: &Rect| {
            rect.is_inside(&frame)
                && !names.iter().any(|it| it.touches(rect))
                && !marks.iter().enumerate().any(|(other, it)| other != number && it.touches(rect))
        };
        let Some((rect, distance)) = candidates(*x, *y, width).find(|(rect, _)| is_free(rect)) else {
            nameless += 1;
            continue;
        };
        if distance > DISTANCES[0] {
            let end = (x.clamp(rect.left, rect.right), y.clamp(rect.top, rect.bottom));
            let _ = write!(svg, "<path class=\"lead\" d=\"M{x:.1} {y:.1}L{:.1} {:.1}\"/>", end.0, end.1);
        }
        let _ = write!(
            svg,
            "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            rect.left,
            rect.bottom - LETTER * 0.24,
            html(&name)
        );
        names.push(rect);
    }
    nameless
}

/// Rectangles in which a name may stand, the nearest first; to the right before to the left.
fn candidates(x: f64, y: f64, width: f64) -> impl Iterator<Item = (Rect, f64)> {
    const DIRECTIONS: [(f64, f64); 8] = [
        (1.0, 0.0),
        (-1.0, 0.0),
        (0.0, -1.0),
        (0.0, 1.0),
        (0.7, -0.7),
        (0.7, 0.7),
        (-0.7, -0.7),
        (-0.7, 0.7),
    ];
    DISTANCES.into_iter().flat_map(move |distance| {
        DIRECTIONS.into_iter().map(move |(across, down)| {
            let reach = RADIUS + distance;
            let (near_x, near_y) = (x + across * reach, y + down * reach);
            let left = match across {
                a if a > 0.0 => near_x,
                a if a < 0.0 => near_x - width,
                _ => near_x - width / 2.0,
            };
            let top = match down {
                d if d > 0.0 => near_y,
                d if d < 0.0 => near_y - LETTER,
                _ => near_y - LETTER / 2.0,
            };
            (Rect { left, top, right: left + width, bottom: top + LETTER }, distance)
        })
    })
}

/// Families that a table has, for its legend.
pub(super) fn families(table: &UpstreamTable) -> Vec<Family> {
    let found: BTreeMap<Family, ()> = table.points.iter().filter_map(|it| Some((it.family?, ()))).collect();
    found.into_keys().collect()
}
