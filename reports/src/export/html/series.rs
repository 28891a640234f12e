//! Which methods are drawn, and how each is told from the others.

use std::collections::BTreeMap;

use crate::Report;
use crate::row::Control;

/// As many as are shown at first: what can be told apart by hue, by marker and by eye.
pub(super) const SHOWN: usize = 8;
/// As many as are drawn at all. What is not shown at first can be switched on in the legend.
const MOST: usize = 24;

/// A method in the plots. The same in every board, so that a colour means one method on the whole page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Series {
    pub(super) method: String,
    /// Number of its colour, marker and dashes.
    pub(super) style: usize,
    /// Whether it is shown at first.
    pub(super) shown: bool,
    /// Baselines are dashed and hollow.
    pub(super) baseline: bool,
}

/// Chooses the methods that are drawn: the baselines, then those with the best places. Returns them and how many are left
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
    let total = methods.len();
    let first = best(&methods, SHOWN);
    let mut later: Vec<(bool, f64, &str)> =
        best(&methods, MOST).into_iter().filter(|method| !first.contains(method)).collect();
    // Colours go by name, lest they change with every small change of ranks; those that are shown have the first ones, so
    // that no two of them share a colour.
    let by_name = |methods: &mut Vec<(bool, f64, &str)>| {
        methods.sort_by(|a, b| a.0.cmp(&b.0).then(a.2.cmp(b.2)));
    };
    let mut first = first;
    by_name(&mut first);
    by_name(&mut later);
    later.truncate(MOST - first.len());
    let shown = first.len();
    let series: Vec<Series> = first
        .into_iter()
        .chain(later)
        .enumerate()
        .map(|(style, (baseline, _, method))| Series {
            method: method.to_owned(),
            style: if style < shown { style } else { style + SHOWN - shown },
            shown: style < shown,
            baseline,
        })
        .collect();
    let hidden = total - series.len();
    (series, hidden)
}

/// Up to `most` of them. Baselines may not crowd out the methods that a reader came for.
fn best<'a>(methods: &[(bool, f64, &'a str)], most: usize) -> Vec<(bool, f64, &'a str)> {
    let baselines = methods.iter().filter(|it| it.0).count().min(most / 2);
    let mut kept: Vec<(bool, f64, &str)> =
        methods.iter().filter(|it| it.0).take(baselines).copied().collect();
    kept.extend(methods.iter().filter(|it| !it.0).take(most - baselines).copied());
    kept
}

impl Series {
    /// Classes of the style sheet: colour, dashes, and whether it is hollow and shown.
    pub(super) fn classes(&self) -> String {
        let hollow = if self.baseline { " baseline" } else { "" };
        let off = if self.shown { "" } else { " off" };
        format!("s{} d{}{hollow}{off}", self.style % SHOWN, self.style / SHOWN)
    }
}
