//! The schedule of gradual pruning.

use secateur_sdk::{Allowance, Error, ErrorKind, Result};

use crate::gradual::Config;

/// When weights go, in steps of one training: after `begin + k * interval` steps, for k from 0 to `updates`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timing {
    /// Steps of the training.
    pub(crate) steps: u64,
    /// Steps before the first update.
    pub(crate) begin: u64,
    /// Steps between two updates.
    pub(crate) interval: u64,
    /// Updates after the first one.
    pub(crate) updates: u64,
}

impl Timing {
    /// The timing of each of `trainings` equal parts of what the allowance has left.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if there is no step from update to update.
    pub(crate) fn new(config: &Config, allowance: &Allowance, trainings: u64) -> Result<Self> {
        let trainings = trainings.max(1);
        let steps = allowance.steps_each(config.search_fraction, trainings);
        let begin = (steps as f64 * config.begin) as u64;
        let end = (steps as f64 * config.end) as u64;
        let interval = end.saturating_sub(begin) / config.updates;
        if interval == 0 {
            // One more, because the ends of the schedule are rounded down to whole steps.
            let steps_needed = ((config.updates as f64 + 1.0) / (config.end - config.begin)).ceil();
            let needed = (steps_needed * trainings as f64 / config.search_fraction).ceil() as u64;
            let samples = needed.saturating_mul(u64::from(allowance.batch.max(1)));
            return Err(Error::new(
                ErrorKind::Exhausted,
                format!(
                    "the allowance has {} samples left, which are {steps} steps for each of {trainings} trainings; \
                     from step {begin} to step {end} there is no step from update to update of {}. Allow {samples} \
                     samples, or set fewer `updates`",
                    allowance.left_samples, config.updates
                ),
            ));
        }
        Ok(Self { steps, begin, interval, updates: config.updates })
    }

    /// The number of the update that follows `done` steps.
    pub(crate) fn update(&self, done: u64) -> Option<u64> {
        let since = done.checked_sub(self.begin)?;
        let update = since / self.interval;
        (since.is_multiple_of(self.interval) && update <= self.updates).then_some(update)
    }
}

/// Weights that remain after update number `update` of `updates`: of `total`, a sparsity of
/// `s_f + (s_i - s_f) (1 - k / n)^3`, where the final sparsity `s_f` is that of `goal` (Zhu & Gupta, arXiv 1710.01878,
/// equation 1).
pub(crate) fn count(total: u64, goal: u64, initial_sparsity: f64, update: u64, updates: u64) -> u64 {
    let last = 1.0 - goal as f64 / total as f64;
    let left = 1.0 - update as f64 / updates as f64;
    let sparsity = last + (initial_sparsity - last) * left.powi(3);
    // The last update keeps the goal itself, whatever the rounding of sparsities.
    if update == updates { goal } else { ((1.0 - sparsity) * total as f64).round() as u64 }
}
