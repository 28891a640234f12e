//! What stands against a rank, when there is no test, and what fronts and diagrams have.

mod ledger;

use proptest::prelude::*;

use super::diagram::critical_diagram;
use super::*;
use crate::boards;
use crate::row::{Outcome, Row};
use crate::stats::friedman::Friedman;
use crate::testing::{Sample, noise, sample, synthetic};

const TASKS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// A board of six tasks and three replicates with all controls and baselines, methods well apart.
fn sound() -> Vec<Row> {
    let methods: [(&'static str, Option<Control>, f64, f64); 6] = [
        ("dense-trained", Some(Control::DenseTrained), 1.0, 0.90),
        ("random", Some(Control::Baseline), 0.1, 0.50),
        ("random-layerwise", Some(Control::Baseline), 0.1, 0.55),
        ("magnitude", Some(Control::Baseline), 0.1, 0.70),
        ("imp", None, 0.1, 0.75),
        ("rigl", None, 0.1, 0.80),
    ];
    let mut rows = Vec::new();
    for (index, (method, control, keep, base)) in methods.into_iter().enumerate() {
        for (place, task) in TASKS.into_iter().enumerate() {
            for replicate in 0..3 {
                let own = 0.004 * (noise(&[index as u64, place as u64, u64::from(replicate)]) - 0.5);
                let score = Some(base + own);
                rows.push(sample(&Sample { method, control, keep, task, replicate, score }));
            }
        }
    }
    rows
}

fn change(mut rows: Vec<Row>, method: &str, change: impl Fn(&mut Row)) -> Vec<Row> {
    rows.iter_mut().filter(|row| row.method == method).for_each(change);
    rows
}

fn of(rows: &[Row]) -> BoardStatistics {
    let mut all = tables(&boards(rows), &[], &[]);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn standing<'a>(statistics: &'a BoardStatistics, method: &str) -> &'a Standing {
    let standings = &statistics.keeps[0].standings;
    standings.iter().find(|it| it.method == method).expect("everyone stands somewhere")
}

#[test]
fn everyone_on_a_sound_board_is_ranked() {
    let statistics = of(&sound());
    assert_eq!(statistics.ineligible, []);
    let ranks: Vec<(&str, Option<usize>)> =
        statistics.keeps[0].standings.iter().map(|it| (it.method.as_str(), it.rank)).collect();
    assert_eq!(
        ranks,
        [
            ("rigl", Some(1)),
            ("imp", Some(2)),
            ("magnitude", Some(3)),
            ("random-layerwise", Some(4)),
            ("random", Some(5))
        ]
    );
}

#[test]
fn without_a_control_a_baseline_or_enough_seeds_nobody_is_ranked() {
    let without =
        |method: &str| -> Vec<Row> { sound().into_iter().filter(|row| row.method != method).collect() };
    let baseline = |name: &str| Ineligible::NoBaseline { baseline: name.to_owned() };
    let few: Vec<Row> = sound().into_iter().filter(|row| row.replicate < 2).collect();
    let mut validation = sound();
    validation.iter_mut().for_each(|row| row.protocol = "validation".to_owned());
    // A control that lacks a trial is no control of all methods.
    let broken = change(sound(), "dense-trained", |row| {
        if row.task == "b" && row.replicate == 1 {
            (row.outcome, row.score) = (Outcome::Crashed, None);
        }
    });
    for (rows, reason) in [
        (without("dense-trained"), Ineligible::NoDenseControl),
        (broken, Ineligible::NoDenseControl),
        (without("magnitude"), baseline("magnitude")),
        (without("random"), baseline("random")),
        (without("random-layerwise"), baseline("random-layerwise")),
        (few, Ineligible::TooFewReplicates { replicates: 2, needed: 3 }),
        (validation, Ineligible::Validation),
    ] {
        let statistics = of(&rows);
        assert_eq!(statistics.ineligible, [reason]);
        assert!(statistics.keeps[0].standings.iter().all(|it| it.rank.is_none() && it.reasons.is_empty()));
        // The order of what was run is still there.
        assert!(!statistics.keeps[0].methods.is_empty());
    }
}

#[test]
fn who_breaks_a_rule_stands_below_the_line_and_moves_nobody() {
    let crashed = |row: &mut Row| {
        if row.task == "c" && row.replicate == 0 {
            (row.outcome, row.score) = (Outcome::Crashed, None);
        }
    };
    let missed = |row: &mut Row| row.achieved_count = row.target_count.map(|count| count + 1);
    let mixed = |row: &mut Row| row.params = format!("{{\"seed\":{}}}", row.replicate);
    let short: Vec<Row> = sound().into_iter().filter(|it| it.method != "rigl" || it.replicate < 2).collect();
    for (rows, reason) in [
        (change(sound(), "rigl", crashed), Ineligible::Incomplete { scored: 17, trials: 18 }),
        (change(sound(), "rigl", missed), Ineligible::MissedBudget { rows: 18 }),
        (change(sound(), "rigl", mixed), Ineligible::MixedConfigurations { configurations: 3 }),
        (short, Ineligible::TooFewReplicates { replicates: 2, needed: 3 }),
    ] {
        let statistics = of(&rows);
        assert_eq!(statistics.ineligible, []);
        let rigl = standing(&statistics, "rigl");
        assert_eq!((rigl.rank, &rigl.reasons[..]), (None, &[reason][..]));
        assert_eq!(standing(&statistics, "imp").rank, Some(1));
        assert_eq!(standing(&statistics, "magnitude").rank, Some(2));
        assert_eq!(statistics.keeps[0].standings.last().map(|it| it.method.as_str()), Some("rigl"));
    }
}

#[test]
fn a_missed_count_has_no_place_among_weights_and_one_among_channels() {
    let missed = |row: &mut Row| row.achieved_count = row.target_count.map(|count| count + 1);
    let rows = change(sound(), "rigl", missed);
    let placed = |rows: &[Row]| -> Vec<String> {
        let board = boards(rows).remove(0);
        board.methods().filter(|it| it.place.is_some()).map(|it| it.method.clone()).collect()
    };
    assert_eq!(placed(&rows), ["imp", "magnitude", "random-layerwise", "random"]);
    let mut channels = rows;
    for row in channels.iter_mut().filter(|row| row.granularity == "weights") {
        row.granularity = "channels".to_owned();
    }
    assert_eq!(placed(&channels)[0], "rigl");
}

#[test]
fn too_few_tasks_methods_or_replicates_have_no_test_and_say_so() {
    let tasks: Vec<Row> = sound().into_iter().filter(|row| row.task.as_str() < "e").collect();
    let keep = of(&tasks).keeps.remove(0);
    assert_eq!(keep.rank_test, None);
    assert!(
        keep.no_rank_test.as_ref().is_some_and(|it| it.starts_with("4 tasks")),
        "{:?}",
        keep.no_rank_test
    );
    assert!(keep.methods.iter().all(|it| it.against_first.is_none() && it.against_magnitude.is_none()));
    assert!(keep.methods.iter().flat_map(|it| &it.from_magnitude).all(|it| it.accelerated.is_none()));

    let two = ["dense-trained", "magnitude", "imp"];
    let methods: Vec<Row> = sound().into_iter().filter(|row| two.contains(&row.method.as_str())).collect();
    let keep = of(&methods).keeps.remove(0);
    assert!(keep.no_rank_test.is_some_and(|it| it.starts_with("2 ranked methods")));

    let one: Vec<Row> = sound().into_iter().filter(|row| row.replicate == 0).collect();
    let keep = of(&one).keeps.remove(0);
    assert_eq!(
        (keep.pooled, keep.least_significant_difference, keep.reversed_neighbours),
        (None, None, None)
    );
    let inseparable = keep.inseparable.expect("neighbours");
    let by_seeds =
        [inseparable.interval_overlap, inseparable.welch, inseparable.least_significant_difference];
    assert_eq!(by_seeds, [None; 3]);
    for method in &keep.methods {
        let groups = method.groups;
        assert_eq!(
            (groups.interval_overlap, groups.welch, groups.least_significant_difference),
            (None, None, None)
        );
        // Over tasks, one replicate is enough.
        assert!(groups.paired_difference.is_some() && method.reversal.is_none());
    }
    assert!(keep.rank_test.is_some());
}

#[test]
fn methods_that_are_always_equal_are_one_group_under_every_criterion() {
    let mut rows = sound();
    for row in rows.iter_mut().filter(|row| row.granularity != "dense") {
        row.score = Some(0.5 + 0.01 * f64::from(row.replicate));
    }
    let keep = of(&rows).keeps.remove(0);
    let all = Groups {
        paired_difference: Some(1),
        interval_overlap: Some(1),
        welch: Some(1),
        least_significant_difference: Some(1),
    };
    // A paired difference that is zero in every replicate has an interval without width, which contains zero.
    assert!(keep.methods.iter().all(|it| it.groups == all && it.reversal.is_none()), "{keep:?}");
    assert_eq!(keep.no_rank_test.as_deref(), Some("all methods are tied on all tasks"));
}

#[test]
fn latencies_count_on_one_known_machine_only() {
    let input = synthetic(1224);
    let boards = boards(&input.rows);
    let costs = crate::costs(&input);
    let fronts = |speeds: &[Speed]| -> Vec<(CostAxis, Option<String>)> {
        let fronts = &tables(&boards, &costs, speeds)[0].fronts;
        fronts.iter().map(|it| (it.axis, it.machine.clone())).collect()
    };
    let latency = |speeds: &[Speed]| fronts(speeds).into_iter().find(|it| it.0 == CostAxis::LatencyMs);
    let named = latency(&input.speeds).expect("latencies");
    assert_eq!(named.1.as_deref(), Some("synthetic numbers, no machine"));
    let mut speeds = input.speeds.clone();
    speeds[0].machine = "another".to_owned();
    assert_eq!(latency(&speeds), None);
    speeds.iter_mut().for_each(|it| it.machine = String::new());
    assert_eq!(latency(&speeds), None);
    // Masked networks all execute the same operations, so that there is nothing to weigh against the score.
    assert!(fronts(&input.speeds).iter().all(|it| it.0 != CostAxis::ExecutedMacs));
}

#[test]
fn nothing_is_better_than_what_is_on_a_front() {
    let input = synthetic(1224);
    let boards = boards(&input.rows);
    for statistics in tables(&boards, &crate::costs(&input), &input.speeds) {
        assert!(statistics.fronts.len() >= 4, "{:?}", statistics.fronts);
        for front in &statistics.fronts {
            assert!(!front.front.is_empty() && front.front.len() <= front.points);
            // Along a front, what costs more scores more.
            assert!(front.front.is_sorted_by(|a, b| a.cost <= b.cost && a.score <= b.score + 1e-12));
        }
    }
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut input = synthetic(1224);
    let tables =
        |input: &crate::ReportInput| tables(&boards(&input.rows), &crate::costs(input), &input.speeds);
    let before = tables(&input);
    input.rows.reverse();
    input.rows.rotate_left(77);
    input.costs.reverse();
    input.speeds.reverse();
    assert_eq!(tables(&input), before);
}

fn test_of(ranks: &[f64], runs: &[(usize, usize)]) -> RankTest {
    let friedman =
        Friedman { tasks: 12, methods: ranks.len(), chi_square: 1.0, p: 0.5, f: Some(1.0), f_p: 0.5 };
    RankTest {
        friedman,
        differs: false,
        critical_difference: 1.0,
        ranks: ranks.iter().enumerate().map(|(it, rank)| (format!("method {it}"), *rank)).collect(),
        inseparable: runs.to_vec(),
    }
}

#[test]
fn bars_of_a_diagram_share_a_row_where_they_do_not_touch() {
    let ranks = [1.0, 1.5, 2.0, 2.8, 4.0, 4.5, 5.2];
    let diagram = critical_diagram(&test_of(&ranks, &[(0, 2), (2, 3), (4, 5), (5, 6)]));
    let rows: Vec<usize> = diagram.bars.iter().map(|bar| bar.row).collect();
    assert_eq!((rows, diagram.bar_rows), (vec![0, 1, 0, 1], 2));
    let labels: Vec<(bool, usize)> = diagram.labels.iter().map(|it| (it.at_best, it.row)).collect();
    assert_eq!(labels, [(true, 0), (true, 1), (true, 2), (true, 3), (false, 2), (false, 1), (false, 0)]);
    assert_eq!((diagram.label_rows, diagram.last_rank), (4, 7));
}

proptest! {
    #[test]
    fn bars_never_overlap_in_a_row(ranks in prop::collection::vec(0_u8..40, 2..20), width in 1_usize..6) {
        let mut ranks: Vec<f64> = ranks.into_iter().map(f64::from).collect();
        ranks.sort_by(f64::total_cmp);
        let runs: Vec<(usize, usize)> =
            (0..ranks.len() - 1).map(|first| (first, (first + width).min(ranks.len() - 1))).collect();
        let diagram = critical_diagram(&test_of(&ranks, &runs));
        for (place, bar) in diagram.bars.iter().enumerate() {
            prop_assert!(bar.from <= bar.to && bar.row < diagram.bar_rows);
            prop_assert!(diagram.bars[..place].iter().all(|other| other.row != bar.row || other.to < bar.from));
        }
    }
}
