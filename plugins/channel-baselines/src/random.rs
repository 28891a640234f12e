//! Random channels.

use std::ffi::CStr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secateur_sdk::prelude::*;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How units compete: `uniform` (each group keeps the same fraction) or `global`.
    #[serde(default = "uniform")]
    scope: Scope,
}

pub(crate) fn uniform() -> Scope {
    Scope::Uniform
}

/// Any unit is as likely to stay as any other of its scope: the floor that every method must beat.
pub(crate) struct Random {
    config: Config,
}

impl ChannelCriterion for Random {
    const ID: &'static CStr = c"org.secateur.channel-random";
    const NAME: &'static CStr = c"Random channels";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps channels at random; the floor that every method must beat.";
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    fn scope(&self) -> Scope {
        self.config.scope
    }

    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        // libtorch's generator belongs to the host, hence one of our own.
        let mut rng = ChaCha8Rng::seed_from_u64(run.seed(group.name()));
        Ok((0..group.units()).map(|_| (rng.next_u64() >> 11) as f64).collect())
    }
}
