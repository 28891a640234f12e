//! The training loop.
//!
//! On a GPU nothing in the loop waits for the device: losses and counts are summed there and read once, at the
//! end of the call.

use std::ops::ControlFlow;

use secateur_suite::Recipe;
use tch::{Kind, Reduction, Tensor};

use crate::error::{Error, Result};
use crate::examples::{Augmentation, Batches, Examples};
use crate::forward::{Captured, Pass};
use crate::model::Model;
use crate::random::Streams;
use crate::sgd::{ExtraParam, Sgd};

/// What a hook says after a backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepChoice {
    /// Let the optimizer step.
    Step,
    /// No optimizer step this time.
    Skip,
}

/// Places where others take part in training. Every method has a default that does nothing.
pub trait StepHooks {
    /// Called before each step, for progress, checkpoints and cancelling.
    ///
    /// # Errors
    /// An error ends training.
    fn before_step(&mut self, step: u64) -> Result<()> {
        let _ = step;
        Ok(())
    }

    /// Tensors that the forward pass uses in place of parameters; one entry per parameter, or none at all.
    ///
    /// # Errors
    /// An error ends training.
    fn effective_weights(&mut self, model: &Model) -> Result<Option<Vec<Option<Tensor>>>> {
        let _ = model;
        Ok(None)
    }

    /// What the forward pass should keep.
    fn captured(&self) -> Option<&Captured> {
        None
    }

    /// Shows the batch of this step.
    fn batch(&mut self, input: &Tensor, target: &Tensor) {
        let _ = (input, target);
    }

    /// A scalar to add to the loss.
    ///
    /// # Errors
    /// An error ends training.
    fn extra_loss(&mut self, step: u64) -> Result<Option<Tensor>> {
        let _ = step;
        Ok(None)
    }

    /// After the backward pass; the model's gradients are dense.
    ///
    /// # Errors
    /// An error ends training.
    fn after_backward(&mut self, step: u64) -> Result<StepChoice> {
        let _ = step;
        Ok(StepChoice::Step)
    }

    /// After the optimizer's step. A break makes it the last one, as if no more had been asked for.
    ///
    /// # Errors
    /// An error ends training.
    fn after_step(&mut self, step: u64) -> Result<ControlFlow<()>> {
        let _ = step;
        Ok(ControlFlow::Continue(()))
    }
}

/// No hooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl StepHooks for NoHooks {}

/// What a call of [`Trainer::train`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainSummary {
    /// Steps trained: those that were asked for, or fewer where a hook stopped.
    pub steps: u64,
    /// Mean loss of the batches, extra losses left out; NaN without a step.
    pub loss: f64,
    /// Fraction of right answers on the training batches ([`Examples::loss_and_right`]); NaN without a step.
    pub accuracy: f64,
}

/// Trains a model on a set with a recipe.
#[derive(Debug)]
pub struct Trainer<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its optimizer.
    pub sgd: &'a Sgd,
    /// The training pictures.
    pub data: &'a dyn Examples,
    /// The recipe.
    pub recipe: &'a Recipe,
    /// Streams of order, augmentation and dropout.
    pub streams: Streams,
}

/// Where a call of [`Trainer::train`] stands in data and schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Number of the first batch.
    pub batch: u64,
    /// Step of the schedule that the first step is.
    pub schedule_step: u64,
    /// Steps of the whole schedule.
    pub schedule_total: u64,
    /// Factor on the learning rate.
    pub lr_scale: f64,
}

impl Position {
    /// The beginning of a training of `total` steps.
    #[must_use]
    pub fn start(total: u64) -> Self {
        Self { batch: 0, schedule_step: 0, schedule_total: total, lr_scale: 1.0 }
    }
}

impl Trainer<'_> {
    /// Trains for `steps` steps, or until a hook stops, from a position, with extra parameters that are trained along.
    ///
    /// # Errors
    /// Fails if a hook or libtorch does, or when the loss is not a number at the end.
    pub fn train(
        &self,
        at: Position,
        steps: u64,
        extra: &[ExtraParam],
        hooks: &mut dyn StepHooks,
    ) -> Result<TrainSummary> {
        let augmentation = Augmentation::of(self.recipe);
        let batches = Batches::new(self.data, self.streams, self.recipe.batch as usize, augmentation)?;
        let device = self.model.options().device;
        let mut loss_sum = Tensor::f_zeros([1], (Kind::Double, device))?;
        let mut right = Tensor::f_zeros([1], (Kind::Double, device))?;
        let extra_leaves: Vec<&Tensor> = extra.iter().map(|extra| &extra.tensor).collect();
        let mut done = 0;
        for step in 0..steps {
            hooks.before_step(step)?;
            let batch_index = at.batch + step;
            let (input, target) = batches.get(batch_index)?;
            self.streams.seed_torch("dropout", batch_index);
            hooks.batch(&input, &target);
            let effective = hooks.effective_weights(self.model)?;
            let output = self.model.forward(
                &input,
                &Pass {
                    train: true,
                    effective: effective.as_deref(),
                    captured: hooks.captured(),
                    ..Pass::default()
                },
            )?;
            let (task_loss, right_now) =
                self.data.loss_and_right(&output, &target, self.recipe.label_smoothing)?;
            {
                let _guard = tch::no_grad_guard();
                let _ = loss_sum.f_add_(&task_loss.detach())?;
                let _ = right.f_add_(&right_now)?;
            }
            let total_loss = match hooks.extra_loss(step)? {
                Some(extra) => task_loss.f_add(&extra)?,
                None => task_loss,
            };
            self.model.zero_grad();
            let extra_grads = self.model.backward(&total_loss, &extra_leaves)?;
            if hooks.after_backward(step)? == StepChoice::Step {
                let lr = self.recipe.lr_at(at.schedule_step + step, at.schedule_total) * at.lr_scale;
                self.sgd.step(self.model, lr)?;
                for (extra, grad) in extra.iter().zip(extra_grads) {
                    if grad.defined() {
                        self.sgd.step_extra(extra, &grad, lr)?;
                    }
                }
            }
            let flow = hooks.after_step(step)?;
            self.model.apply_masks()?;
            if let Some(memory) = self.data.memory() {
                memory.after_step(&target)?;
            }
            done = step + 1;
            if flow.is_break() {
                break;
            }
        }
        self.model.zero_grad();
        let samples = done * u64::from(self.recipe.batch);
        let loss = loss_sum.f_double_value(&[0])? / done as f64;
        if done > 0 && !loss.is_finite() {
            return Err(Error::Diverged { loss, step: done });
        }
        Ok(TrainSummary { steps: done, loss, accuracy: right.f_double_value(&[0])? / samples as f64 })
    }
}

/// Cross-entropy of logits f32 `[n, classes]` and classes i64 `[n]`, a scalar.
///
/// # Errors
/// Fails if libtorch does.
pub fn loss(output: &Tensor, target: &Tensor, label_smoothing: f64) -> Result<Tensor> {
    Ok(output.f_cross_entropy_loss(target, None::<&Tensor>, Reduction::Mean, -100, label_smoothing)?)
}
