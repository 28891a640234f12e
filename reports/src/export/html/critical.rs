//! Critical-difference diagrams as SVG. Colours and strokes are in the page's style sheet, by class.

use std::fmt::Write as _;

use super::plot::marker;
use super::series::{SHOWN, Series};
use crate::analysis::statistics::diagram::CriticalDiagram;
use crate::text::{clean, fit, html};

const WIDTH: f64 = 880.0;
/// Room for names on both sides of the axis.
const SIDE: f64 = 190.0;
/// Characters of a name, which has to fit there with its rank.
const LONGEST_NAME: usize = 22;
/// Where the line of the critical difference and the axis lie.
const DIFFERENCE: f64 = 18.0;
const AXIS: f64 = 50.0;
/// Height of a row of bars, and of a name.
const BAR_ROW: f64 = 8.0;
const NAME_ROW: f64 = 19.0;
/// Ticks of the axis that have a number, at most.
const MOST_TICKS: usize = 20;

/// Draws a diagram; `name` is for those who do not see it. The best rank is at the left.
pub(super) fn draw(diagram: &CriticalDiagram, series: &[Series], name: &str) -> String {
    let below_bars = AXIS + 12.0 + BAR_ROW * diagram.bar_rows as f64;
    let height = below_bars + 8.0 + NAME_ROW * diagram.label_rows as f64;
    let mut svg = format!(
        "<svg class=\"critical\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-label=\"{}\">",
        html(name)
    );
    let scale = Scale { last: diagram.last_rank as f64 };
    draw_axis(&mut svg, diagram, &scale);
    for bar in &diagram.bars {
        let y = AXIS + 12.0 + BAR_ROW * bar.row as f64;
        let (from, to) = (scale.at(bar.from) - 3.0, scale.at(bar.to) + 3.0);
        let _ = write!(svg, "<path class=\"tied\" d=\"M{from:.1} {y:.1}H{to:.1}\"/>");
    }
    for label in &diagram.labels {
        let x = scale.at(label.rank);
        let y = below_bars + 8.0 + NAME_ROW * label.row as f64;
        let (end, anchor) = if label.at_best { (SIDE - 8.0, "end") } else { (WIDTH - SIDE + 8.0, "start") };
        let text = if label.at_best { end - 4.0 } else { end + 4.0 };
        let name = html(&fit(&clean(&label.method), LONGEST_NAME));
        let rank = format!("<tspan class=\"value\">{:.2}</tspan>", label.rank);
        let words = if label.at_best { format!("{name} {rank}") } else { format!("{rank} {name}") };
        let own = series.iter().find(|it| it.method == label.method);
        let (class, style) = own.map_or(("reference".to_owned(), 0), |own| {
            let hollow = if own.baseline { " baseline" } else { "" };
            (format!("s{}{hollow}", own.style % SHOWN), own.style)
        });
        let _ = write!(
            svg,
            "<g class=\"{class}\"><title>{}: average rank {:.2}</title>\
             <path class=\"lead\" d=\"M{x:.1} {AXIS}V{y:.1}H{end:.1}\"/>\
             <path class=\"mark\" d=\"{}\"/>\
             <text class=\"name\" x=\"{text:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{words}</text></g>",
            html(&label.method),
            label.rank,
            marker(style, x, AXIS, 4.0),
            y + 4.0
        );
    }
    svg.push_str("</svg>");
    svg
}

/// Ranks from 1, the best, at the left.
struct Scale {
    last: f64,
}

impl Scale {
    fn at(&self, rank: f64) -> f64 {
        SIDE + self.length(rank - 1.0)
    }

    /// How long a difference of ranks is.
    fn length(&self, ranks: f64) -> f64 {
        ranks / (self.last - 1.0).max(1.0) * (WIDTH - 2.0 * SIDE)
    }
}

fn draw_axis(svg: &mut String, diagram: &CriticalDiagram, scale: &Scale) {
    let (left, right) = (scale.at(1.0), scale.at(scale.last));
    let _ = write!(svg, "<path class=\"axis\" d=\"M{left:.1} {AXIS}H{right:.1}\"/>");
    let step = diagram.last_rank.div_ceil(MOST_TICKS).max(1);
    for rank in (1..=diagram.last_rank).step_by(step) {
        let x = scale.at(rank as f64);
        let _ = write!(
            svg,
            "<path class=\"axis\" d=\"M{x:.1} {AXIS}v-5\"/>\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{rank}</text>",
            AXIS - 9.0
        );
    }
    let difference = diagram.critical_difference;
    // One that is longer than the axis is drawn as long as it is, as far as there is room, and its end left open.
    let room = WIDTH - left - 4.0;
    let length = scale.length(difference);
    let end = left + length.min(room);
    let close = if length <= room { "m0 -4v8" } else { "" };
    let _ = write!(
        svg,
        "<path class=\"difference\" d=\"M{left:.1} {:.1}v8m0 -4H{end:.1}{close}\"/>\
         <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">critical difference {difference:.2}</text>",
        DIFFERENCE - 4.0,
        left - 8.0,
        DIFFERENCE + 3.5
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::statistics::diagram::{CriticalBar, CriticalLabel};

    fn diagram(ranks: &[(&str, f64)], difference: f64, bars: Vec<CriticalBar>) -> CriticalDiagram {
        let better = ranks.len().div_ceil(2);
        let label = |(place, (method, rank)): (usize, &(&str, f64))| CriticalLabel {
            method: (*method).to_owned(),
            rank: *rank,
            at_best: place < better,
            row: if place < better { place } else { ranks.len() - 1 - place },
        };
        CriticalDiagram {
            last_rank: ranks.len(),
            critical_difference: difference,
            differs: true,
            labels: ranks.iter().enumerate().map(label).collect(),
            bar_rows: bars.iter().map(|it| it.row + 1).max().unwrap_or(0),
            bars,
            label_rows: better,
        }
    }

    /// Numbers in the path of the only element of a class.
    fn numbers(svg: &str, class: &str) -> Vec<f64> {
        let tree = roxmltree::Document::parse(svg).expect("an element");
        let element = tree.descendants().find(|it| it.attribute("class") == Some(class)).expect(class);
        let path = element.attribute("d").expect("a path");
        path.split(|c: char| c.is_ascii_alphabetic() || c == ' ').filter_map(|it| it.parse().ok()).collect()
    }

    #[test]
    fn the_critical_difference_is_drawn_to_the_scale_of_the_axis() {
        let ranks = [("a", 1.25), ("b", 2.0), ("c", 3.25), ("d<e>", 3.5)];
        let bars =
            vec![CriticalBar { from: 1.25, to: 2.0, row: 0 }, CriticalBar { from: 2.0, to: 3.5, row: 1 }];
        let svg = draw(&diagram(&ranks, 1.5, bars), &[], "ranks");
        let axis = numbers(&svg, "axis");
        let one = (axis[2] - axis[0]) / 3.0;
        let difference = numbers(&svg, "difference");
        // From its beginning to where the line goes; in between stand the small steps of its end.
        assert!((difference[5] - difference[0] - 1.5 * one).abs() < 0.11, "{difference:?}, {axis:?}");
        assert_eq!(svg.matches("class=\"tied\"").count(), 2);
        // A bar reaches a little beyond the methods at its ends.
        let tied = numbers(&svg, "tied");
        assert!((tied[2] - tied[0] - 6.0 - 0.75 * one).abs() < 0.11, "{tied:?}");
        // Every method once with its rank, the better half at the left.
        assert_eq!(svg.matches("text-anchor=\"end\">a <tspan").count(), 1);
        assert_eq!(
            svg.matches("text-anchor=\"start\"><tspan class=\"value\">3.50</tspan> d&lt;e&gt;").count(),
            1
        );
    }

    #[test]
    fn a_difference_beyond_the_axis_and_one_method_are_no_harm() {
        for (ranks, difference) in [(vec![("a", 1.0), ("b", 1.0), ("c", 3.0)], 40.0), (vec![("a", 1.0)], 0.5)]
        {
            let svg = draw(&diagram(&ranks, difference, Vec::new()), &[], "ranks");
            let all = numbers(&svg, "difference");
            assert!(all.iter().all(|it| it.is_finite() && *it <= WIDTH), "{all:?}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"));
        }
    }
}
