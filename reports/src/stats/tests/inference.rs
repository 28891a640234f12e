//! Tests, critical values and intervals, held to scipy's and numpy's values (`tests/golden/inference.py`).

use proptest::prelude::*;
use serde::Deserialize;

use crate::stats::bootstrap::{bca_ends, means_left_one_out, percentile_ends};
use crate::stats::compare::{Pooled, holm, welch};
use crate::stats::curve::{area_per_doubling, pareto_front};
use crate::stats::friedman::friedman;
use crate::stats::range::{critical_difference, nemenyi_chance, range_chance, range_critical};
use crate::stats::reversal::reversal;
use crate::stats::wilcoxon::{Zeros, smallest_chance, wilcoxon};
use crate::stats::{Over, Summary, mean};

#[derive(Deserialize)]
struct Golden {
    ranges: Ranges,
    nemenyi: Vec<Nemenyi>,
    friedman: Vec<FriedmanCase>,
    wilcoxon: Vec<WilcoxonCase>,
    welch: Vec<WelchCase>,
    pooled: Vec<PooledCase>,
    holm: Vec<HolmCase>,
    bootstrap: Vec<BootstrapCase>,
    areas: Vec<AreaCase>,
    fronts: Vec<FrontCase>,
    reversals: Vec<ReversalCase>,
}

#[derive(Deserialize)]
struct Ranges {
    critical: Vec<Critical>,
    chances: Vec<(f64, usize, f64)>,
}

#[derive(Deserialize)]
struct Critical {
    count: usize,
    alpha: f64,
    width: f64,
}

#[derive(Deserialize)]
struct Nemenyi {
    methods: usize,
    tasks: usize,
    alpha: f64,
    difference: f64,
    apart: f64,
    p: f64,
}

#[derive(Deserialize)]
struct FriedmanCase {
    scores: Vec<Vec<f64>>,
    chi_square: f64,
    p: f64,
    f: f64,
    f_p: f64,
}

#[derive(Deserialize)]
struct WilcoxonCase {
    differences: Vec<f64>,
    zeros: String,
    n: usize,
    positive: f64,
    negative: f64,
    p: f64,
    by: String,
}

#[derive(Deserialize)]
struct WelchCase {
    a: Vec<f64>,
    b: Vec<f64>,
    t: f64,
    freedom: f64,
    p: f64,
}

#[derive(Deserialize)]
struct PooledCase {
    samples: Vec<Vec<f64>>,
    alpha: f64,
    sd: f64,
    freedom: usize,
    difference: f64,
}

#[derive(Deserialize)]
struct HolmCase {
    p: Vec<f64>,
    corrected: Vec<f64>,
}

#[derive(Deserialize)]
struct BootstrapCase {
    values: Vec<f64>,
    drawn: Vec<f64>,
    bca: (f64, f64),
    percentile: (f64, f64),
}

#[derive(Deserialize)]
struct AreaCase {
    points: Vec<(f64, f64)>,
    area: f64,
}

#[derive(Deserialize)]
struct FrontCase {
    points: Vec<(f64, f64)>,
    on: Vec<bool>,
}

#[derive(Deserialize)]
struct ReversalCase {
    a: Vec<(u32, f64)>,
    b: Vec<(u32, f64)>,
    paired: Option<f64>,
    unpaired: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/golden/inference.json"))
        .expect("the golden file is JSON")
}

#[track_caller]
fn near(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-3), "{ours} against {theirs}");
}

/// For values that scipy itself integrates to some six digits.
#[track_caller]
fn about(ours: f64, theirs: f64) {
    assert!((ours - theirs).abs() <= 1e-5 * theirs.abs().max(1e-2), "{ours} against scipy's {theirs}");
}

#[test]
fn the_range_of_normal_numbers_is_scipys() {
    let ranges = golden().ranges;
    assert!(ranges.critical.iter().any(|it| it.count >= 60));
    for case in ranges.critical {
        about(range_critical(case.alpha, case.count).expect("a width"), case.width);
        about(range_chance(case.width, case.count), 1.0 - case.alpha);
    }
    for (width, count, chance) in ranges.chances {
        about(range_chance(width, count), chance);
    }
}

#[test]
fn the_range_of_two_numbers_is_known_in_closed_form() {
    // The difference of two standard normal numbers has standard deviation sqrt(2).
    near(range_critical(0.05, 2).expect("a width"), 1.959_963_984_540_054 * std::f64::consts::SQRT_2);
    assert_eq!((range_critical(0.05, 1), range_critical(0.0, 3), range_critical(1.0, 3)), (None, None, None));
    assert_eq!((range_chance(1.0, 1), range_chance(0.0, 4), range_chance(f64::NAN, 4)), (1.0, 0.0, 0.0));
}

#[test]
fn critical_differences_of_average_ranks_are_those_of_scipys_quantiles() {
    for case in golden().nemenyi {
        about(critical_difference(case.alpha, case.methods, case.tasks).expect("two"), case.difference);
        about(nemenyi_chance(case.apart, case.methods, case.tasks).expect("two"), case.p);
        // What is exactly as far apart as the critical difference has the level as its chance.
        let at = nemenyi_chance(case.difference, case.methods, case.tasks).expect("two");
        about(at, case.alpha);
    }
    // Demšar's table 5 has 2.569 for four methods at 0.05, and his example over 14 data sets a difference of 1.25.
    let difference = critical_difference(0.05, 4, 14).expect("four methods");
    assert!((difference - 2.569 * (20.0_f64 / 84.0).sqrt()).abs() < 5e-4, "{difference}");
    assert_eq!((critical_difference(0.05, 4, 0), nemenyi_chance(1.0, 1, 3)), (None, None));
}

#[test]
fn friedmans_test_is_scipys() {
    for case in golden().friedman {
        let ours = friedman(&case.scores).expect("a table");
        near(ours.chi_square, case.chi_square);
        near(ours.p, case.p);
        near(ours.f.expect("tasks differ"), case.f);
        near(ours.f_p, case.f_p);
        assert_eq!((ours.tasks, ours.methods), (case.scores.len(), case.scores[0].len()));
    }
}

#[test]
fn a_perfect_agreement_has_the_chance_of_one_order() {
    let scores = vec![vec![0.1, 0.2, 0.3]; 4];
    let found = friedman(&scores).expect("a table");
    assert_eq!((found.chi_square, found.f), (8.0, None));
    near(found.f_p, 1.0 / 216.0);
    assert_eq!(friedman(&vec![vec![0.5, 0.5]; 6]), None);
    for table in [vec![], vec![vec![0.1, 0.2]], vec![vec![0.1]; 3], vec![vec![0.1, 0.2], vec![0.1]]] {
        assert_eq!(friedman(&table), None);
    }
}

#[test]
fn signed_ranks_are_scipys() {
    let cases = golden().wilcoxon;
    for by in ["scipy, exact", "scipy, asymptotic", "scipy, all signs", "numpy, all signs"] {
        assert!(cases.iter().any(|case| case.by == by), "no case of {by}");
    }
    for case in cases {
        let zeros = if case.zeros == "pratt" { Zeros::Pratt } else { Zeros::Wilcox };
        let ours = wilcoxon(&case.differences, zeros).expect("not all are zero");
        assert_eq!((ours.n, ours.positive, ours.negative), (case.n, case.positive, case.negative));
        assert_eq!(ours.exact, case.by != "scipy, asymptotic");
        near(ours.p, case.p);
    }
}

#[test]
fn signed_ranks_need_a_sign_and_cannot_be_surer_than_all_signs() {
    assert_eq!(wilcoxon(&[0.0, 0.0], Zeros::Pratt), None);
    assert_eq!(wilcoxon(&[], Zeros::Wilcox), None);
    assert_eq!(wilcoxon(&[0.1, f64::NAN], Zeros::Wilcox), None);
    for n in 1..=20 {
        let same: Vec<f64> = (1..=n).map(|it| f64::from(it) / 100.0).collect();
        near(wilcoxon(&same, Zeros::Pratt).expect("signs").p, smallest_chance(same.len()));
    }
    // What is zero but for rounding has no sign.
    assert_eq!(wilcoxon(&[0.1 + 0.2 - 0.3, 0.5], Zeros::Wilcox).map(|it| it.n), Some(1));
}

#[test]
fn welchs_test_is_scipys() {
    for case in golden().welch {
        let ours = welch(&case.a, &case.b).expect("two each");
        near(ours.t.expect("they vary"), case.t);
        near(ours.freedom.expect("they vary"), case.freedom);
        near(ours.p, case.p);
    }
    let (same, other) = ([0.5, 0.5], [0.6, 0.6]);
    assert_eq!(welch(&same, &same).map(|it| (it.t, it.p)), Some((None, 1.0)));
    assert_eq!(welch(&same, &other).map(|it| it.p), Some(0.0));
    assert_eq!(welch(&same, &[0.5]), None);
}

#[test]
fn the_least_significant_difference_is_numpys() {
    for case in golden().pooled {
        let samples: Vec<Summary> =
            case.samples.iter().filter_map(|it| Summary::of(it, Over::SeedsAtFixedTasks)).collect();
        let ours = Pooled::of(&samples).expect("they vary");
        near(ours.sd, case.sd);
        assert_eq!(ours.freedom, case.freedom);
        let difference = ours.least_significant_difference(case.alpha, samples[0].n, samples[1].n);
        near(difference.expect("a difference"), case.difference);
    }
    let single = Summary::of(&[0.5], Over::Tasks).expect("a value");
    assert_eq!(Pooled::of(&[single, single]), None);
}

#[test]
fn holms_correction_is_its_definition() {
    for case in golden().holm {
        for (ours, theirs) in holm(&case.p).into_iter().zip(case.corrected) {
            near(ours, theirs);
        }
    }
    assert!(holm(&[]).is_empty());
}

#[test]
fn bootstrap_intervals_are_scipys() {
    for case in golden().bootstrap {
        let found = mean(&case.values).expect("values");
        let left = means_left_one_out(&case.values).expect("two");
        let bca = bca_ends(case.drawn.clone(), found, &left).expect("an interval");
        near(bca.0, case.bca.0);
        near(bca.1, case.bca.1);
        let percentile = percentile_ends(case.drawn).expect("an interval");
        near(percentile.0, case.percentile.0);
        near(percentile.1, case.percentile.1);
    }
    assert_eq!(bca_ends(vec![0.5; 9], 0.5, &[0.5, 0.5]), Some((0.5, 0.5)));
    // All draws above what was found: the bias has no bound.
    assert_eq!(bca_ends(vec![0.6, 0.7], 0.5, &[0.5, 0.6]), None);
    assert_eq!((bca_ends(vec![], 0.5, &[0.5]), percentile_ends(vec![])), (None, None));
}

#[test]
fn areas_fronts_and_reversals_are_numpys() {
    let golden = golden();
    for case in golden.areas {
        near(area_per_doubling(&case.points).expect("a width"), case.area);
    }
    for case in golden.fronts {
        assert_eq!(pareto_front(&case.points), case.on);
    }
    for case in golden.reversals {
        let ours = reversal(&case.a, &case.b).expect("an order");
        assert_eq!(ours.paired.is_some(), case.paired.is_some());
        near(ours.paired.unwrap_or(0.0), case.paired.unwrap_or(0.0));
        near(ours.unpaired, case.unpaired);
    }
}

#[test]
fn curves_and_pairs_without_an_answer_have_none() {
    for points in [vec![], vec![(2.0, 0.5)], vec![(2.0, 0.5), (2.0, 0.6)], vec![(0.0, 0.5), (2.0, 0.6)]] {
        assert_eq!(area_per_doubling(&points), None);
    }
    assert_eq!(pareto_front(&[(f64::NAN, 1.0), (1.0, f64::NAN), (1.0, 0.1)]), [false, false, true]);
    assert_eq!(reversal(&[(0, 0.5), (1, 0.7)], &[(0, 0.6)]), None);
    assert_eq!(reversal(&[], &[(0, 0.6)]), None);
}

proptest! {
    #[test]
    fn a_wider_range_is_likelier_and_more_numbers_are_wider(
        width in 0.1..8.0_f64, more in 0.01..1.0_f64, count in 2_usize..80
    ) {
        prop_assert!(range_chance(width + more, count) >= range_chance(width, count));
        prop_assert!(range_chance(width, count + 1) <= range_chance(width, count) + 1e-15);
    }

    #[test]
    fn friedmans_test_knows_only_orders(
        table in prop::collection::vec(prop::collection::vec(0_u8..6, 4), 3..10)
    ) {
        let scores: Vec<Vec<f64>> =
            table.iter().map(|task| task.iter().map(|it| f64::from(*it)).collect()).collect();
        let other: Vec<Vec<f64>> =
            scores.iter().map(|task| task.iter().map(|it| 0.2 + 0.1 * it).collect()).collect();
        prop_assert_eq!(friedman(&scores), friedman(&other));
        if let Some(found) = friedman(&scores) {
            prop_assert!((0.0..=1.0).contains(&found.p) && (0.0..=1.0).contains(&found.f_p));
        }
    }

    #[test]
    fn signs_turned_change_sides_and_nothing_else(differences in prop::collection::vec(-5_i8..6, 1..14)) {
        let ours: Vec<f64> = differences.iter().map(|it| f64::from(*it) / 10.0).collect();
        let turned: Vec<f64> = ours.iter().map(|it| -it).collect();
        for zeros in [Zeros::Wilcox, Zeros::Pratt] {
            match (wilcoxon(&ours, zeros), wilcoxon(&turned, zeros)) {
                (Some(one), Some(other)) => {
                    prop_assert_eq!((one.positive, one.negative), (other.negative, other.positive));
                    prop_assert!((one.p - other.p).abs() < 1e-12 && one.p > 0.0 && one.p <= 1.0);
                }
                (one, other) => prop_assert!(one.is_none() && other.is_none()),
            }
        }
    }

    #[test]
    fn holm_never_helps_and_keeps_the_order(p in prop::collection::vec(0.0..1.0_f64, 1..20)) {
        let corrected = holm(&p);
        for (own, its) in p.iter().zip(&corrected) {
            prop_assert!(its >= own && *its <= 1.0);
            prop_assert!(p.iter().zip(&corrected).all(|(other, theirs)| own > other || its <= theirs));
        }
    }

    #[test]
    fn the_front_is_what_nothing_dominates(points in prop::collection::vec((0_u8..9, 0_u8..9), 1..30)) {
        let points: Vec<(f64, f64)> =
            points.iter().map(|(cost, score)| (f64::from(*cost), f64::from(*score))).collect();
        let dominated = |own: &(f64, f64)| {
            points.iter().any(|it| it.0 <= own.0 && it.1 >= own.1 && (it.0 < own.0 || it.1 > own.1))
        };
        let expected: Vec<bool> = points.iter().map(|it| !dominated(it)).collect();
        prop_assert_eq!(pareto_front(&points), expected);
    }

    #[test]
    fn a_reversal_does_not_depend_on_the_side(
        scores in prop::collection::vec((0_u8..20, 0_u8..20), 1..6)
    ) {
        let side = |of: fn(&(u8, u8)) -> u8| -> Vec<(u32, f64)> {
            scores.iter().enumerate().map(|(it, pair)| (it as u32, f64::from(of(pair)) / 20.0)).collect()
        };
        let (a, b) = (side(|it| it.0), side(|it| it.1));
        prop_assert_eq!(reversal(&a, &b), reversal(&b, &a));
        // The better one is ahead on average, so it cannot be behind always.
        if let Some(found) = reversal(&a, &b) {
            prop_assert!(found.paired.is_some_and(|it| it < 1.0) && found.unpaired < 1.0);
        }
    }
}
