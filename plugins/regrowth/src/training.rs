//! One sparse training for each target, and the updates of its masks.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::choice::{any, count, largest};
use crate::config::{Anneal, Config};
use crate::schedule::Schedule;

/// Where weights grow, and when the masks move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// Where the dense gradient is largest; the update takes the place of the optimizer's step (RigL).
    Gradient,
    /// Anywhere; the update follows the optimizer's step (SET).
    Random,
}

/// Trains sparse for each target, from `start` and from random masks.
///
/// # Errors
/// [`ErrorKind::Exhausted`] if the allowance is too short, [`ErrorKind::Infeasible`] if a target keeps no weight.
pub(crate) fn train_each(
    run: &Run<'_>,
    targets: &[Target],
    config: &Config,
    anneal: Anneal,
    growth: Growth,
) -> Result<()> {
    if let Some(target) = targets.iter().find(|target| target.count == 0) {
        let message = format!("keep {} leaves no weight at all; there is nothing to move", target.keep);
        return Err(Error::new(ErrorKind::Infeasible, message));
    }
    let anneal = config.anneal.unwrap_or(anneal);
    let schedule = Schedule::new(config, anneal, &run.allowance()?, targets.len() as u64)?;
    for (index, target) in targets.iter().enumerate() {
        run.lift_masks()?;
        run.rewind_to("start")?;
        config.distribution.set_masks(run, target)?;
        let mut updates = Updates {
            schedule,
            // Afresh for each target, so that what it grows does not depend on the targets before it.
            growth: match growth {
                Growth::Gradient => None,
                Growth::Random => Some(ChaCha8Rng::seed_from_u64(run.seed("grow"))),
            },
            trained: index as u64 * schedule.steps,
            total: targets.len() as u64 * schedule.steps,
        };
        run.progress(updates.trained, updates.total, "steps");
        let result = run.train_with(TrainOptions::afresh(schedule.steps), &mut updates)?;
        tracing::info!(
            keep = target.keep,
            steps = schedule.steps,
            interval = schedule.interval,
            end = schedule.end,
            loss = result.loss,
            accuracy = result.accuracy,
            "trained"
        );
        run.emit(index)?;
    }
    Ok(())
}

/// The updates of one training.
struct Updates {
    schedule: Schedule,
    /// SET's generator; without one, RigL's gradients.
    growth: Option<ChaCha8Rng>,
    /// Steps of the trainings before.
    trained: u64,
    /// Steps of all trainings.
    total: u64,
}

impl Updates {
    fn update(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        let fraction = self.schedule.fraction(step);
        let (mut moved, mut active) = (0, 0);
        for param in run.prunable() {
            let (dropped, of) = self.move_weights(run, &param, fraction)?;
            moved += dropped;
            active += of;
        }
        tracing::debug!(step, fraction, moved, active, "weights dropped and grown");
        run.progress(self.trained + step + 1, self.total, "steps");
        Ok(())
    }

    /// Drops the smallest weights of a parameter and grows as many. Returns how many, and how many are active.
    fn move_weights(&mut self, run: &Run<'_>, param: &Param<'_>, fraction: f64) -> Result<(i64, i64)> {
        let _guard = no_grad_guard();
        let missing = |what| Error::new(ErrorKind::Internal, format!("`{}` has no {what}", param.name()));
        let mask = run.mask(param)?.ok_or_else(|| missing("mask"))?.f_reshape([-1])?;
        let active = count(&mask)?;
        let dropped = (fraction * active as f64) as i64;
        if dropped == 0 {
            return Ok((0, active));
        }
        let weight = run.weight(param)?.f_reshape([-1])?;
        let kept = largest(&weight.f_abs()?, &mask, active - dropped)?;
        let free = kept.f_logical_not()?;
        let grown = match &mut self.growth {
            None => {
                let gradient = run.grad(param)?.ok_or_else(|| missing("gradient"))?.f_reshape([-1])?;
                largest(&gradient.f_abs()?, &free, dropped)?
            }
            Some(rng) => any(&free, dropped, rng)?,
        };
        // A weight that goes and comes at once has never been gone: it keeps its value and its momentum. The others were
        // under the mask, so they are zero.
        let fresh = grown.f_logical_and(&mask.f_logical_not()?)?;
        run.set_mask(param, Some(&kept.f_logical_or(&grown)?.f_view(param.shape())?))?;
        run.reset_optimizer(param, &fresh.f_view(param.shape())?)?;
        Ok((dropped, active))
    }
}

impl TrainHooks for Updates {
    fn after_backward(&mut self, run: &Run<'_>, step: u64) -> Result<StepAction> {
        if self.growth.is_some() || !self.schedule.is_due(step) {
            return Ok(StepAction::Step);
        }
        self.update(run, step)?;
        Ok(StepAction::Skip)
    }

    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        if self.growth.is_some() && self.schedule.is_due(step) {
            self.update(run, step)?;
        }
        Ok(())
    }
}
