//! Intervals from values of a statistic on draws with replacement.
//!
//! Who draws is another matter: see [`crate::draws`], whose draws depend on nothing but their number.

use statrs::distribution::{ContinuousCDF, Normal};

use super::{LEVEL, mean, quantile};

/// Ends of the percentile interval at [`LEVEL`] of what draws gave (Efron and Tibshirani, An Introduction to the Bootstrap,
/// 1993, chapter 13). Nothing for no values.
#[must_use]
pub fn percentile_ends(mut drawn: Vec<f64>) -> Option<(f64, f64)> {
    drawn.sort_by(f64::total_cmp);
    Some((quantile(&drawn, (1.0 - LEVEL) / 2.0)?, quantile(&drawn, (1.0 + LEVEL) / 2.0)?))
}

/// Ends of the bias-corrected and accelerated interval (BCa) at [`LEVEL`] (Efron, Better bootstrap confidence intervals, JASA 82,
/// 1987; formulas 14.9 to 14.15 of Efron and Tibshirani, 1993).
///
/// `drawn` are the values of the statistic on draws, `found` is its value on the sample itself, and `left_one_out` are its values
/// with one member of the sample left out, each in turn. Draws equal to `found` count half on either side. Nothing
/// for no values, or where all draws lie on one side of what was found.
#[must_use]
pub fn bca_ends(mut drawn: Vec<f64>, found: f64, left_one_out: &[f64]) -> Option<(f64, f64)> {
    drawn.sort_by(f64::total_cmp);
    let (first, last) = (*drawn.first()?, *drawn.last()?);
    if first == last {
        return Some((first, last));
    }
    let below = drawn.iter().filter(|value| **value < found).count();
    let up_to = drawn.iter().filter(|value| **value <= found).count();
    let normal = Normal::standard();
    let bias = normal.inverse_cdf((below + up_to) as f64 / (2 * drawn.len()) as f64);
    let centre = mean(left_one_out)?;
    let sum = |power: i32| left_one_out.iter().map(|value| (centre - value).powi(power)).sum::<f64>();
    let scale = 6.0 * sum(2).powf(1.5);
    let acceleration = if scale > 0.0 { sum(3) / scale } else { 0.0 };
    let end = |fraction: f64| {
        let shifted = bias + normal.inverse_cdf(fraction);
        let place = normal.cdf(bias + shifted / (1.0 - acceleration * shifted));
        quantile(&drawn, place)
    };
    bias.is_finite().then_some(())?;
    Some((end((1.0 - LEVEL) / 2.0)?, end((1.0 + LEVEL) / 2.0)?))
}

/// Means of `values` with one left out, each in turn; nothing for fewer than two.
#[must_use]
pub fn means_left_one_out(values: &[f64]) -> Option<Vec<f64>> {
    let n = values.len();
    let sum: f64 = values.iter().sum();
    (n > 1).then(|| values.iter().map(|value| (sum - value) / (n - 1) as f64).collect())
}
