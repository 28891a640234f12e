//! Norms of filters.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::random::uniform;
use crate::{by_mean, values};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How units compete: `uniform` (each group keeps the same fraction, as in the paper) or `global`.
    #[serde(default = "uniform")]
    scope: Scope,
    /// Whether the weights that read a channel count too (DepGraph, arXiv 2301.12900).
    #[serde(default)]
    readers: bool,
    /// Whether norms are divided by their group's mean (DepGraph), which is what makes a global scope meaningful.
    #[serde(default = "yes")]
    normalize: bool,
}

pub(crate) fn yes() -> bool {
    true
}

impl Config {
    fn scores(&self, run: &Run<'_>, group: &Group<'_>, power: u32) -> Result<Vec<f64>> {
        let scores = values(&norms(&run.filters(group, self.readers)?, power)?)?;
        Ok(if self.normalize { by_mean(scores) } else { scores })
    }
}

/// Norm of each row: the sum of absolute values, or the square root of the sum of squares.
pub(crate) fn norms(rows: &Tensor, power: u32) -> Result<Tensor> {
    let sums =
        rows.f_abs()?.f_pow_tensor_scalar(i64::from(power))?.f_sum_dim_intlist(1, false, Kind::Double)?;
    Ok(if power == 2 { sums.f_sqrt()? } else { sums })
}

/// The sum of absolute values of a channel's filter.
pub(crate) struct L1(Config);

impl ChannelCriterion for L1 {
    const ID: &'static CStr = c"org.secateur.channel-l1";
    const NAME: &'static CStr = c"Filter norm L1";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Keeps the channels whose filters have the largest sums of absolute values.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1608.08710");
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self(config))
    }

    fn scope(&self) -> Scope {
        self.0.scope
    }

    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        self.0.scores(run, group, 1)
    }
}

/// The Euclidean norm of a channel's filter.
pub(crate) struct L2(Config);

impl ChannelCriterion for L2 {
    const ID: &'static CStr = c"org.secateur.channel-l2";
    const NAME: &'static CStr = c"Filter norm L2";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr = c"Keeps the channels whose filters have the largest Euclidean norms.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:1608.08710");
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        Ok(Self(config))
    }

    fn scope(&self) -> Scope {
        self.0.scope
    }

    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        self.0.scores(run, group, 2)
    }
}
