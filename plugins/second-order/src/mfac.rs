//! M-FAC.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::blocks::Blocks;
use crate::path::Path;
use crate::saliency::{Saliency, Surgeon};
use crate::woodfisher::{check_damp, default_damp, default_fraction, default_steps};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// Added to the diagonal of the Fisher matrix. Authors' code: 1e-5.
    #[serde(default = "default_damp")]
    damp: f64,
    /// Weights that are in a block together, across layers; 0 is one block of all weights. Authors' code: 128.
    #[serde(default = "default_block")]
    block: u32,
    /// Gradients of which the Fisher matrix is made. Authors' code: 64; its example for ResNet-20: 1024.
    #[serde(default = "default_gradients")]
    gradients: u32,
    /// Pictures over which each gradient is a mean. Authors' code: 32.
    #[serde(default = "default_batch")]
    batch: u32,
    /// How weights compete: `global` (the paper's), `uniform` or `erk`.
    #[serde(default)]
    scope: Scope,
    /// Prunings on the way to each target; 1 is one shot.
    #[serde(default = "default_steps")]
    steps: u32,
    /// With several steps: fraction of the allowance for gradients and trainings between prunings. 0: no training, the
    /// Fisher matrix is only computed anew.
    #[serde(default = "default_fraction")]
    search_fraction: f64,
}

fn default_block() -> u32 {
    128
}

fn default_gradients() -> u32 {
    64
}

fn default_batch() -> u32 {
    32
}

/// Optimal brain surgeon with the inverse of the empirical Fisher matrix, matrix-free (Frantar, Kurtic & Alistarh,
/// arXiv 2107.03356).
pub(crate) struct Mfac {
    config: Config,
    path: Path,
}

impl PruneMethod for Mfac {
    const ID: &'static CStr = c"org.secateur.m-fac";
    const NAME: &'static CStr = c"M-FAC";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Removes the weights that cost least by the inverse Fisher matrix, whose products it has without a matrix.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2107.03356");
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
        Ok(Self { config, path })
    }

    fn prune(&mut self, run: &Run<'_>, request: &Request<'_>) -> Result<()> {
        let Config { damp, block, .. } = self.config;
        self.path.walk(run, request, &|gradients, _| {
            let blocks = Blocks::matrix_free(gradients, block.into(), damp)?;
            Ok(Box::new(Surgeon::new(blocks, 1.0)?) as Box<dyn Saliency>)
        })
    }
}
