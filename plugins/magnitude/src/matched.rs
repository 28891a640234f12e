//! Random pruning with the layers' counts of global magnitude pruning.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::random::random_scores;

/// Layer-wise-matched random pruning: in each layer as many weights stay as global magnitude pruning would keep
/// there, but random ones. What magnitude gains over it comes from its choice within layers; what it gains over
/// [`crate::random::Random`], from its distribution over layers as well.
pub(crate) struct RandomMatched;

impl PruneMethod for RandomMatched {
    const ID: &'static CStr = c"org.secateur.random-layerwise-matched";
    const NAME: &'static CStr = c"Random, layer-wise matched";
    const VERSION: &'static CStr = c"2";
    const SUMMARY: &'static CStr =
        c"Keeps random weights, in each layer as many as global magnitude pruning would.";
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::DETERMINISTIC;
    type Config = secateur_sdk::NoConfig;

    fn create(_: Self::Config) -> Result<Self> {
        Ok(Self)
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let params = run.prunable();
        let mut layers = Vec::with_capacity(params.len());
        for param in &params {
            let magnitudes = run.weight_at(param, "start")?.f_abs()?;
            // One random order per layer for all targets, so that smaller keeps are nested in larger ones.
            let scores = random_scores(run, &format!("matched/{}", param.name()), param);
            let mut order: Vec<usize> = (0..scores.len()).collect();
            order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
            layers.push((param, magnitudes, scores, order));
        }
        for (index, target) in request.targets().iter().enumerate() {
            for (param, magnitudes, ..) in &layers {
                run.set_scores(param, magnitudes)?;
            }
            run.select(Scope::Global, target.count)?;
            for (param, _, scores, order) in &layers {
                let count = match run.mask(param)? {
                    Some(mask) => mask.f_sum(Kind::Int64)?.f_int64_value(&[])? as usize,
                    None => order.len(),
                };
                // Random scores are below one, so the host's selection takes these and no others, unless a pattern
                // of the suite forbids it.
                let mut scores = scores.clone();
                for position in &order[..count] {
                    scores[*position] += 1.0;
                }
                run.set_scores(param, &Tensor::f_from_slice(&scores)?.f_view(param.shape())?)?;
            }
            // The host notes what its last selection finds, which is to be the network of the start.
            run.lift_masks()?;
            run.rewind_to("start")?;
            run.select(Scope::Global, target.count)?;
            run.emit(index)?;
        }
        Ok(())
    }
}
