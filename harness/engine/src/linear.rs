//! Linear transfer: features extracted once in evaluation mode, then a linear classifier trained on them.

use secateur_suite::Recipe;
use tch::{Kind, Tensor};

use crate::dataset::DeviceSet;
use crate::error::{Error, Result};
use crate::evaluate::Evaluation;
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
pub fn extract_features(model: &Model, set: &DeviceSet) -> Result<Features> {
    let _guard = tch::no_grad_guard();
    let head = model
        .network()
        .head()
        .ok_or_else(|| Error::Unsupported(format!("network {} has no classifier", model.network().name())))?;
    let until = Some(model.network().node(head).inputs[0]);
    let mut parts = Vec::new();
    for start in (0..set.len()).step_by(BATCH) {
        let (input, _) = set.range(start, BATCH.min(set.len() - start))?;
        parts.push(model.forward(&input, &Pass { until, ..Pass::default() })?);
    }
    if parts.is_empty() {
        return Err(Error::Data("there is no picture to extract features of".to_owned()));
    }
    Ok(Features { values: Tensor::f_cat(&parts, 0)?, labels: set.labels().shallow_clone() })
}

/// Trains a linear classifier on `train` for `steps` steps and scores it on `test`. The classifier starts from the
/// stream `head`, as a fully connected layer of torchvision does.
///
/// # Errors
/// Fails if there is no picture, the loss is not a number, or libtorch fails.
pub fn train_head(
    train: &Features,
    test: &Features,
    classes: usize,
    recipe: &Recipe,
    steps: u64,
    streams: &Streams,
) -> Result<Evaluation> {
    let (count, width) = train.values.size2()?;
    if count == 0 || test.values.size2()?.0 == 0 || recipe.batch == 0 {
        return Err(Error::Data(
            "there is no picture to train a classifier on, or none to score it on".to_owned(),
        ));
    }
    let device = train.values.device();
    let bound = 1.0 / (width as f64).sqrt();
    let draw = |shape: &[i64], index| -> Result<ExtraParam> {
        streams.seed_torch("head", index);
        let value = Tensor::f_rand(shape, (Kind::Float, tch::Device::Cpu))? * (2.0 * bound) - bound;
        Ok(ExtraParam::new(value.f_to_device(device)?.f_set_requires_grad(true)?, recipe.weight_decay))
    };
    let weight = draw(&[classes as i64, width], 0)?;
    let bias = draw(&[classes as i64], 1)?;
    let sgd = Sgd::new(recipe, 0);
    let batch = u64::from(recipe.batch);
    let mut order = (u64::MAX, Tensor::new());
    let mut last_loss = Tensor::f_zeros([], (Kind::Float, device))?;
    for step in 0..steps {
        let mut parts = Vec::new();
        let mut position = step * batch;
        while position < (step + 1) * batch {
            let (epoch, offset) = (position / count as u64, position % count as u64);
            if order.0 != epoch {
                let permutation = streams.permutation("order", epoch, count as usize);
                order = (epoch, Tensor::f_from_slice(&permutation)?.f_to_device(device)?);
            }
            let length = ((step + 1) * batch - position).min(count as u64 - offset);
            parts.push(order.1.f_narrow(0, offset as i64, length as i64)?);
            position += length;
        }
        let indices = Tensor::f_cat(&parts, 0)?;
        let input = train.values.f_index_select(0, &indices)?;
        let target = train.labels.f_index_select(0, &indices)?;
        let output = input.f_linear(&weight.tensor, Some(&bias.tensor))?;
        last_loss = loss(&output, &target, recipe.label_smoothing)?;
        let mut grads =
            Tensor::f_run_backward(&[&last_loss], &[&weight.tensor, &bias.tensor], false, false)?.into_iter();
        let lr = recipe.lr_at(step, steps);
        for extra in [&weight, &bias] {
            if let Some(grad) = grads.next() {
                sgd.step_extra(extra, &grad, lr)?;
            }
        }
    }
    let loss_value = last_loss.f_double_value(&[])?;
    if !loss_value.is_finite() {
        return Err(Error::Diverged { loss: loss_value, step: steps });
    }
    let _guard = tch::no_grad_guard();
    let output = test.values.f_linear(&weight.tensor, Some(&bias.tensor))?;
    let test_loss = loss(&output, &test.labels, 0.0)?.f_double_value(&[])?;
    let predictions = Vec::<i64>::try_from(output.f_argmax(1, false)?)?;
    let labels = Vec::<i64>::try_from(&test.labels)?;
    Evaluation::from_predictions(predictions, &labels, classes, test_loss)
}
