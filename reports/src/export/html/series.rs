//! Which methods are drawn, and how each is told from the others.

use std::collections::BTreeMap;

use crate::Report;
use crate::row::Control;

/// As many as can be told apart by hue, by marker and by eye.
const MOST: usize = 8;

/// A method in the plots. The same in every board, so that a colour means one method on the whole page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) method: String,
    /// Number of its colour and marker.
    pub(super) style: usize,
    /// Baselines are dashed and hollow.
    pub(super) baseline: bool,
}

/// Chooses up to eight methods: the baselines, then those with the best places. Returns them and how many are left
/// out.
pub(super) fn choose(report: &Report) -> (Vec<Series>, usize) {
    // Mean of average ranks, with a method that was never ranked after all others.
    let mut found: BTreeMap<&str, (bool, Vec<f64>)> = BTreeMap::new();
    for entry in report.boards.iter().flat_map(|board| board.methods()) {
        let (baseline, ranks) = found.entry(&entry.method).or_default();
        *baseline |= entry.control == Some(Control::Baseline);
        ranks.extend(entry.average_rank);
    }
    let mut methods: Vec<(bool, f64, &str)> = found
        .into_iter()
        .map(|(method, (baseline, ranks))| {
            (baseline, crate::stats::mean(&ranks).unwrap_or(f64::INFINITY), method)
        })
        .collect();
    methods.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(b.2)));
    // Baselines may not crowd out the methods that a reader came for.
    let baselines = methods.iter().filter(|it| it.0).count().min(MOST / 2);
    let total = methods.len();
    let mut kept: Vec<(bool, f64, &str)> =
        methods.iter().filter(|it| it.0).take(baselines).copied().collect();
    kept.extend(methods.iter().filter(|it| !it.0).take(MOST - baselines).copied());
    // Colours go by name, lest they change with every small change of ranks.
    kept.sort_by(|a, b| a.0.cmp(&b.0).then(a.2.cmp(b.2)));
    let series: Vec<Series> = kept
        .into_iter()
        .enumerate()
        .map(|(style, (baseline, _, method))| Series { method: method.to_owned(), style, baseline })
        .collect();
    let hidden = total - series.len();
    (series, hidden)
}
