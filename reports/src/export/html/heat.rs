//! Heat maps, as SVG: a number in each cell, and a shade that follows it. Colours are in the page's style sheet, by class.

use std::fmt::Write as _;

use crate::text::{fit, html};

/// Room of a whole map in its own units, which are pixels on a wide screen.
const WIDTH: f64 = 1240.0;
/// Width of a letter of the labels, about.
const LETTER: f64 = 6.1;
/// Characters of a label.
const LONGEST_LABEL: usize = 34;
/// Widths of cells: no larger, and with smaller ones the map gets wider than the page and is scrolled.
const CELLS: (f64, f64) = (26.0, 56.0);
/// Narrower cells have one line of text.
const TWO_LINES: f64 = 34.0;
/// Shades of the style sheet, `h0` to `h8`.
const SHADES: f64 = 8.0;
/// The sine and cosine of 45 degrees, by which heads of columns are turned.
const DIAGONAL: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// A map to be drawn.
pub(super) struct HeatMap {
    /// What it shows, for those who do not see it.
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<HeatRow>,
}

pub(super) struct HeatRow {
    pub(super) label: String,
    /// One for each column; nothing where there is no value.
    pub(super) cells: Vec<Option<HeatCell>>,
}

pub(super) struct HeatCell {
    /// From 0 to 1: how dark it is.
    pub(super) shade: f64,
    pub(super) text: String,
    /// Below the text, where there is room.
    pub(super) note: String,
    /// Shown on pointing at it, and read out.
    pub(super) title: String,
    /// Whether it is to catch the eye.
    pub(super) marked: bool,
}

/// Draws a map; nothing if it has no cell.
pub(super) fn draw(map: &HeatMap) -> Option<String> {
    if map.columns.is_empty() || map.rows.is_empty() {
        return None;
    }
    let longest = |labels: &mut dyn Iterator<Item = &String>| {
        labels.map(|label| label.chars().count().min(LONGEST_LABEL)).max().unwrap_or(0) as f64 * LETTER
    };
    let left = longest(&mut map.rows.iter().map(|row| &row.label)) + 12.0;
    let slanted = longest(&mut map.columns.iter()) * DIAGONAL;
    let top = slanted + 14.0;
    // The last head leans out to the right.
    let right = slanted + 8.0;
    let width = ((WIDTH - left - right) / map.columns.len() as f64).clamp(CELLS.0, CELLS.1);
    let noted = map.rows.iter().flat_map(|row| row.cells.iter().flatten()).any(|cell| !cell.note.is_empty());
    let height = if noted && width >= TWO_LINES { 32.0 } else { 22.0 };
    let whole = left + right + width * map.columns.len() as f64;
    let mut svg = format!(
        "<svg class=\"heat\" viewBox=\"0 0 {whole:.0} {:.0}\" width=\"{whole:.0}\" role=\"img\" aria-label=\"{}\">",
        top + height * map.rows.len() as f64 + 2.0,
        html(&map.name)
    );
    for (place, column) in map.columns.iter().enumerate() {
        let (x, y) = (left + (place as f64 + 0.5) * width, top - 6.0);
        let _ = write!(
            svg,
            "<text class=\"head\" transform=\"translate({x:.1} {y:.1}) rotate(-45)\">{}</text>",
            label(column)
        );
    }
    for (place, row) in map.rows.iter().enumerate() {
        let y = top + place as f64 * height;
        let _ = write!(
            svg,
            "<text class=\"head\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            y + height / 2.0 + 4.0,
            label(&row.label)
        );
        for (column, cell) in
            row.cells.iter().enumerate().filter_map(|(column, cell)| Some((column, cell.as_ref()?)))
        {
            draw_cell(&mut svg, cell, left + column as f64 * width, y, width, height);
        }
    }
    Some(svg + "</svg>")
}

fn draw_cell(svg: &mut String, cell: &HeatCell, x: f64, y: f64, width: f64, height: f64) {
    let shade = (cell.shade.clamp(0.0, 1.0) * SHADES).round();
    let two = width >= TWO_LINES && !cell.note.is_empty();
    let middle = x + width / 2.0;
    let base = y + if two { 14.0 } else { height / 2.0 + 4.0 };
    let _ = write!(
        svg,
        "<g{}><title>{}</title><rect class=\"h{shade}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
         <text x=\"{middle:.1}\" y=\"{base:.1}\">{}</text>",
        if cell.marked { " class=\"marked\"" } else { "" },
        html(&cell.title),
        x + 1.0,
        y + 1.0,
        width - 2.0,
        height - 2.0,
        html(&cell.text)
    );
    if two {
        let _ = write!(
            svg,
            "<text class=\"note\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
            y + 26.0,
            html(&cell.note)
        );
    }
    svg.push_str("</g>");
}

fn label(text: &str) -> String {
    html(&fit(text, LONGEST_LABEL))
}
