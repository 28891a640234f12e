//! @title@: the weights with the largest absolute values stay.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

/// Parameters; their texts are shown by `secateur plugin inspect`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
struct Config {
    /// Divide by the root mean square of the layer's weights, so that layers of small weights lose less.
    #[serde(default)]
    relative: bool,
}

struct @Type@ {
    config: Config,
}

impl Criterion for @Type@ {
    const ID: &'static CStr = c"@id@";
    const NAME: &'static CStr = c"@title@";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps the weights with the largest absolute values.";
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    /// Scores of the parameter's shape; higher stays. The host chooses, masks and trains.
    fn score(&mut self, run: &Run<'_>, param: &Param<'_>) -> Result<Tensor> {
        let size = run.weight(param)?.f_detach()?.f_abs()?;
        if !self.config.relative {
            return Ok(size);
        }
        let typical = size.f_square()?.f_mean(Kind::Float)?.f_sqrt()?.f_clamp_min(1e-12)?;
        Ok(size.f_div(&typical)?)
    }
}

secateur_sdk::export_plugin!(@Type@);
