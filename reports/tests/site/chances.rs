//! Chances under the distributions of tests, by sums over their densities: no gamma function, no continued fraction, and nothing
//! of the library that reports use. Densities are taken relative to their highest point, so that no power is too large.

use std::f64::consts::FRAC_PI_2;

/// Steps of every sum; the integrands are smooth.
const STEPS: usize = 4000;

/// Simpson's rule.
fn area(density: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let step = (to - from) / STEPS as f64;
    let at = |place: usize| density(from + step * place as f64);
    let inner: f64 = (1..STEPS).map(|place| at(place) * if place % 2 == 1 { 4.0 } else { 2.0 }).sum();
    (at(0) + inner + at(STEPS)) * step / 3.0
}

/// The logarithm of x to that power, where nothing to the power of nothing is one.
fn log_power(x: f64, power: f64) -> f64 {
    if power == 0.0 { 0.0 } else { power * x.ln() }
}

/// The chance of more than `x` under Student's t with `freedom`: √freedom times the tangent of an angle whose density is a power of
/// its cosine.
pub(crate) fn t_sf(x: f64, freedom: f64) -> f64 {
    let density = |angle: f64| log_power(angle.cos().max(0.0), freedom - 1.0).exp();
    let angle = (x / freedom.sqrt()).atan();
    area(density, angle, FRAC_PI_2) / area(density, -FRAC_PI_2, FRAC_PI_2)
}

/// The chance of more than `x` under chi-square with `freedom`, which is a square.
pub(crate) fn chi_square_sf(x: f64, freedom: f64) -> f64 {
    let log = |root: f64| log_power(root, freedom - 1.0) - root * root / 2.0;
    let peak = log((freedom - 1.0).sqrt());
    let density = |root: f64| (log(root) - peak).exp();
    let (root, end) = (x.sqrt(), freedom.sqrt() + 14.0);
    if root >= end { 0.0 } else { area(density, root, end) / area(density, 0.0, end) }
}

/// The chance of more than `x` under F: the squared tangent of an angle, whose density is powers of its sine and cosine.
pub(crate) fn f_sf(x: f64, above: f64, below: f64) -> f64 {
    let log = |angle: f64| {
        log_power(angle.sin().max(0.0), above - 1.0) + log_power(angle.cos().max(0.0), below - 1.0)
    };
    let peak = log(((above - 1.0) / (below - 1.0)).sqrt().atan());
    let density = |angle: f64| (log(angle) - peak).exp();
    let angle = (above * x / below).sqrt().atan();
    area(density, angle, FRAC_PI_2) / area(density, 0.0, FRAC_PI_2)
}

/// The two-sided p-value of Wilcoxon's signed-rank test with zeros ranked and left out: the part of all choices of signs
/// whose sum is as far out. Nothing where nothing differs.
pub(crate) fn wilcoxon(differences: &[f64]) -> Option<f64> {
    const SAME: f64 = 1e-12;
    let rank = |size: f64| {
        let below = differences.iter().filter(|it| it.abs() < size - SAME).count() as f64;
        let equal = differences.iter().filter(|it| (it.abs() - size).abs() <= SAME).count() as f64;
        below + (equal + 1.0) / 2.0
    };
    // Twice the ranks are whole numbers.
    let signed: Vec<(bool, u64)> = differences
        .iter()
        .filter(|it| it.abs() > SAME)
        .map(|it| (*it > 0.0, (2.0 * rank(it.abs())).round() as u64))
        .collect();
    if signed.is_empty() {
        return None;
    }
    let own: u64 = signed.iter().filter(|it| it.0).map(|it| it.1).sum();
    let mut sums = std::collections::BTreeMap::from([(0_u64, 1.0_f64)]);
    for (_, rank) in &signed {
        let mut next = sums.clone();
        for (sum, ways) in sums {
            *next.entry(sum + rank).or_default() += ways;
        }
        sums = next;
    }
    let all: f64 = sums.values().sum();
    let low: f64 = sums.range(..=own).map(|it| it.1).sum();
    let high: f64 = sums.range(own..).map(|it| it.1).sum();
    Some((2.0 * low.min(high) / all).min(1.0))
}

/// Holm's corrected p-values: of each p-value and all smaller ones, the largest product with how many are at least as large.
pub(crate) fn holm(all: &[f64]) -> Vec<f64> {
    let product = |p: f64| p * all.iter().filter(|it| **it >= p).count() as f64;
    let corrected =
        |p: f64| all.iter().filter(|it| **it <= p).map(|it| product(*it)).fold(0.0, f64::max).min(1.0);
    all.iter().map(|p| corrected(*p)).collect()
}

/// What people read from tables.
pub(crate) struct Tables {
    t: Vec<f64>,
    range: Vec<f64>,
}

impl Tables {
    pub(crate) fn read() -> Tables {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../golden/critical.json")).expect("golden values");
        let list = |name: &str| -> Vec<f64> {
            golden[name].as_array().expect("a list").iter().map(|it| it.as_f64().expect("a number")).collect()
        };
        Tables { t: list("t"), range: list("range") }
    }

    /// The two-sided critical value of Student's t at 0.05.
    pub(crate) fn t(&self, freedom: usize) -> Option<f64> {
        self.t.get(freedom.checked_sub(1)?).copied()
    }

    /// Nemenyi's critical difference at 0.05, as Demšar has it: q is the critical range divided by √2.
    pub(crate) fn nemenyi(&self, methods: usize, tasks: usize) -> Option<f64> {
        let q = self.range.get(methods.checked_sub(2)?)? / 2.0_f64.sqrt();
        let (k, n) = (methods as f64, tasks as f64);
        Some(q * (k * (k + 1.0) / (6.0 * n)).sqrt())
    }
}

#[test]
fn sums_over_densities_are_what_scipy_has() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../golden/critical.json")).expect("golden values");
    let check = |name: &str, own: fn(&[f64]) -> f64| {
        let cases = golden[name].as_array().expect("a list");
        assert!(cases.len() > 10);
        for case in cases {
            let numbers: Vec<f64> =
                case.as_array().expect("a case").iter().map(|it| it.as_f64().expect("a number")).collect();
            let (expected, arguments) = numbers.split_last().expect("a value");
            let value = own(arguments);
            // Between whole degrees of freedom the density of t has no slope at its ends, and the sum is a little off.
            let bound = if name == "t_sf" { 1e-6 } else { 1e-10 };
            assert!((value - expected).abs() <= bound, "{name} {arguments:?}: {value}, not {expected}");
        }
    };
    check("t_sf", |it| t_sf(it[0], it[1]));
    check("chi_square_sf", |it| chi_square_sf(it[0], it[1]));
    check("f_sf", |it| f_sf(it[0], it[1], it[2]));
}

#[test]
fn the_signed_rank_test_and_holm_are_what_scipy_has() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../golden/inference.json")).expect("golden values");
    let numbers = |value: &serde_json::Value| -> Vec<f64> {
        value.as_array().expect("a list").iter().map(|it| it.as_f64().expect("a number")).collect()
    };
    let mut checked = 0;
    for case in golden["wilcoxon"].as_array().expect("cases") {
        let differences = numbers(&case["differences"]);
        if case["zeros"] != "pratt" || differences.len() > 50 {
            continue;
        }
        let expected = case["p"].as_f64().expect("a value");
        let p = wilcoxon(&differences).expect("differences");
        assert!((p - expected).abs() < 1e-12, "{p}, not {expected}");
        checked += 1;
    }
    assert!(checked > 3, "{checked}");
    for case in golden["holm"].as_array().expect("cases") {
        let corrected = holm(&numbers(&case["p"]));
        for (own, expected) in corrected.iter().zip(numbers(&case["corrected"])) {
            assert!((own - expected).abs() < 1e-12);
        }
    }
}
