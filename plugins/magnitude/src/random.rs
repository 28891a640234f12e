//! Random scores.

use std::ffi::CStr;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use secateur_sdk::prelude::*;

use crate::magnitude::Config;

/// Random pruning: any weight is as likely to stay as any other of its scope. Counts are exact, unlike those of
/// independent coin flips.
pub(crate) struct Random {
    config: Config,
}

impl Criterion for Random {
    const ID: &'static CStr = c"org.secateur.random";
    const NAME: &'static CStr = c"Random";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps weights at random; the floor that every method must beat.";
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self { config })
    }

    fn scope(&self) -> Scope {
        self.config.scope
    }

    fn score(&mut self, run: &Run<'_>, param: &Param<'_>) -> Result<Tensor> {
        let scores = random_scores(run, param.name(), param);
        Ok(Tensor::f_from_slice(&scores)?.f_view(param.shape())?)
    }
}

/// Uniform scores in `[0, 1)` for a parameter, from the stream of `label`. Methods have labels of their own, since their
/// trials share a seed. libtorch's generator belongs to the host, hence a generator of our own.
pub(crate) fn random_scores(run: &Run<'_>, label: &str, param: &Param<'_>) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(run.seed(label));
    (0..param.numel()).map(|_| (rng.next_u32() >> 8) as f32 / (1 << 24) as f32).collect()
}
