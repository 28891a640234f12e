//! The weight's magnitude as its score.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How weights compete: `global`, `uniform` or `erk`.
    #[serde(default)]
    pub(crate) scope: Scope,
}

/// One-shot magnitude pruning: the weights with the largest absolute values stay.
pub(crate) struct Magnitude {
    config: Config,
}

impl Criterion for Magnitude {
    const ID: &'static CStr = c"org.secateur.magnitude";
    const NAME: &'static CStr = c"Magnitude";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps the weights with the largest absolute values, in one shot.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1506.02626");
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    fn scope(&self) -> Scope {
        self.config.scope
    }

    fn score(&mut self, run: &Run<'_>, param: &Param<'_>) -> Result<Tensor> {
        Ok(run.weight(param)?.f_abs()?)
    }
}
