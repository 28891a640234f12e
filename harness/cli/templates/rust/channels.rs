//! @title@: the channels whose filters have the largest norm stay.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

/// Parameters; their texts are shown by `secateur plugin inspect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
struct Config {
    /// Exponent of the norm: 1 or 2.
    #[serde(default = "default_exponent")]
    exponent: u32,
}

fn default_exponent() -> u32 {
    2
}

struct @Type@ {
    config: Config,
}

impl ChannelCriterion for @Type@ {
    const ID: &'static CStr = c"@id@";
    const NAME: &'static CStr = c"@title@";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps the channels whose filters have the largest norm.";
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        if !(1..=2).contains(&config.exponent) {
            return Err(Error::invalid(format!("exponent is {}; there are 1 and 2", config.exponent)));
        }
        Ok(Self { config })
    }

    /// Every group keeps the same fraction: norms of different layers do not compare.
    fn scope(&self) -> Scope {
        Scope::Uniform
    }

    /// A number for each unit of the group; higher stays.
    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        let filters = run.filters(group, false)?.f_detach()?.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?;
        let norms = filters.f_norm_scalaropt_dim(f64::from(self.config.exponent), [1], false)?;
        Ok(Vec::try_from(norms)?)
    }
}

secateur_sdk::export_plugin!(PerChannel<@Type@>);
