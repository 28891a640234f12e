//! A weight decay of the thresholds' parameters that leads to a count.

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

/// How the number of weights falls during training, and when the decay is adjusted to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steering {
    /// Weights at the beginning.
    pub(crate) from: u64,
    /// Weights to reach.
    pub(crate) to: u64,
    /// Steps of the training.
    pub(crate) steps: u64,
    /// Fraction of the steps after which `to` is reached.
    pub(crate) reach: f64,
    /// Steps between two adjustments.
    pub(crate) every: u64,
}

impl Steering {
    /// Weights that should be left after `done` steps, if an adjustment is due: a cubic fall, as gradual pruning has it
    /// (arXiv 1710.01878, equation 1). After the last step nothing is adjusted any more.
    pub(crate) fn wanted(&self, done: u64) -> Option<u64> {
        if !done.is_multiple_of(self.every) || done >= self.steps {
            return None;
        }
        let left = (1.0 - done as f64 / (self.reach * self.steps as f64)).max(0.0).powi(3);
        Some(self.to + (self.from.saturating_sub(self.to) as f64 * left).round() as u64)
    }
}

/// The common factor of all `s` with which exactly `wanted` weights (but for equal ones) are above their thresholds.
///
/// A weight is left where `logit(|w|) > factor * s`, that is, as `s` is negative, where `logit(|w|) / s` is below the
/// factor; so the factor is halfway between the largest of the `wanted` smallest ratios and the next one.
pub(crate) fn factor(weights: &[Tensor], s: &[Tensor], wanted: u64) -> Result<f64> {
    let _guard = no_grad_guard();
    let mut ratios = Vec::with_capacity(weights.len());
    for (weight, s) in weights.iter().zip(s) {
        // From one on a value is above all thresholds, as the largest float below one is.
        let magnitude = weight.detach().f_to_kind(Kind::Float)?.f_abs()?.f_clamp_max(1.0 - 1e-7)?;
        let logit = magnitude.f_log()?.f_sub(&magnitude.f_neg()?.f_log1p()?)?;
        ratios.push(logit.f_div(s)?.f_reshape([-1])?);
    }
    let ratios = Tensor::f_cat(&ratios, 0)?;
    if wanted >= ratios.numel() as u64 {
        return Ok(1.0);
    }
    let smallest =
        |rank: u64| -> Result<f64> { Ok(ratios.f_kthvalue(rank as i64, 0, false)?.0.f_double_value(&[])?) };
    let outside = smallest(wanted + 1)?;
    let inside = if wanted == 0 { outside } else { smallest(wanted)? };
    // Weights of zero have infinite ratios: more cannot be left than there are. Above a threshold of one half, where the
    // ratio is negative, no decay leads.
    let factor = inside + (outside - inside) / 2.0;
    Ok(if factor.is_finite() { factor.max(0.0) } else { 1.0 })
}
