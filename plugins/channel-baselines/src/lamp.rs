//! LAMP's normalization, on filters.

use std::ffi::CStr;

use secateur_sdk::prelude::*;

use crate::norm::norms;
use crate::values;

/// LAMP (arXiv 2010.07611, equation 4) scores a weight by its square over the sum of the squares of all weights of its
/// layer that are at least as large. Here the squares are those of filters' Euclidean norms, and the layer is a group:
/// the paper is about single weights.
pub(crate) struct Lamp;

/// Each square over the sum of those that are at least as large; of equal ones the first counts as the smaller.
pub(crate) fn lamp(squares: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..squares.len()).collect();
    order.sort_by(|a, b| squares[*a].total_cmp(&squares[*b]));
    let mut scores = vec![0.0; squares.len()];
    let mut tail = 0.0;
    for unit in order.into_iter().rev() {
        tail += squares[unit];
        scores[unit] = if tail > 0.0 { squares[unit] / tail } else { 0.0 };
    }
    scores
}

impl ChannelCriterion for Lamp {
    const ID: &'static CStr = c"org.secateur.channel-lamp";
    const NAME: &'static CStr = c"LAMP for filters";
    const VERSION: &'static CStr = c"1";
    const SUMMARY: &'static CStr =
        c"Keeps the channels with the largest squared filter norms relative to those that are larger in their group.";
    const CITATION: Option<&'static CStr> = Some(c"arXiv:2010.07611");
    type Config = Config;

    fn create(config: Config) -> Result<Self> {
        let _ = config;
        Ok(Self)
    }

    fn scope(&self) -> Scope {
        Scope::Global
    }

    fn score(&mut self, run: &Run<'_>, group: &Group<'_>) -> Result<Vec<f64>> {
        let norms = values(&norms(&run.filters(group, false)?, 2)?)?;
        Ok(lamp(&norms.into_iter().map(|norm| norm * norm).collect::<Vec<_>>()))
    }
}

type Config = secateur_sdk::NoConfig;
