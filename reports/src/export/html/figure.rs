//! Pictures with boxes, as SVG. Colours and strokes are in the page's style sheet, by class.

use std::fmt::Write as _;

use crate::text::{fit, html};

/// Colours of the page's palette; with more classes they repeat, and the names tell.
const COLOURS: usize = 8;
/// Width of a letter for its size, about.
const LETTER_WIDTH: f64 = 0.6;
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

    /// Size of letters in the picture's own units, so that a label is as large in a small picture as in a large one.
    fn letter(&self) -> f64 {
        self.width * 0.06
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
        Drawing { frame: self, svg, labels: Vec::new() }
    }
}

/// A figure that is being drawn.
pub(super) struct Drawing<'a> {
    frame: &'a Frame,
    svg: String,
    /// Labels come last, lest a box of another object strikes them through.
    labels: Vec<Label>,
}

/// A label of a box.
struct Label {
    text: String,
    colour: usize,
    /// Left and right end.
    span: (f64, f64),
    /// Whether its end is what is fixed, at the box's right edge.
    at_end: bool,
    /// Base lines that it may have, the best first.
    lines: Vec<f64>,
}

impl Drawing<'_> {
    /// Adds a box of a kind (`hit`, `alarm`, `miss`, `excused`) in the colour of `class`; `title` is shown on pointing at
    /// it, `label` always. What lies outside of the picture is cut off, and a box of no finite place is not drawn.
    pub(super) fn rectangle(
        &mut self,
        kind: &str,
        class: usize,
        [left, top, right, bottom]: [f64; 4],
        title: &str,
        label: Option<&str>,
    ) {
        let Frame { width, height, .. } = *self.frame;
        if ![left, top, right, bottom].into_iter().all(f64::is_finite) {
            return;
        }
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
        let size = self.frame.letter();
        let text = fit(label, LONGEST_LABEL);
        let long = text.chars().count() as f64 * size * LETTER_WIDTH;
        let at_end = x > width * 0.55;
        let span = if at_end { (x + across - long, x + across) } else { (x, x + long) };
        // Above the box, inside at its top or bottom, below it: wherever the picture has room.
        let mut lines = vec![y - size * 0.25, y + size, y + down - size * 0.25, y + down + size];
        lines.retain(|line| (size..=height).contains(line));
        self.labels.push(Label { text, colour, span, at_end, lines });
    }

    /// The whole figure. The labels of the last boxes choose their places first.
    pub(super) fn finish(mut self) -> String {
        let size = self.frame.letter();
        let mut taken: Vec<((f64, f64), f64)> = Vec::new();
        for label in self.labels.iter().rev() {
            let free = |line: &&f64| {
                taken.iter().all(|(span, other)| {
                    (*other - **line).abs() >= size || span.1 <= label.span.0 || label.span.1 <= span.0
                })
            };
            let line = label.lines.iter().find(free).or(label.lines.first()).copied().unwrap_or(size);
            taken.push((label.span, line));
            let (at, anchor) = if label.at_end { (label.span.1, "end") } else { (label.span.0, "start") };
            let _ = write!(
                self.svg,
                "<text class=\"s{}\" x=\"{at:.1}\" y=\"{line:.1}\" font-size=\"{size:.1}\" text-anchor=\"{anchor}\">{}</text>",
                label.colour,
                html(&label.text)
            );
        }
        self.svg + "</svg>"
    }
}

/// A stroke alone, for legends.
pub(super) fn swatch(kind: &str) -> String {
    format!(
        "<svg class=\"swatch\" viewBox=\"0 0 28 12\" aria-hidden=\"true\"><g class=\"{kind} s0\">\
         <rect class=\"box\" x=\"1.5\" y=\"1.5\" width=\"25\" height=\"9\"/></g></svg>"
    )
}
