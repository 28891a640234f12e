//! Names beside the marks of a plot, so that they do not cover one another.

use std::fmt::Write as _;

use crate::text::{clean, fit, html};

/// Radius of a mark.
pub(super) const RADIUS: f64 = 4.2;
/// Size of a name's letters, and the width of one for it: that of wide typefaces, lest names touch.
const LETTER: f64 = 10.0;
const LETTER_WIDTH: f64 = 0.6;
/// Characters of a name.
const LONGEST_NAME: usize = 26;
/// How far from its mark a name may stand; beyond the first a line leads to it.
const DISTANCES: [f64; 4] = [3.0, 12.0, 22.0, 34.0];

/// A mark, and the name that is to stand beside it.
pub(super) struct Mark<'a> {
    /// Absent for a mark that is only in the way.
    pub(super) name: Option<&'a str>,
    /// Its place.
    pub(super) at: (f64, f64),
}

/// A rectangle in a plot's units.
#[derive(Clone, Copy)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
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

/// Writes the names of the marks, in their order, each inside of `frame` in the nearest place that covers no mark, no name
/// before it, and nothing of what is `drawn` besides. Returns how many found no room.
pub(super) fn draw_names(svg: &mut String, all: &[Mark<'_>], drawn: &[Rect], frame: Rect) -> usize {
    let marks: Vec<Rect> = all.iter().map(|it| Rect::around(it.at.0, it.at.1, RADIUS + 1.0)).collect();
    let mut names: Vec<Rect> = Vec::new();
    let mut nameless = 0;
    for (number, mark) in all.iter().enumerate() {
        let Some(name) = mark.name else { continue };
        let (x, y) = mark.at;
        let name = fit(&clean(name), LONGEST_NAME);
        let width = name.chars().count() as f64 * LETTER * LETTER_WIDTH;
        let is_free = |rect: &Rect| {
            rect.is_inside(&frame)
                && !names.iter().chain(drawn).any(|it| it.touches(rect))
                && !marks.iter().enumerate().any(|(other, it)| other != number && it.touches(rect))
        };
        let Some((rect, distance)) = candidates(x, y, width).find(|(rect, _)| is_free(rect)) else {
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
