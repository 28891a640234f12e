//! Soft thresholds with learned parameters.

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::steering::Steering;

/// Thresholds' parameters stay in this range: a threshold of nothing to speak of, and just below one half, where decay
/// leads.
pub(crate) const RANGE: [f64; 2] = [-3200.0, -1e-3];

/// `sign(w) * relu(|w| - sigmoid(s))` (arXiv 2002.03231, equation 3). Differentiable by `w` and by `s`, a tensor of one
/// element.
pub(crate) fn soft_threshold(weight: &Tensor, s: &Tensor) -> Result<Tensor> {
    Ok(weight.f_sign()?.f_mul(&margin(weight, s)?.f_relu()?)?)
}

/// `|w| - sigmoid(s)`: what is left of an absolute value above the threshold, or how far below it is.
pub(crate) fn margin(weight: &Tensor, s: &Tensor) -> Result<Tensor> {
    Ok(weight.f_abs()?.f_sub(&s.f_sigmoid()?)?)
}

/// The parameter whose threshold is an absolute value.
pub(crate) fn parameter_of(threshold: f64) -> f64 {
    let s = (threshold / (1.0 - threshold)).ln();
    if s.is_nan() { RANGE[1] } else { s.clamp(RANGE[0], RANGE[1]) }
}

/// The network's prunable parameters behind their thresholds, while the host trains both.
pub(crate) struct Thresholds {
    /// Identifiers of the prunable parameters.
    ids: Vec<u32>,
    /// `s` of each, `[1]`, on the parameters' device.
    s: Vec<Tensor>,
    /// Weight decay of `s` by the host's optimizer.
    decay: f64,
    /// Decay that leads to a count, in its place.
    steering: Option<Steering>,
}

impl Thresholds {
    /// The same `s` for all prunable parameters. Without a constant decay, steering sets it.
    pub(crate) fn new(run: &Run<'_>, s: f64, decay: Option<f64>) -> Result<Self> {
        let params = run.prunable();
        let start = params.iter().map(|param| {
            let options = (Kind::Float, run.weight(param)?.device());
            Ok(Tensor::f_full([1], s, options)?.f_set_requires_grad(true)?)
        });
        Ok(Self {
            s: start.collect::<Result<_>>()?,
            ids: params.iter().map(Param::id).collect(),
            decay: decay.unwrap_or(0.0),
            steering: None,
        })
    }

    /// From now on the decay of `s` follows the count.
    pub(crate) fn steer(&mut self, steering: Steering) {
        self.steering = Some(steering);
    }

    /// Weights that the thresholds leave.
    pub(crate) fn count(&self, run: &Run<'_>) -> Result<u64> {
        let _guard = no_grad_guard();
        let mut count = 0;
        for (param, s) in run.prunable().iter().zip(&self.s) {
            count += crate::trainings::count_nonzero(&soft_threshold(&run.weight(param)?, s)?)?;
        }
        Ok(count)
    }

    /// Puts the effective weights in place of the weights, and gives the host their margins as scores: among weights that
    /// are left they order as absolute values do, and among the others the nearest to its threshold is first.
    pub(crate) fn settle(&self, run: &Run<'_>) -> Result<()> {
        let _guard = no_grad_guard();
        for (param, s) in run.prunable().iter().zip(&self.s) {
            let mut weight = run.weight(param)?;
            run.set_scores(param, &margin(&weight, s)?)?;
            let effective = soft_threshold(&weight, s)?;
            weight.f_copy_(&effective)?;
            tracing::debug!(param = param.name(), s = s.f_double_value(&[0])?, "threshold");
        }
        Ok(())
    }
}

impl TrainHooks for Thresholds {
    fn effective_params(&self) -> Vec<u32> {
        self.ids.clone()
    }

    fn effective_weight(&mut self, _: &Run<'_>, param: u32, weight: &Tensor) -> Result<Option<Tensor>> {
        let position = self.ids.iter().position(|id| *id == param);
        position.map(|position| soft_threshold(weight, &self.s[position])).transpose()
    }

    fn extra_params(&self) -> (Vec<Tensor>, f64) {
        (self.s.iter().map(Tensor::shallow_clone).collect(), self.decay)
    }

    fn after_step(&mut self, run: &Run<'_>, step: u64) -> Result<()> {
        let Some(wanted) = self.steering.as_ref().and_then(|steering| steering.wanted(step + 1)) else {
            return Ok(());
        };
        let _guard = no_grad_guard();
        let weights = run.prunable().iter().map(|param| run.weight(param)).collect::<Result<Vec<_>>>()?;
        let factor = crate::steering::factor(&weights, &self.s, wanted)?;
        for s in &mut self.s {
            let _ = s.f_mul_scalar_(factor)?;
            let _ = s.f_clamp_(RANGE[0], RANGE[1])?;
        }
        tracing::debug!(step, wanted, factor, "decay of thresholds");
        Ok(())
    }
}
