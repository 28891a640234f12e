//! WoodFisher.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::blocks::Blocks;
use crate::path::Path;
use crate::saliency::{Saliency, Surgeon};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Added to the diagonal of the Fisher matrix. Scripts of the paper: 1e-5.
    #[serde(default = "default_damp")]
    damp: f64,
    /// Weights of a layer that are in a block together. Paper, ResNet-50: 2000.
    #[serde(default = "default_block")]
    block: u32,
    /// Gradients of which the Fisher matrix is made. Paper, ResNet-50: 400.
    #[serde(default = "default_gradients")]
    gradients: u32,
    /// Pictures over which each gradient is a mean. Paper, ResNet-50: 400; CIFAR: 1 and 50.
    #[serde(default = "default_batch")]
    batch: u32,
    /// How weights compete: `global` (the paper's joint selection), `uniform` (its independent one) or `erk`.
    #[serde(default)]
    scope: Scope,
    /// Prunings on the way to each target; 1 is one shot.
    #[serde(default = "default_steps")]
    steps: u32,
    /// With several steps: fraction of the allowance for gradients and trainings between prunings. 0: no training, the
    /// Fisher matrix is only computed anew.
    #[serde(default = "default_fraction")]
    search_fraction: f64,
    /// Factor on the update of the weights that remain. 0 leaves them as they are.
    #[serde(default = "default_scale")]
    update_scale: f64,
}

pub(crate) fn default_damp() -> f64 {
    1e-5
}

fn default_block() -> u32 {
    2000
}

fn default_gradients() -> u32 {
    400
}

fn default_batch() -> u32 {
    16
}

pub(crate) fn default_steps() -> u32 {
    1
}

pub(crate) fn default_fraction() -> f64 {
    0.5
}

fn default_scale() -> f64 {
    1.0
}

/// Refuses a damping that is not a positive number.
pub(crate) fn check_damp(damp: f64) -> Result<()> {
    if damp.is_finite() && damp > 0.0 {
        return Ok(());
    }
    Err(Error::invalid(format!("`damp` is {damp}; it must be a positive number")))
}

/// Optimal brain surgeon with the inverse of a block-diagonal empirical Fisher matrix (Singh & Alistarh,
/// arXiv 2004.14340).
pub(crate) struct WoodFisher {
    config: Config,
    path: Path,
}

impl PruneMethod for WoodFisher {
    const ID: &'static CStr = c"org.secateur.woodfisher";
    const NAME: &'static CStr = c"WoodFisher";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Removes the weights that cost least by the inverse Fisher matrix, and lets the others make up for them.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2004.14340");
    const GRANULARITY: Granularity = Granularity::Weight;
    const FLAGS: Flags = Flags::NEEDS_DATA
        .and(Flags::NEEDS_GRAD)
        .and(Flags::TRAINS)
        .and(Flags::WRITES_WEIGHTS)
        .and(Flags::DETERMINISTIC);
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        let Config { gradients, batch, scope, steps, search_fraction, .. } = config;
        let path = Path { gradients, batch, scope, steps, search_fraction };
        path.check()?;
        check_damp(config.damp)?;
        if config.block == 0 {
            return Err(Error::invalid("`block` is 0; a block needs at least one weight"));
        }
        if !(0.0..=1.0).contains(&config.update_scale) {
            return Err(Error::invalid(format!(
                "`update_scale` is {}, which is not between 0 and 1",
                config.update_scale
            )));
        }
        Ok(Self { config, path })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let Config { damp, block, update_scale, .. } = self.config;
        self.path.walk(run, request, &|gradients, sizes| {
            let blocks = Blocks::within(&gradients, sizes, block.into(), damp)?;
            Ok(Box::new(Surgeon::new(blocks, update_scale)?) as Box<dyn Saliency>)
        })
    }
}
