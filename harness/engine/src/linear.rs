//! Linear transfer: features extracted once in evaluation mode, then a linear classifier trained on them.

use secateur_suite::{Optimizer, Recipe};
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::evaluate::Evaluation;
use crate::examples::Labelled;
use crate::forward::Pass;
use crate::model::Model;
use crate::random::Streams;
use crate::sgd::{ExtraParam, Sgd};
use crate::train::loss;

/// Pictures in one batch of the extraction.
const BATCH: usize = 250;

/// Inputs of a network's classifier for a whole split.
#[derive(Debug)]
pub struct Features {
    /// f32 `[count, features]`.
    pub values: Tensor,
    /// i64 `[count]`.
    pub labels: Tensor,
}

/// Runs a split through a network up to its classifier's input.
///
/// # Errors
/// Fails if the network has no classifier, or libtorch fails.
pub fn extract_features(model: &Model, set: &dyn Labelled) -> Result<Features> {
    let _guard = tch::no_grad_guard();
    let head = model
        .network()
        .head()
        .ok_or_else(|| Error::Unsupported(format!("network {} has no classifier", model.network().name())))?;
    let until = Some(model.network().node(head).inputs[0]);
    let mut parts = Vec::new();
    set.in_order(BATCH, &mut |input, _| {
        parts.push(model.forward(input, &Pass { until, ..Pass::default() })?);
        Ok(())
    })?;
    if parts.is_empty() {
        return Err(Error::Data("there is no picture to extract features of".to_owned()));
    }
    Ok(Features { values: Tensor::f_cat(&parts, 0)?, labels: set.labels().shallow_clone() })
}

/// A linear classifier on features.
#[derive(Debug)]
pub struct LinearHead {
    weight: Tensor,
    bias: Tensor,
}

impl LinearHead {
    /// What the classifier answers to the features of a split, f32 `[count, classes]`.
    ///
    /// # Errors
    /// Fails if the features are not as many as it was trained on, or libtorch fails.
    pub fn logits(&self, features: &Features) -> Result<Tensor> {
        let _guard = tch::no_grad_guard();
        Ok(features.values.f_linear(&self.weight, Some(&self.bias))?)
    }

    /// Scores the classifier on the features of a split.
    ///
    /// # Errors
    /// Fails if there is no picture, or libtorch fails.
    pub fn score(&self, features: &Features, classes: usize) -> Result<Evaluation> {
        let _guard = tch::no_grad_guard();
        let output = self.logits(features)?;
        let loss = loss(&output, &features.labels, 0.0)?.f_double_value(&[])?;
        let predictions = Vec::<i64>::try_from(output.f_argmax(1, false)?)?;
        let labels = Vec::<i64>::try_from(&features.labels)?;
        Evaluation::from_predictions(predictions, &labels, classes, loss)
    }
}

/// Trains a linear classifier on features for `steps` steps. It starts from the stream `head`, as a fully connected
/// layer of torchvision does.
///
/// # Errors
/// Fails if the loss is not a number, the recipe asks for LARS, or libtorch fails.
pub fn train_head(
    features: &Features,
    classes: usize,
    recipe: &Recipe,
    steps: u64,
    streams: &Streams,
) -> Result<LinearHead> {
    let (count, width) = features.values.size2()?;
    if count == 0 || recipe.batch == 0 {
        return Err(Error::Data("there is no picture to train a classifier on".to_owned()));
    }
    if recipe.optimizer == Optimizer::Lars {
        return Err(Error::Unsupported(
            "`optimizer: lars` is for networks; a linear classifier on features is trained with `sgd`"
                .to_owned(),
        ));
    }
    let device = features.values.device();
    let bound = 1.0 / (width as f64).sqrt();
    let draw = |shape: &[i64], index| -> Result<ExtraParam> {
        streams.seed_torch("head", index);
        let value = Tensor::f_rand(shape, (Kind::Float, Device::Cpu))? * (2.0 * bound) - bound;
        Ok(ExtraParam::new(value.f_to_device(device)?.f_set_requires_grad(true)?, recipe.weight_decay))
    };
    let weight = draw(&[classes as i64, width], 0)?;
    let bias = draw(&[classes as i64], 1)?;
    let sgd = Sgd::new(recipe, 0);
    let mut order = Order { streams, epoch: None, count: count as u64 };
    let mut last_loss = Tensor::f_zeros([], (Kind::Float, device))?;
    for step in 0..steps {
        let indices = order.batch(step, u64::from(recipe.batch), device)?;
        let input = features.values.f_index_select(0, &indices)?;
        let target = features.labels.f_index_select(0, &indices)?;
        let output = input.f_linear(&weight.tensor, Some(&bias.tensor))?;
        last_loss = loss(&output, &target, recipe.label_smoothing)?;
        let leaves = [&weight.tensor, &bias.tensor];
        let grads = Tensor::f_run_backward(&[&last_loss], &leaves, false, false)?;
        let lr = recipe.lr_at(step, steps);
        for (extra, grad) in [&weight, &bias].into_iter().zip(grads) {
            sgd.step_extra(extra, &grad, lr)?;
        }
    }
    let loss = last_loss.f_double_value(&[])?;
    if !loss.is_finite() {
        return Err(Error::Diverged { loss, step: steps });
    }
    Ok(LinearHead { weight: weight.tensor.detach(), bias: bias.tensor.detach() })
}

/// The order of the features, one permutation after the other, on their device.
struct Order<'a> {
    streams: &'a Streams,
    epoch: Option<(u64, Tensor)>,
    count: u64,
}

impl Order<'_> {
    fn batch(&mut self, step: u64, batch: u64, device: Device) -> Result<Tensor> {
        let mut parts = Vec::new();
        let mut position = step * batch;
        while position < (step + 1) * batch {
            let (epoch, offset) = (position / self.count, position % self.count);
            let order = match self.epoch.take() {
                Some((current, order)) if current == epoch => order,
                _ => {
                    let permutation = self.streams.permutation("order", epoch, self.count as usize);
                    Tensor::f_from_slice(&permutation)?.f_to_device(device)?
                }
            };
            let length = ((step + 1) * batch - position).min(self.count - offset);
            parts.push(order.f_narrow(0, offset as i64, length as i64)?);
            self.epoch = Some((epoch, order));
            position += length;
        }
        Ok(Tensor::f_cat(&parts, 0)?)
    }
}
