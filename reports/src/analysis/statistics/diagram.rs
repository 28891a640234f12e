//! The geometry of a critical-difference diagram (Demšar, JMLR 7, 2006, figure 1): an axis of ranks, methods at their
//! average ranks, and bars over those that are not told apart. In units of ranks and rows; who draws it scales them.

use serde::Serialize;

use super::RankTest;

/// A critical-difference diagram.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CriticalDiagram {
    /// The axis from rank 1, the best, to this.
    pub last_rank: usize,
    /// Nemenyi's critical difference, to be drawn as a line of this length.
    pub critical_difference: f64,
    /// Whether Friedman's test says that there are differences at all.
    pub differs: bool,
    /// Methods, the best first.
    pub labels: Vec<CriticalLabel>,
    /// Bars over methods that are not told apart.
    pub bars: Vec<CriticalBar>,
    /// Rows that the bars take.
    pub bar_rows: usize,
    /// Rows that the labels of the longer side take.
    pub label_rows: usize,
}

/// A method in a diagram.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CriticalLabel {
    /// Method label.
    pub method: String,
    /// Its average rank.
    pub rank: f64,
    /// Whether its name stands at the side of the best; the better half does.
    pub at_best: bool,
    /// Its row below the bars, 0 the nearest. The outermost methods are nearest, so that no line crosses another.
    pub row: usize,
}

/// A bar over methods that are not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CriticalBar {
    /// Average rank of its first method.
    pub from: f64,
    /// Average rank of its last method.
    pub to: f64,
    /// Its row, 0 the nearest to the axis. Bars in one row do not touch.
    pub row: usize,
}

/// The diagram of a test of ranks.
#[must_use]
pub fn critical_diagram(test: &RankTest) -> CriticalDiagram {
    let count = test.ranks.len();
    let better = count.div_ceil(2);
    let label = |(place, (method, rank)): (usize, &(String, f64))| CriticalLabel {
        method: method.clone(),
        rank: *rank,
        at_best: place < better,
        row: if place < better { place } else { count - 1 - place },
    };
    // Where the last bar of each row ends; runs come sorted by their first place.
    let mut ends: Vec<f64> = Vec::new();
    let mut bars = Vec::with_capacity(test.inseparable.len());
    for (first, last) in &test.inseparable {
        let (from, to) = (test.ranks[*first].1, test.ranks[*last].1);
        let row = ends.iter().position(|end| *end < from).unwrap_or(ends.len());
        if row == ends.len() {
            ends.push(to);
        } else {
            ends[row] = to;
        }
        bars.push(CriticalBar { from, to, row });
    }
    CriticalDiagram {
        last_rank: count,
        critical_difference: test.critical_difference,
        differs: test.differs,
        labels: test.ranks.iter().enumerate().map(label).collect(),
        bars,
        bar_rows: ends.len(),
        label_rows: better,
    }
}
