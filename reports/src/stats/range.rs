//! The range of several normal numbers, and what Nemenyi's test makes of it.

use statrs::distribution::{ContinuousCDF, Normal};

/// Where the density of the standard normal distribution is below 1e-17 and adds nothing any more.
const FARTHEST: f64 = 9.0;
/// Steps of the sum over that. The integrand is smooth and nothing at both ends, so that the trapezoidal rule is
/// exact to rounding with far fewer.
const STEPS: u32 = 720;
/// Halvings of the interval in which a quantile is looked for: 64 / 2^60 is below the rounding of its values.
const HALVINGS: u32 = 60;
/// More than any range in use: of a million normal numbers it is above 20 once in 10^40.
const WIDEST: f64 = 64.0;

/// The chance that the range (largest minus smallest) of `count` independent standard normal numbers is at most `width`:
/// the studentized range with infinitely many degrees of freedom,
/// `count` ∫ φ(z) (Φ(z + width) − Φ(z))^(count − 1) dz
/// (Hartley, The range in random samples, Biometrika 32, 1942). 1 for fewer than two numbers.
#[must_use]
pub fn range_chance(width: f64, count: usize) -> f64 {
    if count < 2 {
        return 1.0;
    }
    if width.is_nan() || width <= 0.0 {
        return 0.0;
    }
    let normal = Normal::standard();
    let step = 2.0 * FARTHEST / f64::from(STEPS);
    let scale = step / (2.0 * std::f64::consts::PI).sqrt();
    // `z` is the smallest of the numbers; all others lie within `width` above it.
    let sum: f64 = (0..=STEPS)
        .map(|place| {
            let z = f64::from(place) * step - FARTHEST;
            let within = (normal.cdf(z + width) - normal.cdf(z)).max(0.0);
            (-z * z / 2.0).exp() * within.powf(count as f64 - 1.0)
        })
        .sum();
    (count as f64 * scale * sum).clamp(0.0, 1.0)
}

/// The width that the range of `count` independent standard normal numbers exceeds with probability `alpha`. Nothing for
/// fewer than two numbers, or if `alpha` is not between 0 and 1.
#[must_use]
pub fn range_critical(alpha: f64, count: usize) -> Option<f64> {
    if count < 2 || !(alpha > 0.0 && alpha < 1.0) {
        return None;
    }
    let (mut low, mut high) = (0.0, WIDEST);
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        if range_chance(middle, count) < 1.0 - alpha { low = middle } else { high = middle }
    }
    Some((low + high) / 2.0)
}

/// The standard error of the difference of two average ranks of `methods` over `tasks`, times √2: what Nemenyi's test
/// studentizes with.
fn rank_scale(methods: usize, tasks: usize) -> f64 {
    let k = methods as f64;
    (k * (k + 1.0) / (12.0 * tasks as f64)).sqrt()
}

/// Nemenyi's critical difference: average ranks over `tasks` of two of `methods` that are farther apart are told apart at
/// level `alpha`, all pairs together (Demšar, Statistical comparisons of classifiers over multiple data sets, JMLR 7,
/// 2006, section 3.2.2). Nothing for fewer than two methods or no task.
#[must_use]
pub fn critical_difference(alpha: f64, methods: usize, tasks: usize) -> Option<f64> {
    // Demšar's q is that of the range divided by √2, and his scale is √2 of this one.
    (tasks > 0).then_some(())?;
    Some(range_critical(alpha, methods)? * rank_scale(methods, tasks))
}

/// The p-value of Nemenyi's test for two average ranks that are `apart`, corrected for all pairs of `methods`.
#[must_use]
pub fn nemenyi_chance(apart: f64, methods: usize, tasks: usize) -> Option<f64> {
    (methods > 1 && tasks > 0).then(|| 1.0 - range_chance(apart.abs() / rank_scale(methods, tasks), methods))
}
