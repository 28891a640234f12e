//! When masks move, and how much of them.

use std::f64::consts::PI;

use secateur_sdk::{Allowance, Error, ErrorKind, Result};

use crate::config::{Anneal, Config};

/// Most steps between two updates: the papers' interval (arXiv 1911.11134, section 4: 100 steps, of 32000).
const LONGEST: u64 = 100;
/// Fewest: of RigL's steps at most one in ten is lost to an update.
const SHORTEST: u64 = 10;
/// Updates that a short training is to have at least, as long as they are not closer than [`SHORTEST`].
const WANTED: u64 = 25;

/// The updates of one training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    /// Steps of the training.
    pub(crate) steps: u64,
    /// Steps between two updates.
    pub(crate) interval: u64,
    /// The step from which on there are none.
    pub(crate) end: u64,
    alpha: f64,
    anneal: Anneal,
}

impl Schedule {
    /// A schedule for each of `trainings` equal parts of what the allowance has left.
    ///
    /// # Errors
    /// [`ErrorKind::Exhausted`] if the parts are so short that no update follows the one at the first step.
    pub(crate) fn new(
        config: &Config,
        anneal: Anneal,
        allowance: &Allowance,
        trainings: u64,
    ) -> Result<Self> {
        let steps = allowance.steps_each(config.search_fraction, trainings);
        let end = (steps as f64 * config.end) as u64;
        let interval = config.interval.unwrap_or((end / WANTED).clamp(SHORTEST, LONGEST));
        if end <= interval {
            let needed =
                ((interval as f64 + 1.0) / config.end).ceil() * trainings as f64 / config.search_fraction;
            let samples = (needed.ceil() as u64).saturating_mul(u64::from(allowance.batch.max(1)));
            return Err(Error::new(
                ErrorKind::Exhausted,
                format!(
                    "the allowance has {} samples left, which are {steps} steps for each of {trainings} trainings; \
                     masks that move every {interval} steps until step {end} would move at the first step only. \
                     Allow {samples} samples, or set a smaller `interval`",
                    allowance.left_samples
                ),
            ));
        }
        Ok(Self { steps, interval, end, alpha: config.alpha, anneal })
    }

    /// Whether masks move at a step, counted from 0 (arXiv 1911.11134, algorithm 1: the first step is one of them).
    pub(crate) fn is_due(&self, step: u64) -> bool {
        step < self.end && step.is_multiple_of(self.interval)
    }

    /// Fraction of the active weights that move at a step: `alpha / 2 (1 + cos(pi t / T_end))`
    /// (arXiv 1911.11134, equation 1), or alpha.
    pub(crate) fn fraction(&self, step: u64) -> f64 {
        match self.anneal {
            Anneal::Constant => self.alpha,
            Anneal::Cosine => self.alpha / 2.0 * (1.0 + (PI * step as f64 / self.end as f64).cos()),
        }
    }
}
