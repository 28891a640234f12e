//! Numbers that a page shows and a program can read.

use serde::Serialize;

use crate::stats::Summary;
use crate::text;

/// What stands where a number is absent.
pub(super) const DASH: &str = "–";

/// A number of a page: what is shown, and in the page's attributes what it is and its full value. Sorting reads the
/// attribute, and a test recomputes it from the tables beside the page.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Number {
    /// What is shown.
    text: String,
    /// What it is, for example `mean`. What it is *of* stands in attributes of the cell, the row and the table around it.
    of: &'static str,
    /// The value itself, in the shortest form that reads back to the same bits; empty where there is none.
    value: String,
}

impl Number {
    /// A value with its text. A value that is no number is absent.
    pub(super) fn new(of: &'static str, value: f64, text: String) -> Number {
        if value.is_finite() { Number { text, of, value: value.to_string() } } else { Number::absent(of) }
    }

    /// No value: a dash.
    pub(super) fn absent(of: &'static str) -> Number {
        Number::word(of, DASH.to_owned())
    }

    /// No value, but a word that says why.
    pub(super) fn word(of: &'static str, text: String) -> Number {
        Number { text, of, value: String::new() }
    }

    /// A value that may be absent.
    pub(super) fn maybe(of: &'static str, value: Option<f64>, print: impl Fn(f64) -> String) -> Number {
        value.map_or_else(|| Number::absent(of), |value| Number::new(of, value, print(value)))
    }

    /// A count, with its thousands set apart.
    pub(super) fn count(of: &'static str, value: u64) -> Number {
        Number { text: text::count(value), of, value: value.to_string() }
    }

    /// The value, if there is one.
    pub(super) fn value(&self) -> Option<f64> {
        self.value.parse().ok()
    }
}

/// A mean with half of its interval, in percent or points.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    pub(super) mean: Number,
    /// Absent where there is no interval.
    pub(super) half: Option<Number>,
}

impl Figure {
    /// A fraction as a percentage with two decimals.
    pub(super) fn percent([mean, half]: [&'static str; 2], summary: Option<Summary>) -> Figure {
        Figure {
            mean: Number::maybe(mean, summary.map(|it| it.mean), |it| text::signed(it, 2)),
            half: summary
                .and_then(|it| it.half_width())
                .filter(|it| it.is_finite())
                .map(|it| Number::new(half, it, format!("±{}", text::percent(it, 2)))),
        }
    }

    /// A word in a figure's place.
    pub(super) fn word(of: &'static str, text: String) -> Figure {
        Figure { mean: Number::word(of, text), half: None }
    }
}
