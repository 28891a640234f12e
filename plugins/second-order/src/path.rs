//! The way from the dense network to the targets, which is the same for all methods here.

use secateur_sdk::prelude::*;

use crate::flat;
use crate::gradients::Gradients;
use crate::saliency::Saliency;
use crate::schedule::{Level, levels};

/// The parameters that all methods have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Path {
    pub(crate) gradients: u32,
    pub(crate) batch: u32,
    pub(crate) scope: Scope,
    pub(crate) steps: u32,
    pub(crate) search_fraction: f64,
}

/// From gradients f32 `[N, n]` and the numbers of weights of the parameters to what removing a weight means.
pub(crate) type Estimate<'a> = &'a dyn Fn(Tensor, &[i64]) -> Result<Box<dyn Saliency>>;

impl Path {
    /// Refuses values that make no sense.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, value) in [("gradients", self.gradients), ("batch", self.batch), ("steps", self.steps)] {
            if value == 0 {
                return Err(Error::invalid(format!("`{name}` is 0; it must be at least 1")));
            }
        }
        if !(0.0..=1.0).contains(&self.search_fraction) {
            return Err(Error::invalid(format!(
                "`search_fraction` is {}, which is not between 0 and 1",
                self.search_fraction
            )));
        }
        Ok(())
    }

    /// Answers all targets.
    pub(crate) fn walk(&self, run: &Run<'_>, request: &Request<'_>, estimate: Estimate<'_>) -> Result<()> {
        let targets = request.targets();
        let source = Gradients::open(run, self.gradients, self.batch)?;
        if self.steps == 1 {
            self.steps_per_training(run, &source, 1)?;
            return self.one_shot(run, &targets, &source, estimate);
        }
        let total = run.prunable().iter().map(Param::numel).sum();
        let levels = levels(total, &targets, self.steps);
        let training = self.steps_per_training(run, &source, levels.len() as u64)?;
        self.gradual(run, &levels, &source, training, estimate)
    }

    /// Every target from the weights of the start, by the same gradients.
    fn one_shot(
        &self,
        run: &Run<'_>,
        targets: &[Target],
        source: &Gradients,
        estimate: Estimate<'_>,
    ) -> Result<()> {
        let saliency = estimate(source.collect(run, None)?, &flat::sizes(run))?;
        let weights = flat::weights(run)?;
        flat::set_scores(run, &saliency.scores(&weights)?)?;
        for (index, target) in targets.iter().enumerate() {
            // The host notes what its last selection finds, which is to be the network of the start.
            run.lift_masks()?;
            flat::write(run, &weights)?;
            run.select(self.scope, target.count)?;
            let removed = flat::masks(run)?.f_logical_not()?;
            flat::write(run, &saliency.without(&weights, &removed)?)?;
            run.emit(index)?;
            run.progress(index as u64 + 1, targets.len() as u64, "targets");
        }
        Ok(())
    }

    /// Prunes level by level, each time by gradients of what is left, and trains in between.
    fn gradual(
        &self,
        run: &Run<'_>,
        levels: &[Level],
        source: &Gradients,
        training: u64,
        estimate: Estimate<'_>,
    ) -> Result<()> {
        for (done, level) in levels.iter().enumerate() {
            let kept = flat::masks(run)?;
            let saliency = estimate(source.collect(run, Some(&kept))?, &flat::sizes(run))?;
            let weights = flat::weights(run)?;
            // What is gone stays gone, also against a remaining weight whose score is exactly zero.
            let scores = saliency.scores(&weights)?;
            flat::set_scores(run, &scores.f_masked_fill(&kept.f_logical_not()?, f64::NEG_INFINITY)?)?;
            run.select(self.scope, level.count)?;
            let removed = flat::masks(run)?.f_logical_not()?;
            // Weights that went before are zero, so they ask for no update now.
            flat::write(run, &saliency.without(&weights, &removed)?)?;
            drop(saliency);
            if let Some(target) = level.target {
                run.emit(target)?;
            }
            if training > 0 && done + 1 < levels.len() {
                let result = run.train(TrainOptions::afresh(training))?;
                tracing::info!(kept = level.count, loss = result.loss, accuracy = result.accuracy, "trained");
            }
            run.progress(done as u64 + 1, levels.len() as u64, "prunings");
        }
        Ok(())
    }

    /// Equal shares, for the trainings between prunings, of what the search may spend beside its gradients; 0 for a
    /// search that does not train.
    fn steps_per_training(&self, run: &Run<'_>, source: &Gradients, prunings: u64) -> Result<u64> {
        let allowance = run.allowance()?;
        let trains = prunings > 1 && self.search_fraction > 0.0;
        let budget = if trains {
            (allowance.left_samples as f64 * self.search_fraction) as u64
        } else {
            allowance.left_samples
        };
        let cost = source.samples() * prunings;
        let steps = match budget.checked_sub(cost) {
            Some(_) if !trains => return Ok(0),
            Some(rest) if allowance.batch > 0 => rest / u64::from(allowance.batch) / (prunings - 1),
            _ => 0,
        };
        if steps > 0 {
            return Ok(steps);
        }
        let fraction = if trains { "`search_fraction` of " } else { "" };
        let trainings = if trains { ", and a step of training between each two of them" } else { "" };
        Err(Error::new(
            ErrorKind::Exhausted,
            format!(
                "{prunings} prunings by {} samples of gradients each take {cost} samples{trainings}, but {fraction}the \
                 allowance leaves {budget}; lower `gradients`, `batch` or `steps`, or give the track a larger allowance",
                source.samples()
            ),
        ))
    }
}
