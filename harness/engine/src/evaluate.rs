//! Scoring.

use secateur_metrics::{ClassificationMetric, Confusion};
use tch::{Kind, Tensor};

use crate::error::{Error, Result};
use crate::examples::Labelled;
use crate::forward::Pass;
use crate::model::Model;
use crate::train::loss;

/// Pictures in one batch of an evaluation. Results do not depend on it.
const BATCH: usize = 250;

/// A scored split.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Predicted class of each picture.
    pub predictions: Vec<i64>,
    /// Fraction of right answers.
    pub top1: f64,
    /// Mean over classes of the fraction of right answers.
    pub mean_per_class: f64,
    /// Mean cross-entropy.
    pub loss: f64,
}

impl Evaluation {
    /// Counts predictions against labels.
    ///
    /// # Errors
    /// Fails if there is no picture, or not one prediction for each.
    pub fn from_predictions(
        predictions: Vec<i64>,
        labels: &[i64],
        classes: usize,
        loss: f64,
    ) -> Result<Self> {
        if predictions.len() != labels.len() {
            return Err(Error::Data(format!(
                "{} predictions for {} pictures",
                predictions.len(),
                labels.len()
            )));
        }
        let mut confusion = Confusion::new(classes);
        for (predicted, truth) in predictions.iter().zip(labels) {
            confusion.add(*truth as usize, *predicted as usize);
        }
        let score = |metric| confusion.score(metric);
        match (score(ClassificationMetric::Top1), score(ClassificationMetric::MeanPerClass)) {
            (Some(top1), Some(mean_per_class)) => Ok(Self { predictions, top1, mean_per_class, loss }),
            _ => Err(Error::Data("there is no picture to score".to_owned())),
        }
    }

    /// The task's own metric.
    #[must_use]
    pub fn score(&self, metric: ClassificationMetric) -> f64 {
        match metric {
            ClassificationMetric::Top1 => self.top1,
            ClassificationMetric::MeanPerClass => self.mean_per_class,
        }
    }
}

/// Scores a model on a split in evaluation mode, without gradients.
///
/// # Errors
/// Fails if there is no picture, or libtorch fails.
pub fn evaluate(model: &Model, set: &dyn Labelled, classes: usize) -> Result<Evaluation> {
    predict(set, classes, |input| model.forward(input, &Pass::default()))
}

/// Scores any function from pictures to logits.
///
/// # Errors
/// Fails if there is no picture, or the function or libtorch fails.
pub fn predict(
    set: &dyn Labelled,
    classes: usize,
    forward: impl Fn(&Tensor) -> Result<Tensor>,
) -> Result<Evaluation> {
    let _guard = tch::no_grad_guard();
    let mut outputs = Vec::with_capacity(set.len().div_ceil(BATCH));
    let mut losses = Vec::with_capacity(outputs.capacity());
    set.in_order(BATCH, &mut |input, target| {
        let output = forward(input)?;
        losses.push(loss(&output, target, 0.0)?.f_to_kind(Kind::Double)? * target.numel() as f64);
        outputs.push(output.f_argmax(1, false)?);
        Ok(())
    })?;
    if outputs.is_empty() {
        return Err(Error::Data("there is no picture to score".to_owned()));
    }
    let predictions = Vec::<i64>::try_from(Tensor::f_cat(&outputs, 0)?)?;
    let labels = Vec::<i64>::try_from(set.labels())?;
    let loss = Tensor::f_stack(&losses, 0)?.f_sum(Kind::Double)?.f_double_value(&[])? / set.len() as f64;
    Evaluation::from_predictions(predictions, &labels, classes, loss)
}
