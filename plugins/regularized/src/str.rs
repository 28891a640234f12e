//! Soft threshold weight reparameterization (STR, arXiv 2002.03231).

use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::soft_threshold::{RANGE, Thresholds, parameter_of};
use crate::steering::Steering;
use crate::trainings::{check_fraction, for_each_target, whole};

/// Of the weights, the fraction that the thresholds remove before the first step unless `s_init` says otherwise: so few
/// that the network stays what it is, so that the decay finds thresholds where it begins to matter.
const REMOVED_AT_FIRST: f64 = 0.01;

/// Fewest steps of a training that learns anything about its thresholds.
const LEAST_STEPS: u64 = 10;

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Where the parameters of all thresholds begin, below 0; absent: where a hundredth of the weights is below the
    /// threshold. The paper's ResNet-50 at 90 % sparsity has -3200.
    #[serde(default)]
    s_init: Option<f64>,
    /// A constant weight decay of the thresholds' parameters, as in the paper; absent: a decay that is adjusted while the
    /// network trains so that the target's count is reached.
    #[serde(default)]
    decay: Option<f64>,
    /// Fraction of the training after which the adjusted decay has reached the count.
    #[serde(default = "half")]
    reach: f64,
    /// How often the decay is adjusted during a training.
    #[serde(default = "default_adjustments")]
    adjustments: u64,
    /// Fraction of the allowance that is spent on this training; the host spends the rest on recovery.
    #[serde(default = "whole")]
    search_fraction: f64,
}

fn half() -> f64 {
    0.5
}

fn default_adjustments() -> u64 {
    100
}

impl Config {
    fn check(&self) -> Result<()> {
        if let Some(s) = self.s_init
            && !(RANGE[0]..=RANGE[1]).contains(&s)
        {
            return Err(Error::invalid(format!(
                "`s_init` is {s}, which is not from {} to {}",
                RANGE[0], RANGE[1]
            )));
        }
        if let Some(decay) = self.decay
            && !(decay >= 0.0 && decay.is_finite())
        {
            return Err(Error::invalid(format!("`decay` is {decay}, which is not a number from 0 on")));
        }
        if !(self.reach > 0.0 && self.reach <= 1.0) {
            return Err(Error::invalid(format!("`reach` is {}, which is not in (0, 1]", self.reach)));
        }
        if self.adjustments == 0 {
            return Err(Error::invalid("`adjustments` must be at least 1; `decay` sets a constant decay"));
        }
        check_fraction(self.search_fraction)
    }
}

/// Learns a soft threshold for each layer together with the weights.
pub(crate) struct Str {
    config: Config,
}

impl PruneMethod for Str {
    const ID: &'static CStr = c"org.secateur.str";
    const NAME: &'static CStr = c"STR";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Learns a soft threshold for each layer together with the weights.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2002.03231");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags =
        Flags::TRAINS.and(Flags::WRITES_WEIGHTS).and(Flags::NEEDS_DATA).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        for_each_target(run, request, self.config.search_fraction, LEAST_STEPS, |target, steps| {
            self.train(run, target.count, steps)
        })
    }
}

impl Str {
    fn train(&self, run: &Run<'_>, count: u64, steps: u64) -> Result<()> {
        let s = match self.config.s_init {
            Some(s) => s,
            None => parameter_of(small_magnitude(run)?),
        };
        let mut thresholds = Thresholds::new(run, s, self.config.decay)?;
        if self.config.decay.is_none() {
            thresholds.steer(Steering {
                from: thresholds.count(run)?,
                to: count,
                steps,
                reach: self.config.reach,
                every: (steps / self.config.adjustments).max(1),
            });
        }
        let trained = run.train_with(TrainOptions::afresh(steps), &mut thresholds)?;
        let learned = thresholds.count(run)?;
        thresholds.settle(run)?;
        run.select(Scope::Global, count)?;
        // One of the two is zero.
        let (trimmed, restored) = (learned.saturating_sub(count), count.saturating_sub(learned));
        tracing::info!(
            steps,
            loss = trained.loss,
            s_init = s,
            learned,
            count,
            trimmed,
            restored,
            "trained thresholds"
        );
        if trimmed + restored > count / 20 {
            tracing::warn!(
                learned,
                count,
                "the thresholds left another number of weights than was asked for; the host made up the difference by \
                 distance from the threshold"
            );
        }
        Ok(())
    }
}

/// The absolute value below which a hundredth of the prunable weights is.
fn small_magnitude(run: &Run<'_>) -> Result<f64> {
    let _guard = no_grad_guard();
    let params = run.prunable();
    let magnitudes = params.iter().map(|param| Ok(run.weight(param)?.f_abs()?.f_reshape([-1])?));
    let all = Tensor::f_cat(&magnitudes.collect::<Result<Vec<_>>>()?, 0)?;
    let below = (all.numel() as f64 * REMOVED_AT_FIRST) as i64 + 1;
    let (value, _) = all.f_kthvalue(below, 0, false)?;
    Ok(value.f_double_value(&[])?)
}
