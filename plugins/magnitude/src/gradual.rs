//! Gradual magnitude pruning (Zhu & Gupta, arXiv 1710.01878).

use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::cubic::{Timing, count};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How weights compete: `global`, `uniform` or `erk`.
    #[serde(default)]
    pub(crate) scope: Scope,
    /// Sparsity of the first update.
    #[serde(default)]
    pub(crate) initial_sparsity: f64,
    /// Fraction of the training before the first update.
    #[serde(default)]
    pub(crate) begin: f64,
    /// Fraction of the training after which the masks stay as they are.
    #[serde(default = "default_end")]
    pub(crate) end: f64,
    /// Updates of the masks, the first one not counted, at equal distances from `begin` to `end`.
    #[serde(default = "default_updates")]
    pub(crate) updates: u64,
    /// Fraction of the allowance that the training takes; the host spends the rest on recovery.
    #[serde(default = "default_fraction")]
    pub(crate) search_fraction: f64,
}

fn default_end() -> f64 {
    0.8
}

fn default_updates() -> u64 {
    20
}

fn default_fraction() -> f64 {
    1.0
}

impl Config {
    /// Refuses values that make no sense.
    fn check(&self) -> Result<()> {
        if !(self.initial_sparsity >= 0.0 && self.initial_sparsity < 1.0) {
            let message = format!("initial_sparsity is {}, which is not in [0, 1)", self.initial_sparsity);
            return Err(Error::invalid(message));
        }
        if !(self.begin >= 0.0 && self.begin < 1.0) {
            return Err(Error::invalid(format!("begin is {}, which is not in [0, 1)", self.begin)));
        }
        if !(self.end > self.begin && self.end <= 1.0) {
            let message = format!("end is {}, which is not between begin, {}, and 1", self.end, self.begin);
            return Err(Error::invalid(message));
        }
        if self.updates == 0 {
            return Err(Error::invalid("updates is 0; one at least brings the sparsity to its goal"));
        }
        if !(self.search_fraction > 0.0 && self.search_fraction <= 1.0) {
            let message = format!("search_fraction is {}, which is not in (0, 1]", self.search_fraction);
            return Err(Error::invalid(message));
        }
        Ok(())
    }
}

/// Removes the smallest weights little by little while it trains.
pub(crate) struct GradualMagnitude {
    config: Config,
}

impl PruneMethod for GradualMagnitude {
    const ID: &'static CStr = c"org.secateur.gradual-magnitude";
    const NAME: &'static CStr = c"Gradual magnitude";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Removes the smallest weights while it trains, ever fewer of them from update to update.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1710.01878");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags =
        Flags::TRAINS.and(Flags::NEEDS_DATA).and(Flags::WRITES_WEIGHTS).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        config.check()?;
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let targets = request.targets();
        let total: u64 = run.prunable().iter().map(Param::numel).sum();
        for target in &targets {
            let last = 1.0 - target.count as f64 / total as f64;
            if self.config.initial_sparsity > last {
                return Err(Error::invalid(format!(
                    "initial_sparsity is {}, more than the sparsity {last} of keep {}",
                    self.config.initial_sparsity, target.keep
                )));
            }
        }
        let timing = Timing::new(&self.config, &run.allowance()?, targets.len() as u64)?;
        for (index, target) in targets.iter().enumerate() {
            run.lift_masks()?;
            run.rewind_to("start")?;
            let mut cuts = Cuts {
                config: &self.config,
                timing,
                values: None,
                total,
                goal: target.count,
                trained: index as u64 * timing.steps,
                all_steps: targets.len() as u64 * timing.steps,
            };
            cuts.after(run, 0)?;
            let result = run.train_with(TrainOptions::afresh(timing.steps), &mut cuts)?;
            tracing::info!(
                keep = target.keep,
                steps = timing.steps,
                begin = timing.begin,
                interval = timing.interval,
                loss = result.loss,
                accuracy = result.accuracy,
                "trained"
            );
            run.emit(index)?;
        }
        Ok(())
    }
}

/// The updates of one training.
struct Cuts<'a> {
    config: &'a Config,
    timing: Timing,
    /// Of each prunable parameter the weights as they are, or were when they were masked.
    values: Option<Vec<Tensor>>,
    total: u64,
    goal: u64,
    /// Steps of the trainings before.
    trained: u64,
    /// Steps of all trainings.
    all_steps: u64,
}

impl Cuts<'_> {
    /// Does what is due after so many steps.
    fn after(&mut self, run: &Run<'_>, done: u64) -> Result<()> {
        if let Some(update) = self.timing.update(done) {
            let initial = self.config.initial_sparsity;
            let kept = count(self.total, self.goal, initial, update, self.timing.updates);
            self.cut(run, kept)?;
            tracing::debug!(done, update, kept, "weights removed");
            run.progress(self.trained + done, self.all_steps, "steps");
        }
        Ok(())
    }

    /// Keeps the `kept` largest weights. Masked weights compete with the values that they had, and come back with them.
    fn cut(&mut self, run: &Run<'_>, kept: u64) -> Result<()> {
        let _guard = no_grad_guard();
        let params = run.prunable();
        let mut values = Vec::with_capacity(params.len());
        for (index, param) in params.iter().enumerate() {
            let weight = run.weight(param)?;
            let value = match (&self.values, run.mask(param)?) {
                (Some(before), Some(mask)) => weight.f_where_self(&mask, &before[index])?,
                _ => weight.f_detach_copy()?,
            };
            run.set_scores(param, &value.f_abs()?)?;
            values.push(value);
        }
        run.select(self.config.scope, kept)?;
        for (param, value) in params.iter().zip(&values) {
            let missing = || Error::new(ErrorKind::Internal, format!("`{}` has no mask", param.name()));
            let mask = run.mask(param)?.ok_or_else(missing)?;
            // The host's mask has zeroed what goes, but what comes back is zero from before.
            run.weight(param)?.f_copy_(&value.f_masked_fill(&mask.f_logical_not()?, 0.0)?)?;
        }
        self.values = Some(values);
        Ok(())
    }
}

impl TrainHooks for Cuts<'_> {
    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        self.after(run, step + 1)
    }
}
