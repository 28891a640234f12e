//! Parameters that the methods share. Each method lists its own with its defaults and their sources.

use secateur_sdk::prelude::*;
use secateur_sdk::serde::Serialize;

/// How channels of a layer are picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Search {
    /// DCP, algorithm 2: from no channels, the one with the largest gradient joins and the kept weights are optimized,
    /// again and again.
    Greedy,
    /// One ranking for the whole layer, as the descriptions of LCP (arXiv 1911.02237) have it.
    TopK,
}

/// Where the one ranking of a top-k search is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum RankedAt {
    /// At the layer's weights as they are. The reconstruction error has no gradient there as long as nothing before the
    /// layer was removed.
    Weights,
    /// With all of the layer's weights at zero, where DCP's algorithm 2 begins.
    Zero,
}

/// How the gradient of a channel's weights becomes its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Score {
    /// The sum over output filters of the kernels' Euclidean norms, as the authors of DCP have it in their code.
    SumOfNorms,
    /// The Frobenius norm over all output filters, as the papers have it.
    Frobenius,
}

/// What a stage and its layers' searches need to know of a method's parameters.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How channels of a layer are picked.
    pub(crate) search: Search,
    /// Where the one ranking of a top-k search is made.
    pub(crate) ranked_at: RankedAt,
    /// How gradients become scores.
    pub(crate) score: Score,
    /// Weight of the loss behind a layer beside the reconstruction error.
    pub(crate) weight: f64,
    /// Auxiliary losses beside the network's own.
    pub(crate) losses: usize,
    /// Fraction of the allowance for training the auxiliary losses with the network.
    pub(crate) auxiliary_fraction: f64,
    /// Pictures for a layer's search, at most.
    pub(crate) samples: u32,
    /// Pictures in a batch of the search; none: the recipe's.
    pub(crate) batch: Option<u32>,
    /// Channels that join at a time in a greedy search.
    pub(crate) channels_at_a_time: usize,
    /// Passes over the pictures after each pick.
    pub(crate) passes: u32,
    /// Learning rate of these passes.
    pub(crate) lr: f64,
}

impl Settings {
    /// Fails with the first rule that a parameter breaks. `weight` is what the method calls its weight.
    pub(crate) fn check(&self, weight: &str) -> Result<()> {
        let weight = format!("`{weight}` must be a number from 0 on");
        check(&[
            (self.weight >= 0.0 && self.weight.is_finite(), &weight),
            ((0.0..1.0).contains(&self.auxiliary_fraction), "`auxiliary_fraction` must be from 0 to below 1"),
            (self.samples > 0, "`samples` must be at least 1"),
            (self.batch != Some(0), "`batch` must be at least 1"),
            (self.channels_at_a_time > 0, "`channels_at_a_time` must be at least 1"),
            (self.lr > 0.0 && self.lr.is_finite(), "`lr` must be a positive number"),
        ])
    }
}

/// Fails with the first rule that does not hold.
pub(crate) fn check(rules: &[(bool, &str)]) -> Result<()> {
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, rule)) => Err(Error::invalid(*rule)),
        None => Ok(()),
    }
}

/// Defaults that the methods have in common.
pub(crate) mod default {
    pub(crate) fn weight() -> f64 {
        1.0
    }

    pub(crate) fn losses() -> usize {
        2
    }

    pub(crate) fn auxiliary_fraction() -> f64 {
        0.25
    }

    pub(crate) fn samples() -> u32 {
        256
    }

    pub(crate) fn channels_at_a_time() -> usize {
        1
    }

    pub(crate) fn passes() -> u32 {
        1
    }

    pub(crate) fn lr() -> f64 {
        0.01
    }
}
