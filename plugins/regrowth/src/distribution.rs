//! Random masks with given counts in each layer.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use secateur_sdk::prelude::*;

use crate::choice::{below, count};
use crate::erk;

/// How many weights each layer keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Distribution {
    /// By the layer's Erdős–Rényi kernel (arXiv 1911.11134).
    #[default]
    Erk,
    /// The same fraction of each layer.
    Uniform,
    /// All of the network's first convolution, and the same fraction of each other layer.
    UniformFirstDense,
}

impl Distribution {
    /// Sets random masks that keep exactly the target's count.
    ///
    /// # Errors
    /// [`ErrorKind::Infeasible`] if the first convolution alone has more weights than the target keeps.
    pub(crate) fn set_masks(self, run: &Run<'_>, target: &Target) -> Result<()> {
        let params = run.prunable();
        let first = match self {
            Self::UniformFirstDense => first_convolution(run, target)?,
            Self::Erk | Self::Uniform => None,
        };
        for param in &params {
            let places = places(run, param);
            let scores: Vec<f32> = if first == Some(param.id()) {
                vec![f32::INFINITY; places.len()]
            } else {
                // Evenly spread over the layer, so that one threshold over all layers keeps the same fraction of each.
                places.iter().map(|place| (f64::from(*place) / places.len() as f64) as f32).collect()
            };
            run.set_scores(param, &Tensor::f_from_slice(&scores)?.f_view(param.shape())?)?;
        }
        match self {
            Self::Erk => run.select(Scope::Erk, target.count)?,
            Self::Uniform => run.select(Scope::Uniform, target.count)?,
            Self::UniformFirstDense => run.select(Scope::Global, target.count)?,
        }
        if self == Self::Erk { tell(run, &params, target) } else { Ok(()) }
    }
}

/// The first convolution, where it belongs to the prunable set: elsewhere it is dense anyway.
fn first_convolution(run: &Run<'_>, target: &Target) -> Result<Option<u32>> {
    let params = run.params();
    let Some(first) = params.iter().find(|param| param.shape().len() == 4) else { return Ok(None) };
    if !first.is_prunable() {
        return Ok(None);
    }
    if first.numel() > target.count {
        let message = format!(
            "keep {} leaves {} weights, fewer than the {} of `{}`, which stays dense; set `distribution` to `uniform`",
            target.keep,
            target.count,
            first.numel(),
            first.name()
        );
        return Err(Error::new(ErrorKind::Infeasible, message));
    }
    Ok(Some(first.id()))
}

/// The weights of a parameter in a random order: the place of each one. The same for all targets, so that the first
/// masks of smaller keeps lie within those of larger ones.
fn places(run: &Run<'_>, param: &Param<'_>) -> Vec<u32> {
    // libtorch's generator belongs to the host, hence one of our own.
    let mut rng = ChaCha8Rng::seed_from_u64(run.seed(&format!("mask/{}", param.name())));
    let mut places: Vec<u32> = (0..param.numel() as u32).collect();
    for last in (1..places.len()).rev() {
        places.swap(last, below(&mut rng, last + 1));
    }
    places
}

/// Tells by how much the host's exact counts differ from those of RigL's code, which rounds each layer by itself.
fn tell(run: &Run<'_>, params: &[Param<'_>], target: &Target) -> Result<()> {
    let shapes: Vec<&[i64]> = params.iter().map(Param::shape).collect();
    let total: u64 = params.iter().map(Param::numel).sum();
    let published = erk::counts(&shapes, 1.0 - target.count as f64 / total as f64);
    let mut furthest = 0;
    for (param, published) in params.iter().zip(published) {
        let kept = run.mask(param)?.map_or(Ok(param.numel() as i64), |mask| count(&mask))?;
        furthest = furthest.max((kept as u64).abs_diff(published));
    }
    tracing::info!(layers = params.len(), furthest, "weights of a layer more or less than in RigL's code");
    Ok(())
}
