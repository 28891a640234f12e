//! Held to scipy's values (`tests/golden/statistics.py`) and to properties.

mod inference;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    t_critical: Vec<(usize, f64)>,
    summaries: Vec<GoldenSummary>,
    paired: Vec<GoldenPaired>,
    ranks: Vec<GoldenRanks>,
}

#[derive(Deserialize)]
struct GoldenSummary {
    values: Vec<f64>,
    mean: f64,
    sd: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct GoldenPaired {
    dense: Vec<f64>,
    method: Vec<f64>,
    mean: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct GoldenRanks {
    scores: Vec<f64>,
    ranks: Vec<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/statistics.json")).expect("the golden file is JSON")
}

#[track_caller]
fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "{ours} against scipy's {theirs}");
}

#[test]
fn critical_values_are_scipys() {
    for (n, critical) in golden().t_critical {
        near(t_critical(n).expect("there are at least two"), critical);
    }
}

#[test]
fn summaries_are_scipys() {
    for case in golden().summaries {
        let ours = Summary::of(&case.values, Over::SeedsAtFixedTasks).expect("there are values");
        near(ours.mean, case.mean);
        near(ours.sd.expect("there are two"), case.sd);
        let interval = ours.interval.expect("there are two");
        near(interval.low, case.low);
        near(interval.high, case.high);
    }
}

#[test]
fn paired_differences_are_scipys() {
    for case in golden().paired {
        let differences: Vec<f64> = case.dense.iter().zip(&case.method).map(|(a, b)| a - b).collect();
        let ours = Summary::of(&differences, Over::Tasks).expect("there are values");
        near(ours.mean, case.mean);
        let interval = ours.interval.expect("there are two");
        near(interval.low, case.low);
        near(interval.high, case.high);
        assert_eq!(interval.over, Over::Tasks);
    }
}

#[test]
fn ranks_are_scipys() {
    for case in golden().ranks {
        assert_eq!(average_ranks(&case.scores), case.ranks);
    }
}

#[test]
fn one_value_has_no_spread() {
    let one = Summary::of(&[0.8], Over::Tasks).expect("there is a value");
    assert_eq!((one.n, one.sd, one.interval), (1, None, None));
    assert_eq!(Summary::of(&[], Over::Tasks), None);
    assert_eq!(t_critical(0), None);
    assert_eq!(t_critical(1), None);
}

#[test]
fn equal_values_have_an_interval_of_no_width() {
    let same = Summary::of(&[0.1, 0.1, 0.1], Over::Tasks).expect("there are values");
    assert_eq!(same.sd, Some(0.0));
    assert!(!same.interval.expect("there are three").contains_zero());
}

#[test]
fn noise_in_the_last_bits_decides_no_rank() {
    assert_eq!(average_ranks(&[0.1 + 0.2, 0.3]), [1.5, 1.5]);
}

proptest! {
    #[test]
    fn ranks_sum_to_those_of_distinct_scores(scores in prop::collection::vec(0.0..1.0_f64, 0..40)) {
        let n = scores.len() as f64;
        let sum: f64 = average_ranks(&scores).iter().sum();
        prop_assert!((sum - n * (n + 1.0) / 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_higher_score_never_ranks_worse(scores in prop::collection::vec(0.0..1.0_f64, 1..40)) {
        let ranks = average_ranks(&scores);
        for (a, rank_a) in scores.iter().zip(&ranks) {
            for (b, rank_b) in scores.iter().zip(&ranks) {
                prop_assert!(a <= b || rank_a <= rank_b);
            }
        }
    }

    #[test]
    fn an_interval_surrounds_its_mean(values in prop::collection::vec(0.0..1.0_f64, 2..30)) {
        let summary = Summary::of(&values, Over::Tasks).expect("there are values");
        let interval = summary.interval.expect("there are two");
        prop_assert!(interval.low <= summary.mean && summary.mean <= interval.high);
        let turned = summary.negated();
        prop_assert_eq!(turned.interval.map(|it| it.high), Some(-interval.low));
    }
}
