//! What the tests say of the order at the smallest keep of each board, in a few lines.

use std::fmt::Write as _;

use super::cell;
use crate::analysis::statistics::{BoardStatistics, Front, Ineligible, KeepStatistics};
use crate::export::csv::statistics::reason_words;
use crate::text;

/// Names in a list. The rest is in `statistics.csv`.
const MOST_NAMES: usize = 6;

/// A list for each board, as long as there is room for it.
pub(super) fn section(out: &mut String, boards: &[BoardStatistics], most: usize) {
    if boards.is_empty() {
        return;
    }
    out.push_str("## How sure the order is\n\n");
    for board in boards {
        let lines = board_lines(board);
        if out.len() + lines.len() > most {
            out.push_str("More boards are in `statistics.csv`.\n\n");
            return;
        }
        out.push_str(&lines);
    }
}

fn board_lines(board: &BoardStatistics) -> String {
    let mut out = format!("**{}**", cell(&board.key.title()));
    if !board.ineligible.is_empty() {
        let _ = write!(out, " may not be ranked in public: {}", cell(&reason_words(&board.ineligible)));
    }
    out.push_str(".\n\n");
    if let Some(keep) = board.keeps.last() {
        keep_lines(&mut out, keep);
    }
    if let Some(areas) = board.areas.as_ref().filter(|it| !it.lines.is_empty()) {
        let best: Vec<String> = areas
            .lines
            .iter()
            .take(3)
            .map(|it| format!("{} {}", cell(&it.method), text::percent(it.area.mean, 2)))
            .collect();
        let _ = writeln!(out, "- Mean score over all keeps, by log2 of compression: {}.", best.join(", "));
    }
    let fronts: Vec<String> = board.fronts.iter().map(front_words).collect();
    if !fronts.is_empty() {
        let _ = writeln!(out, "- On the Pareto front: {}.", fronts.join("; "));
    }
    below_lines(&mut out, board);
    out.push('\n');
    out
}

fn keep_lines(out: &mut String, keep: &KeepStatistics) {
    if let Some(inseparable) = keep.inseparable {
        let named = [
            ("paired difference", inseparable.paired_difference),
            ("overlap of intervals", inseparable.interval_overlap),
            ("Welch", inseparable.welch),
            ("least significant difference", inseparable.least_significant_difference),
        ];
        let counts: Vec<String> =
            named.iter().filter_map(|(name, count)| Some(format!("{} by {name}", (*count)?))).collect();
        if !counts.is_empty() {
            let _ = writeln!(
                out,
                "- Keep {}: of {} pairs of neighbours, not told apart: {}.",
                keep.keep,
                inseparable.pairs,
                counts.join(", ")
            );
        }
    }
    match (&keep.rank_test, &keep.no_rank_test) {
        (Some(test), _) => {
            let verdict = if test.differs { "there are differences" } else { "no difference is shown" };
            let _ = writeln!(
                out,
                "- Keep {}: Friedman's test over {} tasks: {verdict} ({}); Nemenyi's critical difference of average ranks is \
                 {:.2}.",
                keep.keep,
                test.friedman.tasks,
                text::p_words(test.friedman.f_p),
                test.critical_difference
            );
        }
        (None, Some(reason)) => {
            let _ = writeln!(out, "- Keep {}: no test of ranks: {}.", keep.keep, cell(reason));
        }
        (None, None) => {}
    }
    let better: Vec<String> = keep
        .methods
        .iter()
        .filter(|it| it.against_magnitude.is_some_and(|test| test.p_holm < 0.05 && test.ahead > test.behind))
        .map(|it| cell(&it.method))
        .collect();
    if keep.methods.iter().any(|it| it.against_magnitude.is_some()) {
        let who = if better.is_empty() { "nobody".to_owned() } else { names(&better) };
        let _ = writeln!(
            out,
            "- Keep {}: better than magnitude by Wilcoxon's test after Holm: {who}.",
            keep.keep
        );
    }
    if let Some(reversed) = keep.reversed_neighbours {
        let _ = writeln!(
            out,
            "- Keep {}: a run with one seed would put {} % of the neighbours the other way round.",
            keep.keep,
            text::percent(reversed, 0)
        );
    }
}

/// Who stands below the line, by reason, over all keeps.
fn below_lines(out: &mut String, board: &BoardStatistics) {
    let mut below: Vec<String> = Vec::new();
    for keep in &board.keeps {
        for standing in keep.standings.iter().filter(|it| !it.reasons.is_empty()) {
            let reasons = standing.reasons.iter().map(Ineligible::words).collect::<Vec<_>>().join("; ");
            below.push(format!("{} at keep {} ({})", cell(&standing.method), keep.keep, cell(&reasons)));
        }
    }
    if !below.is_empty() {
        let _ = writeln!(out, "- Below the line: {}.", names(&below));
    }
}

fn front_words(front: &Front) -> String {
    let methods: std::collections::BTreeSet<String> = front
        .front
        .iter()
        .filter(|it| it.keep < 1.0)
        .map(|it| format!("{} at {}", cell(&it.method), it.keep))
        .collect();
    let methods: Vec<String> = methods.into_iter().collect();
    let who = if methods.is_empty() { "dense-trained alone".to_owned() } else { names(&methods) };
    format!("{}: {who}", front.axis.label())
}

fn names(all: &[String]) -> String {
    let shown = all.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    match all.len().checked_sub(MOST_NAMES) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::synthetic;
    use crate::{Report, summary_md};

    #[test]
    fn the_summary_says_how_sure_the_order_is() {
        let input = synthetic(3000);
        let summary = summary_md(&Report::new(&input), &input.provenance);
        let (_, section) = summary.split_once("## How sure the order is").expect("a section");
        let (section, _) = section.split_once("\n## ").expect("an end");
        assert!(section.contains("Friedman's test over 12 tasks: there are differences (p < 0.001)"));
        assert!(section.contains("better than magnitude by Wilcoxon's test after Holm: "));
        assert!(section.contains("Below the line: ") && section.contains("trials have a score"));
        assert!(section.contains("non-zero params: ") && !section.contains("executed MACs"));
        assert_eq!(section.matches("a run with one seed").count(), 2);
    }

    #[test]
    fn one_replicate_is_told_to_rank_nobody() {
        let input = synthetic(408);
        let summary = summary_md(&Report::new(&input), &input.provenance);
        assert!(summary.contains("may not be ranked in public: 1 replicate of 3."), "{summary}");
        assert!(!summary.contains("a run with one seed"));
    }
}
