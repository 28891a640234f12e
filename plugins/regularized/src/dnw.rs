//! Straight-through gradients to all weights (DNW, arXiv 1906.00586), layer by layer as in the code of STR.

use std::collections::BTreeMap;
use std::ffi::CStr;

use secateur_sdk::prelude::*;
use secateur_sdk::tch::no_grad_guard;

use crate::trainings::{
    check_fraction, count_nonzero, for_each_target, score_by_magnitude, start_over, whole,
};

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How many weights each layer keeps.
    #[serde(default)]
    scope: LayerScope,
    /// Fraction of the allowance that is spent on this training; the host spends the rest on recovery.
    #[serde(default = "whole")]
    search_fraction: f64,
}

/// Scopes that set the number of weights of each layer before training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum LayerScope {
    /// Every layer keeps the same fraction.
    #[default]
    Uniform,
    /// Every layer keeps its Erdős–Rényi-kernel density (arXiv 1911.11134).
    Erk,
}

impl LayerScope {
    fn scope(self) -> Scope {
        match self {
            Self::Uniform => Scope::Uniform,
            Self::Erk => Scope::Erk,
        }
    }
}

/// Trains all weights; the forward pass uses the largest of each layer only, and every weight gets the gradient of what
/// the pass used in its place.
pub(crate) struct Dnw {
    config: Config,
}

impl PruneMethod for Dnw {
    const ID: &'static CStr = c"org.secateur.dnw";
    const NAME: &'static CStr = c"DNW";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Uses the largest weights of each layer and trains all of them with straight-through gradients.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1906.00586");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::TRAINS.and(Flags::NEEDS_DATA).and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        check_fraction(config.search_fraction)?;
        Ok(Self { config })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let scope = self.config.scope.scope();
        for_each_target(run, request, self.config.search_fraction, 1, |target, steps| {
            let mut edges = Edges { quotas: quotas(run, scope, target.count)? };
            let trained = run.train_with(TrainOptions::afresh(steps), &mut edges)?;
            tracing::info!(steps, loss = trained.loss, "trained with straight-through gradients");
            score_by_magnitude(run)?;
            run.select(scope, target.count)
        })
    }
}

/// Weights that each prunable parameter keeps: the host's own numbers for the scope, which add up to the count. The
/// network is set back to the start afterwards.
fn quotas(run: &Run<'_>, scope: Scope, count: u64) -> Result<BTreeMap<u32, u64>> {
    score_by_magnitude(run)?;
    run.select(scope, count)?;
    let mut quotas = BTreeMap::new();
    for param in run.prunable() {
        let kept = match run.mask(&param)? {
            Some(mask) => count_nonzero(&mask)?,
            None => param.numel(),
        };
        quotas.insert(param.id(), kept);
    }
    start_over(run)?;
    Ok(quotas)
}

/// What the forward pass uses of a weight: its `kept` largest absolute values. The gradient of the result is passed to
/// all of the weight.
pub(crate) fn largest_straight_through(weight: &Tensor, kept: u64) -> Result<Tensor> {
    let difference = {
        let _guard = no_grad_guard();
        let flat = weight.f_reshape([-1])?;
        let (_, index) = flat.f_abs()?.f_topk(kept as i64, 0, true, false)?;
        let used = flat.f_zeros_like()?.f_index_copy(0, &index, &flat.f_index_select(0, &index)?)?;
        used.f_view(&weight.size()[..])?.f_sub(weight)?
    };
    // Exact in floating point: of a weight w this is w + 0 or w - w.
    Ok(weight.f_add(&difference)?)
}

/// The largest weights of each layer, chosen anew at each step.
struct Edges {
    quotas: BTreeMap<u32, u64>,
}

impl TrainHooks for Edges {
    fn effective_params(&self) -> Vec<u32> {
        self.quotas.keys().copied().collect()
    }

    fn effective_weight(&mut self, _: &Run<'_>, param: u32, weight: &Tensor) -> Result<Option<Tensor>> {
        self.quotas.get(&param).map(|kept| largest_straight_through(weight, *kept)).transpose()
    }
}
