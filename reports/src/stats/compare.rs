//! Whether two means differ, given the repetitions behind them; and many such questions at once.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Summary, mean, sample_sd};

/// What Welch's test says of two samples.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Welch {
    /// First mean minus second.
    pub difference: f64,
    /// Student's t; absent where neither sample varies.
    pub t: Option<f64>,
    /// Degrees of freedom after Welch and Satterthwaite; absent with `t`.
    pub freedom: Option<f64>,
    /// The two-sided p-value; 1 or 0 where neither sample varies, as the means are equal or not.
    pub p: f64,
}

/// Welch's test of two independent samples with variances of their own (Welch, The generalization of "Student's" problem,
/// Biometrika 34, 1947). Nothing for a sample of fewer than two.
#[must_use]
pub fn welch(a: &[f64], b: &[f64]) -> Option<Welch> {
    let difference = mean(a)? - mean(b)?;
    let part = |values: &[f64]| Some(sample_sd(values)?.powi(2) / values.len() as f64);
    let (own, other) = (part(a)?, part(b)?);
    let variance = own + other;
    if variance <= 0.0 {
        let p = if super::same_score(difference, 0.0) { 1.0 } else { 0.0 };
        return Some(Welch { difference, t: None, freedom: None, p });
    }
    let freedom =
        variance.powi(2) / (own.powi(2) / (a.len() - 1) as f64 + other.powi(2) / (b.len() - 1) as f64);
    let t = difference / variance.sqrt();
    let p = 2.0 * StudentsT::new(0.0, 1.0, freedom).ok()?.sf(t.abs());
    Some(Welch { difference, t: Some(t), freedom: Some(freedom), p })
}

/// One standard deviation for all samples of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Pooled {
    /// Square root of the mean of the samples' variances, each weighted with its degrees of freedom.
    pub sd: f64,
    /// Degrees of freedom of all samples together.
    pub freedom: usize,
}

impl Pooled {
    /// Pools the samples that have a spread. Nothing if there is none.
    #[must_use]
    pub fn of(samples: &[Summary]) -> Option<Pooled> {
        let spreads = || samples.iter().filter_map(|it| Some((it.sd?, it.n - 1)));
        let freedom: usize = spreads().map(|(_, freedom)| freedom).sum();
        let squares: f64 = spreads().map(|(sd, freedom)| sd * sd * freedom as f64).sum();
        (freedom > 0).then(|| Pooled { sd: (squares / freedom as f64).sqrt(), freedom })
    }

    /// Fisher's least significant difference of two means of `a` and `b` repetitions at level `alpha`:
    /// t(1 − alpha / 2, degrees of freedom) · sd · √(1/a + 1/b) (Fisher, The Design of Experiments, 1935, section 24). Nothing is
    /// corrected for the number of comparisons. Nothing for an empty sample.
    #[must_use]
    pub fn least_significant_difference(&self, alpha: f64, a: usize, b: usize) -> Option<f64> {
        if a == 0 || b == 0 || !(alpha > 0.0 && alpha < 1.0) {
            return None;
        }
        let critical = StudentsT::new(0.0, 1.0, self.freedom as f64).ok()?.inverse_cdf(1.0 - alpha / 2.0);
        Some(critical * self.sd * (1.0 / a as f64 + 1.0 / b as f64).sqrt())
    }
}

/// Holm's correction of p-values for their number: the i-th smallest of m times m − i + 1, never below one before it, at most 1
/// (Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979). In the order of
/// `p`.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut corrected = vec![1.0; p.len()];
    let mut largest: f64 = 0.0;
    for (place, index) in order.into_iter().enumerate() {
        largest = largest.max(p[index] * (p.len() - place) as f64).min(1.0);
        corrected[index] = largest;
    }
    corrected
}
