//! The diagonal of the Fisher matrix.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::path::Path;
use crate::saliency::{Damage, Saliency};
use crate::woodfisher::{default_fraction, default_steps};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Gradients of which the diagonal is made; as for WoodFisher, whose baseline it is.
    #[serde(default = "default_gradients")]
    gradients: u32,
    /// Pictures over which each gradient is a mean.
    #[serde(default = "default_batch")]
    batch: u32,
    /// How weights compete: `global`, `uniform` or `erk`.
    #[serde(default)]
    scope: Scope,
    /// Prunings on the way to each target; 1 is one shot.
    #[serde(default = "default_steps")]
    steps: u32,
    /// With several steps: fraction of the allowance for gradients and trainings between prunings. 0: no training.
    #[serde(default = "default_fraction")]
    search_fraction: f64,
}

fn default_gradients() -> u32 {
    400
}

fn default_batch() -> u32 {
    16
}

/// Optimal brain damage with the diagonal of the empirical Fisher matrix for that of the Hessian, a baseline of
/// WoodFisher's paper (arXiv 2004.14340).
pub(crate) struct DiagonalFisher {
    path: Path,
}

impl PruneMethod for DiagonalFisher {
    const ID: &'static CStr = c"org.secateur.diagonal-fisher";
    const NAME: &'static CStr = c"Diagonal Fisher";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Removes the weights that cost least by the diagonal of the Fisher matrix (optimal brain damage).";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2004.14340");
    const GRANULARITY: Granularity = Granularity::Weight;
    // One shot reads the weights of the start for each target, and so writes back what an earlier one removed.
    const FLAGS: Flags = Flags::NEEDS_DATA
        .and(Flags::NEEDS_GRAD)
        .and(Flags::TRAINS)
        .and(Flags::WRITES_WEIGHTS)
        .and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        let Config { gradients, batch, scope, steps, search_fraction } = config;
        let path = Path { gradients, batch, scope, steps, search_fraction };
        path.check()?;
        Ok(Self { path })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        self.path
            .walk(run, request, &|gradients, _| Ok(Box::new(Damage::new(&gradients)?) as Box<dyn Saliency>))
    }
}
