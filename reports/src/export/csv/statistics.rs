//! `statistics.csv`: what tests, intervals and counts say of the order on boards. Fractions, as everywhere in these tables.

use std::collections::BTreeMap;

use serde::Serialize;

use super::table;
use crate::Report;
use crate::analysis::statistics::{
    AreaLine, BoardStatistics, Front, FrontPoint, Ineligible, KeepStatistics, MethodStatistics, Standing,
};
use crate::board::BoardKey;
use crate::export::write::ReportError;
use crate::row::Control;
use crate::stats::{Interval, Summary};

#[rustfmt::skip]
pub(crate) const HEADER: [&str; 56] = [
    "suite", "track", "protocol", "regime", "granularity", "scope", "keep", "method", "control", "methods", "tasks",
    "rank", "reasons", "mean", "drawn_low", "drawn_high", "drawn_over", "average_rank", "group_paired_difference",
    "group_interval_overlap", "group_welch", "group_least_significant_difference", "wilcoxon_first_p",
    "wilcoxon_first_p_holm", "wilcoxon_magnitude_p", "wilcoxon_magnitude_p_holm", "difference", "difference_low",
    "difference_high", "difference_over", "difference_tasks_low", "difference_tasks_high", "difference_drawn_low",
    "difference_drawn_high", "difference_accelerated_low", "difference_accelerated_high", "tasks_ahead", "tasks_behind",
    "reversal_paired", "reversal_unpaired", "neighbours", "inseparable_paired_difference", "inseparable_interval_overlap",
    "inseparable_welch", "inseparable_least_significant_difference", "pooled_sd", "least_significant_difference",
    "friedman_chi_square", "friedman_p", "iman_davenport_f", "iman_davenport_p", "critical_difference", "axis", "cost",
    "area", "area_sd",
];

/// What a board says of a method at a keep (`scope` is `method`), of a keep (`keep`), of a method over all keeps (`area`), or of a
/// network on a Pareto front (`front`).
#[derive(Default, Serialize)]
struct Line<'a> {
    suite: &'a str,
    track: &'a str,
    protocol: &'a str,
    regime: &'a str,
    granularity: &'a str,
    scope: &'static str,
    keep: Option<f64>,
    method: &'a str,
    control: Option<Control>,
    methods: Option<usize>,
    tasks: Option<usize>,
    rank: Option<usize>,
    reasons: String,
    mean: Option<f64>,
    drawn_low: Option<f64>,
    drawn_high: Option<f64>,
    drawn_over: Option<&'static str>,
    average_rank: Option<f64>,
    group_paired_difference: Option<usize>,
    group_interval_overlap: Option<usize>,
    group_welch: Option<usize>,
    group_least_significant_difference: Option<usize>,
    wilcoxon_first_p: Option<f64>,
    wilcoxon_first_p_holm: Option<f64>,
    wilcoxon_magnitude_p: Option<f64>,
    wilcoxon_magnitude_p_holm: Option<f64>,
    difference: Option<f64>,
    difference_low: Option<f64>,
    difference_high: Option<f64>,
    difference_over: Option<&'static str>,
    difference_tasks_low: Option<f64>,
    difference_tasks_high: Option<f64>,
    difference_drawn_low: Option<f64>,
    difference_drawn_high: Option<f64>,
    difference_accelerated_low: Option<f64>,
    difference_accelerated_high: Option<f64>,
    tasks_ahead: Option<usize>,
    tasks_behind: Option<usize>,
    reversal_paired: Option<f64>,
    reversal_unpaired: Option<f64>,
    neighbours: Option<usize>,
    inseparable_paired_difference: Option<usize>,
    inseparable_interval_overlap: Option<usize>,
    inseparable_welch: Option<usize>,
    inseparable_least_significant_difference: Option<usize>,
    pooled_sd: Option<f64>,
    least_significant_difference: Option<f64>,
    friedman_chi_square: Option<f64>,
    friedman_p: Option<f64>,
    iman_davenport_f: Option<f64>,
    iman_davenport_p: Option<f64>,
    critical_difference: Option<f64>,
    axis: &'static str,
    cost: Option<f64>,
    area: Option<f64>,
    area_sd: Option<f64>,
}

/// `statistics.csv`: per board and keep one line for the keep and one for each method; then areas and fronts.
pub fn statistics_csv(report: &Report) -> Result<Vec<u8>, ReportError> {
    let lines = report.statistics.iter().flat_map(|board| {
        let keeps = board.keeps.iter().flat_map(move |keep| {
            std::iter::once(keep_line(board, keep)).chain(method_lines(&board.key, keep))
        });
        let areas =
            board.areas.iter().flat_map(|areas| &areas.lines).map(move |it| area_line(&board.key, it));
        let fronts = board
            .fronts
            .iter()
            .flat_map(move |front| front.front.iter().map(move |point| front_line(&board.key, front, point)));
        keeps.chain(areas).chain(fronts)
    });
    table(lines.collect(), &HEADER)
}

/// Reasons in words, separated by semicolons.
pub(crate) fn reason_words(reasons: &[Ineligible]) -> String {
    reasons.iter().map(Ineligible::words).collect::<Vec<_>>().join("; ")
}

fn head<'a>(key: &'a BoardKey, scope: &'static str) -> Line<'a> {
    Line {
        suite: &key.suite,
        track: &key.track,
        protocol: &key.protocol,
        regime: &key.regime,
        granularity: &key.granularity,
        scope,
        ..Line::default()
    }
}

fn keep_line<'a>(board: &'a BoardStatistics, keep: &'a KeepStatistics) -> Line<'a> {
    let test = keep.rank_test.as_ref();
    let inseparable = keep.inseparable.unwrap_or_default();
    Line {
        keep: Some(keep.keep),
        methods: Some(keep.methods.len()),
        tasks: Some(keep.tasks),
        reasons: reason_words(&board.ineligible),
        reversal_paired: keep.reversed_neighbours,
        neighbours: keep.inseparable.map(|it| it.pairs),
        inseparable_paired_difference: inseparable.paired_difference,
        inseparable_interval_overlap: inseparable.interval_overlap,
        inseparable_welch: inseparable.welch,
        inseparable_least_significant_difference: inseparable.least_significant_difference,
        pooled_sd: keep.pooled.map(|it| it.sd),
        least_significant_difference: keep.least_significant_difference,
        friedman_chi_square: test.map(|it| it.friedman.chi_square),
        friedman_p: test.map(|it| it.friedman.p),
        iman_davenport_f: test.and_then(|it| it.friedman.f),
        iman_davenport_p: test.map(|it| it.friedman.f_p),
        critical_difference: test.map(|it| it.critical_difference),
        ..head(&board.key, "keep")
    }
}

/// Everyone at a keep, those without statistics, too.
fn method_lines<'a>(key: &'a BoardKey, keep: &'a KeepStatistics) -> impl Iterator<Item = Line<'a>> {
    let by_name: BTreeMap<&str, &MethodStatistics> =
        keep.methods.iter().map(|it| (it.method.as_str(), it)).collect();
    keep.standings.iter().map(move |standing| {
        method_line(key, keep.keep, standing, by_name.get(standing.method.as_str()).copied())
    })
}

fn ends(interval: Option<Interval>) -> (Option<f64>, Option<f64>) {
    (interval.map(|it| it.low), interval.map(|it| it.high))
}

fn method_line<'a>(
    key: &'a BoardKey,
    keep: f64,
    standing: &'a Standing,
    statistics: Option<&'a MethodStatistics>,
) -> Line<'a> {
    let line = Line {
        keep: Some(keep),
        method: &standing.method,
        control: standing.control,
        rank: standing.rank,
        reasons: reason_words(&standing.reasons),
        ..head(key, "method")
    };
    let Some(it) = statistics else { return line };
    let (drawn_low, drawn_high) = ends(it.drawn);
    let difference = it.from_magnitude.as_ref();
    let of =
        |interval: fn(&crate::BaselineDifference) -> Option<Interval>| ends(difference.and_then(interval));
    let seeds = of(|it| it.seeds.interval);
    let tasks = of(|it| it.tasks?.interval);
    let drawn = of(|it| it.drawn);
    let accelerated = of(|it| it.accelerated);
    Line {
        mean: Some(it.mean),
        drawn_low,
        drawn_high,
        drawn_over: it.drawn.map(|it| it.over.label()),
        average_rank: Some(it.average_rank),
        group_paired_difference: it.groups.paired_difference,
        group_interval_overlap: it.groups.interval_overlap,
        group_welch: it.groups.welch,
        group_least_significant_difference: it.groups.least_significant_difference,
        wilcoxon_first_p: it.against_first.map(|it| it.p),
        wilcoxon_first_p_holm: it.against_first.map(|it| it.p_holm),
        wilcoxon_magnitude_p: it.against_magnitude.map(|it| it.p),
        wilcoxon_magnitude_p_holm: it.against_magnitude.map(|it| it.p_holm),
        difference: difference.map(|it| it.seeds.mean),
        difference_low: seeds.0,
        difference_high: seeds.1,
        difference_over: difference.and_then(|it| it.seeds.interval).map(|it| it.over.label()),
        difference_tasks_low: tasks.0,
        difference_tasks_high: tasks.1,
        difference_drawn_low: drawn.0,
        difference_drawn_high: drawn.1,
        difference_accelerated_low: accelerated.0,
        difference_accelerated_high: accelerated.1,
        tasks_ahead: difference.map(|it| it.tasks_ahead),
        tasks_behind: difference.map(|it| it.tasks_behind),
        reversal_paired: it.reversal.and_then(|it| it.paired),
        reversal_unpaired: it.reversal.map(|it| it.unpaired),
        ..line
    }
}

fn area_line<'a>(key: &'a BoardKey, it: &'a AreaLine) -> Line<'a> {
    let Summary { mean, sd, .. } = it.area;
    Line { method: &it.method, control: it.control, area: Some(mean), area_sd: sd, ..head(key, "area") }
}

fn front_line<'a>(key: &'a BoardKey, front: &'a Front, it: &'a FrontPoint) -> Line<'a> {
    Line {
        keep: Some(it.keep),
        method: &it.method,
        control: it.control,
        mean: Some(it.score),
        axis: front.axis.label(),
        cost: Some(it.cost),
        ..head(key, "front")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ReportInput;
    use crate::testing::synthetic;

    #[test]
    fn the_header_is_that_of_the_lines() {
        let first = |input: &ReportInput| {
            let bytes = statistics_csv(&Report::new(input)).expect("a table");
            let text = String::from_utf8(bytes).expect("CSV is text");
            text.lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(first(&ReportInput::default()), first(&synthetic(1224)));
    }

    #[test]
    fn everyone_at_a_keep_has_a_line_and_the_unranked_a_reason() {
        let report = Report::new(&synthetic(3000));
        let bytes = statistics_csv(&report).expect("a table");
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let columns = reader.headers().expect("a header").clone();
        let place = |name: &str| columns.iter().position(|it| it == name).expect("a column");
        let lines: Vec<csv::StringRecord> = reader.records().map(|it| it.expect("our own CSV")).collect();
        let methods: Vec<&csv::StringRecord> =
            lines.iter().filter(|it| &it[place("scope")] == "method").collect();
        assert_eq!(methods.len(), report.boards.iter().map(|it| it.methods().count()).sum::<usize>());
        let unranked = methods.iter().filter(|it| it[place("rank")].is_empty());
        assert!(unranked.clone().count() > 0);
        assert!(unranked.clone().all(|it| !it[place("reasons")].is_empty()));
        let scopes = |name: &str| lines.iter().filter(|it| &it[place("scope")] == name).count();
        assert!(scopes("keep") == 6 && scopes("area") > 0 && scopes("front") > 0);
    }
}
