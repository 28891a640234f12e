//! Pictures with boxes, as SVG. Colours and strokes are in the page's style sheet, by class.

use std::fmt::Write as _;

use crate::text::{fit, html};

/// Colours of the page's palette; with more classes they repeat, and the names tell.
const COLOURS: usize = 8;
/// Characters of a box's label.
const LONGEST_LABEL: usize = 24;

/// A picture that is defined once and drawn many times.
pub(super) struct Frame {
    /// Its identifier on the page.
    id: String,
    width: f64,
    height: f64,
}

impl Frame {
    /// A picture of that size in pixels.
    pub(super) fn new(id: String, width: u32, height: u32) -> Frame {
        Frame { id, width: f64::from(width.max(1)), height: f64::from(height.max(1)) }
    }

    /// The picture itself, from a PNG in base64. It is stretched: networks see pictures warped to a square.
    pub(super) fn definition(&self, png: &str) -> String {
        format!(
            "<image id=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,{}\"/>",
            self.id,
            self.width,
            self.height,
            html(png)
        )
    }

    /// Begins a figure of it, with a text for those who do not see it.
    pub(super) fn drawing(&self, label: &str) -> Drawing<'_> {
        let svg = format!(
            "<svg class=\"shot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\"><use href=\"#{}\"/>",
            self.width,
            self.height,
            html(label),
            self.id
        );
        Drawing { frame: self, svg, labels: String::new() }
    }
}

/// A figure that is being drawn.
pub(super) struct Drawing<'a> {
    frame: &'a Frame,
    svg: String,
    /// Labels come last, lest a box of another object strikes them through.
    labels: String,
}

impl Drawing<'_> {
    /// Adds a box of a kind (`hit`, `alarm`, `miss`, `excused`) in the colour of `class`; `title` is shown on pointing at
    /// it, `label` always.
    pub(super) fn rectangle(
        &mut self,
        kind: &str,
        class: usize,
        [left, top, right, bottom]: [f64; 4],
        title: &str,
        label: Option<&str>,
    ) {
        let Frame { width, height, .. } = *self.frame;
        let (x, y) = (left.clamp(0.0, width), top.clamp(0.0, height));
        let (across, down) = ((right.clamp(x, width) - x), (bottom.clamp(y, height) - y));
        let place = format!("x=\"{x:.1}\" y=\"{y:.1}\" width=\"{across:.1}\" height=\"{down:.1}\"");
        let colour = class % COLOURS;
        let _ = write!(
            self.svg,
            "<g class=\"{kind} s{colour}\"><title>{}</title><rect class=\"halo\" {place}/><rect class=\"box\" {place}/></g>",
            html(title)
        );
        let Some(label) = label else { return };
        // In the picture's own units, so that a label is as large in a small picture as in a large one.
        let size = width * 0.066;
        let above = y - size * 0.25;
        let line = if above < size { y + size } else { above };
        let (at, anchor) = if x > width * 0.55 { (x + across, "end") } else { (x, "start") };
        let _ = write!(
            self.labels,
            "<text class=\"s{colour}\" x=\"{at:.1}\" y=\"{line:.1}\" font-size=\"{size:.1}\" text-anchor=\"{anchor}\">{}</text>",
            html(&fit(label, LONGEST_LABEL))
        );
    }

    /// The whole figure.
    pub(super) fn finish(self) -> String {
        self.svg + &self.labels + "</svg>"
    }
}

/// A stroke alone, for legends.
pub(super) fn swatch(kind: &str) -> String {
    format!(
        "<svg class=\"swatch\" viewBox=\"0 0 28 12\" aria-hidden=\"true\"><g class=\"{kind} s0\">\
         <rect class=\"box\" x=\"1.5\" y=\"1.5\" width=\"25\" height=\"9\"/></g></svg>"
    )
}
