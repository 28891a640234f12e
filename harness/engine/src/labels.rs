//! What pictures with one class each have in common, wherever their pixels are.

use secateur_data::TaskInfo;
use secateur_metrics::ClassificationMetric;
use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::evaluate::evaluate;
use crate::examples::{Labelled, Score};
use crate::model::Model;
use crate::train::loss;

/// The classes of a split, and the task's normalization, on a device.
#[derive(Debug)]
pub(crate) struct Labels {
    /// i64 `[count]`.
    pub(crate) values: Tensor,
    pub(crate) count: usize,
    pub(crate) classes: usize,
    metric: ClassificationMetric,
    scale: Tensor,
    offset: Tensor,
}

impl Labels {
    /// Those of a split whose pictures have so many channels.
    pub(crate) fn new(labels: &[u16], info: &TaskInfo, channels: usize, device: Device) -> Result<Self> {
        let classes = info.classes.len();
        if let Some(label) = labels.iter().find(|label| usize::from(**label) >= classes) {
            return Err(Error::Data(format!(
                "task {}: label {label} lies outside its {classes} classes",
                info.id
            )));
        }
        if info.mean.len() != channels || info.std.len() != channels {
            return Err(Error::Data(format!("task {}: mean and std need {channels} values each", info.id)));
        }
        let values: Vec<i64> = labels.iter().map(|label| i64::from(*label)).collect();
        let per_channel = |values: Vec<f32>| -> Result<Tensor> {
            Ok(Tensor::f_from_slice(&values)?.f_view([1, channels as i64, 1, 1])?.f_to_device(device)?)
        };
        Ok(Self {
            values: Tensor::f_from_slice(&values)?.f_to_device(device)?,
            count: labels.len(),
            classes,
            metric: info.metric,
            scale: per_channel(info.std.iter().map(|std| 1.0 / (255.0 * std)).collect())?,
            offset: per_channel(info.mean.iter().zip(&info.std).map(|(mean, std)| mean / std).collect())?,
        })
    }

    /// Pictures of 8-bit values, normalized, f32 of the same shape.
    pub(crate) fn normalize(&self, pictures: &Tensor) -> Result<Tensor> {
        Ok((pictures.f_to_kind(Kind::Float)? * &self.scale).f_sub_(&self.offset)?)
    }

    /// The classes of some pictures, i64 `[n]`, and their numbers on the device.
    pub(crate) fn of(&self, indices: &[i64]) -> Result<(Tensor, Tensor)> {
        let indices = Tensor::f_from_slice(indices)?.f_to_device(self.values.device())?;
        Ok((self.values.f_index_select(0, &indices)?, indices))
    }

    /// The class of each picture.
    pub(crate) fn of_pictures(&self) -> Result<Vec<Vec<usize>>> {
        let labels = Vec::<i64>::try_from(&self.values)?;
        Ok(labels.into_iter().map(|label| vec![label as usize]).collect())
    }

    /// How well a model answers a set that has these labels.
    pub(crate) fn score(&self, model: &Model, set: &dyn Labelled) -> Result<Score> {
        let evaluation = evaluate(model, set, self.classes)?;
        Ok(Score { metric: evaluation.score(self.metric), loss: evaluation.loss })
    }
}

/// Cross-entropy of logits f32 `[n, classes]`, and how many were right, f64, a scalar without a graph.
pub(crate) fn loss_and_right(
    output: &Tensor,
    target: &Tensor,
    label_smoothing: f64,
) -> Result<(Tensor, Tensor)> {
    let loss = loss(output, target, label_smoothing)?;
    let _guard = tch::no_grad_guard();
    Ok((loss, output.f_argmax(1, false)?.f_eq_tensor(target)?.f_sum(Kind::Double)?))
}
