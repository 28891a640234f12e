//! Parameters, with the papers' values as defaults.

use secateur_sdk::prelude::*;

/// How channels of a layer are picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Search {
    /// DCP, algorithm 2: from no channels, the one with the largest gradient joins and the kept weights are optimized,
    /// again and again.
    #[default]
    Greedy,
    /// One ranking for the whole layer, as the descriptions of LCP (arXiv 1911.02237) have it.
    TopK,
}

/// How the gradient of a channel's weights becomes its score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) enum Score {
    /// The sum over output filters of the kernels' Euclidean norms, as the authors' code has it.
    #[default]
    SumOfNorms,
    /// The Frobenius norm over all output filters, as the paper has it (algorithm 2).
    Frobenius,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, crate = "secateur_sdk::serde")]
#[schemars(crate = "secateur_sdk::schemars")]
pub(crate) struct Config {
    /// How channels of a layer are picked.
    #[serde(default)]
    pub(crate) search: Search,
    /// How gradients become scores.
    #[serde(default)]
    pub(crate) score: Score,
    /// Weight of the auxiliary cross-entropy beside the reconstruction error (equation 6: 1).
    #[serde(default = "one")]
    pub(crate) lambda: f64,
    /// Auxiliary losses beside the network's own (section 4.1: 3 for ResNet-50 and -56, 2 for VGG and ResNet-18).
    #[serde(default = "two")]
    pub(crate) losses: usize,
    /// Fraction of the allowance for training the auxiliary losses with the network. The paper's numbers of epochs are
    /// out of proportion to any fixed allowance.
    #[serde(default = "quarter")]
    pub(crate) auxiliary_fraction: f64,
    /// Pictures for a layer's search: 10,000 on ImageNet and the whole training set on CIFAR-10 in the paper.
    #[serde(default = "default_samples")]
    pub(crate) samples: u32,
    /// Pictures in a batch of the search; absent: the recipe's.
    #[serde(default)]
    pub(crate) batch: Option<u32>,
    /// Channels that join at a time in the greedy search (1 in the paper).
    #[serde(default = "one_channel")]
    pub(crate) channels_at_a_time: usize,
    /// Passes over the pictures that optimize the kept weights after each pick (1 in the authors' code), or once after
    /// the ranking of a top-k search.
    #[serde(default = "one_pass")]
    pub(crate) passes: u32,
    /// Learning rate of these passes (0.01 in the authors' code; with momentum 0.9, Nesterov, weight decay 1e-4).
    #[serde(default = "default_lr")]
    pub(crate) lr: f64,
}

impl Config {
    /// The first rule that a parameter breaks.
    pub(crate) fn check(&self) -> Result<()> {
        let rules = [
            (self.lambda >= 0.0 && self.lambda.is_finite(), "`lambda` must be a number from 0 on"),
            ((0.0..1.0).contains(&self.auxiliary_fraction), "`auxiliary_fraction` must be from 0 to below 1"),
            (self.samples > 0, "`samples` must be at least 1"),
            (self.batch != Some(0), "`batch` must be at least 1"),
            (self.channels_at_a_time > 0, "`channels_at_a_time` must be at least 1"),
            (self.lr > 0.0 && self.lr.is_finite(), "`lr` must be a positive number"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, rule)) => Err(Error::invalid(*rule)),
            None => Ok(()),
        }
    }
}

fn one() -> f64 {
    1.0
}

fn two() -> usize {
    2
}

fn quarter() -> f64 {
    0.25
}

fn default_samples() -> u32 {
    256
}

fn one_channel() -> usize {
    1
}

fn one_pass() -> u32 {
    1
}

fn default_lr() -> f64 {
    0.01
}
