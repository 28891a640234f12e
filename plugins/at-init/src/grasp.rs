//! Gradient signal preservation (GraSP, arXiv 2002.07376).

use std::ffi::CStr;

use secateur_sdk::Batch;
use secateur_sdk::prelude::*;

use crate::looking::{At, Statistics, afford, answer, loss};

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Training pictures of each class that are looked at.
    #[serde(default = "default_samples")]
    pub(crate) samples_per_class: u32,
    /// Parts that these pictures are split into; each goes through the network at once.
    #[serde(default = "two")]
    pub(crate) parts: u32,
    /// What logits are divided by before the softmax.
    #[serde(default = "default_temperature")]
    pub(crate) temperature: f64,
    /// What batch norms normalize by.
    #[serde(default = "of_the_batch")]
    pub(crate) statistics: Statistics,
    /// How weights compete.
    #[serde(default)]
    pub(crate) scope: Scope,
    /// The network that is scored and handed in.
    #[serde(default)]
    pub(crate) at: At,
}

fn default_samples() -> u32 {
    25
}

fn two() -> u32 {
    2
}

fn default_temperature() -> f64 {
    200.0
}

fn of_the_batch() -> Statistics {
    Statistics::Batch
}

/// Removes the weights whose removal weakens the flow of gradients least or strengthens it most: the largest
/// `-w * (H g)` (equation 8), with the gradient `g` and the Hessian `H` of the loss.
pub(crate) struct Grasp {
    config: Config,
}

impl PruneMethod for Grasp {
    const ID: &'static CStr = c"org.secateur.grasp";
    const NAME: &'static CStr = c"GraSP";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps the weights without which gradients would flow less.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2002.07376");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::NEEDS_DATA.and(Flags::NEEDS_GRAD).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if config.samples_per_class == 0 || config.parts == 0 {
            return Err(Error::invalid("`samples_per_class` and `parts` must be at least 1"));
        }
        if !(config.temperature > 0.0 && config.temperature.is_finite()) {
            return Err(Error::invalid(format!(
                "`temperature` is {}, which is not a number above 0",
                config.temperature
            )));
        }
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let scores = scores(run, &self.config)?;
        answer(run, request, &scores, self.config.scope, self.config.at)
    }
}

/// `w * (H g)` of each prunable parameter, of its shape: the negative of the paper's score, so that higher is kept.
///
/// Gradient and Hessian are those of the sum of the parts' mean losses, by the prunable parameters alone.
pub(crate) fn scores(run: &Run<'_>, config: &Config) -> Result<Vec<Tensor>> {
    if run.has_boxes() {
        return Err(Error::unsupported(
            "GraSP divides logits by a temperature, and a detector's output is more than logits",
        ));
    }
    config.at.rewind(run)?;
    let parts = parts(run, config)?;
    let params = run.prunable();
    let weights = params.iter().map(|param| run.weight(param)).collect::<Result<Vec<_>>>()?;
    run.zero_grad()?;
    for part in &parts {
        run.backward(&loss(run, part, config.statistics, config.temperature)?)?;
    }
    let gradient = params.iter().map(|param| run.grad(param)).collect::<Result<Vec<_>>>()?;
    run.zero_grad()?;
    for part in &parts {
        let loss = loss(run, part, config.statistics, config.temperature)?;
        let with_graph = Tensor::f_run_backward(&[&loss], &weights, true, true)?;
        // The gradient of g . gradient(w) with g held fixed is H g.
        run.backward(&inner_product(&gradient, &with_graph)?)?;
    }
    let scores = params.iter().zip(&weights).map(|(param, weight)| match run.grad(param)? {
        Some(product) => Ok(weight.detach().f_mul(&product)?),
        None => Ok(weight.detach().f_zeros_like()?),
    });
    let scores = scores.collect();
    run.zero_grad()?;
    scores
}

/// The pictures, in parts whose sizes differ by less than the number of parts.
fn parts(run: &Run<'_>, config: &Config) -> Result<Vec<Batch>> {
    run.rewind_data(Split::Train, u32::MAX, config.samples_per_class)?;
    let Some(all) = run.next_batch()? else {
        return Err(Error::unsupported("this task has no training pictures"));
    };
    // Each picture goes forward and backward twice.
    let samples = 2 * all.target.size()[0] as u64;
    afford(run, samples, "lower `samples_per_class`, or raise the allowance")?;
    let parts = i64::from(config.parts);
    let inputs = all.input.f_chunk(parts, 0)?;
    let targets = all.target.f_chunk(parts, 0)?;
    Ok(inputs.into_iter().zip(targets).map(|(input, target)| Batch { input, target }).collect())
}

/// The sum over all parameters of the products of both values.
fn inner_product(gradient: &[Option<Tensor>], with_graph: &[Tensor]) -> Result<Tensor> {
    let mut sum: Option<Tensor> = None;
    for (fixed, graph) in gradient.iter().zip(with_graph) {
        // The loss need not depend on every parameter.
        let (Some(fixed), true) = (fixed, graph.defined()) else { continue };
        let own = graph.f_mul(fixed)?.f_sum(graph.kind())?;
        sum = Some(match sum {
            Some(sum) => sum.f_add(&own)?,
            None => own,
        });
    }
    sum.ok_or_else(|| Error::unsupported("the loss depends on no prunable parameter"))
}
