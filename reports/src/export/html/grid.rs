//! Lines of the grid and ticks, which all plots draw alike.

use std::fmt::Write as _;

/// A line of the grid from `left` to `right` at the height of a value, with the value before it.
pub(super) fn draw_across(svg: &mut String, (left, right): (f64, f64), at: f64, words: &str) {
    let _ = write!(
        svg,
        "<path class=\"grid\" d=\"M{left} {at:.1}H{right:.1}\"/>\
         <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{words}</text>",
        left - 5.0,
        at + 3.2
    );
}

/// A tick under the axis at `bottom` with the value below it.
pub(super) fn draw_tick(svg: &mut String, bottom: f64, at: f64, words: &str) {
    let _ = write!(
        svg,
        "<path class=\"axis\" d=\"M{at:.1} {bottom:.1}v3\"/>\
         <text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{words}</text>",
        bottom + 13.0
    );
}
