//! Rank correlations: how far two orders of the same things agree.

use statrs::distribution::{ContinuousCDF, Normal};

use super::average_ranks;

/// As many things as all orders are tried of: 8! is 40,320.
const MOST_PERMUTED: usize = 8;

/// How likely a tau as far from zero is if the two orders have nothing to do with one another.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Chance {
    /// The two-sided p-value.
    pub p: f64,
    /// Whether it is counted over all orders; else it is that of a normal approximation.
    pub exact: bool,
}

/// Kendall's tau-b of pairs of values (Kendall, The treatment of ties in ranking problems, 1945): concordant minus
/// discordant pairs over the geometric mean of the pairs that are not tied on either side. Nothing where one side is
/// tied altogether, or has fewer than two values.
#[must_use]
pub fn kendall_tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
    // Ranks, so that noise in the last bits of scores makes no order.
    tau_of_ranks(&average_ranks(x), &average_ranks(y))
}

/// Spearman's rank correlation: Pearson's of the ranks, ties sharing the mean of their places. Nothing where one side is
/// tied altogether, or has fewer than two values.
#[must_use]
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = (average_ranks(x), average_ranks(y));
    if x.len() != y.len() || x.len() < 2 {
        return None;
    }
    let centre = (x.len() as f64 + 1.0) / 2.0;
    let product =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - centre) * (b - centre)).sum() };
    let scale = (product(&x, &x) * product(&y, &y)).sqrt();
    (scale > 0.0).then(|| product(&x, &y) / scale)
}

/// The chance of a tau-b as far from zero as that of `x` and `y`: over all orders of up to eight values, else by the normal
/// approximation with ties (Kendall, Rank Correlation Methods, 1970, chapter 4). Nothing where there is no tau-b.
#[must_use]
pub fn kendall_chance(x: &[f64], y: &[f64]) -> Option<Chance> {
    let (x, y) = (average_ranks(x), average_ranks(y));
    tau_of_ranks(&x, &y)?;
    if x.len() <= MOST_PERMUTED {
        return Some(Chance { p: permuted(&x, &y), exact: true });
    }
    Some(Chance { p: approximated(&x, &y)?, exact: false })
}

/// Concordant minus discordant pairs.
fn surplus(x: &[f64], y: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..x.len() {
        for j in 0..i {
            let product = (x[i] - x[j]) * (y[i] - y[j]);
            sum += if product > 0.0 { 1.0 } else { 0.0 } - if product < 0.0 { 1.0 } else { 0.0 };
        }
    }
    sum
}

/// Sizes of the groups of equal ranks.
fn ties(ranks: &[f64]) -> Vec<f64> {
    let mut sorted = ranks.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).map(|group| group.len() as f64).collect()
}

fn tau_of_ranks(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() {
        return None;
    }
    let n = x.len() as f64;
    let untied =
        |ranks: &[f64]| n * (n - 1.0) / 2.0 - ties(ranks).iter().map(|t| t * (t - 1.0) / 2.0).sum::<f64>();
    let scale = (untied(x) * untied(y)).sqrt();
    (scale > 0.0).then(|| surplus(x, y) / scale)
}

/// The part of all orders of `y` with a tau-b as far from zero as its own.
fn permuted(x: &[f64], y: &[f64]) -> f64 {
    // Ties stay ties in every order, so that only the surplus of concordant pairs differs: an integer.
    let found = surplus(x, y).abs();
    let mut order = y.to_vec();
    let (mut all, mut far) = (0_u32, 0_u32);
    let mut count = |order: &[f64]| {
        all += 1;
        far += u32::from(surplus(x, order).abs() >= found);
    };
    // Heap's algorithm, without recursion: each order comes once from the one before by one exchange.
    let mut state = vec![0; order.len()];
    count(&order);
    let mut place = 1;
    while place < order.len() {
        if state[place] < place {
            order.swap(if place.is_multiple_of(2) { 0 } else { state[place] }, place);
            count(&order);
            state[place] += 1;
            place = 1;
        } else {
            state[place] = 0;
            place += 1;
        }
    }
    f64::from(far) / f64::from(all)
}

fn approximated(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (in_x, in_y) = (ties(x), ties(y));
    let sum = |groups: &[f64], of: fn(f64) -> f64| groups.iter().map(|t| of(*t)).sum::<f64>();
    let pairs = |t: f64| t * (t - 1.0);
    let triples = |t: f64| t * (t - 1.0) * (t - 2.0);
    let spread = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let variance = (spread(n) - sum(&in_x, spread) - sum(&in_y, spread)) / 18.0
        + sum(&in_x, pairs) * sum(&in_y, pairs) / (2.0 * pairs(n))
        + sum(&in_x, triples) * sum(&in_y, triples) / (9.0 * triples(n));
    let z = surplus(x, y).abs() / variance.sqrt();
    z.is_finite().then(|| 2.0 * Normal::standard().sf(z))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Golden {
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        x: Vec<f64>,
        y: Vec<f64>,
        tau: f64,
        rho: f64,
        exact: Option<f64>,
        normal: f64,
    }

    #[track_caller]
    fn near(ours: f64, theirs: f64) {
        assert!((ours - theirs).abs() < 1e-9, "{ours} against scipy's {theirs}");
    }

    #[test]
    fn correlations_are_scipys() {
        let text = include_str!("../../tests/golden/rank_correlation.json");
        let golden: Golden = serde_json::from_str(text).expect("the golden file is JSON");
        assert!(golden.cases.len() > 8);
        for case in golden.cases {
            near(kendall_tau_b(&case.x, &case.y).expect("a tau"), case.tau);
            near(spearman(&case.x, &case.y).expect("a rho"), case.rho);
            let chance = kendall_chance(&case.x, &case.y).expect("a chance");
            assert_eq!(chance.exact, case.exact.is_some());
            near(chance.p, case.exact.unwrap_or(case.normal));
            if case.x.len() > 2 {
                let normal = approximated(&average_ranks(&case.x), &average_ranks(&case.y));
                near(normal.expect("a p-value"), case.normal);
            }
        }
    }

    #[test]
    fn a_case_by_hand_with_a_tie() {
        // Pairs: 1-2 tied in x, of the other five four agree and one does not; x has five untied pairs, y six.
        let (x, y) = ([1.0, 1.0, 2.0, 3.0], [1.0, 2.0, 4.0, 3.0]);
        near(kendall_tau_b(&x, &y).expect("a tau"), 3.0 / 30_f64.sqrt());
    }

    #[test]
    fn what_has_no_order_has_no_correlation() {
        for (x, y) in [(vec![], vec![]), (vec![1.0], vec![2.0]), (vec![1.0, 1.0], vec![1.0, 2.0])] {
            assert_eq!((kendall_tau_b(&x, &y), spearman(&x, &y), kendall_chance(&x, &y)), (None, None, None));
        }
        // Noise of the last bits is a tie.
        assert_eq!(kendall_tau_b(&[0.1 + 0.2, 0.3], &[1.0, 2.0]), None);
    }

    proptest! {
        #[test]
        fn correlations_are_symmetric_and_turn_with_their_side(
            pairs in proptest::collection::vec((0_u8..6, 0_u8..6), 2..10)
        ) {
            let x: Vec<f64> = pairs.iter().map(|pair| f64::from(pair.0)).collect();
            let y: Vec<f64> = pairs.iter().map(|pair| f64::from(pair.1)).collect();
            let turned: Vec<f64> = y.iter().map(|value| -value).collect();
            for of in [kendall_tau_b, spearman] {
                prop_assert_eq!(of(&x, &y), of(&y, &x));
                if let (Some(one), Some(other)) = (of(&x, &y), of(&x, &turned)) {
                    prop_assert!((-1.0 - 1e-12..=1.0 + 1e-12).contains(&one));
                    prop_assert!((one + other).abs() < 1e-12);
                }
            }
            if let Some(own) = kendall_tau_b(&x, &x) {
                prop_assert!((own - 1.0).abs() < 1e-12);
            }
            if let Some(chance) = kendall_chance(&x, &y) {
                prop_assert!(chance.p > 0.0 && chance.p <= 1.0);
            }
        }
    }
}
