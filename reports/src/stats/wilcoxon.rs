//! Wilcoxon's signed-rank test of paired differences.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{SAME_SCORE, average_ranks, same_score};

/// As many differences as the distribution is counted of, rather than approximated.
const MOST_COUNTED: usize = 50;

/// What happens to differences of zero, which have no sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Zeros {
    /// They are left out before ranking (Wilcoxon, Individual comparisons by ranking methods, 1945).
    Wilcox,
    /// They are ranked with the others, and their ranks are left out then (Pratt, Remarks on zeros and ties in the Wilcoxon
    /// signed rank procedures, 1959), so that many zeros do not make the few other differences count more.
    Pratt,
}

/// What the test says.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Wilcoxon {
    /// Differences that are not zero.
    pub n: usize,
    /// Sum of the ranks of the positive differences.
    pub positive: f64,
    /// Sum of the ranks of the negative ones.
    pub negative: f64,
    /// The two-sided p-value.
    pub p: f64,
    /// Whether it is counted over all choices of signs; else it is that of the normal approximation with ties.
    pub exact: bool,
}

/// Wilcoxon's signed-rank test of whether `differences` are symmetric about zero, two-sided.
///
/// Up to 50 differences, the sum of positive ranks is held against its distribution over all choices of signs with the ranks
/// as they are, ties and left-out zeros included; above, against a normal distribution with the variance of these ranks, without
/// a correction for continuity. Differences closer than rounding are tied. Nothing where all differences are zero.
#[must_use]
pub fn wilcoxon(differences: &[f64], zeros: Zeros) -> Option<Wilcoxon> {
    let is_zero = |difference: f64| same_score(difference, 0.0);
    let ranked: Vec<f64> =
        differences.iter().copied().filter(|it| zeros == Zeros::Pratt || !is_zero(*it)).collect();
    if ranked.iter().any(|it| !it.is_finite()) {
        return None;
    }
    // The smallest has rank 1, and what is zero but for rounding is one tie.
    let sizes: Vec<f64> = ranked.iter().map(|it| if is_zero(*it) { 0.0 } else { -it.abs() }).collect();
    let signed: Vec<(bool, f64)> = ranked
        .iter()
        .zip(average_ranks(&sizes))
        .filter(|(difference, _)| !is_zero(**difference))
        .map(|(difference, rank)| (*difference > SAME_SCORE, rank))
        .collect();
    if signed.is_empty() {
        return None;
    }
    let sum = |wanted: bool| signed.iter().filter(|it| it.0 == wanted).map(|it| it.1).sum::<f64>();
    let (positive, negative) = (sum(true), sum(false));
    let ranks: Vec<f64> = signed.iter().map(|it| it.1).collect();
    let exact = ranked.len() <= MOST_COUNTED;
    let p = if exact { counted(&ranks, positive) } else { approximated(&ranks, positive) };
    Some(Wilcoxon { n: signed.len(), positive, negative, p, exact })
}

/// The smallest two-sided p-value that `n` differences without ties or zeros can have: 2 / 2^n.
#[must_use]
pub fn smallest_chance(n: usize) -> f64 {
    2.0_f64.powi(1 - i32::try_from(n).unwrap_or(i32::MAX)).min(1.0)
}

/// Twice the smaller of the chances of a sum of positive ranks as small, and as large, as `positive`.
fn counted(ranks: &[f64], positive: f64) -> f64 {
    // Ranks with ties are halves of integers.
    let doubled: Vec<usize> = ranks.iter().map(|rank| (rank * 2.0).round() as usize).collect();
    let mut chances = vec![0.0; doubled.iter().sum::<usize>() + 1];
    chances[0] = 1.0;
    let mut most = 0;
    for rank in doubled {
        most += rank;
        for sum in (0..=most).rev() {
            let with = if sum >= rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = (chances[sum] + with) / 2.0;
        }
    }
    let place = (positive * 2.0).round() as usize;
    let below: f64 = chances[..=place].iter().sum();
    let above: f64 = chances[place..].iter().sum();
    (2.0 * below.min(above)).min(1.0)
}

fn approximated(ranks: &[f64], positive: f64) -> f64 {
    let mean = ranks.iter().sum::<f64>() / 2.0;
    let variance = ranks.iter().map(|rank| rank * rank).sum::<f64>() / 4.0;
    2.0 * Normal::standard().sf((positive - mean).abs() / variance.sqrt())
}
