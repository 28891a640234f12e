//! Means, intervals and ranks; in the modules below, tests and what else compares methods.
//!
//! Nothing here knows of boards: the callers decide which numbers are repetitions of which, and an
//! interval carries along what it is over, so that a table cannot print one without saying so.

pub mod bootstrap;
pub mod compare;
pub mod correlation;
pub mod curve;
pub mod friedman;
pub mod range;
pub mod reversal;
pub mod wilcoxon;

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Confidence level of every interval in a report.
pub const LEVEL: f64 = 0.95;

/// Two scores closer than this are the same score: means of equal fractions differ in their last bits when they
/// are summed in another order, and such noise must not decide a rank.
const SAME_SCORE: f64 = 1e-12;

/// What the repetitions behind an interval are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Seeds, with the tasks held fixed: says what another seed would give on these tasks.
    SeedsAtFixedTasks,
    /// Tasks, with one seed each: says what other tasks of this kind would give.
    Tasks,
    /// Tasks and seeds together: says what other tasks of this kind and another seed would give.
    TasksAndSeeds,
    /// Pictures of one task, with one seed: says what other pictures of this kind would give.
    Pictures,
    /// Pictures of one task and seeds together: says what other pictures and another seed would give.
    PicturesAndSeeds,
}

impl Over {
    /// The words that stand in tables.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Over::SeedsAtFixedTasks => "seeds at fixed tasks",
            Over::Tasks => "tasks",
            Over::TasksAndSeeds => "tasks and seeds",
            Over::Pictures => "pictures",
            Over::PicturesAndSeeds => "pictures and seeds",
        }
    }
}

/// A two-sided interval at [`LEVEL`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// What it is over.
    pub over: Over,
}

impl Interval {
    /// Half of its width.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Whether it contains zero; for a difference: whether the two sides cannot be told apart.
    #[must_use]
    pub fn contains_zero(&self) -> bool {
        self.low <= 0.0 && 0.0 <= self.high
    }
}

/// Mean and spread of repeated measurements.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Summary {
    /// Number of repetitions.
    pub n: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Sample standard deviation (n − 1); absent for one repetition.
    pub sd: Option<f64>,
    /// t-interval of the mean; absent for one repetition.
    pub interval: Option<Interval>,
}

impl Summary {
    /// Summarizes `values`, which are repetitions over `over`. Nothing for no values.
    #[must_use]
    pub fn of(values: &[f64], over: Over) -> Option<Summary> {
        let mean = mean(values)?;
        let sd = sample_sd(values);
        let interval = sd.and_then(|sd| t_interval(mean, sd, values.len(), over));
        Some(Summary { n: values.len(), mean, sd, interval })
    }

    /// Half the width of the interval, if there is one.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        self.interval.map(|interval| interval.half_width())
    }

    /// The same measurements with their sign turned.
    #[must_use]
    pub fn negated(self) -> Summary {
        let interval = self.interval.map(|it| Interval { low: -it.high, high: -it.low, over: it.over });
        Summary { mean: -self.mean, interval, ..self }
    }
}

/// Whether two scores are the same but for the noise of their last bits.
#[must_use]
pub fn same_score(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME_SCORE
}

/// Whether `score` is `threshold` or above it, but for the noise of their last bits.
#[must_use]
pub fn at_least(score: f64, threshold: f64) -> bool {
    threshold - score <= SAME_SCORE
}

/// Arithmetic mean; nothing for no values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation (n − 1); nothing for fewer than two values.
#[must_use]
pub fn sample_sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    // Equal values must give exactly zero: the rounding of their mean would otherwise invent a spread.
    if values.iter().all(|value| *value == values[0]) {
        return Some(0.0);
    }
    let centre = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Student's t-interval of a mean from `n` values with sample standard deviation `sd`.
#[must_use]
pub fn t_interval(mean: f64, sd: f64, n: usize, over: Over) -> Option<Interval> {
    let half = t_critical(n)? * sd / (n as f64).sqrt();
    Some(Interval { low: mean - half, high: mean + half, over })
}

/// Two-sided critical value of Student's t for `n` repetitions at [`LEVEL`]; nothing for fewer than two.
#[must_use]
pub fn t_critical(n: usize) -> Option<f64> {
    let freedom = n.checked_sub(1).filter(|freedom| *freedom > 0)? as f64;
    let distribution = StudentsT::new(0.0, 1.0, freedom).ok()?;
    Some(distribution.inverse_cdf(0.5 + LEVEL / 2.0))
}

/// The value below which `fraction` of the sorted values lie, between two of them in proportion (the seventh definition of
/// Hyndman and Fan, Sample Quantiles in Statistical Packages, 1996). Nothing for no values.
#[must_use]
pub fn quantile(sorted: &[f64], fraction: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = fraction.clamp(0.0, 1.0) * last as f64;
    let below = *sorted.get(place as usize)?;
    let above = *sorted.get(last.min(place as usize + 1))?;
    Some(below + place.fract() * (above - below))
}

/// Ranks of scores where higher is better: 1 is the best, equal scores share the mean of their places.
///
/// The ranks of n scores always sum to n (n + 1) / 2.
#[must_use]
pub fn average_ranks(scores: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut ranks = vec![0.0; scores.len()];
    let mut first = 0;
    while first < order.len() {
        let best = scores[order[first]];
        let same =
            order[first..].iter().take_while(|index| best - scores[**index] <= SAME_SCORE).count().max(1);
        // Places first + 1 ..= first + same, averaged.
        let shared = first as f64 + (same as f64 + 1.0) / 2.0;
        for index in &order[first..first + same] {
            ranks[*index] = shared;
        }
        first += same;
    }
    ranks
}

#[cfg(test)]
mod tests;
