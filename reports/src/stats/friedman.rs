//! Friedman's test: whether several methods differ at all over several tasks.

use statrs::distribution::{ChiSquared, ContinuousCDF, FisherSnedecor};

use super::average_ranks;

/// What Friedman's test says of several methods that were scored on the same tasks.
#[derive(Clone, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Friedman {
    /// Tasks, the test's blocks.
    pub tasks: usize,
    /// Methods, the test's treatments.
    pub methods: usize,
    /// Friedman's chi-square, corrected for ties.
    pub chi_square: f64,
    /// Its p-value, with `methods` − 1 degrees of freedom.
    pub p: f64,
    /// The F of Iman and Davenport, which is less conservative; absent where all tasks have the same order, for then it is
    /// infinite.
    pub f: Option<f64>,
    /// Its p-value, with `methods` − 1 and (`methods` − 1) (`tasks` − 1) degrees of freedom; where all tasks have the same order
    /// the chance of that, (1 / `methods`!)^(`tasks` − 1).
    pub f_p: f64,
}

/// Friedman's test of `scores`, one list for each task with one score for each method, higher being better.
///
/// With R_j the sum of the ranks of method j over N tasks, k methods, and the ranks r_ij,
/// chi² = (k − 1) Σ_j (R_j − N (k + 1) / 2)² / (Σ_ij r_ij² − N k (k + 1)² / 4), which is Friedman's statistic with the correction for
/// ties (Conover, Practical Nonparametric Statistics, 3rd edition, 1999, section 5.8), and
/// F = (N − 1) chi² / (N (k − 1) − chi²) (Iman and Davenport, 1980; Demšar, JMLR 7, 2006, section 3.2.2).
///
/// Nothing for fewer than two tasks or methods, lists of different lengths, or if all methods are tied on all tasks.
#[must_use]
pub fn friedman(scores: &[Vec<f64>]) -> Option<Friedman> {
    let tasks = scores.len();
    let methods = scores.first()?.len();
    if tasks < 2 || methods < 2 || scores.iter().any(|task| task.len() != methods) {
        return None;
    }
    let (n, k) = (tasks as f64, methods as f64);
    let mut sums = vec![0.0; methods];
    let mut squares = 0.0;
    for ranks in scores.iter().map(|task| average_ranks(task)) {
        for (sum, rank) in sums.iter_mut().zip(&ranks) {
            *sum += rank;
            squares += rank * rank;
        }
    }
    let centre = n * (k + 1.0) / 2.0;
    let between: f64 = sums.iter().map(|sum| (sum - centre).powi(2)).sum();
    let spread = squares - n * k * (k + 1.0).powi(2) / 4.0;
    if spread <= 0.0 {
        return None;
    }
    let chi_square = (k - 1.0) * between / spread;
    let p = ChiSquared::new(k - 1.0).ok()?.sf(chi_square);
    // Ranks are halves of integers, so whatever is left of a perfect agreement is rounding.
    let left = n * (k - 1.0) - chi_square;
    let f = (left > 1e-9 * n * k).then(|| (n - 1.0) * chi_square / left);
    let f_p = match f {
        Some(f) => FisherSnedecor::new(k - 1.0, (k - 1.0) * (n - 1.0)).ok()?.sf(f),
        None => (1..=methods).map(|it| (it as f64).powf(1.0 - n)).product(),
    };
    Some(Friedman { tasks, methods, chi_square, p, f, f_p })
}
